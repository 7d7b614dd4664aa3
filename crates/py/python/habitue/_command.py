"""The ``habitue`` command as a child process: where it is, how it is heard, and how it fails."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_INTERRUPTED = 130
_BAD_INPUT = 2
# Lines of standard error that an error quotes.
_QUOTED = 60


class HabitueError(RuntimeError):
    """The command failed.

    Attributes
    ----------
    command : list of str
        Program and arguments.
    code : int
        The exit code.
    stderr : str
        The end of what the command said on standard error.
    """

    def __init__(self, command: Sequence[str], code: int, stderr: str) -> None:
        self.command, self.code, self.stderr = list(command), code, stderr
        said = stderr.strip() or "(it said nothing)"
        super().__init__(f"`habitue {' '.join(command[1:])}` ended with exit code {code}:\n{said}")


class BadInput(HabitueError, ValueError):
    """The command refused what it was given: a scenario, an option, a folder."""


class CommandNotFound(HabitueError, FileNotFoundError):
    """There is no ``habitue`` command."""

    def __init__(self, looked: Sequence[str]) -> None:
        self.command, self.code, self.stderr = ["habitue"], 127, ""
        RuntimeError.__init__(
            self,
            f"no `habitue` command; looked at {', '.join(looked)}. Build it with `cargo install --path crates/cli`, "
            "or name it in the environment variable HABITUE_BIN",
        )

    def __str__(self) -> str:
        return str(self.args[0])


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; its log is whole up to ``folder``'s last checkpoint.

    Attributes
    ----------
    folder : pathlib.Path or None
        The run folder, from which ``habitue resume`` goes on.
    """

    def __init__(self, folder: Path | None, stderr: str) -> None:
        self.folder, self.stderr = folder, stderr
        where = f"; go on with habitue.resume({str(folder)!r})" if folder else ""
        super().__init__(f"the run was interrupted{where}")


def binary() -> str:
    """The path of the command: ``HABITUE_BIN``, else the one inside this package, else the first on ``PATH``.

    Raises
    ------
    CommandNotFound
        There is none. It is a ``FileNotFoundError`` too.
    """
    name = "habitue.exe" if os.name == "nt" else "habitue"
    inside = Path(__file__).parent / "bin" / name
    named = os.environ.get("HABITUE_BIN")
    if named:
        if not os.access(named, os.X_OK) or os.path.isdir(named):
            raise CommandNotFound([f"HABITUE_BIN={named}, which is no program"])
        return os.path.abspath(named)
    if inside.is_file():
        return str(inside)
    found = shutil.which(name)
    if found is None:
        raise CommandNotFound(["HABITUE_BIN (not set)", str(inside), "PATH"])
    return found


def ask(*arguments: str | os.PathLike[str]) -> Any:
    """Runs the command and reads the JSON that it prints."""
    return json.loads(say(*arguments))


def say(*arguments: str | os.PathLike[str]) -> str:
    """Runs the command quietly and returns what it prints."""
    command = [binary(), *(str(os.fspath(argument)) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise failure(command, done.returncode, done.stderr)
    return done.stdout


def failure(command: Sequence[str], code: int, stderr: str) -> HabitueError:
    """The exception for an exit code."""
    kind = BadInput if code == _BAD_INPUT else HabitueError
    return kind(command, code, stderr)


def watch(arguments: Sequence[str | os.PathLike[str]], env: dict[str, str] | None = None) -> dict[str, Any]:
    """Runs a command that takes long: its progress is passed on, Ctrl-C reaches it once.

    The command runs in a session of its own, so that a terminal's Ctrl-C does not reach it a second time: it takes a
    second one as the wish to stop at once. A second Ctrl-C here is passed on as just that.

    Returns
    -------
    dict
        The JSON object that the command prints.

    Raises
    ------
    Interrupted
        After Ctrl-C.
    HabitueError
        It failed; ``BadInput`` if it refused what it was given.
    """
    command = [binary(), *(str(os.fspath(argument)) for argument in arguments)]
    ours, theirs = _terminal()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if theirs is None else theirs,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    if theirs is not None:
        os.close(theirs)
    errors: deque[str] = deque(maxlen=_QUOTED)
    source = child.stderr.fileno() if ours is None and child.stderr else ours
    listener = threading.Thread(target=_pass_on, args=(source, errors), daemon=True)
    printed: list[bytes] = []
    reader = threading.Thread(target=lambda: printed.append(child.stdout.read() if child.stdout else b""), daemon=True)
    listener.start()
    reader.start()
    try:
        _wait(child)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    listener.join(5)
    reader.join(5)
    if ours is not None:
        os.close(ours)
    stderr = "".join(errors)
    out = b"".join(printed).decode("utf-8", "replace")
    if child.returncode == _INTERRUPTED:
        raise Interrupted(_folder_in(out), stderr)
    if child.returncode:
        raise failure(command, child.returncode, stderr)
    return json.loads(out)


def _wait(child: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            child.wait()
            return
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)


def _folder_in(out: str) -> Path | None:
    try:
        folder = json.loads(out).get("folder")
    except json.JSONDecodeError:
        return None
    return Path(folder) if folder else None


def _terminal() -> tuple[int | None, int | None]:
    """A terminal for the command's standard error where ours is one, so that it draws its bar."""
    try:
        watched = sys.stderr.isatty()
        if not watched:
            return None, None
        import fcntl
        import pty
        import termios

        ours, theirs = pty.openpty()
        size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    except (ImportError, OSError, AttributeError, ValueError):
        return None, None
    return ours, theirs


def _pass_on(source: int, errors: deque[str]) -> None:
    """Copies the command's standard error to ours (in a notebook: to the cell) and keeps its last lines.

    From its closing error on it is only kept: the exception says it.
    """
    shown, decoder = True, codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        try:
            data = os.read(source, 65536)
        except OSError:  # the other side of a terminal is gone
            return
        if not data:
            return
        text = decoder.decode(data).replace("\r\n", "\n")
        if shown:
            before, error, _ = f"\n{text}".partition("\nerror: ")
            sys.stderr.write(before[1:] + "\n" if error and before else before[1:])
            sys.stderr.flush()
            shown = not error
        # What a bar drew over is no message.
        errors.extend(line for line in text.splitlines(keepends=True) if not line.startswith("\r"))
