"""Populations of simulated users who live with a recommender.

Importing the package registers its environments with Gymnasium:

- ``habitue/Slate-v0``: an episode is one session of one user;
- ``habitue/Retention-v0``: an episode is a user's life over many sessions;
- ``habitue/Text-v0``: either of them in words, for recommenders that read and write.

>>> import gymnasium, habitue
>>> env = gymnasium.make("habitue/Retention-v0")
>>> observation, info = env.reset(seed=7)
>>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

Runs of the command are made and read with `habitue.run` and `habitue.open`, turned into data sets by `habitue.datasets`; a
recommender of one's own is a `habitue.policy.Policy`.
"""

from importlib import import_module as _import_module

from habitue import _registration
from habitue._habitue import CONTEXT, END_REASONS, MINDSET, MOVES, __version__

_registration.register()

# What runs and data sets need is loaded when it is asked for: an import for environments alone stays quick.
_OF_RUNS = (
    "BadInput",
    "HabitueError",
    "Interrupted",
    "Run",
    "RunNotFinished",
    "compare",
    "evaluate",
    "open",
    "report",
    "resume",
    "run",
)
_MODULES = ("datasets", "policy", "recbole", "runs")

__all__ = ["CONTEXT", "END_REASONS", "MINDSET", "MOVES", "__version__", *_OF_RUNS, *_MODULES]


def __getattr__(name: str):
    if name in _OF_RUNS:
        return getattr(_import_module("habitue.runs"), name)
    if name in _MODULES:
        return _import_module(f"habitue.{name}")
    raise AttributeError(f"module 'habitue' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
