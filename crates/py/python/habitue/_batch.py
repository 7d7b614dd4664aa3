"""The compiled batch of environments, with its arrays in the shapes that Gymnasium speaks of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from habitue import _habitue
from habitue.spaces import Slates

#: The scenario of environments that are made without one.
TOWN = Path(__file__).parent / "scenarios" / "town.toml"

_ACTIONS = ("slate", "item", "features")
_OBSERVATIONS = ("dict", "flat")


def _one_of(field: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{field} is {value!r}, expected one of {', '.join(map(repr, known))}")
    return value


def _number(field: str, value: Any, least: int) -> int:
    """An integer argument; `bool` and floats are refused."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{field} is {value!r}, expected an integer of at least {least}")
    if value < least:
        raise ValueError(f"{field} is {value}, expected at least {least}")
    return int(value)


def overrides_of(overrides: Any) -> list[str]:
    """Overrides as the command takes them: ``key.path=value``, from a mapping or a list."""
    if overrides is None:
        return []
    if isinstance(overrides, str):
        raise ValueError(f"overrides is {overrides!r}, expected a dict or a list such as ['slate.size=5']")
    if isinstance(overrides, Mapping):
        return [f"{key}={_toml(key, value)}" for key, value in overrides.items()]
    return [str(override) for override in overrides]


def _toml(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, np.integer, np.floating)):
        return repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        quoted = [_quoted(entry) if isinstance(entry, str) else _toml(key, entry) for entry in value]
        return f"[{', '.join(quoted)}]"
    if isinstance(value, Mapping):
        entries = [
            f"{name} = {_quoted(entry) if isinstance(entry, str) else _toml(key, entry)}"
            for name, entry in value.items()
        ]
        return f"{{ {', '.join(entries)} }}"
    raise ValueError(f"overrides[{key!r}] is {value!r}, expected a number, a text, a list or a dict")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


class Batch:
    """``num_envs`` environments side by side, their arrays and their spaces."""

    def __init__(
        self,
        *,
        kind: str,
        scenario: str | os.PathLike[str] | None,
        overrides: Any,
        seed: int | None,
        num_envs: int,
        reward: str,
        autoreset: str,
        action: str | None,
        observation: str,
        duplicates: str,
        history: int | None,
        propensities: bool,
        info: bool,
        threads: int | None,
    ) -> None:
        self.core = _habitue.Envs(
            scenario=Path(TOWN if scenario is None else os.fspath(scenario)),
            overrides=overrides_of(overrides),
            seed=None if seed is None else _number("seed", seed, 0),
            num_envs=_number("num_envs", num_envs, 1),
            kind=kind,
            reward=reward,
            autoreset=autoreset,
            duplicates=duplicates,
            history=None if history is None else _number("history", history, 0),
            propensities=bool(propensities),
            info=bool(info),
            threads=None if threads is None else _number("threads", threads, 1),
        )
        shape = self.core.shape()
        self.num_envs, self.k, self.items = shape["envs"], shape["slate"], shape["items"]
        self.users, self.categories = shape["users"], shape["categories"]
        self.actions, self.history, self.features = shape["actions"], shape["history"], shape["features"]
        self.observation = _one_of("observation", observation, _OBSERVATIONS)
        default = "slate" if self.k > 1 else "item"
        self.action = _one_of("action", default if action is None else action, _ACTIONS)
        if self.action == "item" and self.k != 1:
            raise ValueError(f"action is 'item', expected 'slate' or 'features' for slates of {self.k} items")
        self.distinct = duplicates == "refuse"
        self.seen = self._shaped(self.core.observations())
        self.last = self._shaped(self.core.finals())
        self.came = self._shaped(self.core.outcomes())
        self.item_features = self.core.item_features().reshape(self.items, self.features)
        self._slates = np.zeros(self.num_envs * self.k, dtype=np.int64)

    def _shaped(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Views of the flat arrays, one row per environment; arrays that are not written are left out."""
        n, k, c = self.num_envs, self.k, self.categories
        shapes = {
            "context": (n, len(_habitue.CONTEXT)),
            "profile": (n, c),
            "history_items": (n, self.history),
            "history_actions": (n, self.history),
            "history_ratings": (n, self.history),
            "slate": (n, k),
            "actions": (n, k),
            "dwell": (n, k),
            "ratings": (n, k),
            "action_propensities": (n, k, self.actions),
            "move_propensities": (n, len(_habitue.MOVES)),
            "mindset": (n, len(_habitue.MINDSET)),
            "interests": (n, c),
            "examined": (n, k),
        }
        return {
            name: array.reshape(shapes.get(name, (n,))) for name, array in arrays.items() if array.size > 0
        }

    # Spaces

    def observation_space(self) -> spaces.Space:
        """The space of one environment's observations."""
        context = spaces.Box(-np.inf, np.inf, (len(_habitue.CONTEXT),), np.float32)
        if self.observation == "flat":
            width = len(_habitue.CONTEXT) + self.categories
            return spaces.Box(-np.inf, np.inf, (width,), np.float32)
        named: dict[str, spaces.Space] = {
            "user": spaces.Discrete(self.users),
            "context": context,
            "profile": spaces.Box(-1.0, 1.0, (self.categories,), np.float32),
        }
        if self.history > 0:
            shape = (self.history,)
            named["history_items"] = spaces.Box(-1, self.items - 1, shape, np.int32)
            named["history_actions"] = spaces.Box(-1, self.actions - 1, shape, np.int8)
            named["history_ratings"] = spaces.Box(0, 5, shape, np.int8)
        return spaces.Dict(named)

    def action_space(self, num_envs: int | None = None) -> spaces.Space:
        """The space of one environment's actions, or of those of ``num_envs``."""
        leading = () if num_envs is None else (num_envs,)
        if self.action == "item":
            if num_envs is None:
                return spaces.Discrete(self.items)
            return spaces.MultiDiscrete(np.full(leading, self.items, dtype=np.int64))
        if self.action == "features":
            low, high = self.item_features.min(axis=0), self.item_features.max(axis=0)
            shape = (*leading, self.features)
            return spaces.Box(np.broadcast_to(low, shape), np.broadcast_to(high, shape), dtype=np.float32)
        shape = (*leading, self.k)
        if self.distinct:
            return Slates(self.items, shape)
        return spaces.MultiDiscrete(np.full(shape, self.items, dtype=np.int64))

    # Playing

    def reset(self, seeds: Any, users: Any, mask: Any) -> None:
        """Begin episodes; see :class:`habitue.vector.LifeVectorEnv`."""
        self.core.reset(seeds, users, mask)

    def step(self, action: Any, single: bool) -> None:
        """Play a step with the actions of all environments, or with the one of the only one."""
        leading = () if single else (self.num_envs,)
        if self.action == "features":
            points = self._array(action, (*leading, self.features), "fiu", np.float32)
            self.core.nearest(points, self._slates)
            self.core.step(self._slates)
            return
        shape = leading if self.action == "item" else (*leading, self.k)
        self.core.step(self._array(action, shape, "iu", np.int64))

    def _array(self, action: Any, shape: tuple[int, ...], kinds: str, dtype: Any) -> np.ndarray:
        """The action as a flat array of this type, checked for shape and kind; copied only if it has another type."""
        array = np.asarray(action)
        if array.shape != shape:
            raise ValueError(f"action has shape {array.shape}, expected {shape}")
        if array.dtype.kind not in kinds:
            numbers = "integers" if kinds == "iu" else "numbers"
            raise ValueError(f"action has dtype {array.dtype}, expected {numbers}")
        if array.dtype.kind == "u" and array.size and int(array.max()) >= self.items:
            raise ValueError(f"action holds item {array.max()}, expected an item id from 0 to {self.items - 1}")
        return np.ascontiguousarray(array, dtype=dtype).reshape(-1)

    def user(self, user: Any) -> int | None:
        """A user's id, from the id or the key."""
        if user is None:
            return None
        if isinstance(user, str):
            return self.core.user_id(user)
        return _number("user", user, 0)

    def masks(self) -> np.ndarray:
        """Which items can be shown now, bool, shape ``(num_envs, items)``."""
        out = np.zeros(self.num_envs * self.items, dtype=np.bool_)
        self.core.masks(out)
        return out.reshape(self.num_envs, self.items)
