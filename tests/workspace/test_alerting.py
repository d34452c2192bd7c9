"""Every kind of model can be looked at, over the buckets that are closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import START, binary_log
from tests.store.upkeep import as_regression, ingest, make_workspace
from workbench.clock import FixedClock
from workbench.domain.alert import Finding, ModelLooks
from workbench.workspace import Workspace, alerting
from workbench.workspace.alerting import closed_end, findings_of, look_at_counts

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOON = datetime(2024, 2, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2024, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "now", "end"),
    [
        (MIDNIGHT - timedelta(minutes=3), MIDNIGHT, MIDNIGHT),
        (MIDNIGHT - timedelta(minutes=3), MIDNIGHT - timedelta(minutes=2), MIDNIGHT - DAY),
        (NOON, MIDNIGHT + 900 * DAY, MIDNIGHT - DAY),
        (MIDNIGHT + timedelta(seconds=1), MIDNIGHT + HOUR, MIDNIGHT),
    ],
)
def test_a_bucket_is_closed_when_the_clock_and_the_rows_are_past_it(
    newest: datetime, now: datetime, end: datetime
) -> None:
    assert closed_end(newest, DAY, now) == end


def look_at(ws: Workspace) -> tuple[ModelLooks, tuple[Finding, ...]]:
    one, now = ws.subject("m"), ws.clock.now()
    counted = look_at_counts(one, ws.root, now)
    return counted.looks, findings_of(one, ws.root, now, counted)


def looked(ws: Workspace) -> dict[str, str]:
    looks, findings = look_at(ws)
    assert looks.until is not None
    return {finding.kind: finding.status for finding in findings}


def at(ws: Workspace, days: float) -> Workspace:
    return replace(ws, clock=FixedClock(START + days * DAY + timedelta(minutes=1)))


def test_hours_are_looked_at(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[monitoring]\nbucket = "1h"\nwindow = "2d"\n')
    log = binary_log(3000, hours=72)
    late = pl.int_range(3000) >= 2750
    ingest(
        ws, "log.parquet", log.with_columns(x=pl.when(late).then(pl.col("x") + 2).otherwise("x"))
    )
    ws = at(ws, 3)

    assert looked(ws)["drift"] == "critical"


def test_a_regression_is_looked_at(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, task="regression")
    log = as_regression(binary_log(3000, hours=240))
    ingest(ws, "log.parquet", log)
    assert looked(at(ws, 10)).keys() <= {"drift", "missing_values"}
    worse = as_regression(binary_log(600, first_id=9000, start=START + 10 * DAY, hours=48))
    ingest(ws, "worse.parquet", worse.with_columns(label=pl.col("label") + 3))

    assert looked(at(ws, 12))["bad_rate"] == "critical"


def test_several_classes_are_looked_at(tmp_path: Path) -> None:
    def classes(log: pl.DataFrame, right: float, seed: int) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        truth = random.choice(["a", "b", "c"], log.height)
        kept = random.random(log.height) < right
        said = np.where(kept, truth, random.choice(["a", "b", "c"], log.height))
        return log.drop("score").with_columns(prediction=pl.Series(said), label=pl.Series(truth))

    ws = make_workspace(tmp_path, task="multiclass")
    reference = binary_log(2000, seed=99, first_id=10**6, hours=480)
    classes(reference, 0.8, 1).write_parquet(ws.root / "data" / "reference.parquet")
    ingest(ws, "log.parquet", classes(binary_log(3000, hours=240), 0.8, 2))
    assert "bad_rate" not in looked(at(ws, 10))
    bad = binary_log(600, first_id=9000, start=START + 10 * DAY, hours=48)
    ingest(ws, "bad.parquet", classes(bad, 0.3, 3))

    assert looked(at(ws, 12))["bad_rate"] == "critical"


def test_a_reference_without_times_or_labels_is_enough_for_inputs(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    reference = pl.read_parquet(ws.root / "data" / "reference.parquet")
    reference.select("x", "c").write_parquet(ws.root / "data" / "reference.parquet")
    log = binary_log(1500, hours=120).drop("label")
    ingest(ws, "log.parquet", log.with_columns(x=pl.col("x") + 2))
    looks, findings = look_at(at(ws, 5))

    assert looks.reason == "no bad rate: no labels, or none to compare with"
    assert {finding.kind: finding.columns for finding in findings} == {"drift": ("x",)}


def test_reference_rows_without_a_time_are_no_day_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path)
    path = ws.root / "data" / "reference.parquet"
    reference = pl.read_parquet(path)
    untimed = pl.when(pl.int_range(2000) % 2 == 0).then(pl.col("timestamp"))
    reference.with_columns(timestamp=untimed).write_parquet(path)
    ingest(ws, "log.parquet", binary_log(1500, hours=120))
    asked: list[list[datetime]] = []
    for name in ("usual_share", "usual_spread"):
        made = getattr(alerting, name)

        def spied(
            a: object, b: object, starts: Sequence[datetime], bucket: timedelta,
            made: Callable[..., object] = made,
        ) -> object:  # fmt: skip
            asked.append(list(starts))
            return made(a, b, starts, bucket)

        monkeypatch.setattr(alerting, name, spied)
    looked(at(ws, 5))

    assert len(asked) >= 6
    assert all(starts == [START + day * DAY for day in range(20)] for starts in asked)


def test_a_feature_that_the_reference_lacks_and_hours_of_one_day_can_be_looked_at(
    tmp_path: Path,
) -> None:
    ws = make_workspace(tmp_path, '[monitoring]\nbucket = "1h"\nwindow = "6h"\n')
    reference = binary_log(2000, seed=99, first_id=10**6, hours=20)
    empty = pl.lit(None, dtype=pl.Float64)
    reference.with_columns(y=empty).write_parquet(ws.root / "data" / "reference.parquet")
    ingest(ws, "log.parquet", binary_log(1500, hours=20).with_columns(y=empty))

    assert looked(at(ws, 1)) == {}


def test_a_column_that_moved_by_far_outliers_alone_is_seen_by_its_distance(
    tmp_path: Path,
) -> None:
    """Two rows in a hundred at 99: the deciles hardly notice, the distance does."""
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", binary_log(3000, hours=240))
    far = binary_log(1000, seed=5, first_id=9000, start=START + 10 * DAY, hours=24)
    out = pl.int_range(1000) % 50 == 0
    ingest(ws, "far.parquet", far.with_columns(x=pl.when(out).then(99.0).otherwise("x")))
    _, findings = look_at(at(ws, 11))
    (drift,) = [finding for finding in findings if finding.kind == "drift"]

    assert drift.columns == ("x",)
    assert "distance" in drift.message


def test_rows_that_retention_took_are_looked_at_in_their_counts(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(3000, hours=240)
    ingest(ws, "log.parquet", log)
    before = look_at(at(ws, 10))
    ws.housekeeping.retain("4d")
    assert ws.subject("m").store.before is not None

    assert look_at(at(ws, 10)) == before


def test_a_sensitive_column_is_told_by_its_name_alone(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[privacy]\nsensitive = ["c"]\n')
    log = binary_log(1500, hours=120).with_columns(c=pl.lit("a-secret"))
    ingest(ws, "log.parquet", log)
    _, findings = look_at(at(ws, 5))
    texts = " ".join(finding.message for finding in findings)

    assert "c: " in texts
    assert "a-secret" not in texts


def test_a_fault_is_one_alert_with_its_repair_and_counts_in_the_status(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[monitoring]\nwindow = "3d"\n')
    log = binary_log(4000, hours=96).with_columns(
        x=pl.when(pl.int_range(4000) >= 3000).then(pl.col("x") * 60).otherwise("x"),
        prediction=pl.when(pl.int_range(4000) >= 3000).then(0).otherwise("prediction"),
    )
    ingest(ws, "calm.parquet", log.head(3000))
    assert look_at(at(ws, 3))[1] == ()
    ingest(ws, "broken.parquet", log.tail(1000))

    found = at(ws, 4).check("m")

    of_x = [alert for alert in found.alerts if "x" in alert.columns]
    assert [alert.kind for alert in of_x] == ["unit_change"]
    assert "divide by 60" in of_x[0].message
    assert of_x[0].since == START + 3 * DAY
    assert ws.status()[0].data_faults == 1
    assert ws.status()[0].open_incidents == len(found.alerts)
