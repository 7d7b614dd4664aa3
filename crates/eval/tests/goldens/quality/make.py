"""Makes the golden file of recommendation quality: nDCG and average precision by scikit-learn, the measures of RecBole from
its formulas, and the corrected fairness of individual items from the formulas of Rampisela et al. (ACM TORS 2024).

    python3 -m venv /tmp/quality && /tmp/quality/bin/pip install scikit-learn==1.7.2
    /tmp/quality/bin/python crates/eval/tests/goldens/quality/make.py
"""

import json
import math
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, ndcg_score, precision_score, recall_score

HERE = pathlib.Path(__file__).resolve().parent


def recbole(hits, relevant, k):
    """The formulas of recbole.evaluator.metrics for one user, at k."""
    hits = np.array(hits[:k] + [False] * (k - len(hits[:k])))
    ranks = np.arange(1, k + 1)
    precision = hits.cumsum() / ranks
    ideal = (1 / np.log2(ranks[: min(k, relevant)] + 1)).sum()
    return {
        "precision": float(hits.sum() / k),
        "recall": float(hits.sum() / relevant),
        "ndcg": float((hits / np.log2(ranks + 1)).sum() / ideal),
        "mrr": float(1 / (hits.argmax() + 1)) if hits.any() else 0.0,
        "hit": float(hits.any()),
        "map": float((precision * hits).sum() / min(k, relevant)),
    }


def ranking(rng, items, k):
    """A list of all items by score, some of which are relevant, cut off after k."""
    score = rng.permutation(items).astype(float)
    order = np.argsort(-score)
    liked = rng.random(items) < 0.3
    liked[rng.integers(items)] = True
    grades = np.where(liked, rng.integers(1, 6, items), 0).astype(float)
    top = np.isin(np.arange(items), order[:k])
    case = {
        "k": k,
        "hits": [bool(liked[item]) for item in order],
        "relevant": int(liked.sum()),
        "grades": [float(grades[item]) for item in order],
        "recbole": recbole([bool(liked[item]) for item in order], int(liked.sum()), k),
        "sklearn": {
            "ndcg": float(ndcg_score([liked.astype(float)], [score], k=k)),
            "graded_ndcg": float(ndcg_score([grades], [score], k=k)),
            "precision": float(precision_score(liked, top)),
            "recall": float(recall_score(liked, top)),
            # Of the whole list: it is cut off nowhere.
            "average_precision": float(average_precision_score(liked, score)),
        },
    }
    return case


def fairness(rng, n, m, k, skew):
    """Original and corrected measures of m lists of k of n items."""
    weights = 1 / np.arange(1, n + 1) ** skew
    lists = [rng.choice(n, k, replace=False, p=weights / weights.sum()) for _ in range(m)]
    exposure = np.bincount(np.concatenate(lists), minlength=n)
    slots, share, rest = m * k, m * k // n, m * k % n

    jain = slots**2 / (n * (exposure**2).sum())
    jain_max = slots**2 / (n * (n * share**2 + rest * (2 * share + 1)))
    shown = (exposure > 0).mean()
    p = exposure[exposure > 0] / slots
    entropy = -(p * np.log(p)).sum() / math.log(n)
    fair = np.array([share] * (n - rest) + [share + 1] * rest)
    fair = fair[fair > 0] / slots
    entropy_max = -(fair * np.log(fair)).sum() / math.log(n)
    entropy_min = math.log(k) / math.log(n)
    places = np.arange(1, n + 1)
    gini = ((2 * places - n - 1) * np.sort(exposure)).sum() / (n * slots)
    gini_min = (n - rest) * rest / (n * slots)
    satisfied = (exposure >= share).mean()
    corrected = lambda value, low, high: float((value - low) / (high - low))
    return {
        "exposure": exposure.tolist(),
        "lists": m,
        "k": k,
        "jain": [float(jain), corrected(jain, k / n, jain_max)],
        "shown": [float(shown), corrected(shown, k / n, min(slots, n) / n)],
        "entropy": [float(entropy), corrected(entropy, entropy_min, entropy_max)],
        "gini": [float(gini), corrected(gini, gini_min, 1 - k / n)],
        # While the maximin share is 0 every item has it, and the correction says nothing.
        "satisfied": [float(satisfied), corrected(satisfied, k / n, 1) if share > 0 else None],
    }


rng = np.random.default_rng(7)
cases = {
    "rankings": [ranking(rng, items, k) for items, k in [(5, 3), (12, 5), (40, 10), (40, 40), (200, 20)] * 4],
    "fairness": [
        fairness(rng, n, m, k, skew)
        for n, m, k in [(10, 7, 3), (30, 4, 5), (50, 200, 10), (97, 31, 4)]
        for skew in [0.0, 1.0, 3.0]
    ],
}
(HERE / "quality.json").write_text(json.dumps(cases) + "\n")
