"""Values of Python as a scenario takes them on the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any


def as_policy(policy: Any) -> Any:
    """A policy as a scenario holds it."""
    if isinstance(policy, str) and ":" in policy and not policy.endswith(".toml"):
        return {"kind": "external", "python": policy}
    if isinstance(policy, (str, os.PathLike)):
        return os.path.abspath(policy)
    if isinstance(policy, Mapping):
        return policy
    if not isinstance(policy, type):
        raise ValueError(
            f'policies: {policy!r}, expected a class, "module:Class", a path or a dictionary. An object lives in this '
            "process, where the run cannot be replayed: write a class without arguments that makes it"
        )
    module = sys.modules[policy.__module__]
    place = policy.__module__
    if place == "__main__":
        file = getattr(module, "__file__", None)
        if file is None:
            raise ValueError(
                f"policies: the class {policy.__qualname__} was defined in a notebook or at a prompt, where another "
                "process cannot find it; write it into a file (%%writefile) and import it"
            )
        place = os.path.abspath(file)
    return {"kind": "external", "python": f"{place}:{policy.__qualname__}"}


def as_toml(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, os.PathLike)):
        # JSON's escapes are those of TOML's basic strings.
        return json.dumps(os.fspath(value)).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {as_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if hasattr(value, "item"):  # a number of NumPy's
        return as_toml(value.item())
    raise ValueError(f"{value!r} of type {type(value).__name__}: expected a number, text, list or dictionary")
