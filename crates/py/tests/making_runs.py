"""Small runs for tests: the command, a scenario, and runs of it that are made once."""

import json
import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGE = REPOSITORY / "crates" / "py"

SCENARIO = """
name    = "small"
seed    = 7
horizon = "3d"
window  = "1h"

[catalogue]
file = "{repository}/scenarios/catalogues/short-video.jsonl"

[[population]]
name     = "casual"
size     = 40
personas = "{repository}/personas/short-video.toml"

[population.choice.instruct]
classes = ["less", "more", "only", "new", "duration-cap"]
speak   = 0.6

[slate]
size    = 5
actions = ["dislike", "skip", "view", "click", "like", "share", "follow"]
engaged = "click"
rate    = true

[experiment]
design = "paired"

[[arm]]
name   = "explores"
policy = {{ kind = "popularity", explore = {{ kind = "plackett-luce", temperature = 0.5 }} }}

[[arm]]
name   = "certain"
policy = {{ kind = "popularity" }}

[reward]
click   = 1.0
like    = 2.0
share   = 3.0
follow  = 3.0
dislike = -1.0
return_within = {{ days = 1, value = 5.0 }}
"""


@pytest.fixture(scope="session", autouse=True)
def command():
    """The command: HABITUE_BIN, else built here."""
    if "HABITUE_BIN" not in os.environ:
        build = ["cargo", "build", "-q", "-p", "habitue-cli", "--message-format", "json"]
        built = subprocess.run(build, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
        made = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
        os.environ["HABITUE_BIN"] = next(path for path in made if path and Path(path).stem == "habitue")
    return os.environ["HABITUE_BIN"]


@pytest.fixture(scope="session")
def scenario(tmp_path_factory):
    """A scenario of two arms with the same users, one of which shows with certainty; users rate and instruct."""
    path = tmp_path_factory.mktemp("scenario") / "small.toml"
    path.write_text(SCENARIO.format(repository=REPOSITORY.as_posix()))
    return path


@pytest.fixture(scope="session")
def run(command, scenario, tmp_path_factory):
    """A run of the scenario."""
    from habitue import runs

    return runs.run(scenario, out=tmp_path_factory.mktemp("runs"), quiet=True)


def package(name):
    """A package, or a skipped test that says why."""
    return pytest.importorskip(name, reason=f"{name} is not installed here")
