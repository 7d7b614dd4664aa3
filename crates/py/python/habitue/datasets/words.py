"""Dialogues and preferences for recommenders that are language models."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..runs import Run
from .log import as_run, of_arm, one_arm

SYSTEM = "You recommend. Answer with titles, one a line, best first."
#: What stands for a user who comes without a word.
OPENING = "What is there for me?"
#: What stands for a user who goes on without a word.
MORE = "More, please."

_COLUMNS = ["user", "session", "turn", "request_text", "items", "actions", "reply", "reward"]
Message = dict[str, str]


def to_conversations(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    arm: str | None = None,
    system: str | None = SYSTEM,
) -> list[dict[str, Any]]:
    """Sessions in which the user said something, as dialogues for ``trl.SFTTrainer``.

    A turn is a message of the user (what it said, else :data:`OPENING` or :data:`MORE`) and one of the assistant (its
    sentence, if it said one, and the titles of the slate, one a line).

    Parameters
    ----------
    run : Run or path
        A finished run with words: users that instruct, search or answer.
    path : path, optional
        Where to write JSON lines.
    arm : str, optional
        Which arm; needed if the run has several.
    system : str, optional
        The system message; none if ``None``.

    Returns
    -------
    list of dict
        ``messages`` (list of ``{"role", "content"}``), ``rewards`` (list of float, one for each slate), ``user``,
        ``session``.

    Raises
    ------
    ValueError
        The run is not finished, the arm not known, or nobody said anything.
    """
    run = as_run(run)
    titles = run.items["title"].to_pylist()
    dialogues = []
    for turns in _sessions_with_words(run, one_arm(run, arm)):
        messages = _system(system)
        for turn in turns:
            shown = [titles[item] for item in turn["items"]]
            messages += [_asked(turn), _message("assistant", _answer(turn["reply"], shown))]
        rewards = [turn["reward"] for turn in turns]
        first = turns[0]
        dialogues.append({"messages": messages, "rewards": rewards, "user": first["user"], "session": first["session"]})
    return _written(dialogues, path)


def to_preferences(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    arm: str | None = None,
    versus: str | None = None,
    system: str | None = SYSTEM,
    margin: float = 0.0,
) -> list[dict[str, Any]]:
    """Pairs of answers to the same words, as ``trl.DPOTrainer`` takes them.

    Without ``versus`` both come from one slate, after the user said something: an item that the user engaged with is chosen
    over one that it was shown before that, at a better position, and did not engage with (Joachims, KDD 2002: skip-above).
    With ``versus``, the name of another arm of a run whose arms have the same users with the same luck
    (``design = "paired"``): the slate with the higher reward is chosen over the other, where the same user had said and
    been shown the same until then.

    Parameters
    ----------
    run : Run or path
        A finished run with words.
    path : path, optional
        Where to write JSON lines.
    arm : str, optional
        Which arm; needed if the run has several.
    versus : str, optional
        The arm to compare slates with.
    system : str, optional
        The system message; none if ``None``.
    margin : float
        Least difference of rewards, with ``versus``.

    Returns
    -------
    list of dict
        ``prompt``, ``chosen`` and ``rejected``, lists of ``{"role", "content"}``; ``user``, ``session``, ``turn``; with
        ``versus`` also ``margin``, the difference of rewards.

    Raises
    ------
    ValueError
        The run is not finished, an arm not known, the arms not paired, nobody said anything, or no pair is to be had.
    """
    run = as_run(run)
    arm = one_arm(run, arm)
    titles = run.items["title"].to_pylist()
    if versus is None:
        pairs = list(_within(run, arm, titles, system))
        lacking = "no user skipped an item and engaged with a later one after it had said something"
    else:
        if run.scenario["design"] != "Paired":
            raise ValueError(
                'versus: the arms have different users; expected a run with [experiment] design = "paired"'
            )
        pairs = list(_between(run, arm, one_arm(run, versus), titles, system, margin))
        lacking = (
            f"the slates of {arm!r} and {versus!r} after the same words never differ in reward by more than {margin}"
        )
    if not pairs:
        raise ValueError(f"{run.folder}: {lacking}, expected at least one pair")
    return _written(pairs, path)


def _within(run: Run, arm: str, titles: list[str], system: str | None) -> Iterator[dict[str, Any]]:
    for turns in _sessions_with_words(run, arm):
        prompt = _system(system)
        for turn in turns:
            prompt = [*prompt, _asked(turn)]
            shown = [titles[item] for item in turn["items"]]
            if turn["request_text"] is not None:
                for better, worse in _skipped_above(turn["actions"], run.engaged):
                    yield _pair(prompt, shown[better], shown[worse], turn)
            prompt = [*prompt, _message("assistant", _answer(turn["reply"], shown))]


def _skipped_above(actions: list[int], engaged: int) -> Iterator[tuple[int, int]]:
    """For each item engaged with, and the nearest before it that was not."""
    skipped = None
    for position, action in enumerate(actions):
        if action < engaged:
            skipped = position
        elif skipped is not None:
            yield position, skipped


def _between(
    run: Run, arm: str, versus: str, titles: list[str], system: str | None, margin: float
) -> Iterator[dict[str, Any]]:
    others = {(turns[0]["user"], turns[0]["session"]): turns for turns in _sessions_with_words(run, versus)}
    # What happened in earlier sessions is no part of the prompt, so it may differ.
    for turns in _sessions_with_words(run, arm):
        prompt = _system(system)
        for one, other in zip(turns, others.get((turns[0]["user"], turns[0]["session"]), []), strict=False):
            if one["request_text"] != other["request_text"]:
                break
            prompt = [*prompt, _asked(one)]
            answers = [_answer(turn["reply"], [titles[item] for item in turn["items"]]) for turn in (one, other)]
            if answers[0] == answers[1]:
                prompt = [*prompt, _message("assistant", answers[0])]
                continue
            difference = one["reward"] - other["reward"]
            if one["request_text"] is not None and abs(difference) > margin:
                better, worse = answers if difference > 0 else answers[::-1]
                pair = _pair(prompt, better, worse, one)
                yield {**pair, "margin": abs(difference)}
            # From here on the two were told different things.
            break


def _pair(prompt: list[Message], better: str, worse: str, turn: dict[str, Any]) -> dict[str, Any]:
    chosen, rejected = [_message("assistant", better)], [_message("assistant", worse)]
    where = {key: turn[key] for key in ("user", "session", "turn")}
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, **where}


def _sessions_with_words(run: Run, arm: str) -> Iterator[list[dict[str, Any]]]:
    """Turns by session, of the sessions in which the user said something, by user and session."""
    turns = of_arm(run, "turns", arm, _COLUMNS)
    turns = turns.sort_by([("user", "ascending"), ("session", "ascending"), ("turn", "ascending")])
    if turns["request_text"].null_count == turns.num_rows:
        raise ValueError(
            f"arm {arm!r} of {run.folder} has no words: nobody instructed, searched or answered; expected users that "
            "speak, such as those of scenarios/instruct.toml"
        )
    session: list[dict[str, Any]] = []
    for batch in turns.to_batches():
        for turn in batch.to_pylist():
            if session and (turn["user"], turn["session"]) != (session[0]["user"], session[0]["session"]):
                if any(before["request_text"] is not None for before in session):
                    yield session
                session = []
            session.append(turn)
    if any(before["request_text"] is not None for before in session):
        yield session


def _system(text: str | None) -> list[Message]:
    return [] if text is None else [_message("system", text)]


def _asked(turn: dict[str, Any]) -> Message:
    if turn["request_text"] is not None:
        return _message("user", turn["request_text"])
    return _message("user", OPENING if turn["turn"] == 0 else MORE)


def _answer(reply: str | None, titles: list[str]) -> str:
    return "\n".join([reply, *titles] if reply else titles)


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _written(records: list[dict[str, Any]], path: str | os.PathLike[str] | None) -> list[dict[str, Any]]:
    if path is not None:
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return records
