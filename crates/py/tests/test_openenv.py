"""OpenEnv's own client plays against ``habitue serve env``."""

import asyncio
import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

openenv = pytest.importorskip("openenv.core", reason="openenv-core is not installed (pip install openenv-core)")

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCENARIO = """
name = "corner"
seed = 5
horizon = "8d"
catalogue = { generate = { items = 60, categories = 4 } }
population = [{ name = "casual", size = 20, personas = {} }]
slate = { size = 3, history = 5 }
arm = [{ name = "none", policy = { kind = "random" } }]
"""
TOKEN = "open-sesame-1"


def command():
    """The built command: of HABITUE_BIN, or of the target folder."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = pathlib.Path(os.environ.get("HABITUE_BIN", target / "debug" / "habitue"))
    if not path.is_file():
        pytest.skip(f"{path} is not built (cargo build -p habitue-cli)")
    return path


@pytest.fixture
def serve(tmp_path):
    """A function that starts a server on any free port and returns its URL."""
    scenario = tmp_path / "corner.toml"
    scenario.write_text(SCENARIO)
    running = []

    def start(*options):
        words = [str(command()), "serve", "env", str(scenario), "--port", "0", *options]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "SESAME": TOKEN})
        running.append(server)
        return server.stdout.readline().strip()

    yield start
    for server in running:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
        server.stdout.close()


def episode(client, slate, **reset):
    """One episode with the slates of ``slate(observation)``: observations, rewards."""
    result = client.reset(**reset)
    told = [result]
    while not result.done:
        result = client.step(slate(result.observation))
        told.append(result)
        assert len(told) < 1_000
    return told


def first_items(_):
    return {"items": [0, 1, 2]}


def test_an_episode_of_pages(serve):
    with openenv.GenericEnvClient(base_url=serve()).sync() as client:
        told = episode(client, first_items, seed=3, episode_id="mine")
        state = client.state()
        again = episode(client, first_items, seed=3)
    assert told[0].reward is None and told[0].observation["feedback"] is None
    assert len(told[0].observation["history_items"]) == 5
    last = told[-1].observation["feedback"]
    assert last["slate"] == [0, 1, 2] and last["session_end"] is not None
    assert state["episode_id"] == "mine" and state["step_count"] == len(told) - 1 and state["done"]
    assert state["total_reward"] == pytest.approx(sum(result.reward for result in told[1:]))
    assert told == again


def test_a_life_in_words(serve):
    url = serve("--kind", "text", "--episode", "retention", "--offers", "6")

    def offered(observation):
        lines = observation["text"].split("Some of the items that can be shown:\n")[1].splitlines()
        return {"name": "recommend", "arguments": json.dumps({"items": [int(line.split(":")[0]) for line in lines[:3]]})}

    with openenv.GenericEnvClient(base_url=url).sync() as client:
        told = episode(client, offered, seed=4)
    assert told[0].observation["text"].startswith("User ")
    assert sum(result.observation["feedback"]["session_end"] is not None for result in told[1:]) >= 1
    assert told[-1].observation["text"] == ""


def test_many_clients_at_once_each_play_alone(serve):
    url = serve("--kind", "retention")

    async def play(seed):
        async with openenv.GenericEnvClient(base_url=url) as client:
            result = await client.reset(seed=seed)
            told = [result]
            for _ in range(20):
                if result.done:
                    break
                result = await client.step({"items": [0, 1, 2]})
                told.append(result)
            return told

    async def together():
        return await asyncio.gather(*(play(seed % 4) for seed in range(16)))

    told = asyncio.run(together())
    for seed in range(4):
        assert all(told[seed] == other for other in told[seed::4])
    assert told[0] != told[1]


def test_mistakes_are_told(serve):
    with openenv.GenericEnvClient(base_url=serve("--max-body", "2KiB", "--max-sessions", "1")).sync() as client:
        with pytest.raises(RuntimeError, match="expected a reset before the next step.*EXECUTION_ERROR"):
            client.step({"items": [0, 1, 2]})
        client.reset(seed=1)
        with pytest.raises(RuntimeError, match="action.items: item 99 .* expected an item id from 0 to 59"):
            client.step({"items": [0, 1, 99]})
        with pytest.raises(RuntimeError, match="seed: is -1, expected an integer"):
            client.reset(seed=-1)
        with openenv.GenericEnvClient(base_url=client._ws_url[:-3]).sync() as other:
            with pytest.raises(RuntimeError, match="all 1 sessions are taken.*CAPACITY_REACHED"):
                other.reset()
        assert client.step({"items": [0, 1, 2]}).reward is not None
        with pytest.raises(RuntimeError, match="at most 2048 bytes"):
            client.step({"text": "x" * 5_000})


def test_a_token_opens(serve):
    url = serve("--token-env", "SESAME")
    with pytest.raises(ConnectionError, match="401"):
        with openenv.GenericEnvClient(base_url=url).sync():
            pass
    # The client sets no headers, but what stands before the host of a URL reaches the server.
    with openenv.GenericEnvClient(base_url=url.replace("http://", f"http://any:{TOKEN}@")).sync() as client:
        assert not client.reset(seed=1).done
    request = urllib.request.Request(f"{url}/metadata", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["slate"] == 3
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{url}/metadata")


def test_openenvs_own_validator_is_satisfied(serve):
    validation = pytest.importorskip("openenv.cli._validation", reason="this version of openenv-core has no validator")
    report = validation.validate_running_environment(serve())
    assert report["passed"], [criterion for criterion in report["criteria"] if not criterion["passed"]]
    assert report["mode"] == "simulation"
