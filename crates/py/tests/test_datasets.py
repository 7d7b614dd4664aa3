"""Runs become data sets that the packages they are for take, with the same numbers."""

import json
import math
import sys

import pytest
from habitue import datasets, runs
from making_runs import command, package, run, scenario  # noqa: F401, fixtures
from test_policy import example

np = pytest.importorskip("numpy", reason="numpy is not installed here")

ARM = "explores"


def rows(run, arm=ARM):
    """Turns of an arm as Python objects, in order."""
    turns = [turn for turn in run.turns.to_pylist() if turn["arm"] == arm]
    return sorted(turns, key=lambda turn: (turn["user"], turn["session"], turn["turn"]))


def sessions(run, arm=ARM):
    found = [session for session in run.sessions.to_pylist() if session["arm"] == arm]
    return sorted(found, key=lambda session: (session["user"], session["session"]))


def test_sessions_are_episodes(run):
    made = datasets.trajectories(run, arm=ARM)
    turns, visits = rows(run), sessions(run)
    assert len(made) == len(visits)
    assert made.actions.tolist() == [turn["items"] for turn in turns]
    assert made.rewards.tolist() == [turn["reward"] for turn in turns]
    assert made.log_propensities.tolist() == [turn["log_propensity"] for turn in turns]
    assert np.diff(made.starts).tolist() == [visit["turns"] for visit in visits]
    assert made.terminations[made.starts[1:] - 1].tolist() == [visit["reason"] == "left" for visit in visits]
    assert made.ends.sum() == len(visits)
    total = datasets.trajectories(run, arm=ARM, reward="total")
    sums = np.add.reduceat(total.rewards, total.starts[:-1])
    assert sums == pytest.approx([visit["turn_reward"] + visit["return_reward"] for visit in visits])


def test_lives_are_episodes(run):
    made = datasets.trajectories(run, arm=ARM, episode="user", reward="return-gap")
    visits, horizon = sessions(run), run.scenario["horizon"]
    by_user = {}
    for visit in visits:
        by_user.setdefault(visit["user"], []).append(visit)
    assert made.users.tolist() == list(by_user)
    ends = made.starts[1:] - 1
    assert made.terminations[ends].tolist() == [life[-1]["churned"] for life in by_user.values()]
    assert made.truncations[ends].tolist() == [not life[-1]["churned"] for life in by_user.values()]
    expected = []
    for life in by_user.values():
        gaps = [later["start_ms"] - before["end_ms"] for before, later in zip(life, life[1:], strict=False)]
        expected.append(-(sum(gaps) + max(horizon - life[-1]["end_ms"], 0)) / 86_400_000)
    assert np.add.reduceat(made.rewards, made.starts[:-1]) == pytest.approx(expected, abs=1e-4)


def test_observations_hold_what_happened_before_and_nothing_else(run):
    made = datasets.trajectories(run, arm=ARM, episode="user")
    names = datasets.observation_names(run)
    items = run.items.to_pylist()
    assert made.observations.shape == (len(rows(run)), len(names))
    assert made.observations.dtype == np.float32
    shown, liked, last, ended = {}, {}, None, {}
    ends = {(visit["user"], visit["session"]): visit["end_ms"] for visit in sessions(run)}
    starts = {(visit["user"], visit["session"]): visit["start_ms"] for visit in sessions(run)}
    for turn, seen in zip(rows(run), made.observations, strict=True):
        user, session = turn["user"], turn["session"]
        if (user, session) != last:
            shown, last = {}, (user, session)
            away = (starts[user, session] - ended[user]) / 3_600_000 if user in ended else 0
        liked_here = liked.setdefault(user, {})

        def share(counts, name):
            return counts.get(name, 0) / sum(counts.values()) if counts else 0.0

        angle = 2 * math.pi * (turn["time_ms"] % 86_400_000) / 86_400_000
        expected = {
            "turn": math.log1p(turn["turn"]),
            "session": math.log1p(session),
            "hour_sin": math.sin(angle),
            "hour_cos": math.cos(angle),
            "hours_away": math.log1p(away),
            "said_something": float(turn["request_text"] is not None),
        }
        for name in names[6:]:
            kind, category = name.split(".")
            expected[name] = share(shown if kind == "shown" else liked_here, category)
        assert dict(zip(names, seen.tolist(), strict=True)) == pytest.approx(expected, abs=1e-5)
        for item, action in zip(turn["items"], turn["actions"], strict=True):
            for category in items[item]["categories"]:
                weight = 1 / len(items[item]["categories"])
                shown[category] = shown.get(category, 0) + weight
                if action >= run.engaged:
                    liked_here[category] = liked_here.get(category, 0) + weight
        ended[user] = ends[user, session]
    inside = ~made.ends[:-1]
    np.testing.assert_array_equal(made.next_observations[:-1][inside], made.observations[1:][inside])


def test_minari_loads_and_iterates(run, tmp_path, monkeypatch):
    minari = package("minari")
    package("h5py")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    made = datasets.trajectories(run, arm=ARM, reward="total")
    datasets.to_minari(run, "habitue/small-v0", arm=ARM, reward="total", description="a test", author="habitue")
    loaded = minari.load_dataset("habitue/small-v0")
    assert (loaded.total_episodes, loaded.total_steps) == (len(made), len(made.rewards))
    for number, episode in enumerate(loaded.iterate_episodes()):
        start, end = made.starts[number], made.starts[number + 1]
        assert loaded.action_space.contains(episode.actions[0])
        np.testing.assert_array_equal(episode.actions, made.actions[start:end])
        np.testing.assert_array_equal(episode.observations[:-1], made.observations[start:end])
        assert episode.terminations[-1] != episode.truncations[-1]
    back = datasets.from_minari("habitue/small-v0")
    for field in ("observations", "next_observations", "actions", "rewards", "terminations", "truncations", "starts"):
        np.testing.assert_array_equal(getattr(back, field), getattr(made, field), err_msg=field)
    assert back.items == made.items


def test_d3rlpy_trains_a_step(run):
    d3rlpy = package("d3rlpy")
    dataset = datasets.to_d3rlpy(run, arm=ARM)
    made = datasets.trajectories(run, arm=ARM)
    assert dataset.size() == len(made)
    assert dataset.transition_count == len(made.rewards)
    features = datasets.item_features(run)
    first = dataset.episodes[0]
    np.testing.assert_allclose(first.actions[0], features[made.actions[0]].mean(axis=0), rtol=1e-5)
    agent = d3rlpy.algos.TD3PlusBCConfig(batch_size=16).create()
    quiet = {"logger_adapter": d3rlpy.logging.NoopAdapterFactory(), "show_progress": False}
    agent.fit(dataset, n_steps=1, n_steps_per_epoch=1, **quiet)
    assert agent.predict(made.observations[:3]).shape == (3, features.shape[1])
    with pytest.raises(ValueError, match='"item" with slates of 5 items'):
        datasets.to_d3rlpy(run, arm=ARM, actions="item")


def test_d3rlpy_takes_single_items(scenario, tmp_path):
    d3rlpy = package("d3rlpy")
    single = runs.run(scenario, out=tmp_path, quiet=True, **{"slate.size": 1})
    dataset = datasets.to_d3rlpy(single, arm=ARM)
    assert dataset.dataset_info.action_space == d3rlpy.ActionSpace.DISCRETE
    assert dataset.dataset_info.action_size == single.items.num_rows


def weights(run, feedback):
    """A policy that shows every available item with equal probability, against the one that logged."""
    return 1 / feedback["n_actions"] / feedback["pscore"]


def test_bandit_feedback_is_that_of_the_log(run):
    feedback = datasets.to_obp(run, arm=ARM)
    turns = rows(run)
    assert feedback["action"].tolist() == [item for turn in turns for item in turn["items"]]
    assert feedback["position"].tolist() == [at for turn in turns for at in range(len(turn["items"]))]
    assert feedback["pscore"].tolist() == [p for turn in turns for p in turn["propensities"]]
    assert feedback["reward"].sum() == sum(action >= run.engaged for turn in turns for action in turn["actions"])
    valued = datasets.to_obp(run, arm=ARM, reward="action")
    assert valued["reward"].sum() == pytest.approx(sum(turn["reward"] for turn in turns))
    first = datasets.to_obp(run, arm=ARM, turns="first")
    assert first["n_rounds"] == 5 * len(sessions(run))
    slates = datasets.to_obp_slates(run, arm=ARM)
    last = slates["position"] == 4
    np.testing.assert_allclose(slates["pscore"][last], slates["pscore_cascade"][last], rtol=1e-5)


def test_obp_estimates_on_it(run):
    package("obp")
    from obp.ope import InverseProbabilityWeighting, OffPolicyEvaluation, SlateStandardIPS

    feedback = datasets.to_obp(run, arm=ARM)
    uniform = np.full((feedback["n_rounds"], feedback["n_actions"], feedback["len_list"]), 1 / feedback["n_actions"])
    evaluation = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=[InverseProbabilityWeighting()])
    estimate = evaluation.estimate_policy_values(action_dist=uniform)["ipw"]
    assert estimate == pytest.approx(np.mean(weights(run, feedback) * feedback["reward"]))
    slates = datasets.to_obp_slates(run, arm=ARM)
    # The logging policy itself: the reward of a slate, on average.
    own = SlateStandardIPS(len_list=5).estimate_policy_value(
        slate_id=slates["slate_id"],
        reward=slates["reward"],
        position=slates["position"],
        pscore=slates["pscore"],
        evaluation_policy_pscore=slates["pscore"],
    )
    assert own == pytest.approx(slates["reward"].sum() / slates["n_rounds"])


def test_atomic_files_are_imported_again(run, tmp_path):
    folder = datasets.to_recbole(run, tmp_path, arm=ARM, interactions="shown")
    turns = rows(run)
    lines = [line.split("\t") for line in (folder / "small.inter").read_text().splitlines()]
    assert len(lines) - 1 == sum(len(turn["items"]) for turn in turns)
    labels = [line[lines[0].index("label:float")] for line in lines[1:]]
    assert labels.count("1") == sum(action >= run.engaged for turn in turns for action in turn["actions"])
    ratings = [line[lines[0].index("rating:float")] for line in lines[1:]]
    assert [rating or "0" for rating in ratings] == [
        str(rating or 0) for turn in turns for rating in (turn["ratings"] or [0] * len(turn["items"]))
    ]
    said = runs.say("import", "recbole", folder, "--out", tmp_path / "imported")
    assert str(run.items.num_rows) in said
    privileged = datasets.to_recbole(run, tmp_path, arm=ARM, privileged=True, name="told")
    assert (privileged / "told.user").read_text().startswith("user_id:token\tkey:token\tage:float")


def test_recbole_reads_the_atomic_files(run, tmp_path):
    package("recbole")
    if int(np.__version__.split(".")[0]) >= 2:
        pytest.skip("RecBole 1.2 needs NumPy below 2")
    from recbole.config import Config
    from recbole.data import create_dataset

    folder = datasets.to_recbole(run, tmp_path, arm=ARM)
    columns = {
        "inter": ["user_id", "item_id", "timestamp", "rating", "label"],
        "item": ["item_id", "title", "duration"],
    }
    settings = {"data_path": str(tmp_path), "load_col": columns, "state": "ERROR", "use_gpu": False}
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        dataset = create_dataset(Config(model="BPR", dataset=folder.name, config_dict=settings))
    finally:
        sys.argv = arguments
    engaged = sum(action >= run.engaged for turn in rows(run) for action in turn["actions"])
    assert dataset.inter_num == engaged


def test_hugging_face_loads_the_folder(run, tmp_path):
    folder = datasets.to_hugging_face(
        run, tmp_path / "small", tables=["turns", "sessions", "items", "users", "messages"]
    )
    assert not (folder / "messages").exists()
    import pyarrow.parquet

    turns = pyarrow.parquet.read_table(folder / "turns" / "train.parquet")
    assert turns.num_rows == run.turns.num_rows
    assert not [name for name in turns.column_names if name.startswith("privileged")]
    assert pyarrow.parquet.read_table(folder / "users" / "train.parquet").column_names == [
        "user",
        "key",
        "arm",
        "population",
    ]
    with pytest.raises(ValueError, match="is not empty"):
        datasets.to_hugging_face(run, folder)
    library = package("datasets")
    loaded = library.load_dataset(str(folder), "turns", split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded[0]["items"] == run.turns["items"][0].as_py()
    assert loaded[0]["arm"] == run.turns["arm"][0].as_py()


def test_sessions_with_words_are_dialogues(run, tmp_path):
    made = datasets.to_conversations(run, tmp_path / "chats.jsonl", arm=ARM)
    by_session = {}
    for turn in rows(run):
        by_session.setdefault((turn["user"], turn["session"]), []).append(turn)
    spoken = [turns for turns in by_session.values() if any(turn["request_text"] for turn in turns)]
    assert len(made) == len(spoken)
    titles = run.items["title"].to_pylist()
    for dialogue, turns in zip(made, spoken, strict=True):
        roles = [message["role"] for message in dialogue["messages"]]
        assert roles == ["system"] + ["user", "assistant"] * len(turns)
        asked = [message["content"] for message in dialogue["messages"][1::2]]
        assert [text for text, turn in zip(asked, turns, strict=True) if turn["request_text"]] == [
            turn["request_text"] for turn in turns if turn["request_text"]
        ]
        answered = [message["content"].split("\n") for message in dialogue["messages"][2::2]]
        assert answered == [[titles[item] for item in turn["items"]] for turn in turns]
        assert dialogue["rewards"] == [turn["reward"] for turn in turns]
    assert [json.loads(line) for line in (tmp_path / "chats.jsonl").read_text().splitlines()] == made


def test_preferences_are_what_users_did(run):
    titles = run.items["title"].to_pylist()
    by_turn = {(turn["user"], turn["session"], turn["turn"]): turn for turn in rows(run)}
    pairs = datasets.to_preferences(run, arm=ARM)
    for pair in pairs:
        turn = by_turn[pair["user"], pair["session"], pair["turn"]]
        assert pair["prompt"][-1] == {"role": "user", "content": turn["request_text"]}
        action = dict(zip([titles[item] for item in turn["items"]], turn["actions"], strict=True))
        assert action[pair["chosen"][0]["content"]] >= run.engaged > action[pair["rejected"][0]["content"]]


def test_preferences_between_arms_are_of_the_same_words(scenario, tmp_path):
    # Both arms begin alike, and part when one of them hears what was said.
    inner = {"kind": "bpr-mf", "retrain": "30d"}
    heard = {"kind": "keyword-filter", "inner": inner}
    made = runs.run(scenario, out=tmp_path, quiet=True, policies={0: inner, 1: heard}, population__0__size=200)
    pairs = datasets.to_preferences(made, arm="certain", versus="explores")
    assert len(pairs) > 5
    for pair in pairs:
        assert pair["chosen"] != pair["rejected"]
        assert pair["margin"] > 0
    assert len(datasets.to_preferences(made, arm="certain", versus="explores", margin=1.5)) < len(pairs)


def test_trl_takes_the_preferences(run):
    library, trl = package("datasets"), package("trl")
    pairs = library.Dataset.from_list(datasets.to_preferences(run, arm=ARM))
    assert trl.data_utils.is_conversational(pairs[0])


def test_what_cannot_be_exported_is_said(run, scenario, tmp_path):
    with pytest.raises(ValueError, match="arm: the run has 2, expected the name of one: explores, certain"):
        datasets.to_obp(run)
    with pytest.raises(ValueError, match="no arm 'explore' .* nearest is 'explores'"):
        datasets.trajectories(run, arm="explore")
    with pytest.raises(ValueError, match="has no propensities to weigh by"):
        datasets.to_obp(run, arm="certain")
    with pytest.raises(ValueError, match="has no propensities to weigh by"):
        datasets.to_obp_slates(run, arm="certain")
    for call, name in [
        (lambda: datasets.trajectories(run, arm=ARM, episode="life"), "episode: 'life'"),
        (lambda: datasets.trajectories(run, arm=ARM, reward="clicks"), "reward: 'clicks'"),
        (lambda: datasets.to_obp(run, arm=ARM, turns="last"), "turns: 'last'"),
        (lambda: datasets.to_recbole(run, tmp_path, arm=ARM, interactions="liked"), "interactions: 'liked'"),
    ]:
        with pytest.raises(ValueError, match=name):
            call()
    silent = runs.run(scenario, out=tmp_path, quiet=True, **{"population.0.choice.instruct.speak": 0.0})
    with pytest.raises(ValueError, match="has no words: nobody instructed"):
        datasets.to_conversations(silent, arm=ARM)
    split = runs.run(scenario, out=tmp_path, quiet=True, **{"experiment.design": "split"})
    with pytest.raises(ValueError, match="the arms have different users"):
        datasets.to_preferences(split, arm=ARM, versus="certain")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "scenario.json").write_text("{}")
    with pytest.raises(runs.RunNotFinished, match="is not finished"):
        datasets.to_obp(unfinished)


def test_offline_learning_runs(scenario, tmp_path):
    package("d3rlpy")
    assert "believed" in example("offline_rl_d3rlpy.py", scenario, tmp_path, "20")


def test_a_recbole_model_plays_in_an_ab_test(scenario, tmp_path):
    package("recbole")
    if int(np.__version__.split(".")[0]) >= 2:
        pytest.skip("RecBole 1.2 needs NumPy below 2")
    said = example("recbole_ab_test.py", scenario, tmp_path, "2")
    assert "certain against explores" in said or "explores" in said
