"""The turns of one arm of a run as NumPy arrays, in the order in which each user lived them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..runs import Run, _nearest

if TYPE_CHECKING:
    import pyarrow

_COLUMNS = ["user", "session", "turn", "time_ms", "items", "propensities", "log_propensity", "actions", "reward"]
_SESSION_COLUMNS = ["arm", "user", "session", "start_ms", "end_ms", "return_reward", "reason", "gap_ms", "churned"]


@dataclass(frozen=True)
class Log:
    """Turns by user, session and turn: ``n`` of them, with ``m`` impressions in all.

    Attributes
    ----------
    user, session, turn, time_ms, log_propensity, reward : ndarray, shape (n,)
        Columns of the table ``turns``.
    ends : ndarray of int64, shape (n + 1,)
        The impressions of turn ``i`` are ``ends[i]`` to ``ends[i + 1]``.
    items, actions, propensities : ndarray, shape (m,)
        Item numbers, positions in the action scale, and probabilities by impression.
    at_session : ndarray of int64, shape (n,)
        Row of the turn's session in the arrays of sessions.
    start_ms, end_ms, return_reward, gap_ms, churned, reason : ndarray, shape (s,)
        Columns of the table ``sessions``; a gap that was not observed is -1.
    """

    run: Run
    arm: str
    user: np.ndarray
    session: np.ndarray
    turn: np.ndarray
    time_ms: np.ndarray
    log_propensity: np.ndarray
    reward: np.ndarray
    ends: np.ndarray
    items: np.ndarray
    actions: np.ndarray
    propensities: np.ndarray
    at_session: np.ndarray
    start_ms: np.ndarray
    end_ms: np.ndarray
    return_reward: np.ndarray
    gap_ms: np.ndarray
    churned: np.ndarray
    reason: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    @property
    def sizes(self) -> np.ndarray:
        """Items of each slate, shape ``(n,)``."""
        return np.diff(self.ends)

    @property
    def turn_of(self) -> np.ndarray:
        """Turn of each impression, shape ``(m,)``."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @property
    def position(self) -> np.ndarray:
        """Position of each impression in its slate, shape ``(m,)``."""
        return np.arange(len(self.items)) - np.repeat(self.ends[:-1], self.sizes)

    def slates(self) -> np.ndarray:
        """Slates of equal size, shape ``(n, k)``.

        Raises
        ------
        ValueError
            Some slates are shorter, because too few items were available.
        """
        return self._wide(self.items, "slates")

    def _wide(self, values: np.ndarray, what: str) -> np.ndarray:
        size = self.run.scenario["slate"]["size"]
        short = np.flatnonzero(self.sizes != size)
        if short.size:
            raise ValueError(
                f"{what}: {short.size} of {len(self)} have fewer than {size} items, as too few were available; expected "
                "slates of one size"
            )
        return values.reshape(-1, size)

    def of_run(self) -> str:
        """What messages call it."""
        return f"arm {self.arm!r} of {self.run.folder}"


def read(run: Run | str | os.PathLike[str], arm: str | None = None) -> Log:
    """Reads an arm of a run; the only one if there is one.

    Raises
    ------
    ValueError
        The run is not finished, has several arms and none is named, has no such arm, or nobody came.
    """
    run = as_run(run)
    arm = one_arm(run, arm)
    turns = of_arm(run, "turns", arm, _COLUMNS)
    if turns.num_rows == 0:
        raise ValueError(f"arm {arm!r} of {run.folder} has no turns: nobody came within the horizon")
    turns = turns.sort_by([("user", "ascending"), ("session", "ascending"), ("turn", "ascending")]).combine_chunks()
    sessions = of_arm(run, "sessions", arm, _SESSION_COLUMNS)
    sessions = sessions.sort_by([("user", "ascending"), ("session", "ascending")])
    plain = {
        name: turns[name].to_numpy() for name in ("user", "session", "turn", "time_ms", "log_propensity", "reward")
    }
    lists = turns["items"].combine_chunks()
    ends = np.asarray(lists.offsets, dtype=np.int64)
    impressions = {name: turns[name].combine_chunks().flatten().to_numpy() for name in ("actions", "propensities")}
    key = (sessions["user"].to_numpy().astype(np.int64) << 32) | sessions["session"].to_numpy()
    wanted = (plain["user"].astype(np.int64) << 32) | plain["session"]
    at_session = np.searchsorted(key, wanted)
    lost = np.flatnonzero(key[np.minimum(at_session, len(key) - 1)] != wanted) if len(key) else np.arange(len(wanted))
    if lost.size:
        user, session = plain["user"][lost[0]], plain["session"][lost[0]]
        raise ValueError(f"{run.folder}: user {user} has turns of session {session}, which table sessions lacks")
    return Log(
        run=run,
        arm=arm,
        **plain,
        ends=ends - ends[0],
        items=lists.flatten().to_numpy().astype(np.int64),
        **impressions,
        at_session=at_session,
        start_ms=sessions["start_ms"].to_numpy(),
        end_ms=sessions["end_ms"].to_numpy(),
        return_reward=sessions["return_reward"].to_numpy(),
        gap_ms=sessions["gap_ms"].fill_null(-1).to_numpy(),
        churned=sessions["churned"].to_numpy(zero_copy_only=False),
        reason=np.asarray(sessions["reason"].cast("string").to_pylist()),
    )


def as_run(run: Run | str | os.PathLike[str]) -> Run:
    """A run or its folder."""
    return run if isinstance(run, Run) else Run(run)


def one_arm(run: Run, arm: str | None) -> str:
    """The arm that is meant."""
    if arm is None and len(run.arms) > 1:
        raise ValueError(f"arm: the run has {len(run.arms)}, expected the name of one: {', '.join(run.arms)}")
    if arm is not None and arm not in run.arms:
        raise ValueError(
            f"arm: no arm {arm!r} in {run.folder}{_nearest(arm, run.arms)}; there are {', '.join(run.arms)}"
        )
    return arm if arm is not None else run.arms[0]


def of_arm(run: Run, table: str, arm: str, columns: list[str]) -> pyarrow.Table:
    """Rows of a table that belong to an arm; files are scanned, not loaded as a whole."""
    import pyarrow.compute as pc

    source = run.dataset(table)
    return source.to_table(columns=columns, filter=pc.field("arm").cast("string") == arm)
