"""What the store keeps of runs: states that only go forward, and notes of every fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.run import (
    FitNote,
    RunMetrics,
    RunResult,
    SegmentChange,
    run_document,
)
from workbench.store.connections import StoreHome, reading, writing
from workbench.store.runs import (
    add_run,
    end_run,
    note_fit,
    note_phase,
    plan_run,
    read_runs,
    run_number,
)

NOW = datetime(2024, 6, 1, tzinfo=UTC)
FIT = FitNote(1, "incident", 1.0, "linear", {"C": 2.0}, 7)
RESULT = RunResult(
    "2", "registry/m/2/model.skops", "data/retrain/m/run-1.parquet@abc", 900, 300,
    RunMetrics(0.5, 0.3, 0.2, 0.1, 0.3), True, "the gain is +20.0%",
    (SegmentChange("c", None, 80, -0.1, -0.2, 0.0, True),), 1, False, 12.5, 3.0,
)  # fmt: skip


def added(home: StoreHome, model: str = "m") -> int:
    with writing(home, "test") as catalog:
        return add_run(
            catalog, model=model, backend="ray", champion="1", author="[/b]", now=NOW,
            forced="it burns",
        )  # fmt: skip


def test_a_run_is_read_as_it_was_written(home: StoreHome) -> None:
    number = added(home)
    with writing(home, "test") as catalog:
        plan_run(
            catalog, number, [FIT, replace(FIT, number=2)], window="since then", verdict=4,
            train_rows=900, holdout_rows=300, data_version="data/x@abc",
        )  # fmt: skip
        note_phase(catalog, number, "fitting", NOW + timedelta(seconds=3))
        note_phase(catalog, number, "saving", NOW + timedelta(seconds=9))
        note_fit(catalog, number, replace(FIT, state="fitted", bad_rate=0.25, seconds=2.0))
    with reading(home) as catalog:
        (run,) = read_runs(catalog, number=number)
    assert (run.id, run.state, run.phase, run.forced) == ("run-1", "running", "saving", "it burns")
    assert run.started_at == NOW + timedelta(seconds=3)
    assert (run.done, len(run.fits), run.verdict) == (1, 2, 4)
    assert run.best is not None
    assert run.best.bad_rate == 0.25
    assert run.seconds_left(NOW + timedelta(seconds=13)) == pytest.approx(10.0)
    document = run_document(run, NOW + timedelta(seconds=13))
    assert document["progress"]["best"] == {"fit": 1, "bad_rate": 0.25}
    assert document["metrics"]["gain"] is None
    assert document["reason"] == "the run is running"


def test_the_first_end_stands(home: StoreHome) -> None:
    number = added(home)
    with writing(home, "test") as catalog:
        assert end_run(catalog, number, "succeeded", NOW, result=RESULT)
        assert not end_run(catalog, number, "failed", NOW, reason="found dead")
        note_phase(catalog, number, "again", NOW)
    with reading(home) as catalog:
        (run,) = read_runs(catalog)
    assert (run.state, run.reason, run.result, run.phase) == ("succeeded", None, RESULT, "")
    assert not run.is_open
    assert run.seconds_left(NOW) is None


def test_runs_are_chosen_by_model_number_and_whether_they_are_open(home: StoreHome) -> None:
    first, second, third = added(home), added(home, "other"), added(home)
    with writing(home, "test") as catalog:
        end_run(catalog, first, "cancelled", NOW, reason="by hand")
    with reading(home) as catalog:
        assert [run_number(r.id) for r in read_runs(catalog)] == [third, second, first]
        assert [r.id for r in read_runs(catalog, model="m", only_open=True)] == [f"run-{third}"]
        assert read_runs(catalog, number=99) == ()
