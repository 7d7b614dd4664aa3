"""Environments in words, for recommenders that read and write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from habitue.envs import RetentionEnv, Scenario, SlateEnv

__all__ = ["SlateText", "TextEnv"]

#: The longest observation or action, in characters.
MOST = 1_000_000


class SlateText(spaces.Text):
    """Texts that name items, one a line; samples name different items by their ids."""

    def __init__(self, items: int, k: int, charset: frozenset[str], seed: Any = None) -> None:
        self.items, self.k = items, k
        super().__init__(MOST, min_length=1, charset=charset, seed=seed)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Draw ``k`` different item ids, one a line."""
        if mask is not None or probability is not None:
            raise ValueError("mask or probability is given, expected None: slates are drawn uniformly")
        drawn = self.np_random.choice(self.items, self.k, replace=False)
        return "\n".join(str(item) for item in drawn)


class TextEnv(gymnasium.Env):
    """``habitue/Text-v0``: a session or a life, in words.

    Observations say who asks, what the user said (searches, instructions), what the user did, and offer some items with
    their ids. An action is a text that names an item on each line, by id, key or title (numbering before it is passed
    over), or a tool call: ``{"name": "recommend", "arguments": {"items": [...]}}``, where ``arguments`` may be JSON text.

    Parameters
    ----------
    scenario : path, optional
        As for :class:`habitue.envs.LifeEnv`.
    episode : {"slate", "retention"}
        Whether an episode is a session or a life.
    offers : int
        How many items an observation offers; any available item may be shown. The draw depends on user, session and turn.
    **parameters
        ``overrides``, ``seed``, ``history``, ``propensities``, ``reward`` as for :class:`habitue.envs.LifeEnv`.
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        scenario: Scenario = None,
        *,
        episode: str = "slate",
        offers: int = 20,
        overrides: Mapping[str, Any] | Sequence[str] | None = None,
        seed: int | None = None,
        history: int | None = None,
        propensities: bool = False,
        reward: str | None = None,
        render_mode: None = None,
    ) -> None:
        kinds = {"slate": SlateEnv, "retention": RetentionEnv}
        if episode not in kinds:
            raise ValueError(f"episode is {episode!r}, expected 'slate' or 'retention'")
        if isinstance(offers, bool) or not isinstance(offers, (int, np.integer)) or offers < 0:
            raise ValueError(f"offers is {offers!r}, expected an integer of at least 0")
        self.render_mode = render_mode
        self.offers = int(offers)
        self.env = kinds[episode](
            scenario,
            overrides=overrides,
            seed=seed,
            history=history,
            propensities=propensities,
            reward=reward,
            render_mode=render_mode,
        )
        core = self.env.batch.core
        known = set(map(chr, range(32, 127))) | {"\n", "\t"}
        known.update(*(key + title for key, title in core.items()), *core.category_names())
        charset = frozenset(known)
        self.observation_space = spaces.Text(MOST, min_length=0, charset=charset)
        self.action_space = SlateText(self.env.batch.items, self.env.batch.k, charset)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Begin an episode; see :meth:`habitue.envs.LifeEnv.reset`."""
        super().reset(seed=seed)
        _, info = self.env.reset(seed=seed, options=options)
        return self._observation(), info

    def step(self, action: Any) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Show the items that a text or a tool call names.

        Raises
        ------
        ValueError
            If a line names no item (with the nearest title), there are too few or too many, one stands twice, or the call
            is not of the tool ``recommend``.
        """
        text = action if isinstance(action, str) else _lines_of(action)
        slate = self.env.batch.core.read_slate(text)
        slate = slate[0] if self.env.batch.action == "item" else slate
        _, reward, terminated, truncated, info = self.env.step(np.array(slate, dtype=np.int64))
        return self._observation(), reward, terminated, truncated, info

    def _observation(self) -> str:
        return self.env.batch.core.describe(0, self.offers)


def _lines_of(call: Any) -> str:
    """The items of a tool call, one a line."""
    shape = '{"name": "recommend", "arguments": {"items": [...]}}'
    if not isinstance(call, Mapping):
        raise ValueError(f"action is {type(call).__name__}, expected a text or a tool call {shape}")
    call = call.get("function", call)
    if not isinstance(call, Mapping) or call.get("name") != "recommend":
        name = call.get("name") if isinstance(call, Mapping) else call
        raise ValueError(f"action, name is {name!r}, expected 'recommend' as in {shape}")
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError as error:
            raise ValueError(f"action, arguments is no JSON ({error}), expected {shape}") from None
    items = arguments.get("items") if isinstance(arguments, Mapping) else None
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, (str, int)) for item in items):
        raise ValueError(f"action, arguments.items is {items!r}, expected a list of ids or titles as in {shape}")
    return "\n".join(str(item) for item in items)
