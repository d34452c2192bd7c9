"""Retention takes rows and keeps what was counted of them; nothing comes back, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import (
    answered,
    as_regression,
    at_step,
    days_of,
    ingest,
    later,
    live_segments,
    make_workspace,
    profiles,
    query,
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
OTHER = binary_log(3000, seed=7, first_id=10**7, hours=480).with_columns(x=pl.col("x") * 3 + 1)


def retained(folder: Path, card: str = "") -> Workspace:
    """A workspace of which `retain 4d` has taken the older rows; one segment was divided."""
    ws = make_workspace(folder, card)
    ingest(ws, "log.parquet", LOG)
    found = ws.housekeeping.retain("4d")[0]
    assert found.before == CUT.replace(tzinfo=UTC)
    assert found.rows_removed == GONE.height
    return ws


def put_reference(ws: Workspace, frame: pl.DataFrame) -> None:
    frame.write_parquet(ws.root / "data" / "reference.parquet")


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


def test_a_new_reference_leaves_the_counts_of_gone_rows_over_the_old_one(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    old = "2024-02-02/2024-02-06"
    before, report = profiles(ws, old), ws.drift("m", old)
    put_reference(ws, OTHER)
    after = ws.drift("m", old)
    assert profiles(ws, old) == before
    assert after.reference_rows == 2000
    assert after.columns == report.columns
    assert any("of that time" in note for note in after.notes)
    spanning = ws.drift("m", "2024-02-05/2024-02-09")
    part = ws.drift("m", "2024-02-07/2024-02-09")
    assert any("left out" in note and "2024-02-05" in note for note in spanning.notes)
    assert not part.notes
    assert (spanning.columns, spanning.current_rows) == (part.columns, part.current_rows)
    assert part.reference_rows == OTHER.height
    assert answered(ws) == days_of(LOG)
    ws.housekeeping.compact()
    ws.housekeeping.rebuild()
    assert profiles(ws, old) == before
    assert ws.drift("m", "2024-02-07/2024-02-09").columns == part.columns
    assert answered(ws) == days_of(LOG)


def test_periods_over_different_bins_are_not_compared(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    put_reference(ws, OTHER)
    early = ws.drift("m", "2024-02-02/2024-02-04", against="2024-02-04/2024-02-06")
    assert early.reference_rows == early.current_rows == 120
    with pytest.raises(NoRowsError, match="another reference"):
        ws.drift("m", "2024-02-08/2024-02-10", against="2024-02-02/2024-02-04")


def test_references_may_come_and_go_between_retentions(tmp_path: Path) -> None:
    """First one reference, then another, then the first again: each day over that of its time."""
    ws = make_workspace(tmp_path)
    first = pl.read_parquet(ws.root / "data" / "reference.parquet")
    ingest(ws, "log.parquet", LOG)
    ws.housekeeping.retain("8d")
    put_reference(ws, OTHER)
    ws.housekeeping.retain("4d")
    put_reference(ws, first)
    for _ in range(2):
        assert answered(ws) == days_of(LOG)
        rows = {
            period: ws.drift("m", period).reference_rows
            for period in (
                "2024-02-01/2024-02-03", "2024-02-03/2024-02-07", "2024-02-07/2024-02-11",
            )
        }  # fmt: skip
        assert list(rows.values()) == [2000, 3000, 2000]
        assert profiles(ws, "2024-02-01/2024-02-03")["x"][1] == 0
        for start, end in ((1, 3), (3, 7), (7, 11)):
            inside = LOG.filter(pl.col("timestamp").dt.day().is_between(start, end - 1))
            found = profiles(ws, f"2024-02-{start:02d}/2024-02-{end:02d}")["x"]
            assert sum(found[0]) == inside.height
            assert (found[3], found[4]) == (inside["x"].min(), inside["x"].max())
        ws.housekeeping.rebuild()
        ws.housekeeping.compact()
    put_reference(ws, OTHER)
    ws.housekeeping.retain("2d")
    assert answered(ws) == days_of(LOG)


def test_outcomes_of_gone_rows_stay_judged_by_the_rules_of_then(tmp_path: Path) -> None:
    """The tolerance of a regression comes from its reference."""
    ws = make_workspace(tmp_path, task="regression")
    log = as_regression(LOG)
    ingest(ws, "log.parquet", log)

    def tolerance() -> float:
        return float(query(ws, "SELECT tolerance FROM baselines")[0][0])

    old = tolerance()
    ws.housekeeping.retain("4d")
    wider = as_regression(OTHER).with_columns(label=pl.col("label") + pl.col("x") * 0.2)
    put_reference(ws, wider)
    report = ws.performance_report("m", "all")
    new = tolerance()
    assert new != old
    error = (log["prediction"] - log["label"]).abs().to_numpy()
    gone = (log["timestamp"] < CUT).to_numpy()
    assert round(report.whole.bad) == int(np.sum(error[gone] > old) + np.sum(error[~gone] > new))
    assert any("earlier rules" in note and "2024-02-01" in note for note in report.notes)
    early = ws.performance_report("m", "2024-02-01/2024-02-05")
    reference = as_regression(binary_log(2000, seed=99, first_id=10**6, hours=480))
    off = (reference["prediction"] - reference["label"]).abs().to_numpy()
    share = float(np.mean(off > old))
    assert early.reference_rate == pytest.approx(share)
    assert any("reference of that time" in note for note in early.notes)


def test_a_card_with_other_buckets_and_segments_adds_up_what_it_can(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    card = ws.root / "models" / "m.toml"
    card.write_text(
        card.read_text() + '[monitoring]\nbucket = "7d"\n[columns]\nsegments = ["site"]\n'
    )
    report = ws.performance_report("m", "all")
    assert report.whole.rows == LOG.height
    weeks = LOG.group_by(pl.col("timestamp").dt.truncate("1w")).len().sort("timestamp")
    assert [bucket.rows for bucket in report.buckets] == list(weeks["len"])
    by_site = ws.performance_report("m", "all", segment="site")
    assert any("not broken down by 'site'" in note for note in by_site.notes)
    assert sum(bucket.rows for bucket in by_site.buckets) == KEPT.height


def test_a_version_and_its_bad_rate_are_told_of_gone_rows_too(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = LOG.with_columns(
        model_version=pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("2"))
        .otherwise(pl.lit("1"))
    )
    ingest(ws, "log.parquet", log)
    ws.housekeeping.retain("4d")
    put_reference(ws, OTHER)
    found = {
        str((rate.segment or {})["model_version"]): (rate.rows, round(rate.bad))
        for rate in ws.performance_report("m", "all").by_version
    }
    for name, part in log.group_by("model_version"):
        wrong = int((part["prediction"] != part["label"]).sum())
        assert found[str(name[0])] == (part.height, wrong)
