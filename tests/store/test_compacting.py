"""Compaction changes how rows lie, and nothing that anybody can ask."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import workbench.workspace.subjects as subjects_module
from tests.logs import START, binary_log
from tests.store.upkeep import (
    answered,
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
from workbench.clock import FixedClock
from workbench.store import batches, steps
from workbench.store.catalog import Segment, model_segments, segment_relation
from workbench.store.connections import reading, scratch
from workbench.store.counted import read_model_store
from workbench.store.staging import sweep
from workbench.workspace import Workspace
from workbench.workspace.erasing import erase

LOG = binary_log(600, seed=3, hours=72)


def scatter(ws: Workspace) -> None:
    """Twelve batches, several a day: copies of exports, text, files across days, odd columns."""
    parts = [LOG[i * 50 : (i + 1) * 50] for i in range(12)]
    for number, part in enumerate(parts):
        extra = {0: pl.lit(number), 1: pl.lit("text"), 2: pl.struct(a=pl.lit(1.5))}.get(number % 5)
        if extra is not None:
            part = part.with_columns(extra=extra)  # noqa: PLW2901
        ingest(ws, f"log{number}.{'csv' if number % 5 == 3 else 'parquet'}", part)


@pytest.fixture(scope="module")
def scattered_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = make_workspace(tmp_path_factory.mktemp("scattered"))
    scatter(ws)
    return ws


@pytest.fixture
def scattered(scattered_once: Workspace, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the twelve batches."""
    shutil.copytree(scattered_once.root, tmp_path / "ws")
    return replace(scattered_once, root=tmp_path / "ws")


def rows_of(ws: Workspace) -> pl.DataFrame:
    """All stored predictions, every column as text, in a fixed order, with the commit of each."""
    with reading(ws.store) as catalog:
        segments = model_segments(catalog, "m", ws.store.segments).predictions
    frames = [_frame(ws, segment) for segment in segments]
    return pl.concat(frames, how="diagonal").sort("wb_file", "wb_row")


def _frame(ws: Workspace, segment: Segment) -> pl.DataFrame:
    with scratch(ws.store) as connection:
        found = connection.execute(f"SELECT * FROM {segment_relation([segment])}")
        names = [str(column[0]) for column in found.description or ()]
        rows = [[None if v is None else str(v) for v in row] for row in found.fetchall()]
    schema = dict.fromkeys(names, pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row").drop("wb_path")
    own = pl.lit(str(segment.sequence))
    if "wb_sequence" in frame.columns:
        own = pl.coalesce("wb_sequence", own)
    return frame.with_columns(wb_sequence=own).select(sorted({*frame.columns, "wb_sequence"}))


def test_a_day_becomes_one_segment_and_every_answer_stays(scattered: Workspace) -> None:
    ws = scattered
    assert any(row[0] for row in query(ws, "SELECT reading FROM segments")), "no copied segment"
    expected, before, rows = days_of(LOG), profiles(ws), rows_of(ws)
    assert len(live_segments(ws)) > 10
    found = ws.housekeeping.compact("m")[0]
    assert len(live_segments(ws)) == len(expected) == found.segments_after
    assert answered(ws) == answered(ws, by="1h") == expected
    assert profiles(ws) == before
    assert rows_of(ws).equals(rows)
    assert query(ws, "SELECT DISTINCT reading FROM segments WHERE removed_version IS NULL") == [
        (None,)
    ]


def test_a_further_column_of_many_types_is_text_for_a_query(scattered: Workspace) -> None:
    asked = "SELECT prediction_id, extra FROM m ORDER BY ALL"
    found = scattered.sql(asked)
    kinds = {
        number % 5: set(
            found.filter(pl.col("prediction_id").is_in(part["prediction_id"].implode()))["extra"]
        )
        for number, part in enumerate(LOG.iter_slices(50))
    }
    assert kinds[1] == {"text"}
    assert kinds[2] == {"{'a': 1.5}"}
    assert kinds[0] == {"10"}
    assert kinds[4] == {None}
    scattered.housekeeping.compact()
    assert scattered.sql(asked).equals(found)


def test_a_second_compaction_has_nothing_to_do(scattered: Workspace) -> None:
    ws = scattered
    ws.housekeeping.compact()
    segments, newest = live_segments(ws), version(ws)
    found = ws.housekeeping.compact()[0]
    assert (live_segments(ws), version(ws)) == (segments, newest)
    assert (found.rows_written, found.counts_saved) == (0, 0)


def test_a_large_segment_and_a_lone_one_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.store.compaction_plan.LARGE_ROWS", 100)
    ws = make_workspace(tmp_path)
    ingest(ws, "large.parquet", LOG[:120])
    ingest(ws, "small.parquet", LOG[120:150])
    ingest(ws, "lone.parquet", LOG[550:])
    before = live_segments(ws)
    ws.housekeeping.compact()
    assert live_segments(ws) == before
    ingest(ws, "more.parquet", LOG[150:180])
    ws.housekeeping.compact()
    after = live_segments(ws)
    assert len(after) == 3
    assert len(set(after) & set(before)) == 2


def test_a_bucket_keeps_counts_of_one_batch_only(scattered: Workspace) -> None:
    ws = scattered
    shared = (
        "SELECT count(*) FROM (SELECT bucket FROM {} WHERE batch <> 'reference' "
        "GROUP BY bucket HAVING count(DISTINCT batch) > 1)"
    )
    tables = ("profile_counts", "profile_moments", "outcomes", "outcome_scores", "outcome_classes")
    assert all(query(ws, shared.format(t))[0][0] for t in tables)
    own = "WHERE bins_id NOT LIKE 'reference%'"
    total = query(ws, f"SELECT sum(n)::BIGINT, count(*) FROM profile_counts {own}")[0]
    found = ws.housekeeping.compact()[0]
    assert not any(query(ws, shared.format(t))[0][0] for t in tables)
    after = query(ws, f"SELECT sum(n)::BIGINT, count(*) FROM profile_counts {own}")[0]
    assert after[0] == total[0]
    assert after[1] < total[1]
    assert found.counts_saved >= total[1] - after[1]


def _labels(values: dict[int, int], at: datetime | None = None) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"prediction_id": [f"p{i}" for i in values], "label": list(values.values())}
    )
    return frame if at is None else frame.with_columns(label_timestamp=pl.lit(at))


def test_labels_stand_as_before(tmp_path: Path) -> None:
    """Revised ones by the last batch, older times not at all, own labels of later rows do."""
    ws = make_workspace(tmp_path)
    first, second = LOG[:300], LOG[300:600]
    everyone = range(600)
    at = datetime(2024, 2, 20)
    ingest(ws, "early.parquet", _labels(dict.fromkeys(range(300, 450), 1)))
    ingest(ws, "first.parquet", first.drop("label"))
    ingest(ws, "zeros.parquet", _labels(dict.fromkeys(range(300), 0)))
    ingest(ws, "ones.parquet", _labels(dict.fromkeys(range(100), 1)))
    ingest(ws, "second.parquet", second)  # their own labels are newer than the early ones
    ingest(ws, "timed.parquet", _labels(dict.fromkeys(range(50, 120), 0), at))
    ingest(ws, "older.parquet", _labels(dict.fromkeys(range(60, 80), 1), at - timedelta(days=1)))
    standing = dict.fromkeys(range(300), 0) | dict.fromkeys(range(50), 1)
    standing |= {i: int(LOG["label"][i]) for i in range(300, 600)}
    expected = days_of(LOG[:600].with_columns(label=pl.Series([standing[i] for i in everyone])))
    assert answered(ws) == expected
    ws.housekeeping.compact()
    assert len(live_segments(ws, "labels")) == 1
    assert answered(ws) == answered(ws, by="1h") == expected
    ws.housekeeping.rebuild()
    assert answered(ws) == expected
    # What comes later is told apart as before, too: this label of then changes nothing ...
    known = ingest(ws, "again.parquet", _labels({60: 1}, at - timedelta(days=1)))
    assert known.counts.rows_duplicate == 1
    # ... and one that says something new does.
    ingest(ws, "newest.parquet", _labels(dict.fromkeys(everyone, 1), at + timedelta(days=1)))
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG[:600].with_columns(label=pl.lit(1)))


def test_an_ingest_that_is_under_way_need_not_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path)
    for number in range(4):
        ingest(ws, f"log{number}.parquet", LOG[number * 50 : (number + 1) * 50].drop("label"))
    prepared: list[str] = []
    original = batches._prepare

    def prepare(*arguments: Any) -> Any:
        prepared.append(arguments[2])
        return original(*arguments)

    monkeypatch.setattr(batches, "_prepare", prepare)
    compact = ws.housekeeping.compact
    done = at_step(monkeypatch, steps.STAGED, compact)
    ingest(ws, "more.parquet", LOG[200:400].drop("label"))
    assert done
    assert prepared == ["predictions"]
    at_step(monkeypatch, steps.STAGED, compact)
    ingest(ws, "labels.parquet", LOG[:400].select("prediction_id", "label"))
    assert prepared == ["predictions", "labels"]
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG[:400])


def test_old_rows_beside_new_ones_are_not_taken_for_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were there when labels were checked lie in a segment that is newer than that."""
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG[:100].drop("label"))
    prepared: list[str] = []
    original = batches._prepare

    def prepare(*arguments: Any) -> Any:
        prepared.append(arguments[2])
        return original(*arguments)

    def others() -> None:
        ingest(ws, "others.parquet", LOG[100:150].drop("label"))
        ws.housekeeping.compact()

    monkeypatch.setattr(batches, "_prepare", prepare)
    done = at_step(monkeypatch, steps.STAGED, others)
    ingest(ws, "labels.parquet", LOG[:100].select("prediction_id", "label"))
    assert done
    assert len(live_segments(ws)) == 1
    assert prepared == ["labels", "predictions"]
    label = pl.when(pl.int_range(pl.len()) < 100).then("label")
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG[:150].with_columns(label=label))


def test_an_ingest_in_the_midst_of_a_compaction_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path)
    for number in range(4):
        ingest(ws, f"log{number}.parquet", LOG[number * 50 : (number + 1) * 50].drop("label"))

    def others() -> None:
        ingest(ws, "labels.parquet", LOG[:300].select("prediction_id", "label"))
        ingest(ws, "more.parquet", LOG[150:300])

    done = at_step(monkeypatch, steps.STAGED, others)
    ws.housekeeping.compact()
    assert done
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG[:300])
    ws.housekeeping.compact()
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG[:300])


def test_of_two_compactions_at_once_one_gives_way(
    scattered: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = scattered
    done = at_step(monkeypatch, steps.STAGED, ws.housekeeping.compact)
    found = ws.housekeeping.compact()[0]
    assert done
    assert not found.notes
    assert len(live_segments(ws)) == len(days_of(LOG))
    assert answered(ws) == answered(ws, by="1h") == days_of(LOG)


def test_replaced_files_stay_for_the_grace_period(scattered: Workspace) -> None:
    ws = scattered
    old = [ws.store.segments / path for path in live_segments(ws)]
    ws.housekeeping.compact()
    replaced = [
        path for path in old if str(path.relative_to(ws.store.segments)) not in live_segments(ws)
    ]
    assert len(replaced) == len(old)
    for waiting in (later(ws, minutes=59), later(ws, days=-300)):
        waiting.housekeeping.compact()
        assert all(path.exists() for path in replaced)
    rows = query(ws, "SELECT count(*) FROM segments WHERE removed_version IS NOT NULL")
    later(ws, minutes=61).housekeeping.compact()
    assert not any(path.exists() for path in replaced)
    assert not any(path.parent.exists() for path in replaced)
    assert query(ws, "SELECT count(*) FROM segments WHERE removed_version IS NOT NULL") == rows
    assert answered(ws, by="1h") == days_of(LOG)


def test_the_grace_period_is_a_setting_and_ingest_sweeps_too(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    (ws.root / "workbench.toml").write_text('[store]\ngrace = "2m"\n')
    ws = replace(Workspace.open(ws.root), clock=ws.clock)
    for number in range(3):
        ingest(ws, f"log{number}.parquet", LOG[number * 50 : (number + 1) * 50])
    old = [ws.store.segments / path for path in live_segments(ws)]
    ws.housekeeping.compact()
    ingest(later(ws, minutes=1), "more.parquet", LOG[150:170])
    assert all(path.exists() for path in old)
    ingest(later(ws, minutes=3), "again.parquet", LOG[170:190])
    assert not any(path.exists() for path in old)


def test_a_clock_that_was_set_back_makes_no_file_look_old(scattered: Workspace) -> None:
    ws = scattered
    old = [ws.store.segments / path for path in live_segments(ws)]
    back = replace(ws, clock=FixedClock(ws.clock.now() - timedelta(days=30)))
    back.housekeeping.compact()  # at a time that is long over ...
    assert sweep(ws.store, ws.clock.now()) == 0  # ... once the clock is right again
    assert all(path.exists() for path in old)


def test_a_reader_whose_files_went_reads_the_catalog_again(
    scattered: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = scattered
    calls: list[int] = []

    def read(*arguments: Any, **named: Any) -> Any:
        store = read_model_store(*arguments, **named)
        calls.append(1)
        if len(calls) == 1:
            ws.housekeeping.compact()
            later(ws, hours=2).housekeeping.compact()
        return store

    monkeypatch.setattr(subjects_module, "read_model_store", read)
    # Not inside the reading that the first question holds, which nothing can be written beside.
    monkeypatch.setattr(subjects_module, "stored_baseline", lambda *_: None)
    assert answered(ws, by="1h") == days_of(LOG)
    assert len(calls) == 2


def test_files_across_days_are_not_torn_into_more_files(tmp_path: Path) -> None:
    """One alone stays; some that overlap become one, or one a day where days are fewer."""
    ws = make_workspace(tmp_path)
    logs = [
        binary_log(90, seed=n, first_id=100 * n, hours=72, start=START + timedelta(hours=n))
        for n in range(3)
    ]
    ingest(ws, "first.parquet", logs[0])
    before = live_segments(ws)
    ws.housekeeping.compact()
    assert live_segments(ws) == before
    ingest(ws, "second.parquet", logs[1])
    ws.housekeeping.compact()
    assert len(live_segments(ws)) == 1
    assert answered(ws) == answered(ws, by="1h") == days_of(pl.concat(logs[:2]))
    ingest(ws, "third.parquet", logs[2])
    for number in range(4):
        ingest(
            ws,
            f"part{number}.parquet",
            LOG[number * 20 : (number + 1) * 20].with_columns(
                prediction_id="q" + pl.col("prediction_id")
            ),
        )
    everything = pl.concat([*logs, LOG[:80]])
    ws.housekeeping.compact()
    days = days_of(everything)
    spans = query(
        ws,
        "SELECT min_time::DATE, max_time::DATE FROM segments WHERE removed_version IS NULL ORDER BY 1",
    )
    assert spans == [(day, day) for day in sorted(days)]
    assert answered(ws) == answered(ws, by="1h") == days


def test_an_erasure_finds_its_rows_in_what_was_put_together(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[columns]\nentity = "customer"\n')
    log = LOG.with_columns(customer="k" + (pl.int_range(pl.len()) % 10).cast(pl.String))
    for number in range(4):
        ingest(ws, f"log{number}.csv", log[number * 150 : (number + 1) * 150].drop("label"))
    ingest(ws, "ones.parquet", log.select("prediction_id", label=pl.lit(1)))
    ingest(ws, "labels.parquet", log.select("prediction_id", "label"))
    ws.housekeeping.compact()
    ws.housekeeping.retain("2d")
    assert erase(ws, "k3", "m")[0].rows == 40
    gone = pl.col("timestamp") < datetime(2024, 2, 2)
    left = log.filter(gone | (pl.col("customer") != "k3"))
    for _ in range(2):
        assert answered(ws) == days_of(left)
        ws.housekeeping.rebuild()
    assert answered(ws, "2d", "1h") == days_of(left.filter(~gone))
