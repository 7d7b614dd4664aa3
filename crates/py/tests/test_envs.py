"""The environments keep Gymnasium's rules and their own promises."""

import warnings

import gymnasium
import habitue
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

IDS = ["habitue/Slate-v0", "habitue/Retention-v0"]
SMALL = {"catalogue.generate.items": 30, "population.0.size": 8, "slate.size": 3, "slate.max_turns": 6}


def slates(env, rng, count):
    """Random slates without repeats, shape (count, k)."""
    items = env.unwrapped.batch.items
    return np.array([rng.choice(items, env.unwrapped.batch.k, replace=False) for _ in range(count)])


def rolled(env, seed, steps, rng_seed=3):
    """Everything an environment says in so many steps; a new episode begins when one is over."""
    rng = np.random.default_rng(rng_seed)
    said = [env.reset(seed=seed)]
    for _ in range(steps):
        step = env.step(slates(env, rng, 1)[0])
        said.append(step)
        if step[2] or step[3]:
            said.append(env.reset())
    return said


@pytest.mark.parametrize("id", [*IDS, "habitue/Text-v0"])
def test_gymnasiums_checker_finds_nothing(id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Bounds at infinity and integers in boxes are as they should be here.
        warnings.filterwarnings("ignore", message=".*(infinity|precision lowered|normali|render).*")
        check_env(gymnasium.make(id, overrides=SMALL).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "features", "observation": "flat"},
        {"duplicates": "replace", "history": 4},
        {"propensities": True, "history": 0},
        {"info": False},
    ],
)
def test_gymnasiums_checker_finds_nothing_with_other_arguments(id, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(gymnasium.make(id, overrides=SMALL, **arguments).unwrapped, skip_render_check=True)


def test_stable_baselines3_finds_nothing():
    checker = pytest.importorskip(
        "stable_baselines3.common.env_checker", reason="stable-baselines3 is not installed (it needs torch)"
    )
    for id in IDS:
        checker.check_env(gymnasium.make(id, overrides=SMALL, observation="flat").unwrapped)
        checker.check_env(gymnasium.make(id, overrides={**SMALL, "slate.size": 1}).unwrapped)


@pytest.mark.parametrize("id", IDS)
def test_same_seed_and_slates_same_trajectory(id):
    env = gymnasium.make(id, overrides=SMALL, propensities=True)
    first, again, other = rolled(env, 5, 40), rolled(env, 5, 40), rolled(env, 6, 40)
    assert data_equivalence(first, again)
    assert not data_equivalence(first, other)
    # Another environment, and one whose scenario has this seed and that is reset without one.
    assert data_equivalence(first, rolled(gymnasium.make(id, overrides=SMALL, propensities=True), 5, 40))
    own, given = (gymnasium.make(id, overrides=SMALL, seed=5) for _ in range(2))
    assert data_equivalence(rolled(own, None, 20), rolled(given, 5, 20))


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_vector_equals_single_environments_step_for_step(id, mode):
    count, steps = 5, 60
    arguments = {"overrides": SMALL, "propensities": True}
    vector = gymnasium.make_vec(id, count, autoreset_mode=mode, threads=2, **arguments)
    assert vector.metadata["autoreset_mode"] == mode
    make = lambda: gymnasium.make(id, **arguments).unwrapped
    singles = SyncVectorEnv([make] * count, autoreset_mode=mode)
    rng = np.random.default_rng(0)
    # The first episodes: singles made alike begin alike, so both are given seeds.
    observations, infos = vector.reset(seed=20)
    expected, expected_infos = singles.reset(seed=20)
    assert data_equivalence(observations, dict(expected))
    assert_same_infos(infos, expected_infos)
    for _ in range(steps):
        actions = slates(vector, rng, count)
        assert vector.action_space.contains(actions)
        got, want = vector.step(actions), singles.step(actions)
        assert data_equivalence(got[0], dict(want[0]))
        assert vector.observation_space.contains(got[0])
        for one, other in zip(got[1:4], want[1:4], strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        assert_same_infos(got[4], want[4])
        over = got[2] | got[3]
        if mode == AutoresetMode.DISABLED and over.any():
            observations, _ = vector.reset(options={"reset_mask": over})
            expected, _ = singles.reset(options={"reset_mask": over})
            assert data_equivalence(observations, dict(expected))


def assert_same_infos(got, want):
    """The same where the masks say so; both leave out or blank what nobody has."""
    for key, value in want.items():
        if key.startswith("_") or key in ("final_obs", "final_info"):
            continue
        mask = want[f"_{key}"]
        if not mask.any():
            continue
        if key == "privileged":
            assert_same_infos(got[key], value)
            continue
        if key == "propensities":
            np.testing.assert_array_equal(got[key]["actions"][mask], value["actions"][mask])
            np.testing.assert_array_equal(got[key]["moves"][mask], value["moves"][mask])
            continue
        if key == "request":
            continue
        np.testing.assert_array_equal(got[f"_{key}"][mask], mask[mask])
        np.testing.assert_array_equal(got[key][mask], value[mask])
    if "final_obs" in want:
        np.testing.assert_array_equal(got["_final_obs"], want["_final_obs"])
        for env in np.flatnonzero(want["_final_obs"]):
            assert data_equivalence(got["final_obs"][env], dict(want["final_obs"][env]))
        np.testing.assert_array_equal(got["_final_info"], want["_final_info"])
        assert_same_infos(got["final_info"], {
            key: value for key, value in want["final_info"].items() if "privileged" not in key
        })


def test_threads_change_nothing():
    def roll(threads):
        vector = gymnasium.make_vec(IDS[1], 40, overrides=SMALL, threads=threads)
        rng = np.random.default_rng(1)
        return [vector.reset(seed=1)] + [vector.step(slates(vector, rng, 40)) for _ in range(50)]

    one = roll(1)
    assert data_equivalence(one, roll(2)) and data_equivalence(one, roll(5))


def test_without_copies_arrays_are_written_again():
    kept = gymnasium.make_vec(IDS[0], 3, overrides=SMALL)
    shared = gymnasium.make_vec(IDS[0], 3, overrides=SMALL, copy=False)
    actions = np.arange(9).reshape(3, 3)
    for vector, same in [(kept, False), (shared, True)]:
        vector.reset(seed=0)
        first, second = vector.step(actions), vector.step(actions)
        assert np.shares_memory(first[0]["context"], second[0]["context"]) == same
        assert np.shares_memory(first[1], second[1]) == same


@pytest.mark.parametrize("id", IDS)
def test_what_cannot_be_shown_is_refused_with_field_and_expectation(id):
    env = gymnasium.make(id, overrides=SMALL).unwrapped
    with pytest.raises(ValueError, match="never reset, expected a reset"):
        env.step(np.array([0, 1, 2]))
    before, _ = env.reset(seed=1)
    for action, says in [
        ([0, 1], r"action has shape \(2,\), expected \(3,\)"),
        ([[0, 1, 2]], r"action has shape \(1, 3\), expected \(3,\)"),
        ([0.0, 1.0, 2.0], "action has dtype float64, expected integers"),
        (["a", "b", "c"], "action has dtype <U1, expected integers"),
        ([True, False, True], "action has dtype bool, expected integers"),
        (None, r"action has shape \(\), expected \(3,\)"),
        ([0, 30, 1], "item 30 at position 2, expected an item id from 0 to 29"),
        ([0, -1, 1], "item -1 at position 2, expected an item id from 0 to 29"),
        (np.array([0, 2**63, 1], dtype=np.uint64), f"item {2**63}, expected an item id from 0 to 29"),
        ([4, 1, 4], "item 4 stands at positions 1 and 3, expected different items"),
    ]:
        with pytest.raises(ValueError, match=says):
            env.step(np.array(action) if action is not None else action)
    # Nothing has happened: the next step is the first one.
    other = gymnasium.make(id, overrides=SMALL).unwrapped
    other.reset(seed=1)
    assert data_equivalence(env.step(np.array([0, 1, 2])), other.step(np.array([0, 1, 2])))
    for _ in range(10_000):
        _, _, terminated, truncated, _ = env.step(np.array([0, 1, 2]))
        if terminated or truncated:
            break
    with pytest.raises(ValueError, match="its episode is over, expected a reset"):
        env.step(np.array([0, 1, 2]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"scenario": "no-such.toml"}, "no-such.toml"),
        ({"overrides": {"slate.size": 0}}, "slate.size"),
        ({"overrides": {"slate.sise": 3}}, "sise"),
        ({"overrides": "slate.size=3"}, "overrides is 'slate.size=3', expected a dict or a list"),
        ({"overrides": {"slate.size": 500}}, "slate.size is 500, expected at most 200"),
        ({"action": "items"}, "action is 'items', expected one of 'slate', 'item', 'features'"),
        ({"action": "item"}, "action is 'item', expected 'slate' or 'features' for slates of 5 items"),
        ({"observation": "text"}, "observation is 'text', expected one of 'dict', 'flat'"),
        ({"duplicates": "drop"}, "duplicates is \"drop\", expected one of"),
        ({"history": -1}, "history is -1, expected at least 0"),
        ({"history": 1_000}, "history is 1000, expected 0 to 50"),
        ({"seed": 1.5}, "seed is 1.5, expected an integer"),
        ({"render_mode": "human"}, "render_mode"),
    ],
)
def test_arguments_are_checked(arguments, says):
    from habitue.envs import SlateEnv

    with pytest.raises(ValueError, match=says):
        SlateEnv(**arguments)


def test_rewards_are_asked_of_lives_only():
    with pytest.raises(ValueError, match="reward is 'turn', expected None"):
        gymnasium.make(IDS[0], reward="turn")
    with pytest.raises(ValueError, match="reward is \"turns\", expected one of .* the nearest is \"turn\""):
        gymnasium.make(IDS[1], reward="turns")


def test_options_choose_the_user():
    env = gymnasium.make(IDS[1], overrides=SMALL).unwrapped
    keys = env.batch.core.users()
    assert env.reset(seed=0, options={"user": 6})[0]["user"] == 6
    assert env.reset(options={"user": keys[2]})[0]["user"] == 2
    for user, says in [("casual-0x", "expected the key of a user"), (8, "expected a user id from 0 to 7"), (-1, "at least 0")]:
        with pytest.raises(ValueError, match=says):
            env.reset(options={"user": user})
    with pytest.raises(ValueError, match="expected at most 'user'"):
        env.reset(options={"users": 1})


def test_return_is_what_lives_are_rewarded_for():
    rewards = {}
    for name in ["inverse-gap", "minus-gap", "turn", "scenario"]:
        env = gymnasium.make(IDS[1], overrides=[*[f"{k}={v}" for k, v in SMALL.items()], "reward.click=1"], reward=name)
        rewards[name] = [(step[1], step[4]) for step in rolled(env, 2, 80) if len(step) == 5]
    ends = 0
    for (inverse, info), (minus, _), (turn, _), (scenario, _) in zip(*rewards.values(), strict=True):
        assert turn == pytest.approx(scenario)
        if info["session_end"] < 0:
            assert inverse == minus == 0.0 and "gap_days" not in info
        elif "gap_days" in info:
            ends += 1
            assert inverse == pytest.approx(1 / (1 + info["gap_days"]))
            assert minus == pytest.approx(-info["gap_days"])
        else:
            assert inverse == 0.0 and minus <= 0.0
    assert ends > 3


def test_masks_show_what_is_published():
    overrides = {**SMALL, "catalogue.generate.published_later": 0.5}
    env = gymnasium.make(IDS[1], overrides=overrides).unwrapped
    env.reset(seed=1)
    mask = env.action_masks().reshape(3, 30)
    assert (mask == mask[0]).all() and 0 < mask[0].sum() < 30
    env.step(env.action_space.sample(mask[0]))
    hidden = int(np.flatnonzero(~mask[0])[0])
    shown = np.flatnonzero(mask[0])[:2]
    with pytest.raises(ValueError, match=f"item {hidden} at position 3 is not published yet"):
        env.step(np.array([*shown, hidden]))
    vector = gymnasium.make_vec(IDS[0], 4, overrides=overrides)
    vector.reset(seed=1)
    assert vector.action_masks().shape == (4, 90)


def test_points_become_the_nearest_items():
    env = gymnasium.make(IDS[0], overrides=SMALL, action="features").unwrapped
    env.reset(seed=1)
    point = env.item_features[7]
    info = env.step(point)[4]
    distances = ((env.item_features - point) ** 2).sum(axis=1)
    assert sorted(distances[info["slate"]]) == pytest.approx(sorted(distances)[:3])
    with pytest.raises(ValueError, match="expected finite numbers"):
        env.step(np.full_like(point, np.nan))


def test_privileged_information_is_named_so_and_propensities_sum_to_one():
    env = gymnasium.make(IDS[0], overrides=SMALL, propensities=True).unwrapped
    _, info = env.reset(seed=1)
    assert set(info) == {"privileged"}
    privileged = env.step(np.array([0, 1, 2]))[4]["privileged"]
    np.testing.assert_allclose(privileged["propensities"]["actions"].sum(axis=1), 1.0, rtol=1e-5)
    assert privileged["propensities"]["moves"].sum() == pytest.approx(1.0)
    assert privileged["mindset"].shape == (len(habitue.MINDSET),)


def test_text_is_read_and_refused():
    env = gymnasium.make("habitue/Text-v0", overrides=SMALL).unwrapped
    text, _ = env.reset(seed=1)
    assert "Recommend 3 items." in text and "Some of the items that can be shown" in text
    title = env.env.batch.core.items()[4]
    calls = [
        f"1. 7\n2) {title[1] or title[0]}\n- 2\n",
        {"name": "recommend", "arguments": {"items": [7, 4, 2]}},
        {"function": {"name": "recommend", "arguments": '{"items": ["7", "4", "2"]}'}},
    ]
    for call in calls:
        env.reset(seed=1)
        assert env.step(call)[4]["slate"].tolist() == [7, 4, 2]
    env.reset(seed=1)
    for call, says in [
        ("7\n4", "action has 2 elements, expected 3"),
        ("7\n4\nnothing like it", 'line 3: "nothing like it" is no item'),
        ("7\n4\n7", "item 7 stands at positions 1 and 3"),
        ({"name": "search"}, "name is 'search', expected 'recommend'"),
        ({"name": "recommend", "arguments": "{"}, "arguments is no JSON"),
        ({"name": "recommend", "arguments": {"items": 3}}, "arguments.items is 3, expected a list"),
        (7, "action is int, expected a text or a tool call"),
    ]:
        with pytest.raises(ValueError, match=says):
            env.step(call)


def test_instructions_of_users_are_heard():
    overrides = {**SMALL, "population.0.choice": {"instruct": {}}, "slate.max_turns": 30}
    env = gymnasium.make("habitue/Text-v0", overrides=overrides).unwrapped
    heard = 0
    for seed in range(30):
        env.reset(seed=seed)
        over = False
        while not over:
            text, _, terminated, truncated, info = env.step(env.action_space.sample())
            over = terminated or truncated
            if "request" in info:
                heard += 1
                assert f"The user said: {info['request']}" in text
    assert heard > 0
