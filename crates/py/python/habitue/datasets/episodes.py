"""Episodes for offline reinforcement learning: Minari and d3rlpy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..runs import Run
from .features import item_features, observations, said_something
from .log import Log, read

if TYPE_CHECKING:
    import d3rlpy
    import minari

_DAY = 86_400_000
Episode = Literal["session", "user"]
Reward = Literal["turn", "total", "return-gap"]


@dataclass(frozen=True)
class Trajectories:
    """Episodes as arrays, one after the other: ``n`` steps in ``e`` episodes.

    Attributes
    ----------
    observations, next_observations : ndarray of float32, shape (n, D)
        Before and after each step. See :func:`habitue.datasets.observation_names`.
    actions : ndarray of int64, shape (n, k)
        Slates as item numbers.
    rewards : ndarray of float32, shape (n,)
    terminations, truncations : ndarray of bool, shape (n,)
        Where an episode ended, or was cut.
    log_propensities : ndarray of float64, shape (n,)
        Of the whole slate; 0 where the logging policy could not have shown another.
    starts : ndarray of int64, shape (e + 1,)
        Episode ``i`` is ``starts[i]`` to ``starts[i + 1]``.
    users : ndarray of int64, shape (e,)
        Whose episode it is.
    items : int
        Number of items of the catalogue.
    """

    observations: np.ndarray
    next_observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    log_propensities: np.ndarray
    starts: np.ndarray
    users: np.ndarray
    items: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def ends(self) -> np.ndarray:
        """Whether each step is the last of its episode, shape ``(n,)``."""
        return self.terminations | self.truncations


def trajectories(
    run: Run | str | os.PathLike[str], *, arm: str | None = None, episode: Episode = "session", reward: Reward = "turn"
) -> Trajectories:
    """The log of an arm as episodes.

    Parameters
    ----------
    run : Run or path
        A finished run.
    arm : str, optional
        Which arm; needed if the run has several.
    episode : {"session", "user"}
        A session, or all sessions of a user. A session terminates when the user leaves, and is truncated by a limit of
        turns, an outage or the horizon. A user's life terminates when the user churns, and is truncated by the horizon.
    reward : {"turn", "total", "return-gap"}
        ``"turn"``: the reward of the turn, as the scenario declares it. ``"total"``: with what the scenario gives for
        coming back, on the last turn of a session. ``"return-gap"``: on the last turn of a session, minus the days until
        the next; where the user did not come back, minus the days until the horizon; 0 elsewhere.

    Raises
    ------
    ValueError
        The run is not finished, the arm is not known, or slates differ in size.
    """
    _among("episode", episode, ("session", "user"))
    _among("reward", reward, ("turn", "total", "return-gap"))
    log = read(run, arm)
    before, after = observations(log, said_something(log))
    last_of_session = np.append(log.at_session[1:] != log.at_session[:-1], True)
    last_of_user = np.append(log.user[1:] != log.user[:-1], True)
    if episode == "session":
        last, over = last_of_session, log.reason[log.at_session] == "left"
    else:
        last, over = last_of_user, log.churned[log.at_session]
    starts = np.append(0, np.flatnonzero(last) + 1)
    return Trajectories(
        observations=before,
        # Within an episode what comes next was observed: a user's next session begins later, and in another hour.
        next_observations=np.where(last[:, None], after, np.roll(before, -1, axis=0)),
        actions=log.slates(),
        rewards=_rewards(log, reward, last_of_session),
        terminations=last & over,
        truncations=last & ~over,
        log_propensities=log.log_propensity,
        starts=starts,
        users=log.user[starts[:-1]].astype(np.int64),
        items=log.run.items.num_rows,
    )


def _rewards(log: Log, reward: Reward, last: np.ndarray) -> np.ndarray:
    if reward == "turn":
        return log.reward.astype(np.float32)
    if reward == "total":
        return (log.reward + np.where(last, log.return_reward[log.at_session], 0)).astype(np.float32)
    until_horizon = np.maximum(log.run.scenario["horizon"] - log.end_ms, 0)
    gap = np.where((log.gap_ms >= 0) & ~log.churned, np.minimum(log.gap_ms, until_horizon), until_horizon)
    return np.where(last, -gap[log.at_session] / _DAY, 0).astype(np.float32)


def to_minari(
    run: Run | str | os.PathLike[str],
    dataset_id: str,
    *,
    arm: str | None = None,
    episode: Episode = "session",
    reward: Reward = "turn",
    **metadata: Any,
) -> minari.MinariDataset:
    """Writes a Minari data set, where Minari keeps them (``MINARI_DATASETS_PATH``).

    Observations are ``Box(-inf, inf, (D,))``, see :func:`observation_names`. Actions are ``MultiDiscrete([items] * k)``, or
    ``Discrete(items)`` for slates of one item; numbers are those of ``run.items``.

    Parameters
    ----------
    run, arm, episode, reward
        As in :func:`trajectories`.
    dataset_id : str
        Minari's name of the data set, such as ``"habitue/short-video-v0"``.
    **metadata
        What else ``minari.create_dataset_from_buffers`` takes: ``author``, ``description``, ``data_format``, ...

    Raises
    ------
    ValueError
        As :func:`trajectories`; or Minari has a data set of this name.
    """
    try:
        import gymnasium
        import minari
        from minari.data_collector import EpisodeBuffer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f'to_minari needs Minari: pip install "minari[create,hdf5]" ({error})') from error
    made = trajectories(run, arm=arm, episode=episode, reward=reward)
    single = made.actions.shape[1] == 1
    buffers = [
        EpisodeBuffer(
            id=number,
            observations=[*made.observations[start:end], made.next_observations[end - 1]],
            actions=list(made.actions[start:end, 0] if single else made.actions[start:end]),
            rewards=made.rewards[start:end].tolist(),
            terminations=made.terminations[start:end].tolist(),
            truncations=made.truncations[start:end].tolist(),
        )
        for number, (start, end) in enumerate(zip(made.starts[:-1], made.starts[1:], strict=True))
    ]
    shape = made.observations.shape[1:]
    discrete = gymnasium.spaces.Discrete(made.items)
    slates = gymnasium.spaces.MultiDiscrete([made.items] * made.actions.shape[1])
    return minari.create_dataset_from_buffers(
        dataset_id,
        buffers,
        observation_space=gymnasium.spaces.Box(-np.inf, np.inf, shape, np.float32),
        action_space=discrete if single else slates,
        **metadata,
    )


def from_minari(dataset: minari.MinariDataset | str) -> Trajectories:
    """A data set of :func:`to_minari` back as arrays. Minari keeps no propensities and no users: they are NaN and -1.

    Raises
    ------
    ValueError
        Its actions are no slates.
    """
    if isinstance(dataset, str):
        import minari

        dataset = minari.load_dataset(dataset)
    space = dataset.spec.action_space
    counts = np.atleast_1d(getattr(space, "nvec", getattr(space, "n", 0)))
    if counts.ndim != 1 or counts[0] == 0:
        raise ValueError(f"action space {space}: expected Discrete(items) or MultiDiscrete([items] * k)")
    episodes = list(dataset.iterate_episodes())
    lengths = [len(episode.rewards) for episode in episodes]
    steps = sum(lengths)
    return Trajectories(
        observations=np.concatenate([episode.observations[:-1] for episode in episodes]),
        next_observations=np.concatenate([episode.observations[1:] for episode in episodes]),
        actions=np.concatenate([episode.actions for episode in episodes]).reshape(steps, len(counts)),
        rewards=np.concatenate([episode.rewards for episode in episodes]).astype(np.float32),
        terminations=np.concatenate([episode.terminations for episode in episodes]),
        truncations=np.concatenate([episode.truncations for episode in episodes]),
        log_propensities=np.full(steps, np.nan),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        users=np.full(len(episodes), -1),
        items=int(counts[0]),
    )


def to_d3rlpy(
    run: Run | str | os.PathLike[str],
    *,
    arm: str | None = None,
    episode: Episode = "session",
    reward: Reward = "turn",
    actions: Literal["item", "features"] | None = None,
) -> d3rlpy.dataset.MDPDataset:
    """A ``d3rlpy.dataset.MDPDataset``.

    Parameters
    ----------
    run, arm, episode, reward
        As in :func:`trajectories`.
    actions : {"item", "features"}, optional
        ``"item"``: the number of the item, for slates of one item; a discrete action space of all items. ``"features"``:
        the mean of :func:`item_features` over the slate, shape ``(C + 1,)``; a continuous action space. By default
        whichever fits the size of slates.

    Raises
    ------
    ValueError
        As :func:`trajectories`; or ``"item"`` with slates of several items.
    """
    try:
        import d3rlpy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"to_d3rlpy needs d3rlpy: pip install d3rlpy ({error})") from error
    made = trajectories(run, arm=arm, episode=episode, reward=reward)
    size = made.actions.shape[1]
    actions = actions or ("item" if size == 1 else "features")
    _among("actions", actions, ("item", "features"))
    if actions == "item" and size != 1:
        raise ValueError(f'actions: "item" with slates of {size} items, expected slates of one item, or "features"')
    if actions == "item":
        taken, kind = made.actions, d3rlpy.ActionSpace.DISCRETE
        width = made.items
    else:
        features = item_features(run)
        taken = features[made.actions].mean(axis=1, dtype=np.float64).astype(np.float32)
        kind, width = d3rlpy.ActionSpace.CONTINUOUS, features.shape[1]
    return d3rlpy.dataset.MDPDataset(
        observations=made.observations,
        actions=taken,
        rewards=made.rewards,
        terminals=made.terminations.astype(np.float32),
        timeouts=made.truncations.astype(np.float32),
        action_space=kind,
        action_size=width,
    )


def _among(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}: {value!r}, expected one of {', '.join(map(repr, known))}")
