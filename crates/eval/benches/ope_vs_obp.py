"""Times the Open Bandit Pipeline on the arrays of `ope.rs` and compares with criterion's last figures; the best round counts.

    cargo bench -p habitue-eval --bench ope
    /tmp/obp/bin/python crates/eval/benches/ope_vs_obp.py

`tests/goldens/ope/make.py` says how to install obp. "+ check" adds the check of the arrays to each estimate of ours,
as obp checks its arguments in each call.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np

CRATE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CRATE / "tests/goldens/ope"))
import torch_stub  # noqa: E402

torch_stub.install()

from obp import ope  # noqa: E402

ROUNDS, ACTIONS, REPEATS = 1_000_000, 10, 10


def column(index, rows=ROUNDS):
    """SplitMix64 of a counter, as a number in [0, 1)."""
    z = (np.arange(rows, dtype=np.uint64) | np.uint64(index << 32)) + np.uint64(1)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float) / 2.0**53


def table(first, rows=ROUNDS):
    return np.stack([column(first + action, rows) for action in range(ACTIONS)], axis=1)


def best_ms(call, repeats=REPEATS):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


def ours_ms(group, name):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", CRATE.parents[1] / "target"))
    sample = json.loads((target / "criterion" / group / name / "new/sample.json").read_text())
    return min(spent / calls for spent, calls in zip(sample["times"], sample["iters"])) / 1e6


def main():
    target = 0.1 + table(100)
    target /= target.sum(axis=1, keepdims=True)
    arrays = dict(
        action=(column(0) * ACTIONS).astype(int),
        reward=column(1),
        pscore=0.05 + 0.1 * column(2),
        position=np.zeros(ROUNDS, dtype=int),
        action_dist=target[:, :, None],
    )
    with_model = dict(arrays, estimated_rewards_by_reg_model=table(200)[:, :, None])
    cases = {
        "ips": (ope.InverseProbabilityWeighting(), arrays),
        "snips": (ope.SelfNormalizedInverseProbabilityWeighting(), arrays),
        "dr": (ope.DoublyRobust(), with_model),
    }
    check = ours_ms("ope", "check")
    print(f"{'':6} {'value':>20} {'obp ms':>8} {'ours ms':>8} {'ratio':>6} {'+ check':>8} {'ratio':>6}")
    for name, (estimator, inputs) in cases.items():
        value = estimator.estimate_policy_value(**inputs)
        obp, ours = best_ms(lambda: estimator.estimate_policy_value(**inputs)), ours_ms("ope", name)
        whole = ours + check
        print(
            f"{name:6} {value:20.16f} {obp:8.1f} {ours:8.2f} {obp / ours:6.1f} {whole:8.2f} {obp / whole:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
