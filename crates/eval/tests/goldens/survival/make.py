"""Makes the golden file of survival curves and log-rank tests with lifelines.

    python3 -m venv /tmp/lifelines && /tmp/lifelines/bin/pip install lifelines==0.30.0
    /tmp/lifelines/bin/python crates/eval/tests/goldens/survival/make.py
"""

import json
import pathlib

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test, multivariate_logrank_test

HERE = pathlib.Path(__file__).resolve().parent


def users(rng, n, scale, horizon, digits):
    """Lifetimes with ties, censored at moments of their own and at the horizon."""
    churn = rng.exponential(scale, n)
    leave = np.minimum(rng.uniform(0, 1.6 * horizon, n), horizon)
    days = np.round(np.minimum(churn, leave), digits)
    churned = churn <= leave
    churned[np.argmax(days)] = False  # lifelines and we differ on the interval of a survival of 0
    return days, churned


def curve(days, churned):
    fitter = KaplanMeierFitter().fit(days, churned, alpha=0.05)
    table = fitter.event_table
    steps = table.index[table["observed"] > 0]
    bounds = fitter.confidence_interval_survival_function_
    return {
        "days": list(map(float, steps)),
        "at_risk": [int(table["at_risk"][t]) for t in steps],
        "churned": [int(table["observed"][t]) for t in steps],
        "survival": [float(fitter.survival_function_.iloc[:, 0][t]) for t in steps],
        "low": [float(bounds.iloc[:, 0][t]) for t in steps],
        "high": [float(bounds.iloc[:, 1][t]) for t in steps],
        "median": float(fitter.median_survival_time_),
    }


def case(seed, sizes, scales, horizon, digits):
    rng = np.random.default_rng(seed)
    groups = [users(rng, n, scale, horizon, digits) for n, scale in zip(sizes, scales)]
    days = np.concatenate([group[0] for group in groups])
    churned = np.concatenate([group[1] for group in groups])
    labels = np.repeat(np.arange(len(groups)), sizes)
    overall = multivariate_logrank_test(days, labels, churned)
    pair = logrank_test(groups[0][0], groups[1][0], groups[0][1], groups[1][1])
    return {
        "groups": [
            {"lifetimes": list(map(float, d)), "events": list(map(bool, c)), "curve": curve(d, c)}
            for d, c in groups
        ],
        "overall": {"statistic": float(overall.test_statistic), "p_value": float(overall.p_value)},
        "first_two": {"statistic": float(pair.test_statistic), "p_value": float(pair.p_value)},
    }


cases = [
    case(1, [60, 80], [6.0, 9.0], 14, 1),
    case(2, [40, 50, 30], [5.0, 5.5, 12.0], 10, 0),
    case(3, [200, 150, 100, 50], [20.0, 20.0, 21.0, 19.0], 28, 3),
]
(HERE / "lifelines.json").write_text(json.dumps(cases) + "\n")
