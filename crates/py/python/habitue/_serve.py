"""The policy side of the protocol: newline-delimited JSON on standard input and output.

``policies/external_popularity.py`` in the repository documents the protocol.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import importlib.util
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from ._wire import BadValue, interactions, items, pack, request, slate, turn, unpack
from .policy import World

PROTOCOL = 1


class PolicyFault(Exception):
    """What is said to the run in place of an answer."""


def load(place: str) -> Any:
    """Makes the policy that ``module:Class`` or ``file.py:Class`` names.

    Raises
    ------
    PolicyFault
        There is no such module or class, or it has no method ``recommend``.
    """
    module_name, separator, name = place.rpartition(":")
    if not separator or not module_name or not name:
        raise PolicyFault(f'"{place}", expected "module:Class" or "file.py:Class"')
    module = _module(module_name)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, [known for known in dir(found) if not known.startswith("_")], 1)
            hint = f', the nearest is "{near[0]}"' if near else ""
            raise PolicyFault(f'no class "{name}" in {_where(module)}{hint}')
        found = getattr(found, part)
    if isinstance(found, type) or not hasattr(found, "recommend"):
        if not callable(found):
            raise PolicyFault(f'"{place}" is a {type(found).__name__}, expected a class with a method `recommend`')
        found = _guarded(f"{name}()", found)
    if not callable(getattr(found, "recommend", None)):
        raise PolicyFault(f'"{place}" has no method `recommend(requests)`')
    return found


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        path = Path(name).absolute()
        if not path.is_file():
            raise PolicyFault(f"no file {path}")
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location("habitue_policy", path)
        if spec is None or spec.loader is None:
            raise PolicyFault(f"{path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules["habitue_policy"] = module
        _guarded(f"importing {path}", spec.loader.exec_module, module)
        return module
    try:
        return _guarded(f'importing "{name}"', importlib.import_module, name)
    except PolicyFault as fault:
        missing = fault.__cause__
        # The module itself is missing, not one that it imports.
        if isinstance(missing, ModuleNotFoundError) and missing.name and f"{name}.".startswith(f"{missing.name}."):
            here = sorted(path.stem for path in Path.cwd().glob("*.py"))
            near = difflib.get_close_matches(name, here, 1)
            hint = f'; the nearest in {Path.cwd()} is "{near[0]}"' if near else ""
            raise PolicyFault(
                f'no module "{missing.name}" in {Path.cwd()}, on PYTHONPATH or among the packages of '
                f"{sys.executable}{hint}"
            ) from missing
        raise


def _where(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or module.__name__


def _guarded(doing: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Calls what the author of the policy wrote; its exceptions become faults that name the place."""
    try:
        return call(*arguments)
    except PolicyFault:
        raise
    except Exception as error:
        traceback.print_exc()
        # The last frame that is not of this file.
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        said = str(error) or "no message"
        raise PolicyFault(f"{doing}: {type(error).__name__}: {said}{place}") from error


class Server:
    """Answers messages for a policy.

    Parameters
    ----------
    make : callable
        Makes the policy when the run says hello, so that what goes wrong then is said to the run.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._policy: Any = None
        self._world: World

    def serve(self, lines: IO[str], answers: IO[str]) -> None:
        """Answers until the input ends."""
        for line in lines:
            message = json.loads(line)
            try:
                answer = getattr(self, f"on_{message['type']}")(message)
            except PolicyFault as fault:
                answer = {"type": "error", "message": str(fault)}
            answer["id"] = message["id"]
            answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
            answers.flush()

    def _call(self, method: str, *arguments: Any) -> Any:
        """Calls a method that a policy may leave out."""
        call = getattr(self._policy, method, None)
        if call is None:
            return None
        return _guarded(f"{type(self._policy).__name__}.{method}", call, *arguments)

    def on_hello(self, message: dict[str, Any]) -> dict[str, Any]:
        self._policy = self._make()
        names = ("policy", "slate_size", "seed", "actions", "engaged", "time", "available")
        self._world = World(**{name: message[name] for name in names}, items=items(message["items"]))
        try:
            self._policy.world = self._world
        except AttributeError as error:  # a class with slots
            raise PolicyFault(f"{type(self._policy).__name__} takes no attribute `world`: {error}") from error
        self._call("start", self._world)
        propensities = getattr(self._policy, "propensities", "exact")
        return {"type": "hello", "protocol": PROTOCOL, "propensities": propensities}

    def on_history(self, message: dict[str, Any]) -> dict[str, Any]:
        self._call("history", {user["user"]: interactions(user["interactions"]) for user in message["users"]})
        return {"type": "ok"}

    def on_world(self, message: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        world.time = message["time"]
        world.items.update(items(message["items"]))
        available = (set(world.available) | set(message["appeared"])) - set(message["gone"])
        world.available = [item for item in world.items if item in available]
        self._call("changed", message["appeared"], message["gone"])
        return {"type": "ok"}

    def on_recommend(self, message: dict[str, Any]) -> dict[str, Any]:
        requests = [request(record) for record in message["requests"]]
        name = f"{type(self._policy).__name__}.recommend"
        # The answer may be a generator: its errors are the author's too.
        slates = _guarded(name, lambda: list(self._policy.recommend(requests)))
        if len(slates) != len(requests):
            raise PolicyFault(
                f"{name} returned {len(slates)} slates for {len(requests)} requests, expected one for each"
            )
        try:
            return {"type": "slates", "slates": [slate(made, at) for at, made in enumerate(slates)]}
        except BadValue as error:
            raise PolicyFault(f"{name}: {error}") from error

    def on_observe(self, message: dict[str, Any]) -> dict[str, Any]:
        if hasattr(self._policy, "observe"):
            self._call("observe", [turn(record) for record in message["turns"]])
        return {"type": "ok"}

    def on_end_window(self, message: dict[str, Any]) -> dict[str, Any]:
        self._world.time = message["time"]
        self._call("end_window", message["time"])
        return {"type": "ok"}

    def on_snapshot(self, message: dict[str, Any]) -> dict[str, Any]:
        name = type(self._policy).__name__
        if not hasattr(self._policy, "snapshot") and hasattr(self._policy, "observe"):
            raise PolicyFault(
                f"{name} learns (it has `observe`) but has no `snapshot`, without which a run makes no checkpoints; derive "
                "it from habitue.policy.Policy, or write `snapshot` and `restore`"
            )
        try:
            return {"type": "snapshot", "state": pack(self._call("snapshot"))}
        except BadValue as error:
            raise PolicyFault(f"{name}.snapshot: {error}; write `snapshot` and `restore` of its own") from error

    def on_restore(self, message: dict[str, Any]) -> dict[str, Any]:
        self._call("restore", unpack(message["state"]))
        return {"type": "ok"}


def main() -> None:
    """Serves the policy named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m habitue.policy", description="Serve a policy written in Python on standard input and output."
    )
    parser.add_argument("policy", help='"module:Class" or "file.py:Class"')
    place = parser.parse_args().policy
    # Whatever the policy prints goes to standard error: standard output belongs to the protocol.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # A terminal's Ctrl-C reaches this process too. The run still needs it to finish its window, and ends it by closing
    # its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(0, encoding="utf-8", closefd=False) as lines, answers, contextlib.suppress(BrokenPipeError):
        Server(lambda: load(place)).serve(lines, answers)
