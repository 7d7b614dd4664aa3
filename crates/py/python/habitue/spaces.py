"""Spaces of slates."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import MultiDiscrete

__all__ = ["Slates"]


class Slates(MultiDiscrete):
    """Ranked lists of different items: a ``MultiDiscrete`` whose numbers along the last axis all differ.

    Parameters
    ----------
    items : int
        Number of items; ids are ``0 .. items - 1``.
    shape : tuple of int
        ``(k,)`` for one slate of ``k`` items, ``(n, k)`` for ``n`` of them.
    seed : int or numpy.random.Generator, optional
        Seed of :meth:`sample`.
    """

    def __init__(self, items: int, shape: tuple[int, ...], seed: Any = None) -> None:
        self.items = items
        super().__init__(np.full(shape, items, dtype=np.int64), seed=seed)

    def sample(self, mask: Any = None, probability: Any = None) -> np.ndarray:
        """Draw slates without repeats.

        Parameters
        ----------
        mask : numpy.ndarray of shape (items,), optional
            Which items may be drawn (anything but 0); all by default.
        probability : None
            Not supported.

        Returns
        -------
        numpy.ndarray
            Item ids, int64, of the shape of the space.
        """
        if probability is not None:
            raise ValueError("probability is given, expected None: slates are drawn uniformly")
        allowed = np.arange(self.items)
        if mask is not None:
            mask = np.asarray(mask)
            if mask.shape != (self.items,):
                raise ValueError(f"mask has shape {mask.shape}, expected ({self.items},), one place per item")
            allowed = np.flatnonzero(mask)
        size = self.shape[-1]
        if len(allowed) < size:
            raise ValueError(f"mask allows {len(allowed)} items, expected at least {size}, the size of a slate")
        rows = int(np.prod(self.shape[:-1], dtype=np.int64))
        drawn = [self.np_random.choice(allowed, size, replace=False) for _ in range(rows)]
        return np.array(drawn, dtype=np.int64).reshape(self.shape)

    def contains(self, x: Any) -> bool:
        """Whether these are slates of this shape, without repeats."""
        if not super().contains(x):
            return False
        ordered = np.sort(np.asarray(x), axis=-1)
        return bool((ordered[..., 1:] != ordered[..., :-1]).all())

    def __repr__(self) -> str:
        return f"Slates({self.items}, {self.shape})"
