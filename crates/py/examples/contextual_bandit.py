"""A contextual bandit written in Python, LinUCB (Li and others, WWW 2010), against chance: each has its share of the users.

python contextual_bandit.py SCENARIO OUT
"""

import sys

import habitue
import numpy as np
from habitue.policy import Policy, ranked


class LinUcb(Policy):
    def start(self, world):
        self.categories = sorted({name for item in world.items.values() for name in item.categories})
        self.liked = {}  # by user: how often it engaged with each category
        self.a, self.b = np.eye(2 * len(self.categories)), np.zeros(2 * len(self.categories))

    def features(self, items, user):
        kinds = np.array([np.isin(self.categories, self.world.items[item].categories) for item in items], dtype=float)
        liked = self.liked.get(user, np.zeros(len(self.categories)))
        return np.hstack([kinds, kinds * liked / max(1, liked.sum())])

    def recommend(self, requests):
        inverse, available = np.linalg.inv(self.a), self.world.available
        for request in requests:
            x = self.features(available, request.user)
            width = np.sqrt(np.einsum("ij,jk,ik->i", x, inverse, x))
            yield ranked(request, available, x @ inverse @ self.b + 0.3 * width, temperature=0.05)

    def observe(self, turns):
        for turn in turns:
            x = self.features([shown.item for shown in turn.impressions], turn.user)
            engaged = np.array([self.world.is_engaged(shown.action) for shown in turn.impressions], dtype=float)
            self.a, self.b = self.a + x.T @ x, self.b + x.T @ engaged
            self.liked[turn.user] = self.liked.get(turn.user, 0) + engaged @ x[:, : len(self.categories)]


if __name__ == "__main__":
    run = habitue.run(sys.argv[1], out=sys.argv[2], policies={0: {"kind": "random"}, 1: LinUcb})
    print(
        run.sql("select arm, sum(turn_reward) / count(distinct user) as reward from sessions group by arm order by arm")
    )
