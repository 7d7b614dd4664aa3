"""Populations of simulated users who live with a recommender.

Importing the package registers its environments with Gymnasium:

- ``habitue/Slate-v0``: an episode is one session of one user;
- ``habitue/Retention-v0``: an episode is a user's life over many sessions;
- ``habitue/Text-v0``: either of them in words, for recommenders that read and write.

>>> import gymnasium, habitue
>>> env = gymnasium.make("habitue/Retention-v0")
>>> observation, info = env.reset(seed=7)
>>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
"""

from habitue import _registration
from habitue._habitue import CONTEXT, END_REASONS, MINDSET, MOVES, __version__

_registration.register()

__all__ = ["CONTEXT", "END_REASONS", "MINDSET", "MOVES", "__version__"]
