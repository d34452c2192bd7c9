"""Rows that are counted once tell of every period what they tell when they are counted for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.workspace.daily_site import DAY, FIRST, after, make_site, wrong
from workbench.cli.documents import drift_document, performance_document
from workbench.domain.period import Period
from workbench.store import counted
from workbench.store.measured import Choice
from workbench.workspace import Workspace
from workbench.workspace.counted_once import counted_once
from workbench.workspace.measuring import measure_drift, measure_performance

PERIODS = ("all", "2d", "2024-02-03T06:00/2024-02-05")


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = make_site(tmp_path_factory.mktemp("once"), "[columns]\nsegments = ['c']\n")
    log = wrong(10).with_columns(model_version=pl.lit("2"))
    return after(made, log, 10).as_of(FIRST + 10 * DAY + timedelta(hours=7))


def rounded(value: Any) -> Any:
    """Without the last digits of floats: sums are made in no fixed order."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


def test_every_answer_is_the_same(ws: Workspace) -> None:
    plain = ws.subject("m")
    with counted_once(plain) as held:
        assert held.store != plain.store
        for period in PERIODS:
            for by in ("1d", "month"):
                asked = {"period": period, "by": by, "segment": "c" if by == "1d" else None}
                one, other = (measure_performance(subject, **asked) for subject in (held, plain))  # type: ignore[arg-type]
                assert rounded(performance_document(one)) == rounded(performance_document(other))
            one_drift, other_drift = (measure_drift(s, period=period) for s in (held, plain))
            assert rounded(drift_document(one_drift)) == rounded(drift_document(other_drift))


def test_parts_may_be_open_at_once(ws: Workspace) -> None:
    days = [Period(FIRST + i * DAY, FIRST + (i + 1) * DAY) for i in (1, 10)]
    with (
        counted_once(ws.subject("m")) as held,
        held.store.counts(days[0], "1d") as one,
        held.store.counts(days[1], "1d") as other,
    ):
        rows = [
            [round(b.counts.rows) for b in part.outcomes(Choice(day), by="1d", start=day.start)]
            for part, day in ((one, days[0]), (other, days[1]), (one, days[0]))
        ]
        parts = ((one, days[0]), (other, days[1]))
        versions = [part.groups(Choice(day), "model_version") for part, day in parts]
    assert rows[0] == rows[2] == [300]
    assert 0 < rows[1][0] < 300
    assert versions == [["1"], ["2"]]


def test_rows_are_read_once_for_a_status(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    counted_periods = []
    count = counted.ModelStore._row_counts

    def noted(store: counted.ModelStore, period: Period, by: str) -> object:
        counted_periods.append(period)
        return count(store, period, by)

    monkeypatch.setattr(counted.ModelStore, "_row_counts", noted)
    ws.status()
    assert counted_periods == [Period(FIRST, FIRST + 11 * DAY)]


def test_without_a_moment_nothing_is_counted(tmp_path: Path) -> None:
    plain = make_site(tmp_path).subject("m")
    with counted_once(plain) as held:
        assert held.store is plain.store
