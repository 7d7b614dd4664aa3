"""Makes the golden files of the off-policy estimators with the Open Bandit Pipeline.

    python3.10 -m venv /tmp/obp
    /tmp/obp/bin/pip install numpy==1.23.5 pandas==1.5.2 scikit-learn==1.1.3 scipy==1.9.3 matplotlib tqdm PyYAML seaborn
    /tmp/obp/bin/pip install --no-deps obp==0.5.7 pyieoe pingouin==0.4.0
    /tmp/obp/bin/python crates/eval/tests/goldens/ope/make.py
"""

import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import torch_stub  # noqa: E402

torch_stub.install()

from obp import ope  # noqa: E402


def softmax(scores):
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def write(name, value):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return value.tolist() if isinstance(value, np.ndarray) else value

    (HERE / name).write_text(json.dumps(plain(value)) + "\n")


def rounds(seed, n, n_actions, n_positions, sharpness, binary):
    """Rounds of a contextual bandit, and what each estimator of obp says about them."""
    rng = np.random.default_rng(seed)
    behaviour = softmax(rng.normal(size=(n, n_actions)))
    target = softmax(sharpness * rng.normal(size=(n, n_actions)))
    action = np.array([rng.choice(n_actions, p=row) for row in behaviour])
    position = rng.integers(n_positions, size=n)
    truth = rng.uniform(size=(n, n_actions))
    mean = truth[np.arange(n), action]
    reward = rng.binomial(1, mean).astype(float) if binary else rng.normal(10 * mean - 3, 1.0)
    model = np.clip(truth + 0.2 * rng.normal(size=truth.shape), 0, 1) * (1 if binary else 10)
    pscore = behaviour[np.arange(n), action]

    def at_positions(rows):
        # obp holds one table for each position and reads the round's own; the others are filled with nonsense.
        cube = rng.uniform(0.1, 1.0, size=(n, n_actions, n_positions))
        cube /= cube.sum(axis=1, keepdims=True)
        cube[np.arange(n), :, position] = rows
        return cube

    arrays = dict(action=action, reward=reward, pscore=pscore, position=position)
    arrays["action_dist"] = at_positions(target)
    with_model = dict(arrays, estimated_rewards_by_reg_model=at_positions(model))
    expected = {
        "ips": ope.InverseProbabilityWeighting().estimate_policy_value(**arrays),
        "clipped-ips 2": ope.InverseProbabilityWeighting(lambda_=2.0).estimate_policy_value(**arrays),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**arrays),
        "sub-gaussian-ips 0.1": ope.SubGaussianInverseProbabilityWeighting(lambda_=0.1).estimate_policy_value(**arrays),
        "dm": ope.DirectMethod().estimate_policy_value(**with_model),
        "dr": ope.DoublyRobust().estimate_policy_value(**with_model),
        "sndr": ope.SelfNormalizedDoublyRobust().estimate_policy_value(**with_model),
        "switch-dr 1.5": ope.SwitchDoublyRobust(lambda_=1.5).estimate_policy_value(**with_model),
        "dros 3": ope.DoublyRobustWithShrinkage(lambda_=3.0).estimate_policy_value(**with_model),
        "sub-gaussian-dr 0.1": ope.SubGaussianDoublyRobust(lambda_=0.1).estimate_policy_value(**with_model),
    }
    return {
        "n_actions": n_actions,
        "actions": action,
        "positions": position,
        "rewards": reward,
        "propensities": pscore,
        "target": target,
        "model": model,
        "expected": expected,
    }


def slates(seed, n, k, n_items, sharpness):
    """Plackett-Luce slates without replacement, and what each slate estimator of obp says about them."""
    rng = np.random.default_rng(seed)
    items = np.zeros((n, k), dtype=int)
    behaviour, target = np.zeros((n, k)), np.zeros((n, k))
    distribution = np.zeros((n, k, n_items))
    for i in range(n):
        scores, wishes = rng.normal(size=n_items), sharpness * rng.normal(size=n_items)
        for position in range(k):
            behaviour_row, distribution[i, position] = softmax(scores), softmax(wishes)
            items[i, position] = item = rng.choice(n_items, p=behaviour_row)
            behaviour[i, position], target[i, position] = behaviour_row[item], distribution[i, position, item]
            scores[item] = wishes[item] = -np.inf
    reward = rng.normal(1.0, 1.0, size=(n, k))
    model = rng.normal(1.0, 0.5, size=(n, k, n_items))
    # Any pair of probabilities will do to compare arithmetic; the marginals of Plackett-Luce have no closed form.
    marginal_behaviour, marginal_target = rng.uniform(0.1, 0.9, size=(2, n, k))

    cumulative = [np.cumprod(rows, axis=1) for rows in (behaviour, target)]
    joint = [np.repeat(rows[:, -1:], k, axis=1) for rows in cumulative]
    shared = dict(
        slate_id=np.repeat(np.arange(n), k), position=np.tile(np.arange(k), n), reward=reward.ravel(),
        action=items.ravel(), q_hat=model.ravel(), evaluation_policy_action_dist=distribution.ravel(),
    )
    for suffix, (logged, wanted) in {
        "": joint, "_item_position": (marginal_behaviour, marginal_target), "_cascade": cumulative
    }.items():
        shared["pscore" + suffix] = logged.ravel()
        shared["evaluation_policy_pscore" + suffix] = wanted.ravel()
    expected = {
        "slate-ips": ope.SlateStandardIPS(len_list=k),
        "slate-snips": ope.SelfNormalizedSlateStandardIPS(len_list=k),
        "slate-iips": ope.SlateIndependentIPS(len_list=k),
        "slate-sniips": ope.SelfNormalizedSlateIndependentIPS(len_list=k),
        "slate-rips": ope.SlateRewardInteractionIPS(len_list=k),
        "slate-snrips": ope.SelfNormalizedSlateRewardInteractionIPS(len_list=k),
        "cascade-dr": ope.SlateCascadeDoublyRobust(len_list=k, n_unique_action=n_items),
    }
    return {
        "slate_size": k,
        "n_items": n_items,
        "items": items.ravel(),
        "rewards": reward.ravel(),
        "propensities": behaviour.ravel(),
        "target": target.ravel(),
        "marginal_propensities": marginal_behaviour.ravel(),
        "marginal_target": marginal_target.ravel(),
        "distribution": distribution.ravel(),
        "model": model.ravel(),
        "expected": {name: estimator.estimate_policy_value(**shared) for name, estimator in expected.items()},
    }


def main():
    write("slates.json", slates(seed=3, n=40, k=3, n_items=5, sharpness=1.0))
    write("binary.json", rounds(seed=1, n=60, n_actions=4, n_positions=3, sharpness=1.0, binary=True))
    write("real.json", rounds(seed=2, n=50, n_actions=6, n_positions=2, sharpness=3.0, binary=False))


if __name__ == "__main__":
    main()
