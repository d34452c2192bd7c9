"""What is said before a run is started is what the run would do, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.retrain.runs import turned_workspace
from workbench.errors import NoRowsError
from workbench.workspace.planning_runs import Asked
from workbench.workspace.retraining import Retraining


def test_foreseeing_counts_rows_and_fits_and_writes_nothing(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path)
    before = sorted(path for path in ws.root.rglob("*") if "registry" in path.parts)
    found = ws.retraining.foreseen("m", Asked(window="8d", most_fits=5))
    assert found.fits == 5
    assert found.train_rows > found.holdout_rows > 0
    assert "as asked" in found.window
    assert (found.recipe, found.backend, found.fit_seconds) == ("linear", "local", 60.0)
    assert (found.budget.used, found.budget.refusal, found.flag) == (0, None, None)
    assert ws.retraining.all() == ()
    assert not (ws.root / "data" / "retrain").exists()
    assert before == sorted(path for path in ws.root.rglob("*") if "registry" in path.parts)


def test_a_table_in_the_place_of_older_rows_is_counted(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path)
    table = pl.read_parquet(ws.root / ws.card("m").reference.data)
    found = []
    for rows in (200, 300):
        table.head(rows).write_parquet(tmp_path / "own.parquet")
        asked = Asked(window="8d", data=str(tmp_path / "own.parquet"))
        found.append(ws.retraining.foreseen("m", asked).train_rows)
    assert found[1] - found[0] == 100


def test_rows_that_a_verdict_keeps_out_are_named_where_too_few_are_left(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path)
    verdict = ws.triage("m")
    assert verdict.exclude, "labels that turned around are not learned from"
    with pytest.raises(NoRowsError, match=rf"verdict {verdict.id} keeps [\d,]+ rows out"):
        Retraining(ws).foreseen("m")
