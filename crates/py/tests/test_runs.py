"""Runs are opened, made, asked and interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from habitue import _overrides, runs
from making_runs import command, package, run, scenario  # noqa: F401, fixtures


def test_tables_are_those_of_the_manifest(run):
    assert run.name == "small"
    assert run.arms == ["explores", "certain"]
    assert run.actions[run.engaged] == "click"
    for table in runs.TABLES:
        assert run.table(table).num_rows == run.manifest["tables"][table]["rows"], table
        assert getattr(run, table).equals(run.table(table))
    assert run.turns.num_rows == sum(arm["turns"] for arm in run.summary)
    assert run.turns.num_rows > 100


def test_a_file_that_the_manifest_does_not_list_is_not_read(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    shutil.copy(copy / "turns" / "part-000000.parquet", copy / "turns" / "part-000001.parquet")
    assert runs.open(copy).turns.num_rows == run.turns.num_rows


def test_data_frames_hold_the_same(run):
    pandas, polars = package("pandas"), package("polars")
    assert isinstance(run.to_pandas(), pandas.DataFrame)
    assert run.to_pandas("sessions")["turns"].sum() == run.turns.num_rows
    assert isinstance(run.to_polars(), polars.DataFrame)
    assert run.to_polars("sessions")["turns"].sum() == run.turns.num_rows


def test_duckdb_asks_the_files(run):
    package("duckdb")
    by_arm = dict(run.sql("select arm, count(*) from turns group by arm").fetchall())
    assert by_arm == {arm["arm"]: arm["turns"] for arm in run.summary}
    joined = "select sum(t.reward) - (select sum(turn_reward) from sessions) from turns t join users using (user)"
    assert run.sql(joined).fetchall()[0][0] == pytest.approx(0)


def test_a_notebook_shows_the_retention_table(run):
    page = run._repr_html_()
    for arm in run.summary:
        assert f"<th>{arm['arm']}</th><td>{arm['policy']}</td>" in page
        assert f"<td style='text-align:right'>{arm['retention_day_1']:.1%}</td>" in page
    assert page.count("<polyline") == len(run.arms)
    assert "<script" not in page


def test_users_by_day_are_counted(run):
    from habitue._page import daily_users

    counts = daily_users(run)
    first_day = {(row["arm"], row["user"]) for row in run.sessions.to_pylist() if row["start_ms"] < 86_400_000}
    assert {arm: days[0] for arm, days in counts.items()} == {
        arm: sum(one == arm for one, _ in first_day) for arm in run.arms
    }
    assert {len(days) for days in counts.values()} == {3}


def test_the_same_seed_makes_the_same_run(run, scenario, tmp_path):
    again = runs.run(scenario, out=tmp_path, threads=1, quiet=True)
    other = runs.run(scenario, out=tmp_path, seed=8, quiet=True)
    assert [file["blake3"] for file in again.manifest["tables"]["turns"]["files"]] == [
        file["blake3"] for file in run.manifest["tables"]["turns"]["files"]
    ]
    assert other.seed == 8
    assert other.turns.num_rows != run.turns.num_rows or not other.turns.equals(run.turns)


def test_overrides_reach_the_scenario(scenario, tmp_path):
    made = runs.run(
        scenario,
        out=tmp_path,
        quiet=True,
        population__0__size=12,
        horizon="1d",
        **{"slate.size": 3},
        policies={0: {"kind": "random"}, 1: {"kind": "fixed", "items": ["sv-001", "sv-002", "sv-003"]}},
    )
    assert made.users.num_rows == 12
    assert made.scenario["slate"]["size"] == 3
    assert [arm["policy"]["config"]["kind"] for arm in made.scenario["arms"]] == ["random", "fixed"]


@pytest.mark.parametrize(
    ("value", "toml"),
    [
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
        ('a "b"\\', '"a \\"b\\"\\\\"'),
        ([1, "x"], '[1, "x"]'),
        ({"kind": "epsilon", "epsilon": 0.1}, '{ "kind" = "epsilon", "epsilon" = 0.1 }'),
    ],
)
def test_values_are_written_as_toml(value, toml):
    assert _overrides.as_toml(value) == toml
    try:
        import tomllib
    except ModuleNotFoundError:
        return
    assert tomllib.loads(f"x = {toml}")["x"] == value


def test_a_report_is_written(run, tmp_path):
    page = runs.report(run, tmp_path / "report.html")
    text = runs.report(run.folder, tmp_path / "report.md")
    assert page.read_text().startswith("<!")
    assert "| explores |" in text.read_text()


def test_arms_are_compared(run):
    compared = runs.compare(run, baseline="certain")
    assert compared["baseline"]
    assert "explores" in compared.markdown()
    assert "certain" in json.dumps(compared["baseline"])
    with pytest.raises(ValueError, match="expected at least one run"):
        runs.compare()


def test_mistakes_are_said(run, scenario, tmp_path):
    with pytest.raises(FileNotFoundError, match="nearest is 'small-"):
        runs.open(f"{run.folder}x")
    with pytest.raises(FileNotFoundError, match="no manifest.json"):
        runs.open(tmp_path)
    with pytest.raises(ValueError, match="no table 'trns'.* nearest is 'turns'"):
        run.table("trns")
    with pytest.raises(ValueError, match="no column 'rewrd' .* nearest is 'reward'"):
        run.table("turns", ["rewrd"])
    with pytest.raises(runs.BadInput, match="nearest: size") as caught:
        runs.run(scenario, out=tmp_path, population__0__sze=3)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == 2
    assert "unknown key `sze`" in caught.value.stderr
    with pytest.raises(ValueError, match="expected a number, text, list or dictionary"):
        runs.run(scenario, out=tmp_path, horizon=object())


def test_a_missing_command_is_said(monkeypatch):
    monkeypatch.setenv("HABITUE_BIN", "/no/such/habitue")
    with pytest.raises(FileNotFoundError, match="HABITUE_BIN=/no/such/habitue, which is no program"):
        runs.binary()
    monkeypatch.delenv("HABITUE_BIN")
    monkeypatch.setenv("PATH", "")
    inside = os.path.join(os.path.dirname(runs.__file__), "bin")
    if not os.path.exists(inside):
        with pytest.raises(runs.CommandNotFound, match="HABITUE_BIN"):
            runs.binary()


LONG = """
import sys
from habitue import _overrides, runs
try:
    runs.run(sys.argv[1], out=sys.argv[2], population__0__size=4000, horizon="20d")
except runs.Interrupted as stop:
    print("interrupted", stop.folder, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_a_whole_log(scenario, tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", LONG, scenario, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("small-*/turns/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    word, folder = out.split()
    assert word == "interrupted", err
    assert "interrupted: finishing the window" in err
    # Not killed: there is a checkpoint to go on from.
    with pytest.raises(runs.RunNotFinished, match="go on with habitue.resume"):
        runs.open(folder)
    inspected = json.loads(runs.say("inspect", folder, "--json"))
    assert inspected["status"] != "finished"
