"""A run as a folder that ``datasets.load_dataset`` reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..runs import Run
from .log import as_run

if TYPE_CHECKING:
    import pyarrow

_PRIVILEGED = ("privileged_", "action_probs", "move_probs")


def to_hugging_face(
    run: Run | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    tables: Iterable[str] = ("turns", "sessions", "items", "users"),
    privileged: bool = False,
) -> Path:
    """Writes Parquet files and a dataset card, a configuration for each table.

    ``datasets.load_dataset(str(folder), "turns")`` reads them; so does the hub, once the folder is pushed there.

    Parameters
    ----------
    run : Run or path
        A finished run.
    folder : path
        A new or empty folder.
    tables : iterable of str
        Tables of the run, see :data:`habitue.runs.TABLES`. Tables without rows are left out.
    privileged : bool
        Whether to write what no recommender sees too: mindsets, the probabilities behind decisions, personas, and the
        quality of items.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        The run is not finished, there is no such table, or the folder is not empty.
    """
    run, folder = as_run(run), Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"folder: {folder} is not empty, expected a new or an empty one")
    written = []
    for name in tables:
        table = _plain(run.table(name), name, privileged)
        if table.num_rows == 0:
            continue
        import pyarrow.parquet

        (folder / name).mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, folder / name / "train.parquet", compression="zstd")
        written.append(name)
    if not written:
        raise ValueError("tables: none with rows, expected at least one")
    (folder / "README.md").write_text(_card(run, written), encoding="utf-8")
    return folder


def _plain(table: pyarrow.Table, name: str, privileged: bool) -> pyarrow.Table:
    """Names as text, which every reader takes, and nothing that is hidden from recommenders."""
    import pyarrow

    if not privileged:
        hidden = [column for column in table.column_names if column.startswith(_PRIVILEGED)]
        if name == "users":
            hidden = [column for column in table.column_names if column not in ("user", "key", "arm", "population")]
        if name == "items":
            hidden = ["quality"]
        table = table.drop_columns(hidden)
    for at, field in enumerate(table.schema):
        if pyarrow.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table[field.name].cast(field.type.value_type))
    return table


def _card(run: Run, tables: list[str]) -> str:
    configs = "".join(
        f"- config_name: {table}\n  data_files:\n  - split: train\n    path: {table}/train.parquet\n"
        for table in tables
    )
    return (
        f"---\npretty_name: {run.name}\nconfigs:\n{configs}---\n\n# {run.name}\n\nSimulated users and recommenders: the log of a "
        f"run of Habitué {run.manifest['habitue']}, scenario hash `{run.manifest['scenario_hash']}`, seed {run.seed}, arms "
        f"{', '.join(run.arms)}. `turns.items` holds numbers of the table `items`, `turns.actions` positions in the scale "
        f"{', '.join(run.actions)}, `turns.propensities` the probability of each item at its position given the positions "
        "before.\n"
    )
