"""What a recommender may know at a turn, as numbers."""

from __future__ import annotations

import os

import numpy as np

from ..runs import Run
from .log import Log, as_run

_HOUR = 3_600_000
_DAY = 24 * _HOUR
_CONTEXT = ("turn", "session", "hour_sin", "hour_cos", "hours_away", "said_something")


def categories(run: Run) -> list[str]:
    """Categories of the catalogue, by name."""
    return sorted({name for names in run.items["categories"].to_pylist() for name in names})


def category_weights(run: Run) -> np.ndarray:
    """What share of an item belongs to each category, shape ``(items, C)``: one divided by how many it has."""
    at = {name: number for number, name in enumerate(categories(run))}
    weights = np.zeros((run.items.num_rows, len(at)))
    for item, names in enumerate(run.items["categories"].to_pylist()):
        for name in names:
            weights[item, at[name]] = 1 / len(names)
    return weights


def item_features(run: Run | str | os.PathLike[str]) -> np.ndarray:
    """Features of items, without the quality, which no recommender knows.

    Returns
    -------
    ndarray of float32, shape (items, C + 1)
        Share of each of the ``C`` categories in alphabetical order, and ``log(1 + duration in seconds)``.
    """
    run = as_run(run)
    duration = np.log1p(np.maximum(run.items["duration_seconds"].to_numpy(), 0.0))
    return np.column_stack([category_weights(run), duration]).astype(np.float32)


def observation_names(run: Run | str | os.PathLike[str]) -> list[str]:
    """Names of the numbers of an observation, in order; ``6 + 2 C`` of them with ``C`` categories.

    ================  ===========================================================================================
    turn              log(1 + turn of the session)
    session           log(1 + sessions before this one)
    hour_sin, _cos    sine and cosine of the hour of the day
    hours_away        log(1 + hours between the end of the last session and this one), 0 on the first
    said_something    1 if the user said something with the request
    shown.X           share of category X among the items shown earlier in the session, 0 at its beginning
    engaged.X         share of category X among the items engaged with before, in any session, 0 if there is none
    ================  ===========================================================================================
    """
    names = categories(as_run(run))
    return [*_CONTEXT, *(f"shown.{name}" for name in names), *(f"engaged.{name}" for name in names)]


def observations(log: Log, said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Observations before and after each turn.

    Parameters
    ----------
    log : Log
        ``n`` turns.
    said : ndarray of bool, shape (n,)
        Whether the user said something with the request.

    Returns
    -------
    before, after : ndarray of float32, shape (n, D)
        ``after`` is what would be observed if the session went on at once.
    """
    weights = category_weights(log.run)
    session_begins = _begins(log.user, log.session)
    user_begins = _begins(log.user)
    engaged = log.actions >= log.run.engaged
    shown_by_turn = _sums(weights[log.items], log.ends)
    engaged_by_turn = _sums(weights[log.items] * engaged[:, None], log.ends)
    shown, shown_after = _running(shown_by_turn, session_begins)
    liked, liked_after = _running(engaged_by_turn, user_begins)
    away = _hours_away(log)
    session = np.log1p(log.session)

    def stacked(turn: np.ndarray, time: np.ndarray, said: np.ndarray, *shares: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * (time % _DAY) / _DAY
        context = [np.log1p(turn), session, np.sin(angle), np.cos(angle), away, said]
        return np.column_stack([*context, *map(_shares, shares)]).astype(np.float32)

    # When the session would have gone on: at the next turn of it, or at its end.
    last = np.append(session_begins[1:] != session_begins[:-1], True)
    later = np.where(last, log.end_ms[log.at_session], np.append(log.time_ms[1:], 0))
    said_next = np.where(last, False, np.append(said[1:], False))
    before = stacked(log.turn, log.time_ms, said, shown, liked)
    return before, stacked(log.turn + 1.0, later, said_next, shown_after, liked_after)


def said_something(log: Log) -> np.ndarray:
    """Whether the user said something with the request of each turn, shape ``(n,)``."""
    from .log import of_arm

    turns = of_arm(log.run, "turns", log.arm, ["user", "session", "turn", "request_text"])
    turns = turns.sort_by([("user", "ascending"), ("session", "ascending"), ("turn", "ascending")])
    return turns["request_text"].is_valid().to_numpy(zero_copy_only=False)


def _begins(*keys: np.ndarray) -> np.ndarray:
    """For each row the first row of its group, groups standing together."""
    new = np.ones(len(keys[0]), dtype=bool)
    new[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))


def _sums(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sums of rows by slate; an empty slate sums to 0."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return total[ends[1:]] - total[ends[:-1]]


def _running(values: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the rows of the group before each row, and with it."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return total[:-1] - total[begins], total[1:] - total[begins]


def _shares(sums: np.ndarray) -> np.ndarray:
    total = sums.sum(axis=1, keepdims=True)
    # Differences of running sums are exact up to rounding.
    return np.where(total > 1e-6, np.maximum(sums, 0) / np.maximum(total, 1e-6), 0.0)


def _hours_away(log: Log) -> np.ndarray:
    """By turn: log(1 + hours since the user's session before this one ended)."""
    away = np.zeros(len(log.start_ms))
    user = np.zeros(len(log.start_ms), dtype=np.int64)
    user[log.at_session] = log.user
    same = user[1:] == user[:-1]
    away[1:] = np.where(same, np.log1p(np.maximum(log.start_ms[1:] - log.end_ms[:-1], 0) / _HOUR), 0.0)
    return away[log.at_session]
