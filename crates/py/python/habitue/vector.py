"""Many environments side by side, stepped in compiled code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from habitue._batch import Batch
from habitue.envs import PLAIN, PRIVILEGED, Scenario, reward_of, users_of

__all__ = ["LifeVectorEnv", "RetentionVectorEnv", "SlateVectorEnv"]

_AUTORESET = {
    AutoresetMode.NEXT_STEP: "next-step",
    AutoresetMode.SAME_STEP: "same-step",
    AutoresetMode.DISABLED: "disabled",
}


class LifeVectorEnv(VectorEnv):
    """Many environments side by side in compiled code; base of :class:`SlateVectorEnv` and :class:`RetentionVectorEnv`.

    What an environment does depends on its seed and its actions alone: neither on ``num_envs`` nor on ``threads``. The
    i-th one does what the single environment does with seed ``seed + i``.

    Parameters
    ----------
    num_envs : int
        How many.
    autoreset_mode : gymnasium.vector.AutoresetMode or str
        When an environment whose episode is over begins the next one.
    threads : int, optional
        Threads; one per core by default.
    copy : bool
        Whether ``step`` and ``reset`` return arrays of their own. Without it they return the same arrays each time, which
        the next call overwrites.
    **parameters
        As for :class:`habitue.envs.LifeEnv`.
    """

    _kind: ClassVar[str]

    def __init__(
        self,
        num_envs: int = 1,
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
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
        copy: bool = True,
        render_mode: None = None,
    ) -> None:
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode!r}, expected None: there is nothing to render")
        self.render_mode = None
        try:
            self.autoreset_mode = AutoresetMode(autoreset_mode)
        except ValueError:
            known = ", ".join(repr(mode.value) for mode in AutoresetMode)
            raise ValueError(f"autoreset_mode is {autoreset_mode!r}, expected one of {known}") from None
        self.batch = Batch(
            kind=self._kind,
            scenario=scenario,
            overrides=overrides,
            seed=seed,
            num_envs=num_envs,
            reward=reward_of(self._kind, reward),
            autoreset=_AUTORESET[self.autoreset_mode],
            action=action,
            observation=observation,
            duplicates=duplicates,
            history=history,
            propensities=propensities,
            info=info,
            threads=threads,
        )
        self.num_envs = self.batch.num_envs
        self.copy = copy
        self.metadata = {"render_modes": [], "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = self.batch.observation_space()
        self.single_action_space = self.batch.action_space()
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = self.batch.action_space(self.num_envs)
        self._flat = {name: self._flat_array() for name in ("seen", "last")}

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes.

        Parameters
        ----------
        seed : int or list of int, optional
            As for :meth:`habitue.envs.LifeEnv.reset`; an integer ``s`` is ``[s, s + 1, ...]``.
        options : dict, optional
            ``"user"``: an id or key, or one for each environment. ``"reset_mask"``: bool array, shape ``(num_envs,)``, of
            the environments that begin an episode; all by default.
        """
        first = seed if isinstance(seed, (int, np.integer)) else None
        super().reset(seed=None if first is None else int(first))
        seeds = None
        if first is not None:
            seeds = [int(first) + env for env in range(self.num_envs)]
        elif seed is not None:
            seeds = [None if one is None else int(one) for one in seed]
        if seeds is not None and any(one is not None and one < 0 for one in seeds):
            raise ValueError(f"seed is {seed!r}, expected integers of at least 0")
        users = users_of(self.batch, options, single=False)
        mask = (options or {}).get("reset_mask")
        if mask is not None:
            mask = np.asarray(mask)
            if mask.dtype != np.bool_ or mask.shape != (self.num_envs,) or not mask.any():
                raise ValueError(
                    f"options['reset_mask'] has dtype {mask.dtype}, shape {mask.shape} and {mask.sum()} true values, "
                    f"expected bool, ({self.num_envs},) and at least one"
                )
        self.batch.reset(seeds, users, None if mask is None else mask.tolist())
        began = np.ones(self.num_envs, dtype=np.bool_) if mask is None else mask.copy()
        return self._observation("seen"), self._info(played=np.zeros_like(began), known=began)

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Show every environment a slate.

        Parameters
        ----------
        actions : numpy.ndarray
            Item ids, int64, shape ``(num_envs, k)``; ``(num_envs,)`` for single items; float32 points of shape
            ``(num_envs, features)`` for ``action="features"``.

        Returns
        -------
        observations, rewards (float64), terminations, truncations (bool), infos
            One row per environment.

        Raises
        ------
        ValueError
            As for :meth:`habitue.envs.LifeEnv.step`; nothing has happened in any environment then.
        """
        self.batch.step(actions, single=False)
        came = self.batch.came
        values = came["reward"], came["terminated"], came["truncated"]
        if self.copy:
            values = tuple(value.copy() for value in values)
        infos: dict[str, Any] = {}
        if "mindset" in came:
            played = came["moves"] >= 0
            infos = self._info(played=played, known=np.ones_like(played))
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            over = came["terminated"] | came["truncated"]
            if over.any():
                self._add_finals(infos, over)
        return self._observation("seen"), *values, infos

    def action_masks(self) -> np.ndarray:
        """Which items can be shown now, bool, shape ``(num_envs, items)``; ``(num_envs, k * items)`` for slates."""
        masks = self.batch.masks()
        return np.tile(masks, (1, self.batch.k)) if self.batch.action == "slate" else masks

    @property
    def item_features(self) -> np.ndarray:
        """Numbers that describe the items, float32, shape ``(items, features)``."""
        return self.batch.item_features

    def _flat_array(self) -> np.ndarray:
        width = self.batch.seen["context"].shape[1] + self.batch.categories
        return np.zeros((self.num_envs, width), dtype=np.float32)

    def _observation(self, which: str) -> Any:
        seen = getattr(self.batch, which)
        if self.batch.observation == "flat":
            out = None if self.copy else self._flat[which]
            return np.concatenate((seen["context"], seen["profile"]), axis=1, out=out)
        names = self.single_observation_space.spaces
        return {name: seen[name].copy() if self.copy else seen[name] for name in names}

    def _info(self, played: np.ndarray, known: np.ndarray) -> dict[str, Any]:
        """Infos in Gymnasium's form: each key with a mask ``_key`` of the environments that have it."""
        came = self.batch.came
        if "mindset" not in came:
            return {}
        infos: dict[str, Any] = {}
        privileged = _masked(came, PRIVILEGED, known, self.copy)
        if played.any():
            infos = _masked(came, PLAIN, played, self.copy)
            gap = came["gap_days"]
            returned = ~np.isnan(gap)
            infos["gap_days"], infos["_gap_days"] = np.where(returned, gap, 0.0), returned
            privileged |= _masked(came, ("examined",), played, self.copy)
            if "action_propensities" in came:
                names = ("action_propensities", "move_propensities")
                both = _masked(came, names, played, self.copy)
                privileged["propensities"] = {
                    "actions": both["action_propensities"],
                    "_actions": played,
                    "moves": both["move_propensities"],
                    "_moves": played,
                }
                privileged["_propensities"] = played
        infos["privileged"], infos["_privileged"] = privileged, known
        return infos

    def _add_finals(self, infos: dict[str, Any], over: np.ndarray) -> None:
        """What Gymnasium's same-step mode keeps of the episodes that ended."""
        last = self._observation("last")
        finals = np.full(self.num_envs, None, dtype=object)
        for env in np.flatnonzero(over):
            if isinstance(last, dict):
                finals[env] = {name: value[env].copy() for name, value in last.items()}
            else:
                finals[env] = last[env].copy()
        infos["final_obs"], infos["_final_obs"] = finals, over
        came = self.batch.came
        if "mindset" in came:
            final = _masked(came, PLAIN, over, True)
            returned = ~np.isnan(came["gap_days"])
            final["gap_days"], final["_gap_days"] = infos["gap_days"].copy(), returned & over
            infos["final_info"], infos["_final_info"] = final, over


def _masked(came: dict[str, np.ndarray], names: Sequence[str], mask: np.ndarray, copy: bool) -> dict[str, Any]:
    masked: dict[str, Any] = {}
    for name in names:
        masked[name] = came[name].copy() if copy else came[name]
        masked[f"_{name}"] = mask
    return masked


class SlateVectorEnv(LifeVectorEnv):
    """Many ``habitue/Slate-v0`` side by side."""

    _kind = "slate"


class RetentionVectorEnv(LifeVectorEnv):
    """Many ``habitue/Retention-v0`` side by side; ``reward`` as for :class:`habitue.envs.RetentionEnv`."""

    _kind = "retention"
