"""Counts made anew are those of the rows, whatever others do meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import (
    answered,
    days_of,
    ingest,
    make_workspace,
    profiles,
    query,
)
from workbench.errors import SegmentGoneError
from workbench.store import baseline as baseline_module
from workbench.store import recounting
from workbench.store.connections import writing
from workbench.store.rebuilding import count_segments
from workbench.workspace import Workspace

LOG = binary_log(600, seed=3, hours=72)
OTHER = binary_log(1000, seed=7, first_id=10**7, hours=480).with_columns(x=pl.col("x") * 3 + 1)


def filled(folder: Path, card: str = "") -> Workspace:
    ws = make_workspace(folder, card)
    for number in range(3):
        ingest(ws, f"log{number}.parquet", LOG[number * 200 : (number + 1) * 200].drop("label"))
    ingest(ws, "labels.parquet", LOG[:500].select("prediction_id", "label"))
    ingest(ws, "revised.parquet", LOG[100:200].select("prediction_id", label=1 - pl.col("label")))
    return ws


STANDING = LOG.with_columns(
    label=pl.when(pl.int_range(pl.len()).is_between(100, 199))
    .then(1 - pl.col("label"))
    .when(pl.int_range(pl.len()) < 500)
    .then("label")
)


def counts_of(ws: Workspace) -> list[tuple[Any, ...]]:
    """Every stored sum of the model's own, by key."""
    found: list[tuple[Any, ...]] = []
    for table, keys, sums in (
        ("profile_counts", "model_version, bucket, column_no, bin", "sum(n)"),
        (
            "profile_moments",
            "model_version, bucket, column_no",
            "sum(missing), sum(total), sum(total_squares), min(minimum), max(maximum)",
        ),
        (
            "outcomes",
            "model_version, role, bucket, is_assumed, segment_no, segment",
            "sum(rows), sum(labelled), sum(bad), sum(scored), sum(log_loss)",
        ),
        ("outcome_classes", "bucket, label, prediction", "sum(n)"),
        ("outcome_scores", "bucket, bin", "sum(positive), sum(negative)"),
    ):
        rows = query(
            ws,
            f"SELECT {keys}, {sums} FROM {table} WHERE batch <> 'reference' GROUP BY {keys} ORDER BY ALL",
        )
        # What was added and taken back again may leave a trace of rounding, or nothing.
        first = len(keys.split(","))
        found += [
            (table, *row)
            for row in rows
            if any(value and abs(value) > 1e-9 for value in row[first:])
        ]
    return found


def near(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same sums but for the last digits."""
    return [
        tuple(pytest.approx(v, rel=1e-9, abs=1e-9) if isinstance(v, float) else v for v in row)
        for row in found
    ]


def test_an_untouched_store_gives_the_same_sums(tmp_path: Path) -> None:
    ws = filled(tmp_path, '[labels]\nmaturity = "1d"\nmissing_means = "0"\n')
    before = near(counts_of(ws))
    found = ws.housekeeping.rebuild("m")[0]
    assert counts_of(ws) == before
    assert found.rows == LOG.height
    ws.housekeeping.rebuild()
    assert counts_of(ws) == before


def test_wrong_counts_are_mended(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    before = near(counts_of(ws))
    with writing(ws.store, "breaking") as catalog:
        catalog.execute("UPDATE profile_counts SET n = n + 1 WHERE batch <> 'reference'")
        catalog.execute("UPDATE outcomes SET bad = bad + 3 WHERE batch <> 'reference'")
        catalog.execute("DELETE FROM outcome_classes WHERE batch <> 'reference'")
    assert answered(ws) != days_of(STANDING)
    ws.housekeeping.rebuild()
    assert counts_of(ws) == before
    assert answered(ws) == days_of(STANDING)


def test_many_stretches_give_what_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = filled(tmp_path)
    before = near(counts_of(ws))
    monkeypatch.setattr("workbench.store.rebuilding._ROWS_AT_ONCE", 100)
    ws.housekeeping.rebuild()
    assert counts_of(ws) == before


def disturbed(
    action: Any, monkeypatch: pytest.MonkeyPatch, module: Any, times: int = 1
) -> list[int]:
    """Does something after rows were counted and before the counts are committed."""
    done: list[int] = []

    def count(*arguments: Any) -> Any:
        made = count_segments(*arguments)
        if len(done) < times:
            done.append(1)
            action(len(done))
        return made

    monkeypatch.setattr(module, "count_segments", count)
    return done


def test_what_is_ingested_meanwhile_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = filled(tmp_path)
    more = binary_log(100, seed=8, first_id=3000)

    def others(_: int) -> None:
        ingest(ws, "more.parquet", more)
        ingest(ws, "late.parquet", LOG[500:].select("prediction_id", "label"))

    done = disturbed(others, monkeypatch, recounting)
    ws.housekeeping.rebuild()
    assert done
    labelled = STANDING.with_columns(
        label=pl.when(pl.int_range(pl.len()) >= 500).then(LOG["label"]).otherwise("label")
    )
    assert answered(ws) == days_of(pl.concat([labelled, more]))
    counted = near(counts_of(ws))
    ws.housekeeping.rebuild()
    assert counts_of(ws) == counted


@pytest.mark.parametrize("times", [1, 5])
def test_a_compaction_meanwhile_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    ws = filled(tmp_path)
    before = near(counts_of(ws))

    def others(number: int) -> None:
        if number < 3:
            ingest(
                ws, f"new{number}.csv", LOG[number : number + 5].with_columns(site=pl.lit(number))
            )
        ws.housekeeping.compact()

    done = disturbed(others, monkeypatch, recounting, times)
    ws.housekeeping.rebuild()
    assert done
    assert counts_of(ws) == before


def test_a_new_reference_is_counted_while_others_write_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers have the counts of before until then, and are told so; the lock is free."""
    ws = filled(tmp_path)
    before = ws.drift("m", "all")
    OTHER.write_parquet(ws.root / "data" / "reference.parquet")
    seen: list[Any] = []

    def others(_: int) -> None:
        def read() -> None:
            seen.append(ws.drift("m", "all"))
            seen.append(ws.performance_report("m", "all"))

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(60)

    done = disturbed(others, monkeypatch, baseline_module)
    after = ws.drift("m", "all")
    assert done
    assert seen[0].columns == before.columns
    assert all(any("another process" in note for note in report.notes) for report in seen)
    assert after.reference_rows == OTHER.height
    assert all("own buckets differ" in note for note in after.notes)
    assert answered(ws) == days_of(STANDING)


@pytest.mark.parametrize("times", [1, 3])
def test_rows_that_come_while_a_reference_is_counted_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    ws = filled(tmp_path)
    card = ws.card("m")
    store, root = ws.store, ws.root
    reference = (root / "data" / "reference.parquet").read_bytes()

    def others(number: int) -> None:
        # An ingest that began before the reference changed commits over the old one.
        new = root / "data" / "reference.parquet"
        changed, stat = new.read_bytes(), new.stat()
        new.write_bytes(reference)
        ingest(
            ws, f"more{number}.parquet", binary_log(10, seed=number, first_id=4000 + 10 * number)
        )
        new.write_bytes(changed)
        import os

        os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    OTHER.write_parquet(root / "data" / "reference.parquet")
    done = disturbed(others, monkeypatch, baseline_module, times)
    made = baseline_module.ensure_baseline(store, root, card, ws.clock.now())
    assert made.rows == OTHER.height
    more = [binary_log(10, seed=n, first_id=4000 + 10 * n) for n in range(1, len(done) + 1)]
    assert answered(ws) == days_of(pl.concat([STANDING, *more]))
    found = profiles(ws)["x"]
    assert sum(found[0]) == LOG.height + 10 * len(done)


def test_a_lost_segment_is_said(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    next(ws.store.segments.rglob("*.parquet")).unlink()
    with pytest.raises(SegmentGoneError, match="damaged"):
        ws.housekeeping.rebuild("m")
    assert "damaged" in (ws.housekeeping.rebuild()[0].problem or "")
