"""Logged bandit feedback, as the Open Bandit Pipeline takes it."""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np

from ..runs import Run
from .features import item_features, observations, said_something
from .log import Log, read

Turns = Literal["all", "first"]
Reward = Literal["engaged", "action"]


def to_obp(
    run: Run | str | os.PathLike[str], *, arm: str | None = None, turns: Turns = "all", reward: Reward = "engaged"
) -> dict[str, Any]:
    """Open Bandit Pipeline's ``bandit_feedback``: every impression is a round, as in the Open Bandit Dataset.

    Parameters
    ----------
    run : Run or path
        A finished run.
    arm : str, optional
        Which arm; needed if the run has several.
    turns : {"all", "first"}
        All turns, or the first of each session: later ones depend on what was shown before, which a bandit ignores.
    reward : {"engaged", "action"}
        1 if the user engaged with the item, else 0; or what the scenario gives for the action.

    Returns
    -------
    dict
        With ``n`` rounds, ``a`` items and slates of ``k``:

        ``n_rounds``, ``n_actions``, ``len_list``
            n, a, k.
        ``context`` : (n, D) float32
            See :func:`habitue.datasets.observation_names`.
        ``action_context`` : (a, C + 1) float32
            See :func:`habitue.datasets.item_features`.
        ``action`` : (n,) int64
            Item numbers.
        ``position`` : (n,) int64
            In the slate.
        ``reward`` : (n,) float64
        ``pscore`` : (n,) float64
            Probability of the item at its position, given the positions before.
        ``user``, ``session``, ``turn`` : (n,)
            Of the impression; not of obp's.

    Raises
    ------
    ValueError
        The run is not finished or the arm not known; or the policy of the arm showed everything with certainty: nothing
        can be estimated of another one.
    """
    log = read(run, arm)
    keep = _kept(log, turns)[log.turn_of]
    _check_exploration(log, keep)
    context, _ = observations(log, said_something(log))
    of = log.turn_of[keep]
    return {
        "n_rounds": int(keep.sum()),
        "n_actions": log.run.items.num_rows,
        "len_list": log.run.scenario["slate"]["size"],
        "context": context[of],
        "action_context": item_features(log.run),
        "action": log.items[keep],
        "position": log.position[keep],
        "reward": _reward(log, reward)[keep],
        "pscore": log.propensities[keep].astype(np.float64),
        "user": log.user[of],
        "session": log.session[of],
        "turn": log.turn[of],
    }


def to_obp_slates(
    run: Run | str | os.PathLike[str], *, arm: str | None = None, turns: Turns = "first", reward: Reward = "engaged"
) -> dict[str, Any]:
    """The arrays of obp's slate estimators (``SlateStandardIPS``, ``SlateRewardInteractionIPS``, ...).

    Parameters
    ----------
    run, arm, turns, reward
        As in :func:`to_obp`.

    Returns
    -------
    dict
        With ``s`` slates of ``k`` items, slates one after the other:

        ``n_rounds``, ``n_unique_action``, ``len_list``
            s, number of items, k.
        ``slate_id``, ``action``, ``position`` : (s k,) int64
        ``reward`` : (s k,) float64
        ``pscore`` : (s k,) float64
            Of the whole slate, the same at all positions.
        ``pscore_cascade`` : (s k,) float64
            Of the slate up to the position.
        ``context`` : (s, D) float32

    Raises
    ------
    ValueError
        As :func:`to_obp`; or slates differ in size.
    """
    log = read(run, arm)
    slates = _kept(log, turns)
    keep = slates[log.turn_of]
    _check_exploration(log, keep)
    log.slates()  # of one size
    size = log.run.scenario["slate"]["size"]
    logs = np.log(log.propensities[keep].astype(np.float64)).reshape(-1, size)
    context, _ = observations(log, said_something(log))
    return {
        "n_rounds": int(slates.sum()),
        "n_unique_action": log.run.items.num_rows,
        "len_list": size,
        "slate_id": np.repeat(np.arange(slates.sum()), size),
        "context": context[slates],
        "action": log.items[keep],
        "position": log.position[keep],
        "reward": _reward(log, reward)[keep],
        "pscore": np.repeat(np.exp(log.log_propensity[slates]), size),
        "pscore_cascade": np.exp(np.cumsum(logs, axis=1)).ravel(),
    }


def _kept(log: Log, turns: Turns) -> np.ndarray:
    if turns not in ("all", "first"):
        raise ValueError(f"turns: {turns!r}, expected 'all' or 'first'")
    return log.turn == 0 if turns == "first" else np.ones(len(log), dtype=bool)


def _reward(log: Log, reward: Reward) -> np.ndarray:
    if reward == "engaged":
        return (log.actions >= log.run.engaged).astype(np.float64)
    if reward == "action":
        return np.asarray(log.run.scenario["reward"]["actions"], dtype=np.float64)[log.actions]
    raise ValueError(f"reward: {reward!r}, expected 'engaged' or 'action'")


def _check_exploration(log: Log, keep: np.ndarray) -> None:
    if np.all(log.propensities[keep] >= 1):
        raise ValueError(
            f"{log.of_run()} has no propensities to weigh by: its policy showed every item with certainty. Let it "
            'explore, as in explore = { kind = "plackett-luce", temperature = 0.2 }'
        )
