"""A recommender that connects by URL: Thompson sampling over categories, played through OpenEnv's own client.

    habitue serve env scenarios/short-video.toml --kind retention
    pip install openenv-core
    python crates/py/examples/openenv_client.py http://127.0.0.1:8000 --episodes 20

Each category has a Beta belief that its items are clicked or better. A slate takes, position by position, an item of the category
whose draw is largest. Beside it plays a recommender that draws items at random, on the same users with the same seeds.
"""

import argparse
import json
import random
import urllib.request

from openenv.core import GenericEnvClient


#: Actions that are no sign of liking.
COOL = {"skip", "view", "dislike", "hide"}


class Thompson:
    """Beta beliefs about categories, uniform at first."""

    def __init__(self, items, about, rng):
        self.rng = rng
        self.liked = [name not in COOL for name in about["actions"]]
        categories = len(about["categories"])
        self.of = {item["id"]: item["categories"] for item in items}
        self.members = [[item["id"] for item in items if at in item["categories"]] for at in range(categories)]
        self.belief = [[1.0, 1.0] for _ in range(categories)]

    def slate(self, size, barred):
        chosen = []
        while len(chosen) < size:
            draws = [self.rng.betavariate(*belief) for belief in self.belief]
            for category in sorted(range(len(draws)), key=draws.__getitem__, reverse=True):
                free = [item for item in self.members[category] if item not in barred and item not in chosen]
                if free:
                    chosen.append(self.rng.choice(free))
                    break
            else:
                raise SystemExit("there are fewer items than a slate has places")
        return chosen

    def learn(self, feedback):
        for item, action in zip(feedback["slate"], feedback["actions"]):
            for category in self.of[item]:
                self.belief[category][0 if self.liked[action] else 1] += 1.0


class Random(Thompson):
    """The same without learning."""

    def learn(self, feedback):
        pass


def play(client, recommender, size, seed):
    """One episode; the sum of its rewards."""
    result, score = client.reset(seed=seed), 0.0
    # Items that are published during the episode are barred in it, to ask for the state once only.
    barred = set(client.state()["unavailable"])
    while not result.done:
        result = client.step({"items": recommender.slate(size, barred)})
        recommender.learn(result.observation["feedback"])
        score += result.reward
    return score


def fetch(url, path):
    with urllib.request.urlopen(url.rstrip("/") + path) as answer:
        return json.load(answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    about, items = fetch(arguments.url, "/metadata"), fetch(arguments.url, "/items")
    for kind in (Random, Thompson):
        recommender = kind(items, about, random.Random(arguments.seed))
        with GenericEnvClient(base_url=arguments.url).sync() as client:
            seeds = range(arguments.seed, arguments.seed + arguments.episodes)
            scores = [play(client, recommender, about["slate"], seed) for seed in seeds]
        print(f"{kind.__name__:9} {sum(scores) / len(scores):8.3f} per episode, {len(scores)} episodes")


if __name__ == "__main__":
    main()
