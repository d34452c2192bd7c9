"""Retention takes rows and keeps what was counted of them; nothing comes back, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import (
    answered,
    at_step,
    days_of,
    ingest,
    later,
    live_segments,
    make_workspace,
    profiles,
    version,
)
from workbench.errors import NoRowsError, PeriodError, WorkbenchError
from workbench.store import steps
from workbench.workspace import Workspace

LOG = binary_log(600, seed=3, hours=240)
CUT = datetime(2024, 2, 7)
"""What `retain 4d` leaves begins here: the newest row is of 10 February."""
KEPT = LOG.filter(pl.col("timestamp") >= CUT)
GONE = LOG.filter(pl.col("timestamp") < CUT)


def retained(folder: Path, card: str = "") -> Workspace:
    """A workspace of which `retain 4d` has taken the older rows; one segment was divided."""
    ws = make_workspace(folder, card)
    ingest(ws, "log.parquet", LOG)
    found = ws.housekeeping.retain("4d")[0]
    assert found.before == CUT.replace(tzinfo=UTC)
    assert found.rows_removed == GONE.height
    return ws


def stored_ids(ws: Workspace) -> set[str]:
    paths = [ws.store.segments / path for path in live_segments(ws)]
    return set(pl.concat([pl.read_parquet(p, columns=["wb_id"]) for p in paths])["wb_id"])


def test_old_rows_go_and_what_was_counted_stays(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.csv", LOG)
    before = profiles(ws)
    files = [ws.store.segments / path for path in live_segments(ws)]
    assert ws.housekeeping.retention("4d")[0].rows_removed == GONE.height
    ws.housekeeping.retain("4d")
    assert stored_ids(ws) == set(KEPT["prediction_id"])
    assert answered(ws) == days_of(LOG)
    assert answered(ws, "4d", "1h") == days_of(KEPT)
    assert profiles(ws) == before
    assert ws.status()[0].rows == LOG.height
    assert len(ws.performance_report("m", "all").months) == 1
    later(ws, hours=2).housekeeping.compact()
    live = set(live_segments(ws))
    for path in files:
        assert path.exists() == (path.relative_to(ws.store.segments).as_posix() in live)


@pytest.mark.parametrize(("bucket", "day"), [("1h", 7), ("1d", 7), ("7d", 5)])
def test_whole_buckets_and_whole_days_stay(tmp_path: Path, bucket: str, day: int) -> None:
    ws = make_workspace(tmp_path, f'[monitoring]\nbucket = "{bucket}"\n')
    ingest(ws, "log.parquet", LOG)
    found = ws.housekeeping.retain("4d", "m")[0]
    assert found.before == datetime(2024, 2, day, tzinfo=UTC)
    newest = LOG["timestamp"].max()
    assert isinstance(newest, datetime)
    assert found.now == newest.replace(tzinfo=UTC)
    report = ws.performance_report("m", "4d")
    assert report.whole.rows <= LOG.filter(pl.col("timestamp") >= datetime(2024, 2, day)).height
    assert not any("gone" in note for note in report.notes)


def test_a_large_segment_is_divided_into_days_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.store.retaining.LARGE_ROWS", 100)
    ws = retained(tmp_path)
    assert len(live_segments(ws)) == len(days_of(KEPT))
    before = set(live_segments(ws))
    found = ws.housekeeping.retain("3d")[0]
    assert (found.segments_removed, found.segments_rewritten) == (1, 0)
    assert set(live_segments(ws)) < before
    assert answered(ws) == days_of(LOG)


def test_nothing_to_take_changes_nothing(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    newest, segments = version(ws), live_segments(ws)
    for keep in ("4d", "30d", "100w"):
        assert ws.housekeeping.retain(keep)[0].rows_removed == 0
    assert (version(ws), live_segments(ws)) == (newest, segments)


@pytest.mark.parametrize("keep", ["24h", "90", "90m", "36h", "0d", "-3d", "soon"])
def test_only_whole_days_can_be_kept(tmp_path: Path, keep: str) -> None:
    ws = make_workspace(tmp_path)
    if keep == "24h":
        assert ws.housekeeping.retain(keep)[0].before is None
        return
    with pytest.raises(PeriodError):
        ws.housekeeping.retain(keep)


def test_the_same_and_overlapping_exports_bring_nothing_back(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    counted = profiles(ws, "2024-02-01/2024-02-07")
    again = ingest(ws, "log.parquet", LOG)
    assert [f.status for f in again.files] == ["already_ingested"]
    for name in ("overlapping.csv", "overlapping.parquet"):
        more = binary_log(30, seed=8, first_id=5000, start=datetime(2024, 2, 8, tzinfo=UTC))
        found = ingest(ws, name, pl.concat([LOG[100:400], more]))
        c = found.counts
        old = LOG[100:400].filter(pl.col("timestamp") < CUT).height
        assert dict(found.files[0].reasons) == {"before_retention": old}
        assert c.rows_read == c.rows_stored + c.rows_duplicate + c.rows_quarantined == 330
        assert c.rows_stored == (30 if name.endswith("csv") else 0)
        assert any("retain" in note for note in found.files[0].notes)
    grown = pl.concat([LOG, more])
    assert answered(ws) == days_of(grown)
    assert answered(ws, "4d", "1h") == days_of(grown.filter(pl.col("timestamp") >= CUT))
    assert profiles(ws, "2024-02-01/2024-02-07") == counted


def test_a_file_of_nothing_but_old_rows_is_set_aside_and_known(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    for _ in range(2):
        found = ingest(ws, "old.csv", GONE[:50])
    assert found.files[0].status == "already_ingested"
    position = pl.concat([pl.read_parquet(path) for path in ws.store.quarantine.glob("*.parquet")])
    assert position["reason"].unique().to_list() == ["before_retention"]
    assert sorted(position["position"]) == list(range(1, 51))
    assert position["row_text"].null_count() == 50  # what retention took is not kept elsewhere


def test_a_retention_in_the_midst_of_an_ingest_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    done = at_step(monkeypatch, steps.STAGED, lambda: ws.housekeeping.retain("4d"))
    new = binary_log(100, seed=9, first_id=9000, start=datetime(2024, 2, 5, tzinfo=UTC), hours=96)
    found = ingest(ws, "new.csv", new)
    assert done
    old = new.filter(pl.col("timestamp") < CUT).height
    assert 0 < found.counts.rows_quarantined == old < 100
    assert answered(ws) == days_of(pl.concat([LOG, new.filter(pl.col("timestamp") >= CUT)]))


def test_an_ingest_in_the_midst_of_a_retention_is_retained_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    new = binary_log(100, seed=9, first_id=9000, start=datetime(2024, 2, 5, tzinfo=UTC), hours=96)
    done = at_step(monkeypatch, steps.STAGED, lambda: ingest(ws, "new.csv", new))
    ws.housekeeping.retain("4d")
    assert done
    everything = pl.concat([LOG, new])
    assert answered(ws) == days_of(everything)
    kept = everything.filter(pl.col("timestamp") >= CUT)
    assert stored_ids(ws) == set(kept["prediction_id"])


def test_labels_go_with_their_predictions_and_others_wait(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG.drop("label"))
    ingest(ws, "labels.parquet", LOG.select("prediction_id", "label"))
    waiting = pl.DataFrame(
        {
            "prediction_id": ["old", "new"],
            "label": [1, 1],
            "label_timestamp": [CUT - timedelta(hours=1), CUT + timedelta(hours=1)],
        }
    )
    ingest(ws, "waiting.parquet", waiting)
    ingest(ws, "untimed.parquet", pl.DataFrame({"prediction_id": ["never"], "label": [1]}))
    found = ws.housekeeping.retain("4d")[0]
    assert found.labels_removed == GONE.height + 1
    paths = [ws.store.segments / path for path in live_segments(ws, "labels")]
    left = pl.concat([pl.read_parquet(path, columns=["wb_id"]) for path in paths])["wb_id"]
    assert sorted(left) == sorted([*KEPT["prediction_id"], "new", "never"])
    assert answered(ws) == days_of(LOG)
    # A label that comes late for a row that is gone can match nothing any more.
    late = ingest(
        ws, "late.parquet", pl.DataFrame({"prediction_id": ["p0", "p599"], "label": [0, 0]})
    )
    assert (late.counts.labels_pending, late.counts.labels_matched) == (
        1, 1 - int(LOG["label"][599] == 0),
    )  # fmt: skip
    assert answered(ws)[date(2024, 2, 1)] == days_of(LOG)[date(2024, 2, 1)]
    # Once the model's time has gone on, what waits in vain goes too, with a time or without.
    ingest(
        ws,
        "next.parquet",
        binary_log(100, seed=4, first_id=7000, start=datetime(2024, 3, 1, tzinfo=UTC)),
    )
    ws.housekeeping.retain("4d")
    assert live_segments(ws, "labels") == []


def test_revised_labels_of_kept_rows_stand_as_before(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG.drop("label"))
    for value in (1, 0):
        ingest(
            ws, f"all{value}.parquet", LOG.select("prediction_id").with_columns(label=pl.lit(value))
        )
    ws.housekeeping.retain("4d")
    expected = days_of(LOG.with_columns(label=pl.lit(0)))
    assert answered(ws) == expected
    ws.housekeeping.rebuild()
    assert answered(ws) == expected
    assert answered(ws, "4d", "1h") == {d: v for d, v in expected.items() if d >= CUT.date()}


@pytest.mark.parametrize(
    ("period", "by", "said", "days"),
    [
        ("2024-02-05T06:00:00/2024-02-08T06:00:00", None, "only those that are left", 2),
        ("2024-02-05/2024-02-09", "1h", "only those that are left", 2),
        ("2024-02-02T06:00:00/2024-02-05T06:00:00", None, "only the whole buckets", 2),
        ("2024-02-02T06:00:00/2024-02-02T18:00:00", None, "no whole bucket", 0),
        ("2024-02-02/2024-02-04", "1h", "only buckets of 1d", 2),
    ],
)
def test_what_needs_rows_that_are_gone_says_so(
    tmp_path: Path, period: str, by: str | None, said: str, days: int
) -> None:
    ws = retained(tmp_path)
    report = ws.performance_report("m", period, by)
    assert any(said in note for note in report.notes), report.notes
    assert len({bucket.start.date() for bucket in report.buckets}) == days
    start, end = (datetime.fromisoformat(part) for part in period.split("/"))
    inside = LOG.filter(pl.col("timestamp").is_between(start, end, closed="left"))
    true = days_of(inside)
    for bucket in report.buckets if by is None else ():
        assert bucket.rows == true[bucket.start.date()][0]
    if days == 0:
        with pytest.raises(NoRowsError, match="no whole bucket"):
            ws.drift("m", period)
    elif by is None:
        assert any("gone" in note for note in ws.drift("m", period).notes)


def test_an_earlier_moment_is_answered_from_what_is_left(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    moment = datetime(2024, 2, 8, 12, tzinfo=UTC)
    seen = KEPT.filter(pl.col("timestamp") <= moment.replace(tzinfo=None))
    report = ws.as_of(moment).performance_report("m", "all")
    assert report.whole.rows == seen.height
    early = ws.as_of(moment).performance_report("m", "2024-02-03/2024-02-09")
    assert early.whole.rows == seen.height
    assert any("gone" in note for note in early.notes)
    with pytest.raises(NoRowsError) as caught:
        ws.as_of(datetime(2024, 2, 3, tzinfo=UTC)).performance_report("m", "all")
    assert "retain" in caught.value.hint


def test_housekeeping_has_no_earlier_moment(tmp_path: Path) -> None:
    ws = retained(tmp_path).as_of(datetime(2024, 2, 8, tzinfo=UTC))
    calls: tuple[Callable[[], Any], ...] = (
        ws.housekeeping.compact, ws.housekeeping.rebuild, lambda: ws.housekeeping.retain("1d"),
        lambda: ws.housekeeping.back_up(tmp_path / "b.tar"),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(WorkbenchError, match="not as it was"):
            call()
