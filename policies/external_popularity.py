#!/usr/bin/env python3
"""A popularity policy in a process of its own: an example to copy. Standard library only.

Use it with `policies/external.toml`.

The protocol
============
Habitué starts this program and writes one JSON object per line to its standard input. Each has a "type" and an "id".
The program answers every message, in order, with one JSON object on one line of standard output, which repeats the
"id". Flush after each. Anything else (debugging) goes to standard error, which Habitué logs. When standard input
closes, the program ends.

Times are whole milliseconds of simulated time. Items are named by their id in the catalogue, users by number. Any
message may be answered by {"type": "error", "id": .., "message": ".."}, which stops the run with these words.

hello       protocol (1), policy (its name in the scenario), slate_size, seed, actions (the scale, worst first),
            engaged (the least action that counts as engagement), time,
            items: [{id, title, text, categories, tags, creator, published, duration_seconds, price, embedding}],
            available: [item, ..]
      ->    {"type": "hello", "id": .., "protocol": 1, "propensities": "exact"}
            "propensities" is "exact" (also if it is left out) or "estimated".

history     users: [{user, interactions: [{item, time, rating}]}], from before the run. Comes right after hello, in as
            many messages as it takes, or not at all.
      ->    {"type": "ok", "id": ..}

world       time, items (new ones, as in hello), appeared: [item, ..], gone: [item, ..]
            Comes whenever items were added or what is available changed.
      ->    {"type": "ok", "id": ..}

recommend   requests: [{user, session, turn, time, size, history: [{item, time, action, rating}], shown: [item, ..],
            text: {kind, words} or null, seed}]
            "shown" are the items shown earlier in the session. "seed" is the request's own random number: draw from
            it alone, so that a run can be repeated.
      ->    {"type": "slates", "id": .., "slates": [{"items": [item, ..], "propensities": [p, ..], "reply": ".."}]}
            One slate for each request, in order, with `size` different available items (fewer only if fewer are
            available). A propensity is the probability of the item at its position given the positions before; left
            out, the slate is certain. "reply" is a sentence to the user and may be left out. An answer may depend on
            what came in observe, end_window and world, and on the request; never on other requests.

observe     turns: [{user, session, turn, time, impressions: [{item, propensity, action, dwell_seconds, rating}],
            move, text, reward}], by user, session and turn
      ->    {"type": "ok", "id": ..}

end_window  time. The moment to train.
      ->    {"type": "ok", "id": ..}

snapshot    -> {"type": "snapshot", "id": .., "state": any JSON value that holds all that was learnt}

restore     state, as it was given to snapshot; it replaces all that was learnt so far
      ->    {"type": "ok", "id": ..}

A process that is started again (`restarts` in the configuration) gets hello, every world message so far, restore with
the last snapshot if there is one, and then the history, observe and end_window messages that came after it.
"""

import json
import random
import sys

EPSILON = 0.1


class Popularity:
    """Counts engagements; shows the leaders, or with probability EPSILON at each position any other item."""

    def __init__(self):
        self.engaging = set()
        self.available = set()
        self.counts = {}

    def hello(self, message):
        actions = message["actions"]
        self.engaging = set(actions[actions.index(message["engaged"]):])
        self.available = set(message["available"])
        return {"type": "hello", "protocol": 1, "propensities": "exact"}

    def history(self, message):
        for user in message["users"]:
            for interaction in user["interactions"]:
                self.count(interaction["item"])
        return {"type": "ok"}

    def world(self, message):
        self.available.update(message["appeared"])
        self.available.difference_update(message["gone"])
        return {"type": "ok"}

    def recommend(self, message):
        ranking = sorted(self.available, key=lambda item: (-self.counts.get(item, 0), item))
        return {"type": "slates", "slates": [self.slate(ranking, request) for request in message["requests"]]}

    def slate(self, ranking, request):
        draw = random.Random(request["seed"])
        shown = set(request["shown"])
        # What was shown comes after all that was not, so that a slate is always full.
        tiers = [[item for item in ranking if item not in shown], [item for item in ranking if item in shown]]
        items, propensities = [], []
        for left in tiers:
            while left and len(items) < request["size"]:
                chosen = draw.choice(left) if draw.random() < EPSILON else left[0]
                greedy = 1 - EPSILON if chosen == left[0] else 0
                items.append(chosen)
                propensities.append(min(1, greedy + EPSILON / len(left)))
                left.remove(chosen)
        return {"items": items, "propensities": propensities}

    def observe(self, message):
        for turn in message["turns"]:
            for impression in turn["impressions"]:
                if impression["action"] in self.engaging:
                    self.count(impression["item"])
        return {"type": "ok"}

    def end_window(self, message):
        return {"type": "ok"}

    def snapshot(self, message):
        return {"type": "snapshot", "state": self.counts}

    def restore(self, message):
        self.counts = message["state"]
        return {"type": "ok"}

    def count(self, item):
        self.counts[item] = self.counts.get(item, 0) + 1


def main():
    policy = Popularity()
    for line in sys.stdin:
        message = json.loads(line)
        answer = getattr(policy, message["type"])(message)
        answer["id"] = message["id"]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
