"""What moves in rows whose labels are still to come is told, and what is as usual is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.triage import planted
from workbench.domain.event import Event
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.triage.case import Case
from workbench.triage.examining import counted_of
from workbench.triage.harm import measure_harm
from workbench.triage.unjudged import measure_unjudged

RIPE = planted.END - timedelta(days=3)
TIME = pl.col("wb_timestamp")


def late(case: Case) -> Case:
    """The labels of the last three days are still to come."""
    unripe = case.current.with_columns(
        pl.when(TIME < RIPE).then(pl.col(name)).alias(name) for name in ("wb_label", "wb_bad")
    )
    case = replace(case, current=unripe, onset=None, ripe_end=RIPE)
    return replace(
        case,
        counted=counted_of(case, unripe.filter(TIME < RIPE)),
        reference_counted=counted_of(case, case.reference),
    )


def newest(spoil: pl.Expr) -> Case:
    """Calm, but for a column of the unlabelled rows."""
    case = planted.case_of(rows=6000)
    return late(
        replace(
            case,
            current=case.current.with_columns(
                pl.when(TIME >= RIPE).then(spoil).otherwise(pl.col("x0")).alias("x0")
            ),
        )
    )


def event(at: datetime, kind: str = "config") -> Event:
    return Event(1, "m", at, kind, "labels by a new definition", "me", at)


def test_nothing_is_told_of_rows_as_usual_and_harm_is_ruled_out() -> None:
    for seed in range(5):
        case = late(planted.case_of(seed=seed, rows=6000))
        found = measure_unjudged(case)
        assert found is not None
        assert found.signs == ()
        assert measure_harm(case).state in ("no", "unknown")
        assert measure_harm(case).unjudged == ()
    assert measure_unjudged(replace(case, ripe_end=None)) is None


@pytest.mark.parametrize("spoil", [pl.col("x0") + 1.0, pl.lit(None, dtype=pl.Float64)])
def test_inputs_that_moved_keep_harm_open(spoil: pl.Expr) -> None:
    case = newest(spoil)
    harm = measure_harm(case, ripe_on=planted.END + timedelta(days=3))
    assert harm.state == "unknown"
    assert "x0" in harm.unjudged[0]
    assert harm.settled_on == planted.END + timedelta(days=3)
    assert harm.evidence()[1].against == "no_action"
    assert measure_harm(replace(case, ripe_end=None)).state == "no"


def test_events_and_faults_of_that_time_are_signs_and_older_ones_are_not() -> None:
    case = late(planted.case_of(rows=6000))
    fault = planted.unit_fault(100.0)

    def signs(**more: object) -> tuple[str, ...]:
        found = measure_unjudged(replace(case, **more))  # type: ignore[arg-type]
        assert found is not None
        return found.signs

    assert len(signs(events=(event(RIPE + timedelta(hours=3)),))) == 1
    assert signs(events=(event(RIPE - timedelta(days=4)),)) == ()
    assert signs(events=(event(RIPE + timedelta(hours=3), "holiday"),)) == ()
    assert len(signs(faults=(replace(fault, since=RIPE),))) == 1
    assert signs(faults=(replace(fault, since=RIPE - timedelta(days=4)),)) == ()
    assert signs(faults=(replace(fault, since=RIPE, status="ok"),)) == ()
    assert signs(faults=(replace(fault, since=RIPE, column="host"),)) == ()


def test_fewer_labels_than_usual_are_a_sign() -> None:
    case = late(planted.case_of(rows=6000))
    bucket = OutcomeBucket(RIPE, RIPE + timedelta(days=1), OutcomeCounts(rows=600, labelled=36))
    found = measure_unjudged(replace(case, overdue=(bucket,)))
    assert found is not None
    assert "36 of 600" in found.signs[0]


def test_stretches_that_always_differ_are_no_sign() -> None:
    """An input that follows the hour differs in every short stretch."""
    case = planted.case_of(rows=8000)
    hour = TIME.dt.hour().cast(pl.Float64)
    frames = {name: getattr(case, name).with_columns(x3=hour) for name in ("before", "current")}
    case = replace(case, **frames, ripe_end=planted.END - timedelta(hours=8))
    found = measure_unjudged(case)
    assert found is not None
    assert found.signs == ()


def test_what_moved_at_the_onset_is_spoken_for_by_the_labels_since_then() -> None:
    case = planted.case_of(rows=8000)
    begun = RIPE - timedelta(days=1)
    x0 = pl.when(begun <= TIME).then(pl.col("x0") + 3.0).otherwise("x0")
    moved = late(replace(case, current=case.current.with_columns(x0=x0)))
    unknown = measure_unjudged(moved)
    assert unknown is not None
    assert any("x0" in sign for sign in unknown.signs)
    known = measure_unjudged(replace(moved, onset=begun - moved.bucket))
    assert known is not None
    assert known.signs == ()
