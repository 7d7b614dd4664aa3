"""Policies written in Python: served by the protocol, in runs, and what is said when they go wrong."""

import io
import itertools
import json
import math
import os
import signal
import subprocess
import sys

import pytest
from habitue import _serve, _wire, runs
from habitue.policy import Policy, Request, Slate, ranked
from making_runs import PACKAGE, command, package, run, scenario  # noqa: F401, fixtures

np = pytest.importorskip("numpy", reason="numpy is not installed here")

ITEM = {
    "title": "",
    "text": "",
    "categories": ["music"],
    "tags": [],
    "creator": None,
    "published": 0,
    "duration_seconds": 9.0,
    "price": None,
    "embedding": [],
}
HELLO = {
    "type": "hello",
    "protocol": 1,
    "policy": "mine",
    "slate_size": 2,
    "seed": 5,
    "actions": ["skip", "click"],
    "engaged": "click",
    "time": 0,
    "items": [{"id": key, **ITEM} for key in "abc"],
    "available": ["a", "b", "c"],
}


def request(**fields):
    record = {
        "user": 0,
        "session": 0,
        "turn": 0,
        "time": 0,
        "size": 2,
        "history": [],
        "shown": [],
        "text": None,
        "seed": 1,
    }
    return {**record, **fields}


def serve(policy, *messages):
    """What a policy answers to messages."""
    lines = "".join(json.dumps({"id": number, **message}) + "\n" for number, message in enumerate(messages))
    answers = io.StringIO()
    _serve.Server(policy).serve(io.StringIO(lines), answers)
    read = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [answer["id"] for answer in read] == list(range(len(messages)))
    return read


class Counting(Policy):
    """Shows what was engaged with most."""

    def start(self, world):
        self.counts = {item: 0 for item in world.items}
        self.told = []

    def history(self, users):
        for past in users.values():
            for interaction in past:
                self.counts[interaction.item] += 1

    def changed(self, appeared, gone):
        self.told.append((appeared, gone))

    def recommend(self, requests):
        available = self.world.available
        return [ranked(one, available, [self.counts.get(key, 0) for key in available]) for one in requests]

    def observe(self, turns):
        for turn in turns:
            for shown in turn.impressions:
                self.counts[shown.item] += self.world.is_engaged(shown.action)


def turn(item, action):
    shown = {"item": item, "propensity": 1.0, "action": action, "dwell_seconds": 0.0, "rating": None}
    where = {"user": 0, "session": 0, "turn": 0, "time": 0, "move": "leave", "text": None, "reward": 0.0}
    return {**where, "impressions": [shown]}


def test_a_policy_is_told_and_asked():
    ask = {
        "type": "recommend",
        "requests": [request(), request(shown=["b"], text={"kind": "instruct", "words": "more"})],
    }
    answers = serve(
        Counting,
        HELLO,
        {"type": "history", "users": [{"user": 0, "interactions": [{"item": "b", "time": -5, "rating": 4.0}]}]},
        ask,
        {"type": "observe", "turns": [turn("c", "click"), turn("c", "click"), turn("a", "skip")]},
        {"type": "end_window", "time": 60},
        ask,
        {"type": "world", "time": 70, "items": [{"id": "d", **ITEM}], "appeared": ["d"], "gone": ["c"]},
        ask,
        {"type": "snapshot"},
    )
    assert answers[0] == {"type": "hello", "id": 0, "protocol": 1, "propensities": "exact"}
    assert [slate["items"] for slate in answers[2]["slates"]] == [["b", "a"], ["a", "c"]]
    assert [slate["items"] for slate in answers[5]["slates"]] == [["c", "b"], ["c", "a"]]
    assert [slate["items"] for slate in answers[7]["slates"]] == [["b", "a"], ["a", "d"]]
    state = answers[8]["state"]
    restored = serve(Counting, HELLO, {"type": "restore", "state": state}, {"type": "snapshot"})
    assert restored[2]["state"] == state
    assert _wire.unpack(state) == {"counts": {"a": 0, "b": 1, "c": 2}, "told": [(["d"], ["c"])]}


def test_any_object_with_recommend_is_a_policy():
    class Bare:
        def recommend(self, requests):
            return [["a", "b"] for _ in requests]

    told = [{"type": "observe", "turns": []}, {"type": "end_window", "time": 1}, {"type": "snapshot"}]
    answers = serve(Bare, HELLO, {"type": "recommend", "requests": [request()]}, *told)
    assert answers[1]["slates"] == [{"items": ["a", "b"]}]
    assert answers[4] == {"type": "snapshot", "id": 4, "state": None}


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda: [], "returned 0 slates for 1 requests, expected one for each"),
        (lambda: None, "TypeError: 'NoneType' object is not iterable"),
        (lambda: ["ab"], "slate 0: a str, expected a habitue.policy.Slate or a list of item ids"),
        (lambda: [[0, 1]], "slate 0, position 0: 0, expected an item id as text; ids are the keys of `world.items`"),
        (
            lambda: [Slate(["a", "b"], [1.0, 0.0])],
            "position 1: propensity 0.0, expected a number above 0 and at most 1",
        ),
        (lambda: [Slate(["a", "b"], [1.0, math.nan])], "position 1: propensity nan"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_policy_returns_is_checked(returned, message):
    class Wrong:
        def recommend(self, requests):
            return returned()

    answer = serve(Wrong, HELLO, {"type": "recommend", "requests": [request()]})[1]
    assert answer["type"] == "error"
    assert message in answer["message"]
    assert "Wrong.recommend" in answer["message"]


def test_a_state_that_cannot_be_kept_is_said():
    class Keeps(Policy):
        def start(self, world):
            self.model = object()

    class Learns:
        def recommend(self, requests):
            return []

        def observe(self, turns):
            pass

    assert "a builtins.object in the state, expected numbers" in serve(Keeps, HELLO, {"type": "snapshot"})[1]["message"]
    assert "has no `snapshot`" in serve(Learns, HELLO, {"type": "snapshot"})[1]["message"]


def test_states_come_back_as_they_were():
    state = {
        "plain": [1, 2.5, "x", None, True],
        "tuple": (1, (2,)),
        "set": {3, 1, 2},
        "numbers": {1: "a", (2, 3): "b"},
        "marked": {"$habitue": "tuple", "value": [1]},
        "bytes": b"\x00\xff",
        "infinite": -math.inf,
        "array": np.arange(6, dtype=np.float32).reshape(2, 3),
        "number": np.float64(0.1),
    }
    sent = json.dumps(_wire.pack(state), allow_nan=False)
    back = _wire.unpack(json.loads(sent))
    array, kept = back.pop("array"), state.pop("array")
    assert array.dtype == kept.dtype
    np.testing.assert_array_equal(array, kept)
    array[0, 0] = 9  # it is the policy's own
    assert back == state
    assert type(back["number"]) is np.float64
    with pytest.raises(_wire.BadValue, match="a numpy.ndarray in the state"):
        _wire.pack(np.array([object()]))


def test_propensities_are_those_of_plackett_and_luce():
    scores, temperature, available = np.array([1.0, 0.0, 2.0, -1.0]), 0.7, ["a", "b", "c", "d"]
    weights = dict(zip(available, np.exp(scores / temperature), strict=True))
    counts = dict.fromkeys(itertools.permutations(available, 2), 0)
    draws = 4000
    for seed in range(draws):
        slate = ranked(Request(0, 0, 0, 0, 2, [], [], None, seed), available, scores, temperature=temperature)
        first, second = slate.items
        left = sum(weights.values())
        expected = [weights[first] / left, weights[second] / (left - weights[first])]
        assert slate.propensities == pytest.approx(expected)
        counts[first, second] += 1
    for (first, second), count in counts.items():
        left = sum(weights.values())
        expected = draws * weights[first] / left * weights[second] / (left - weights[first])
        assert abs(count - expected) < 4.5 * math.sqrt(expected) + 1


def test_rankings_are_checked():
    one = Request(0, 0, 0, 0, 2, [], ["a"], None, 1)
    assert ranked(one, ["a", "b", "c"], [9, 1, 1]).items == ["b", "c"]
    assert ranked(one, ["a"], [9]).items == ["a"]
    with pytest.raises(ValueError, match=r"scores: shape \(2,\), expected \(3,\)"):
        ranked(one, ["a", "b", "c"], [1, 2])
    with pytest.raises(ValueError, match="scores: nan for item 'b', expected a finite number"):
        ranked(one, ["a", "b"], [1, math.nan])
    with pytest.raises(ValueError, match="temperature: 0, expected a number above 0"):
        ranked(one, ["a"], [1], temperature=0)


NEWEST = """
from habitue.policy import Policy, ranked

class Learner(Policy):
    def start(self, world):
        print("this is no answer")
        self.counts = {item: 0 for item in world.items}
    def recommend(self, requests):
        available = self.world.available
        scores = [self.counts.get(key, 0) for key in available]
        return [ranked(request, available, scores, temperature=2.0) for request in requests]
    def observe(self, turns):
        for turn in turns:
            for shown in turn.impressions:
                self.counts[shown.item] = self.counts.get(shown.item, 0) + self.world.is_engaged(shown.action)

class Broken(Learner):
    def observe(self, turns):
        raise KeyError("model")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "my_policies.py").write_text(NEWEST)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def checksums(run):
    return [file["blake3"] for file in run.manifest["tables"]["turns"]["files"]]


def test_a_class_plays_in_a_run(module, scenario):
    import my_policies

    made = runs.run(scenario, out=module / "one", quiet=True, policies={1: my_policies.Learner})
    assert made.scenario["arms"][1]["policy"]["config"]["python"] == "my_policies:Learner"
    assert made.summary[1]["policy_updates"] > 0
    propensities = [turn["propensities"] for turn in made.turns.to_pylist() if turn["arm"] == "certain"]
    assert propensities
    assert max(map(max, propensities)) < 1
    again = runs.run(scenario, out=module / "two", quiet=True, threads=1, policies={1: "my_policies:Learner"})
    assert checksums(again) == checksums(made)
    # The command plays it again from the log, and finds the same.
    env = {**os.environ, "HABITUE_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([runs.binary(), "replay", made.folder, "--quiet"], env=env, check=True, capture_output=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_is_for_the_run(module):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    serving = [sys.executable, "-m", "habitue.policy", "my_policies:Learner"]
    child = subprocess.Popen(
        serving, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    answers = []
    for number in range(2):
        child.stdin.write(json.dumps({"id": number, **HELLO}) + "\n")
        child.stdin.flush()
        answers.append(json.loads(child.stdout.readline()))
        child.send_signal(signal.SIGINT)
    assert [answer["type"] for answer in answers] == ["hello", "hello"]
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 0
    assert stderr == "this is no answer\n" * 2


def test_a_policy_file_names_a_class(module, scenario):
    (module / "mine.toml").write_text('kind = "external"\npython = "my_policies.py:Learner"\n')
    made = runs.run(scenario, out=module / "runs", quiet=True, policies={1: module / "mine.toml"})
    assert made.summary[1]["policy_updates"] > 0


def test_what_goes_wrong_in_a_run_is_said(module, scenario):
    with pytest.raises(runs.HabitueError, match="KeyError: 'model'.*my_policies.py, line 1"):
        runs.run(scenario, out=module / "a", quiet=True, policies={1: "my_policies:Broken"})
    with pytest.raises(runs.HabitueError, match='no class "Lerner" in .*my_policies.py, the nearest is "Learner"'):
        runs.run(scenario, out=module / "b", quiet=True, policies={1: "my_policies:Lerner"})
    with pytest.raises(runs.HabitueError, match='no module "my_policy"'):
        runs.run(scenario, out=module / "c", quiet=True, policies={1: "my_policy:Learner"})
    both = {"kind": "external", "python": "my_policies:Learner", "command": ["python3"]}
    with pytest.raises(runs.BadInput, match="one of the two"):
        runs.run(scenario, out=module / "d", quiet=True, policies={1: both})
    with pytest.raises(ValueError, match="expected a class"):
        runs.run(scenario, out=module / "e", quiet=True, policies={1: object()})


def example(name, *arguments):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = [sys.executable, "-W", "ignore", PACKAGE / "examples" / name, *arguments]
    done = subprocess.run(script, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_contextual_bandit_learns(scenario, tmp_path):
    package("duckdb")
    assert "explores" in example("contextual_bandit.py", scenario, tmp_path)
