"""Times the Open Bandit Pipeline on the arrays of `ope_slates.rs` and compares with criterion's last figures; the best
round counts.

    cargo bench -p habitue-eval --bench ope_slates
    /tmp/obp/bin/python crates/eval/benches/ope_slates_vs_obp.py [--check]

obp's checks of its arguments are switched off, and ours are left out. With `--check` both are timed as well, once:
obp's take minutes, because they call a Python function for each slate.
"""

import sys

import numpy as np

from ope_vs_obp import ACTIONS, best_ms, column, ope, ours_ms, table

SLATES, POSITIONS, REPEATS = 1_000_000, 5, 3
ROWS = SLATES * POSITIONS


def arrays():
    """The long arrays that obp asks for."""

    def probabilities(index):
        return 0.2 + 0.6 * column(index, ROWS)

    cumulative = [np.cumprod(probabilities(index).reshape(SLATES, POSITIONS), axis=1) for index in (1, 2)]
    joint = [np.repeat(rows[:, -1:], POSITIONS, axis=1) for rows in cumulative]
    distribution = 0.1 + table(100, ROWS)
    distribution /= distribution.sum(axis=1, keepdims=True)
    shared = dict(
        slate_id=np.repeat(np.arange(SLATES), POSITIONS),
        position=np.tile(np.arange(POSITIONS), SLATES),
        reward=column(0, ROWS),
        action=(column(5, ROWS) * ACTIONS).astype(int),
        evaluation_policy_action_dist=distribution.ravel(),
        q_hat=table(200, ROWS).ravel(),
        pscore_item_position=probabilities(3),
        evaluation_policy_pscore_item_position=probabilities(4),
    )
    for suffix, (logged, wanted) in {"": joint, "_cascade": cumulative}.items():
        shared["pscore" + suffix] = logged.ravel()
        shared["evaluation_policy_pscore" + suffix] = wanted.ravel()
    return shared


def main():
    inputs = arrays()
    cases = {
        "ips": ope.SlateStandardIPS(len_list=POSITIONS),
        "snips": ope.SelfNormalizedSlateStandardIPS(len_list=POSITIONS),
        "iips": ope.SlateIndependentIPS(len_list=POSITIONS),
        "sniips": ope.SelfNormalizedSlateIndependentIPS(len_list=POSITIONS),
        "rips": ope.SlateRewardInteractionIPS(len_list=POSITIONS),
        "snrips": ope.SelfNormalizedSlateRewardInteractionIPS(len_list=POSITIONS),
        "cascade-dr": ope.SlateCascadeDoublyRobust(len_list=POSITIONS, n_unique_action=ACTIONS),
    }
    module = sys.modules[ope.SlateStandardIPS.__module__]
    names = [name for name in vars(module) if name.startswith("check_") and name.endswith("_inputs")]
    checks = {name: getattr(module, name) for name in names}

    def run(estimator):
        return estimator.estimate_policy_value(**inputs)

    print(f"{'':10} {'value':>20} {'obp ms':>8} {'ours ms':>8} {'ratio':>6}")
    for name in checks:
        setattr(module, name, lambda **_: None)
    for name, estimator in cases.items():
        value, obp, ours = run(estimator), best_ms(lambda: run(estimator), REPEATS), ours_ms("ope_slates", name)
        print(f"{name:10} {value:20.16f} {obp:8.1f} {ours:8.2f} {obp / ours:6.1f}", flush=True)
    if "--check" in sys.argv:
        print("with the checks of both")
        for name, check in checks.items():
            setattr(module, name, check)
        for name, estimator in cases.items():
            obp = best_ms(lambda: run(estimator), 1)
            ours = ours_ms("ope_slates", name) + ours_ms("ope_slates", "check")
            print(f"{name:10} {'':20} {obp:8.0f} {ours:8.2f} {obp / ours:6.0f}", flush=True)


if __name__ == "__main__":
    main()
