"""Where rows go that a model is trained anew on: hashed once, named when somebody is erased, versioned."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, workbench
from tests.diff.repositories import git
from tests.logs import START, binary_log
from tests.retrain.runs import turned_log, turned_workspace
from workbench.retrain.run_folder import run_folder
from workbench.store.sampled_rows import sampled_reference, sampled_rows
from workbench.workspace import Workspace
from workbench.workspace.subjects import Subject, reference_outcomes

PRIVATE = '[privacy]\npseudonymise = ["c", "customer", "prediction_id"]\n'
ENTITY = "customer-3"


def private_log() -> pl.DataFrame:
    log = turned_log()
    return log.with_columns(customer=pl.format("customer-{}", pl.int_range(log.height) % 40))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Version 2 of a model with pseudonymised columns was trained, and is champion."""
    folder = tmp_path_factory.mktemp("private")
    ws = turned_workspace(
        folder, log=private_log(), columns='entity = "customer"\nsegments = ["c"]\n', more=PRIVATE
    )
    done("-C", ws.root, "retrain", "m", "--fits", "1", "--wait")
    done("-C", ws.root, "promote", "m", "2", "--yes")
    return Workspace.open(ws.root)


def stored(subject: Subject) -> pl.DataFrame:
    return sampled_rows(subject.store, subject.period("all")).frame


def test_rows_that_a_run_wrote_are_not_hashed_again_when_they_are_read(private: Workspace) -> None:
    subject = private.subject("m")
    rows = stored(subject)
    (trained,) = (private.root / "data" / "retrain" / "m").glob("*.parquet")
    for table, has_ids in (("registry/m/2/holdout.parquet", True), (str(trained), False)):
        read = sampled_reference(
            private.store,
            private.root,
            subject.card,
            subject.store,
            private.clock.now(),
            table=table,
        ).frame
        assert set(read["c"]) == set(rows["c"])
        assert all(value.startswith("~") for value in read["c"])
        if has_ids:
            assert set(read["wb_id"]) < set(rows["wb_id"])


def test_a_segment_of_the_new_champion_has_the_rate_of_the_same_rows_that_judged(
    private: Workspace,
) -> None:
    judged = pl.read_parquet(private.root / "registry" / "m" / "2" / "holdout.parquet")
    found = reference_outcomes(private.subject("m"), "c")
    for (value,), rows in judged.group_by("c"):
        counts = [one.counts for one in found if one.segment == value]
        assert sum(one.labelled for one in counts) == rows.height
        wrong = (rows["prediction"] != rows["label"]).sum()
        assert sum(one.bad for one in counts) == pytest.approx(wrong)


def test_an_erasure_leaves_no_row_in_a_run_and_names_the_tables_that_stay(
    private: Workspace,
) -> None:
    folder = run_folder(private.store, "run-1")
    # As a version of before, or a kill between the end of a run and its tidying, would leave it.
    pl.DataFrame({"wb_id": ["p1"]}).write_parquet(folder / "holdout.parquet")
    ended = done("-C", private.root, "store", "erase", "--entity", ENTITY, "--yes", "--json")
    (model,) = ended.document["models"]
    assert model["rows"] == 75
    assert model["kept"] == ["data/retrain/m/run-1.parquet", "registry/m/2/holdout.parquet"]
    assert not list(folder.rglob("*.parquet"))
    said = done("-C", private.root, "store", "erase", "--entity", ENTITY, "--yes")
    assert "data/retrain/m/run-1.parquet" in said.err
    assert max(map(len, said.err.splitlines())) <= 80


def assert_learned_from(ws: Workspace, data_version: str, expected: pl.DataFrame) -> str:
    """A run's table has these rows before the incident, and a version; gives its md5."""
    path, _, md5 = data_version.rpartition("@")
    learned = pl.read_parquet(ws.root / path)
    assert sorted(learned.filter(~pl.col("is_incident"))["x"]) == sorted(expected["x"])
    assert md5 in (ws.root / f"{path}.dvc").read_text()
    assert git(ws.root, "status", "--short", f"{path}.dvc") == ""
    return md5


def test_a_version_of_a_table_is_learned_from_and_what_was_learned_from_has_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = turned_workspace(tmp_path)
    table = ws.root / "data" / "more.parquet"
    first, second = (
        binary_log(rows, seed=rows, first_id=rows * 10**4, start=START.replace(month=1))
        for rows in (700, 300)
    )
    first.write_parquet(table)
    done("-C", ws.root, "data", "track", table, "-m", "more rows")
    revision = git(ws.root, "rev-parse", "HEAD").strip()
    second.write_parquet(table)
    done("-C", ws.root, "data", "track", table, "-m", "fewer rows")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    asked = ("-C", ws.root, "retrain", "m", "--fits", "1", "--json", "--data")
    ended = done(*asked, f"data/more.parquet@{revision}", "--wait").document
    md5 = assert_learned_from(ws, ended["data_version"], first)
    metadata = ws.root / "registry" / "m" / ended["challenger"] / "metadata.json"
    assert json.loads(metadata.read_text())["training"]["md5"] == md5
    begun = done(*asked, "data/more.parquet").document
    done("-C", ws.root, "runs", "cancel", begun["run"])
    assert_learned_from(ws, begun["data_version"], second)
    workbench("-C", ws.root, "retrain", "m", "--data", "data/more.parquet@v9").assert_refused("v9")
    others = [path for path in (ws.root / ".workbench").rglob("*") if path.stat().st_mode & 0o077]
    assert others == []
