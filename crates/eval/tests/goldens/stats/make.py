"""Makes the golden file of t tests, corrections and power with SciPy and statsmodels.

    python3 -m venv /tmp/stats && /tmp/stats/bin/pip install numpy scipy==1.17.1 statsmodels==0.15.0
    /tmp/stats/bin/python crates/eval/tests/goldens/stats/make.py
"""

import json
import pathlib

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower

HERE = pathlib.Path(__file__).resolve().parent
rng = np.random.default_rng(20)


def test(result, difference):
    return {
        "difference": difference,
        "standard_error": difference / result.statistic,
        "degrees": result.df,
        "p_value": result.pvalue,
    }


def paired():
    rows = []
    for users, shift in [(2, 0.1), (5, 1.0), (25, 0.3), (400, 0.02), (3000, 0.2)]:
        one = rng.normal(0, 1, users).round(3)
        two = (one + rng.normal(shift, 0.5, users)).round(3)
        result = stats.ttest_rel(two, one)
        rows.append({"one": one.tolist(), "two": two.tolist(), "test": test(result, two.mean() - one.mean())})
    return rows


def welch():
    rows = []
    for first, second, shift in [(2, 3, 1.0), (37, 21, 0.6), (12, 300, 0.1), (2000, 1500, 0.2)]:
        one, two = rng.normal(1, 2, first).round(3), rng.normal(1 + shift, 0.7, second).round(3)
        result = stats.ttest_ind(two, one, equal_var=False)
        rows.append({"one": one.tolist(), "two": two.tolist(), "test": test(result, two.mean() - one.mean())})
    # Shares: came back or not.
    one, two = (rng.uniform(size=90) < 0.3).astype(float), (rng.uniform(size=110) < 0.45).astype(float)
    result = stats.ttest_ind(two, one, equal_var=False)
    rows.append({"one": one.tolist(), "two": two.tolist(), "test": test(result, two.mean() - one.mean())})
    return rows


def corrections():
    rows = []
    for count in [1, 2, 12, 40]:
        p = (rng.uniform(size=count) ** 3).round(5)
        p[-1] = p[0]  # a tie
        rows.append({
            "p_values": p.tolist(),
            "holm": multipletests(p, method="holm")[1].tolist(),
            "benjamini_hochberg": multipletests(p, method="fdr_bh")[1].tolist(),
        })
    return rows


def power():
    """Effects in standard deviations; `users` is a real number, in each arm where arms have different users."""
    rows = []
    for solver, is_paired in [(TTestPower(), True), (TTestIndPower(), False)]:
        for effect, level, wanted in [(0.2, 0.05, 0.8), (0.05, 0.01, 0.9), (1.5, 0.05, 0.95), (0.5, 0.05, 0.8)]:
            known = {"alpha": level, "alternative": "two-sided"}
            rows.append({
                "paired": is_paired, "effect": effect, "level": level, "power": wanted,
                "users": solver.solve_power(effect, power=wanted, **known),
                "power_of_30": solver.power(effect, 30, level, alternative="two-sided"),
                "visible_to_30": solver.solve_power(None, 30, power=wanted, **known),
            })
    return rows


golden = {"paired": paired(), "welch": welch(), "corrections": corrections(), "power": power()}
(HERE / "stats.json").write_text(json.dumps(golden, default=float) + "\n")
