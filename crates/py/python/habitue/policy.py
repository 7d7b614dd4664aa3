"""Policies as Python objects.

A policy is a class with a method ``recommend`` that a scenario or a policy file names::

    kind   = "external"
    python = "my_policies:Newest"

The command starts ``python -m habitue.policy my_policies:Newest`` in the folder of that file (``HABITUE_PYTHON`` names the
interpreter, else ``python3``) and speaks the protocol of ``policies/external_popularity.py`` with it. ``habitue.run`` takes
the class itself: ``habitue.run(scenario, policies={0: Newest})``.

>>> class Newest(Policy):
...     def recommend(self, requests):
...         newest = sorted(self.world.available, key=lambda key: self.world.items[key].published, reverse=True)
...         return [newest[: request.size] for request in requests]

Whatever is drawn at random must come from ``Request.rng`` (or ``Request.seed``), so that a run can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy

__all__ = [
    "Impression",
    "Interaction",
    "Item",
    "Policy",
    "Recommends",
    "Request",
    "Slate",
    "Text",
    "Turn",
    "World",
    "ranked",
]


@dataclass(frozen=True, slots=True)
class Item:
    """An item as a policy sees it. ``published`` is in milliseconds of simulated time."""

    id: str
    title: str
    text: str
    categories: list[str]
    tags: list[str]
    creator: str | None
    published: int
    duration_seconds: float
    price: float | None
    embedding: list[float]


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something a user did with an item: an action of the scale, a rating from 1 to 5, or both."""

    item: str
    time: int
    action: str | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """What a user said: ``kind`` is ``"search"``, ``"instruct"`` or ``"answer"``."""

    kind: str
    words: str


@dataclass(frozen=True)
class Request:
    """A user waits for a slate.

    Attributes
    ----------
    user, session, turn : int
        Who, on which visit, at which turn of it; all counted from 0.
    time : int
        Milliseconds of simulated time.
    size : int
        Number of items wanted; fewer only if fewer are available.
    history : list of Interaction
        What the user did before, oldest first, as far back as the scenario's ``slate.history``.
    shown : list of str
        Items shown earlier in the session.
    text : Text or None
        What the user said.
    seed : int
        The request's own random number.
    """

    user: int
    session: int
    turn: int
    time: int
    size: int
    history: list[Interaction]
    shown: list[str]
    text: Text | None
    seed: int

    @cached_property
    def rng(self) -> numpy.random.Generator:
        """A generator seeded with ``seed``."""
        import numpy

        return numpy.random.default_rng(self.seed)

    @cached_property
    def random(self) -> random.Random:
        """As ``rng``, of the standard library."""
        return random.Random(self.seed)


@dataclass(frozen=True, slots=True)
class Slate:
    """What is shown.

    Attributes
    ----------
    items : sequence of str
        Different available items, best first, shape ``(size,)``.
    propensities : sequence of float, optional
        Probability of each item at its position, given the positions before, shape ``(size,)``, each above 0 and at most
        1. Left out, the slate is certain.
    reply : str, optional
        A sentence to the user.
    """

    items: Sequence[str]
    propensities: Sequence[float] | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Impression:
    """An item that was shown, and what the user did with it."""

    item: str
    propensity: float
    action: str
    dwell_seconds: float
    rating: int | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A finished turn. ``move`` is what the user did next: ``"next-page"``, ``"instruct"``, ``"leave"``, ..."""

    user: int
    session: int
    turn: int
    time: int
    impressions: list[Impression]
    move: str
    text: Text | None
    reward: float


@dataclass
class World:
    """What a policy knows of the run.

    Attributes
    ----------
    policy : str
        Its own name in the scenario.
    slate_size : int
        Items in a slate.
    seed : int
        A random number for training, the same whenever the run is repeated.
    actions : list of str
        The action scale, worst first.
    engaged : str
        The least action that counts as engagement.
    time : int
        Milliseconds of simulated time.
    items : dict of str to Item
        The catalogue, in its order.
    available : list of str
        Items that may be shown now, in the order of the catalogue.
    """

    policy: str
    slate_size: int
    seed: int
    actions: list[str]
    engaged: str
    time: int
    items: dict[str, Item] = field(repr=False)
    available: list[str] = field(repr=False)

    def level(self, action: str) -> int:
        """Position of an action in the scale."""
        return self.actions.index(action)

    def is_engaged(self, action: str | None) -> bool:
        """Whether an action counts as engagement."""
        return action is not None and self.level(action) >= self.level(self.engaged)


class Recommends(Protocol):
    """All that a policy must have. What else :class:`Policy` has is called where it is there."""

    def recommend(self, requests: list[Request]) -> Iterable[Slate | Sequence[str]]:
        """A slate for each request, in order."""


class Policy:
    """A policy to derive from. Only :meth:`recommend` must be written.

    The object is made without arguments. An answer may depend on the request and on what came in the other methods, never
    on other requests.

    Attributes
    ----------
    world : World
        Set before :meth:`start`, and kept up to date.
    propensities : str
        ``"exact"`` or ``"estimated"``: whether the propensities of slates are exact.
    """

    world: World
    propensities = "exact"

    def start(self, world: World) -> None:
        """The run begins (or this process takes over from one that died)."""

    def history(self, users: dict[int, list[Interaction]]) -> None:
        """What happened before the run, by user; several times for many users, or not at all."""

    def changed(self, appeared: list[str], gone: list[str]) -> None:
        """Items were added to or taken from what is available; ``world`` knows already."""

    def recommend(self, requests: list[Request]) -> Iterable[Slate | Sequence[str]]:
        """A slate for each request, in order: a :class:`Slate`, or a list of items if it is certain."""
        raise NotImplementedError(f"{type(self).__name__} has no method `recommend`")

    def observe(self, turns: list[Turn]) -> None:
        """What users did, by user, session and turn. Comes at the end of a window, possibly in several parts."""

    def end_window(self, time: int) -> None:
        """The moment to train."""

    def snapshot(self) -> Any:
        """All that was learnt: numbers, text, lists, tuples, dictionaries, sets and NumPy arrays of these.

        This default is all attributes but ``world``.
        """
        return {name: value for name, value in vars(self).items() if name != "world"}

    def restore(self, state: Any) -> None:
        """Puts back what :meth:`snapshot` returned; it replaces all that was learnt so far."""
        for name in [name for name in vars(self) if name != "world" and name not in state]:
            delattr(self, name)
        vars(self).update(state)


def ranked(request: Request, available: Sequence[str], scores: Any, *, temperature: float | None = None) -> Slate:
    """Ranks items by scores: the best first, or drawn (Plackett-Luce) with exact propensities.

    Items shown earlier in the session come after all others, so that a slate is always full.

    Parameters
    ----------
    request : Request
        Says how many items, and which were shown; its generator draws.
    available : sequence of str
        The candidates, shape ``(n,)``.
    scores : array_like
        Their scores, finite, shape ``(n,)``.
    temperature : float, optional
        Of the Plackett-Luce distribution: at each position item ``i`` is drawn with probability proportional to
        ``exp(scores[i] / temperature)`` among those left (Plackett, 1975; Luce, 1959). Without it the best come first,
        ties in the order of ``available``, and the slate is certain.

    Returns
    -------
    Slate

    Raises
    ------
    ValueError
        Shapes do not match, a score is not finite, or the temperature is not above 0.
    """
    import numpy as np

    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(available),):
        raise ValueError(f"scores: shape {scores.shape}, expected {(len(available),)}, one for each available item")
    wrong = np.flatnonzero(~np.isfinite(scores))
    if wrong.size:
        raise ValueError(f"scores: {scores[wrong[0]]} for item {available[wrong[0]]!r}, expected a finite number")
    if temperature is not None and not (temperature > 0 and np.isfinite(temperature)):
        raise ValueError(f"temperature: {temperature}, expected a number above 0, or None for the best first")
    seen = set(request.shown)
    late = np.fromiter((item in seen for item in available), dtype=bool, count=len(available)) if seen else None
    tiers = [np.arange(len(available))] if late is None else [np.flatnonzero(~late), np.flatnonzero(late)]
    items: list[str] = []
    propensities: list[float] = []
    for tier in tiers:
        wanted = min(request.size - len(items), len(tier))
        if wanted <= 0:
            continue
        if temperature is None:
            order = np.argsort(-scores[tier], kind="stable")[:wanted]
        else:
            # Gumbel-top-k: the order of logits plus Gumbel noise is a Plackett-Luce draw (Yellott, 1977).
            logits = scores[tier] / temperature
            order = np.argsort(-(logits + request.rng.gumbel(size=len(tier))), kind="stable")[:wanted]
            propensities += _conditional(logits, order)
        items += [available[at] for at in tier[order]]
    return Slate(items, propensities if temperature is not None else None)


def _conditional(logits: numpy.ndarray, order: numpy.ndarray) -> list[float]:
    """Probability of each draw among what was left at its position."""
    import numpy as np

    left = np.ones(len(logits), dtype=bool)
    result = []
    for at in order:
        # Afresh at each position: subtracting what is gone from one sum would lose all digits of the rest.
        rest = logits[left]
        most = rest.max()
        log_total = most + np.log(np.exp(rest - most).sum())
        result.append(float(max(np.exp(logits[at] - log_total), np.finfo(np.float32).tiny)))
        left[at] = False
    return result


if __name__ == "__main__":
    # The module as others import it, not this second copy of it.
    from habitue._serve import main

    main()
