"""The fleet's screen says first what an operator needs first, and what was recorded by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.workspace.daily_site import DAY, FIRST, after, calm, make_site, moved, wrong
from workbench.clock import FixedClock
from workbench.domain.status import ModelStatus
from workbench.workspace import Workspace

SHORT = '[monitoring]\nwindow = "2d"\nexpect_every = "2d"\n'


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A day whose feature is in another unit and whose predictions are bad."""
    made = make_site(tmp_path_factory.mktemp("fleet"), SHORT)
    return after(made, wrong(10).with_columns(x=pl.col("x") * 60), 10)


def only(ws: Workspace) -> ModelStatus:
    (status,) = ws.status()
    return status


def test_the_reason_is_ordered_by_what_an_operator_needs(ws: Workspace) -> None:
    before = only(ws).reason or ""
    assert "bad" in before
    assert "unit change" not in before
    assert ws.check().exit_code == 2
    found = only(ws)

    fault, harm = (found.reason or "").split("; ", 1)
    assert fault.startswith("unit change of x since 2024-02-11 00:00Z (INC-")
    assert harm == before
    assert found.data_faults == 1
    later = replace(ws, clock=FixedClock(ws.clock.now() + 5 * DAY))
    assert (only(later).reason or "").split("; ")[:2] == ["silent for longer than 2d", fault]


def test_what_moved_is_said_after_an_open_incident_and_by_itself(tmp_path: Path) -> None:
    ws = after(make_site(tmp_path, '[monitoring]\nwindow = "2d"\n'), moved(10).drop("label"), 10)
    assert (only(ws).reason or "").startswith("x: ")
    ws.incidents.open("m", "the feed is being moved", "ann")

    assert only(ws).reason == "INC-1 is open: the feed is being moved"


def test_a_raised_fault_is_no_calm_model(tmp_path: Path) -> None:
    ws = make_site(tmp_path, '[monitoring]\nwindow = "2d"\n')
    secret = pl.when(pl.int_range(300) % 3 == 0).then(pl.lit("new")).otherwise(pl.col("c"))
    ws = after(ws, calm(10).with_columns(c=secret), 10)
    raised = {alert.kind: alert.status for alert in ws.check().alerts}
    ws = after(ws, pl.concat([calm(11), calm(12)]), 12)

    found = only(ws)
    assert raised["new_category"] in ("warning", "critical")
    assert found.status == raised["new_category"]
    assert "new category of c" in (found.reason or "")


def test_faults_and_incidents_are_those_that_were_recorded_by_then(tmp_path: Path) -> None:
    ws = after(make_site(tmp_path, SHORT), calm(10).with_columns(x=pl.col("x") * 60), 10)
    ws.check()
    raised = ws.clock.now()
    later = replace(ws, clock=FixedClock(raised + timedelta(hours=2)))
    later.incidents.close(1, "mended", "ann")

    def counts(moment: object) -> tuple[int | None, int | None, str | None]:
        status = only(ws.as_of(moment))  # type: ignore[arg-type]
        return status.data_faults, status.open_incidents, status.record_reason

    assert counts(raised + timedelta(hours=1)) == (1, 1, None)
    assert counts(raised + timedelta(hours=3)) == (1, 0, None)
    assert counts(raised - timedelta(minutes=1)) == (0, 0, None)
    unknown = counts(FIRST + 5 * DAY)
    assert unknown[:2] == (None, None)
    assert "the store was made later" in (unknown[2] or "")
