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


def main():
    write("binary.json", rounds(seed=1, n=60, n_actions=4, n_positions=3, sharpness=1.0, binary=True))
    write("real.json", rounds(seed=2, n=50, n_actions=6, n_positions=2, sharpness=3.0, binary=False))


if __name__ == "__main__":
    main()
