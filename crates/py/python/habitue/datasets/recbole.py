"""RecBole's atomic files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..runs import Run
from .log import Log, read


def to_recbole(
    run: Run | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    arm: str | None = None,
    interactions: Literal["engaged", "shown"] = "engaged",
    privileged: bool = False,
    name: str | None = None,
) -> Path:
    """Writes ``NAME.inter``, ``NAME.user`` and ``NAME.item`` into ``folder/NAME``, as RecBole looks for them.

    Users go by their numbers, items by their keys: so requests name them to policies. Times are seconds of simulated
    time. Columns:

    ``.inter``
        ``user_id:token``, ``item_id:token``, ``timestamp:float``, ``label:float`` (1 if engaged), ``session_id:token``,
        ``position:float``, ``propensity:float``, and ``rating:float`` if the users rate.
    ``.item``
        ``item_id:token``, ``title:token_seq``, ``categories:token_seq``, ``creator:token``, ``duration:float``.
    ``.user``
        ``user_id:token``, ``key:token``.

    Parameters
    ----------
    run : Run or path
        A finished run.
    folder : path
        RecBole's ``data_path``.
    arm : str, optional
        Which arm; needed if the run has several.
    interactions : {"engaged", "shown"}
        What users engaged with, or all that they were shown.
    privileged : bool
        Whether ``.user`` tells of personas too: ``age:float``, ``gender:token``, ``occupation:token``. No recommender of a
        run sees them.
    name : str, optional
        Name of the data set, that of the scenario if absent.

    Returns
    -------
    pathlib.Path
        The folder of the files; for RecBole, ``data_path`` is its parent and ``dataset`` its name.

    Raises
    ------
    ValueError
        The run is not finished, the arm not known, or there are no such interactions.
    """
    if interactions not in ("engaged", "shown"):
        raise ValueError(f"interactions: {interactions!r}, expected 'engaged' or 'shown'")
    log = read(run, arm)
    engaged = log.actions >= log.run.engaged
    keep = np.flatnonzero(engaged) if interactions == "engaged" else np.arange(len(log.items))
    if keep.size == 0:
        raise ValueError(
            f"{log.of_run()}: nobody engaged with anything; expected an interaction, or interactions='shown'"
        )
    name = name or log.run.name
    into = Path(folder) / name
    into.mkdir(parents=True, exist_ok=True)
    _write(into / f"{name}.inter", _interactions(log, keep, engaged))
    _write(into / f"{name}.user", _users(log.run, privileged))
    _write(into / f"{name}.item", _items(log.run))
    return into


def _interactions(log: Log, keep: np.ndarray, engaged: np.ndarray) -> dict[str, Iterable[Any]]:
    items = log.run.items["key"].to_pylist()
    # A user meets items in the order of turns, and of positions within one.
    of = log.turn_of[keep]
    columns: dict[str, Iterable[Any]] = {
        "user_id:token": log.user[of].tolist(),
        "item_id:token": (items[item] for item in log.items[keep]),
        "timestamp:float": (time / 1000 for time in log.time_ms[of].tolist()),
        "label:float": engaged[keep].astype(int).tolist(),
        "session_id:token": (f"{user}/{session}" for user, session in zip(log.user[of], log.session[of], strict=True)),
        "position:float": log.position[keep].tolist(),
        "propensity:float": log.propensities[keep].tolist(),
    }
    ratings = _ratings(log)
    if ratings is not None:
        columns["rating:float"] = ("" if rating == 0 else rating for rating in ratings[keep].tolist())
    return columns


def _ratings(log: Log) -> np.ndarray | None:
    """Ratings by impression, 0 where there is none; nothing if the scenario's users do not rate."""
    from .log import of_arm

    if not log.run.scenario["slate"]["rate"]:
        return None
    turns = of_arm(log.run, "turns", log.arm, ["user", "session", "turn", "ratings"])
    turns = turns.sort_by([("user", "ascending"), ("session", "ascending"), ("turn", "ascending")])
    given = zip(turns["ratings"].to_pylist(), log.sizes.tolist(), strict=True)
    return np.array([rating or 0 for row, size in given for rating in (row or [0] * size)])


def _users(run: Run, privileged: bool) -> dict[str, Iterable[Any]]:
    columns: dict[str, Iterable[Any]] = {
        "user_id:token": run.users["user"].to_pylist(),
        "key:token": run.users["key"].to_pylist(),
    }
    if privileged:
        columns["age:float"] = ("" if age is None else age for age in run.users["age"].to_pylist())
        columns["gender:token"] = run.users["gender"].to_pylist()
        columns["occupation:token"] = (_word(word) for word in run.users["occupation"].to_pylist())
    return columns


def _items(run: Run) -> dict[str, Iterable[Any]]:
    return {
        "item_id:token": run.items["key"].to_pylist(),
        "title:token_seq": run.items["title"].to_pylist(),
        "categories:token_seq": (" ".join(map(_word, names)) for names in run.items["categories"].to_pylist()),
        "creator:token": (creator or "" for creator in run.items["creator"].to_pylist()),
        "duration:float": run.items["duration_seconds"].to_pylist(),
    }


def _word(text: str) -> str:
    """A name as one token."""
    return "-".join(text.split())


def _write(path: Path, columns: dict[str, Iterable[Any]]) -> None:
    def lines() -> Iterator[str]:
        yield "\t".join(columns)
        for row in zip(*columns.values(), strict=True):
            # A tab or a line break would begin another field.
            yield "\t".join(" ".join(str(cell).split()) for cell in row)

    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
