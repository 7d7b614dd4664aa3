"""Runs: making them, opening them, asking them.

>>> import habitue
>>> run = habitue.run("scenarios/short-video.toml", seed=3)   # doctest: +SKIP
>>> run.turns.column("reward")                                # doctest: +SKIP
>>> run.sql("select arm, avg(turns) from sessions group by arm")   # doctest: +SKIP
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._command import BadInput, CommandNotFound, HabitueError, Interrupted, ask, binary, say, watch
from ._overrides import as_policy, as_toml

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars
    import pyarrow
    import pyarrow.dataset

__all__ = [
    "TABLES",
    "BadInput",
    "CommandNotFound",
    "Comparison",
    "HabitueError",
    "Interrupted",
    "Run",
    "RunNotFinished",
    "binary",
    "compare",
    "evaluate",
    "open",
    "report",
    "resume",
    "run",
]

#: The tables of a run folder. ``habitue inspect RUN --schema`` tells their columns.
TABLES = ("turns", "sessions", "users", "items", "messages", "interventions", "llm_calls", "memories")


class RunNotFinished(ValueError):
    """The folder holds a run that was interrupted or still goes on."""


class Run:
    """A finished run folder.

    Tables are read when they are asked for, once, as ``pyarrow.Table``; ``pandas`` and ``polars`` take them as they
    are (``run.turns.to_pandas()``, ``polars.from_arrow(run.turns)``).

    Parameters
    ----------
    folder : path
        The run folder.

    Raises
    ------
    FileNotFoundError
        It is no run folder.
    RunNotFinished
        The run has no manifest yet.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        manifest = self.folder / "manifest.json"
        if not manifest.is_file():
            raise _no_run(self.folder)
        #: The manifest: versions, scenario hash, seed, files with their checksums, summary.
        self.manifest: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))

    def __repr__(self) -> str:
        arms = ", ".join(self.arms)
        return f"<habitue.Run {self.name!r}, seed {self.seed}, arms {arms}: {self.folder}>"

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.manifest["name"]

    @property
    def seed(self) -> int:
        """The seed of all random draws."""
        return self.manifest["seed"]

    @cached_property
    def scenario(self) -> dict[str, Any]:
        """The scenario as it was resolved, with all defaults. Durations are milliseconds."""
        return json.loads((self.folder / "scenario.json").read_text(encoding="utf-8"))

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in the scenario's order."""
        return [arm["name"] for arm in self.scenario["arms"]]

    @property
    def actions(self) -> list[str]:
        """The action scale, worst first. ``turns.actions`` holds positions in it."""
        return self.scenario["slate"]["scale"]["names"]

    @property
    def engaged(self) -> int:
        """Position in ``actions`` of the least action that counts as engagement."""
        return self.scenario["slate"]["scale"]["engaged"]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """What came of each arm: users, sessions, turns, engagement, reward, retention."""
        return self.manifest["details"]["summary"]["arms"]

    def files(self, table: str) -> list[Path]:
        """The sealed Parquet files of a table, in order. A file that the manifest does not list is none of them."""
        if table not in self.manifest["tables"]:
            known = list(self.manifest["tables"])
            raise ValueError(
                f"no table {table!r} in {self.folder}{_nearest(table, known)}; there are {', '.join(known)}"
            )
        return [self.folder / table / file["name"] for file in self.manifest["tables"][table]["files"]]

    def dataset(self, table: str) -> pyarrow.dataset.Dataset:
        """A table to scan piece by piece, for runs that are larger than memory."""
        import pyarrow.dataset

        return pyarrow.dataset.dataset([str(file) for file in self.files(table)], format="parquet")

    def table(self, table: str, columns: list[str] | None = None) -> pyarrow.Table:
        """Reads a table, or some of its columns.

        Raises
        ------
        ValueError
            There is no such table or column.
        """
        source = self.dataset(table)
        for column in columns or ():
            if column not in source.schema.names:
                near = _nearest(column, source.schema.names)
                raise ValueError(f"no column {column!r} in table {table!r}{near}; see `habitue inspect RUN --schema`")
        return source.to_table(columns=columns)

    @cached_property
    def turns(self) -> pyarrow.Table:
        """One row a turn: slate, propensities, actions, move, reward, by time window and user."""
        return self.table("turns")

    @cached_property
    def sessions(self) -> pyarrow.Table:
        """One row a session: times, reward, why it ended, return gap, censoring."""
        return self.table("sessions")

    @cached_property
    def users(self) -> pyarrow.Table:
        """One row a user, with the persona (which no recommender sees)."""
        return self.table("users")

    @cached_property
    def items(self) -> pyarrow.Table:
        """One row an item; ``item`` is its number in ``turns.items``, ``key`` its name in the catalogue."""
        return self.table("items")

    @cached_property
    def messages(self) -> pyarrow.Table:
        """One row a message that one user sent another."""
        return self.table("messages")

    @cached_property
    def interventions(self) -> pyarrow.Table:
        """One row an intervention."""
        return self.table("interventions")

    @cached_property
    def llm_calls(self) -> pyarrow.Table:
        """One row a decision by a language model."""
        return self.table("llm_calls")

    @cached_property
    def memories(self) -> pyarrow.Table:
        """One row a memory of a user that a language model plays."""
        return self.table("memories")

    def to_pandas(self, table: str = "turns") -> pandas.DataFrame:
        """A table as a pandas data frame."""
        return self.table(table).to_pandas()

    def to_polars(self, table: str = "turns") -> polars.DataFrame:
        """A table as a polars data frame, without copying what polars can use as it is."""
        import polars

        return polars.from_arrow(self.table(table))

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Asks DuckDB, which reads the Parquet files itself: only the columns and rows that the query needs.

        Parameters
        ----------
        query : str
            SQL over the tables of the run by their names.

        Returns
        -------
        duckdb.DuckDBPyRelation
            Call ``.fetchall()``, ``.df()``, ``.pl()`` or ``.to_arrow_table()`` on it.
        """
        return self._connection.sql(query)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        try:
            import duckdb
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("Run.sql needs DuckDB: pip install duckdb") from error
        connection = duckdb.connect()
        for table in self.manifest["tables"]:
            files = [str(file) for file in self.files(table)]
            connection.read_parquet(files).create_view(table)
        return connection

    def evaluate(self, policy: str | os.PathLike[str], **options: Any) -> dict[str, Any]:
        """As :func:`habitue.evaluate`."""
        return evaluate(self, policy, **options)

    def report(self, out: str | os.PathLike[str] | None = None) -> Path:
        """As :func:`habitue.report`."""
        return report(self, out)

    def _repr_html_(self) -> str:
        from ._page import page

        return page(self)


class Comparison(dict):
    """The numbers of ``habitue compare --json``; a notebook shows the tables."""

    def __init__(self, numbers: Mapping[str, Any], runs: list[Path], baseline: str | None) -> None:
        super().__init__(numbers)
        self._runs, self._baseline = runs, baseline

    def markdown(self) -> str:
        """The tables as Markdown."""
        return say("compare", *self._runs, *_option("--baseline", self._baseline), "--md")

    def _repr_markdown_(self) -> str:
        return self.markdown()


def open(run: str | os.PathLike[str]) -> Run:  # noqa: A001, the name that h5py, rasterio and zarr use
    """Opens a finished run folder.

    Raises
    ------
    FileNotFoundError
        It is no run folder.
    RunNotFinished
        The run was interrupted; it is a ``ValueError``.
    """
    return Run(run)


def run(
    scenario: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = "runs",
    seed: int | None = None,
    data: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    policies: Mapping[str | int, Any] | None = None,
    quiet: bool = False,
    **overrides: Any,
) -> Run | None:
    """Runs a scenario to its horizon, by the command.

    Parameters
    ----------
    scenario : path
        The scenario, a TOML file.
    out : path
        Folder in which the run folder is made.
    seed : int, optional
        Seed of all random draws, instead of the scenario's.
    data : path, optional
        Folder of the data set, instead of the scenario's.
    threads : int, optional
        Number of threads, one per core if absent; the result does not depend on it.
    policies : mapping, optional
        Policies by the number of their arm in the scenario, counted from 0: a class written in Python, ``"module:Class"``,
        the path of a policy's TOML file, or a dictionary such as ``{"kind": "random"}``. See :mod:`habitue.policy`.
    quiet : bool
        Show no progress.
    **overrides
        Values of the scenario by their dotted keys, with ``__`` for the dots: ``population__0__size=200``, or
        ``**{"population.0.size": 200}``. Durations are text: ``horizon="7d"``.

    Returns
    -------
    Run or None
        ``None`` if the scenario keeps no log (``log.enabled = false``).

    Raises
    ------
    BadInput
        A scenario with problems; the message shows them in its source. It is a ``ValueError``.
    HabitueError
        The run failed on the way.
    Interrupted
        Ctrl-C: the window was finished and a checkpoint made. It is a ``KeyboardInterrupt``.
    """
    arguments: list[str | os.PathLike[str]] = ["run", scenario, "--out", out, "--json"]
    for key, value in overrides.items():
        arguments += ["--set", f"{key.replace('__', '.')}={as_toml(value)}"]
    for arm, policy in (policies or {}).items():
        arguments += ["--set", f"arm.{arm}.policy={as_toml(as_policy(policy))}"]
    arguments += [*_option("--seed", seed), *_option("--data", data), *_option("--threads", threads)]
    return _drive([*arguments, *(["--quiet"] if quiet else [])])


def resume(folder: str | os.PathLike[str], *, threads: int | None = None, quiet: bool = False) -> Run | None:
    """Goes on with an interrupted run from its last checkpoint. Raises as :func:`run` does."""
    arguments = ["resume", folder, "--json", *_option("--threads", threads)]
    return _drive([*arguments, *(["--quiet"] if quiet else [])])


def evaluate(
    run: Run | str | os.PathLike[str],
    policy: str | os.PathLike[str] | Mapping[str, Any],
    *,
    arm: str | None = None,
    target: str | None = None,
    estimators: Iterable[str] | None = None,
    first: bool = False,
    seed: int | None = None,
) -> dict[str, Any]:
    """What another policy would have been worth, estimated from the log of a run.

    Parameters
    ----------
    run : Run or path
        The run.
    policy : path, str or mapping
        A policy's TOML file, a kind such as ``"popularity"``, or a dictionary such as ``{"kind": "random"}``.
    arm : str, optional
        The arm whose log is used; needed if the arms have different policies.
    target : str, optional
        ``"session-reward"`` (if absent), ``"slate-reward"``, ``"return-N-days"``, ``"return-gap"`` or
        ``"return-gap-N-days"``.
    estimators : iterable of str, optional
        Names of estimators, all if absent.
    first : bool
        Count only the first session of each user: later ones start from what the logged policy left.
    seed : int, optional
        Seed of the slates drawn for reward models and of the bootstrap, the run's if absent.

    Returns
    -------
    dict
        What ``habitue evaluate --json`` prints.

    Raises
    ------
    BadInput
        The run has no propensities, is not finished, or an argument is not known. It is a ``ValueError``.
    """
    names = [word for name in estimators or () for word in ("--estimator", name)]
    chosen = as_toml(policy) if isinstance(policy, Mapping) else os.fspath(policy)
    options = [*_option("--arm", arm), *_option("--target", target), *names, *_option("--seed", seed)]
    return ask("evaluate", _folder(run), "--policy", chosen, *options, *(["--first"] if first else []), "--json")


def compare(*runs: Run | str | os.PathLike[str], baseline: str | None = None) -> Comparison:
    """Compares arms and runs: differences with intervals, tests, and how many users it takes to see them.

    Parameters
    ----------
    *runs : Run or path
        One run with several arms, or several runs.
    baseline : str, optional
        What the others are compared with: an arm, a run, or run/arm; the first if absent.

    Returns
    -------
    Comparison
        A dictionary of what ``habitue compare --json`` prints.
    """
    if not runs:
        raise ValueError("runs: none given, expected at least one run")
    folders = [_folder(run) for run in runs]
    return Comparison(ask("compare", *folders, *_option("--baseline", baseline), "--json"), folders, baseline)


def report(run: Run | str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Writes the report of a run: one HTML file, or Markdown if ``out`` ends in ``.md``.

    Parameters
    ----------
    run : Run or path
        The run.
    out : path, optional
        The file, ``report.html`` in the run folder if absent.

    Returns
    -------
    pathlib.Path
        The file.
    """
    folder = _folder(run)
    path = Path(out) if out is not None else folder / "report.html"
    say("report", folder, "--out", path, *(["--md"] if path.suffix == ".md" else []))
    return path


def _drive(arguments: list[str | os.PathLike[str]]) -> Run | None:
    env = {}
    if "HABITUE_PYTHON" not in os.environ:
        # Policies written in Python run by this interpreter, and are looked for where it would.
        found = dict.fromkeys(os.path.abspath(folder or ".") for folder in sys.path)
        env = {"HABITUE_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(found)}
    folder = watch(arguments, env).get("folder")
    return Run(folder) if folder else None


def _folder(run: Run | str | os.PathLike[str]) -> Path:
    return run.folder if isinstance(run, Run) else Path(run)


def _option(name: str, value: Any) -> list[str]:
    return [] if value is None else [name, str(value)]


def _no_run(folder: Path) -> Exception:
    if (folder / "scenario.json").is_file():
        return RunNotFinished(
            f"{folder} holds a run that is not finished; go on with habitue.resume({str(folder)!r}), or look at it as "
            "far as it has come with `habitue inspect`"
        )
    if not folder.exists():
        near = ""
        if folder.parent.is_dir():
            near = _nearest(folder.name, [entry.name for entry in folder.parent.iterdir() if entry.is_dir()])
        return FileNotFoundError(f"no folder {folder}{near}")
    return FileNotFoundError(f"{folder} is no run folder: it has no manifest.json")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; the nearest is {near[0]!r}" if near else ""
