"""Between the records of the protocol and what policies see of them."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

from .policy import Impression, Interaction, Item, Request, Slate, Text, Turn

_MARK = "$habitue"


class BadValue(ValueError):
    """Something that a policy returned and that cannot be sent."""


def items(records: list[dict[str, Any]]) -> dict[str, Item]:
    """Items by their ids."""
    return {record["id"]: Item(**record) for record in records}


def interactions(records: list[dict[str, Any]]) -> list[Interaction]:
    """What a user did before."""
    return [Interaction(**record) for record in records]


def request(record: dict[str, Any]) -> Request:
    """A request for a slate."""
    read = {"history": interactions(record["history"]), "text": _text(record["text"])}
    return Request(**{**record, **read})


def turn(record: dict[str, Any]) -> Turn:
    """A finished turn."""
    read = {"impressions": [Impression(**shown) for shown in record["impressions"]], "text": _text(record["text"])}
    return Turn(**{**record, **read})


def _text(record: dict[str, Any] | None) -> Text | None:
    return Text(**record) if record else None


def slate(made: Any, at: int) -> dict[str, Any]:
    """A slate as it is sent. The run itself checks that it holds different available items."""
    if isinstance(made, (str, bytes)) or not (isinstance(made, Slate) or hasattr(made, "__iter__")):
        raise BadValue(f"slate {at}: a {type(made).__name__}, expected a habitue.policy.Slate or a list of item ids")
    if not isinstance(made, Slate):
        made = Slate(list(made))
    ids = list(made.items)
    for position, item in enumerate(ids):
        if not isinstance(item, str):
            hint = "; ids are the keys of `world.items`" if hasattr(item, "__index__") else ""
            raise BadValue(f"slate {at}, position {position}: {item!r}, expected an item id as text{hint}")
    sent: dict[str, Any] = {"items": [str(item) for item in ids]}
    if made.propensities is not None:
        propensities = [float(propensity) for propensity in made.propensities]
        for position, propensity in enumerate(propensities):
            if not 0 < propensity <= 1:
                raise BadValue(
                    f"slate {at}, position {position}: propensity {propensity}, expected a number above 0 and at most 1"
                )
        sent["propensities"] = propensities
    if made.reply is not None:
        sent["reply"] = str(made.reply)
    return sent


def pack(value: Any) -> Any:
    """A value as JSON that :func:`unpack` turns back into an equal value of the same types.

    Raises
    ------
    BadValue
        It holds something else than numbers, text, lists, tuples, dictionaries, sets and NumPy arrays of numbers.
    """
    if hasattr(value, "dtype"):  # before its Python kin: NumPy's floats are floats
        return _pack_array(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        # JSON has no NaN and no infinities.
        return value if math.isfinite(value) else {_MARK: "float", "value": repr(value)}
    if isinstance(value, list):
        return [pack(entry) for entry in value]
    if isinstance(value, tuple):
        return {_MARK: "tuple", "value": [pack(entry) for entry in value]}
    if isinstance(value, (set, frozenset)):
        # In an order of their own, so that equal states have equal snapshots.
        return {_MARK: type(value).__name__, "value": [pack(entry) for entry in sorted(value, key=repr)]}
    if isinstance(value, Mapping):
        if type(value) is dict and all(isinstance(key, str) for key in value) and _MARK not in value:
            return {key: pack(entry) for key, entry in value.items()}
        if type(value) is dict:
            return {_MARK: "dict", "value": [[pack(key), pack(entry)] for key, entry in value.items()]}
    if isinstance(value, (bytes, bytearray)):
        return {_MARK: "bytes", "value": base64.b64encode(value).decode()}
    raise _not_kept(value)


def _pack_array(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.str_):
        return str(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        array = np.ascontiguousarray(value)
        kind = "array" if isinstance(value, np.ndarray) else "number"
        data = base64.b64encode(array.tobytes()).decode()
        return {_MARK: kind, "dtype": array.dtype.str, "shape": list(value.shape), "value": data}
    raise _not_kept(value)


def _not_kept(value: Any) -> BadValue:
    return BadValue(
        f"a {type(value).__module__}.{type(value).__qualname__} in the state, expected numbers, text, lists, tuples, "
        "dictionaries, sets and NumPy arrays of numbers"
    )


def unpack(value: Any) -> Any:
    """What was packed."""
    if isinstance(value, list):
        return [unpack(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: unpack(entry) for key, entry in value.items()}
    kind, held = value[_MARK], value["value"]
    if kind in ("array", "number"):
        import numpy as np

        array = np.frombuffer(base64.b64decode(held), dtype=value["dtype"]).reshape(value["shape"]).copy()
        return array if kind == "array" else array[()]
    if kind == "dict":
        return {unpack(key): unpack(entry) for key, entry in held}
    makers = {
        "tuple": lambda: tuple(map(unpack, held)),
        "set": lambda: set(map(unpack, held)),
        "frozenset": lambda: frozenset(map(unpack, held)),
        "float": lambda: float(held),
        "bytes": lambda: base64.b64decode(held),
    }
    return makers[kind]()
