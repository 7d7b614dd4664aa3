"""Single environments, in which the caller is the recommender of a user who lives with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np

from habitue._batch import Batch

__all__ = ["LifeEnv", "RetentionEnv", "SlateEnv"]

Scenario = str | os.PathLike[str] | None

#: What a step tells besides the reward, in the order of `info`.
PLAIN = ("slate", "actions", "dwell", "ratings", "moves", "session_end")
#: What it tells of the hidden state.
PRIVILEGED = ("mindset", "need", "interests")


class LifeEnv(gymnasium.Env):
    """One environment; base of :class:`SlateEnv` and :class:`RetentionEnv`.

    Parameters
    ----------
    scenario : path, optional
        A scenario file; a small town of parametric users by default.
    overrides : mapping or list of str, optional
        Values that go before those of the file: ``{"slate.size": 10}`` or ``["slate.size=10"]``, as ``--set`` of the
        command takes them.
    seed : int, optional
        Seed of the world (items and people), before the one of the file.
    action : {"slate", "item", "features"}, optional
        ``"slate"``: ids of ``k`` different items, int64, shape ``(k,)``. ``"item"``: one id, for slates of one item (the
        default there). ``"features"``: a point in the space of item features, float32, shape ``(features,)``; the ``k``
        nearest available items are shown.
    observation : {"dict", "flat"}
        ``"flat"`` is ``context`` and ``profile`` in one float32 vector.
    duplicates : {"refuse", "replace"}
        What happens to an item that stands twice on a slate: ``ValueError``, or the available item next in order of id
        takes its place (for learners that choose every position on its own).
    history : int, optional
        Reactions in observations; the scenario's ``slate.history`` by default.
    propensities : bool
        Whether ``info["privileged"]["propensities"]`` has the distributions behind the user's choices.
    info : bool
        Whether ``info`` says more than nothing.
    render_mode : None
        There is nothing to render.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}
    _kind: ClassVar[str]

    def __init__(
        self,
        scenario: Scenario = None,
        *,
        overrides: Mapping[str, Any] | Sequence[str] | None = None,
        seed: int | None = None,
        action: str | None = None,
        observation: str = "dict",
        duplicates: str = "refuse",
        history: int | None = None,
        propensities: bool = False,
        info: bool = True,
        reward: str | None = None,
        render_mode: None = None,
    ) -> None:
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode!r}, expected None: there is nothing to render")
        self.render_mode = None
        self.batch = Batch(
            kind=self._kind,
            scenario=scenario,
            overrides=overrides,
            seed=seed,
            num_envs=1,
            reward=reward_of(self._kind, reward),
            autoreset="disabled",
            action=action,
            observation=observation,
            duplicates=duplicates,
            history=history,
            propensities=propensities,
            info=info,
            threads=1,
        )
        self.observation_space = self.batch.observation_space()
        self.action_space = self.batch.action_space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            Seed of the run that the user lives in. With the scenario's own seed the episode is, turn for turn, that of
            the command's run if the same slates are shown. Without it the next episode of the sequence begins; the
            sequence starts with the scenario's seed.
        options : dict, optional
            ``{"user": id or key}`` plays this user instead of one drawn from the seed.

        Returns
        -------
        observation, info
        """
        super().reset(seed=seed)
        users = users_of(self.batch, options, single=True)
        seeds = None if seed is None else [int(seed)]
        self.batch.reset(seeds, users, None)
        return self._observation(), self._info(reset=True)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Show a slate and take the user's answer.

        Raises
        ------
        ValueError
            If the action has another shape or type, names an unknown item, an unpublished one or one twice, or comes
            before a reset or after the end of the episode. Nothing has happened then.
        """
        self.batch.step(action, single=True)
        came = self.batch.came
        ended = bool(came["terminated"][0]), bool(came["truncated"][0])
        return self._observation(), float(came["reward"][0]), *ended, self._info(reset=False)

    def action_masks(self) -> np.ndarray:
        """Which items can be shown now.

        Returns
        -------
        numpy.ndarray of bool
            Shape ``(items,)`` for single items, ``(k * items,)`` for slates, as ``sb3_contrib.MaskablePPO`` reads it.
        """
        mask = self.batch.masks()[0]
        return np.tile(mask, self.batch.k) if self.batch.action == "slate" else mask

    @property
    def item_features(self) -> np.ndarray:
        """Numbers that describe the items, float32, shape ``(items, features)``."""
        return self.batch.item_features

    def _observation(self) -> Any:
        seen = self.batch.seen
        if self.batch.observation == "flat":
            return np.concatenate((seen["context"][0], seen["profile"][0]))
        names = self.observation_space.spaces
        return {name: seen[name][0].copy() if name != "user" else seen["user"][0] for name in names}

    def _info(self, reset: bool) -> dict[str, Any]:
        came = self.batch.came
        if "mindset" not in came:
            return {}
        info: dict[str, Any] = {}
        privileged: dict[str, Any] = {name: _own(came[name][0]) for name in PRIVILEGED}
        if not reset:
            info = {name: _own(came[name][0]) for name in PLAIN}
            if not np.isnan(came["gap_days"][0]):
                info["gap_days"] = float(came["gap_days"][0])
            privileged["examined"] = came["examined"][0].copy()
            if "action_propensities" in came:
                privileged["propensities"] = {
                    "actions": came["action_propensities"][0].copy(),
                    "moves": came["move_propensities"][0].copy(),
                }
        said = self.batch.core.said(0)
        if said is not None:
            info["request"] = said[1]
        info["privileged"] = privileged
        return info


def reward_of(kind: str, reward: str | None) -> str:
    """The reward of lives; sessions have that of the scenario."""
    if kind == "slate" and reward is not None:
        raise ValueError(f"reward is {reward!r}, expected None: what a turn is worth says the scenario's [reward]")
    return "inverse-gap" if reward is None else reward


def _own(value: Any) -> Any:
    """An array of its own, or the scalar as a Python number."""
    return value.copy() if isinstance(value, np.ndarray) else value.item()


def users_of(batch: Batch, options: dict[str, Any] | None, single: bool) -> list[int | None] | None:
    """The users of ``options``, one for each environment."""
    options = {} if options is None else options
    unknown = set(options) - {"user", "reset_mask"} if not single else set(options) - {"user"}
    if unknown:
        known = "'user'" if single else "'user' and 'reset_mask'"
        raise ValueError(f"options has {sorted(map(str, unknown))}, expected at most {known}")
    user = options.get("user")
    if user is None:
        return None
    if isinstance(user, (list, tuple, np.ndarray)) and not single:
        return [batch.user(one) for one in user]
    return [batch.user(user)] * batch.num_envs


class SlateEnv(LifeEnv):
    """``habitue/Slate-v0``: an episode is a user's first session; a step's reward is the turn's."""

    _kind = "slate"


class RetentionEnv(LifeEnv):
    """``habitue/Retention-v0``: an episode is a user's life over many sessions.

    Parameters
    ----------
    reward : {"inverse-gap", "minus-gap", "scenario", "turn"}
        What a step is worth, g being the return gap in days: ``1 / (1 + g)`` at returns; ``-g`` at returns; the scenario's
        rewards of turns and returns; the reward of the turn alone.
    """

    _kind = "retention"
