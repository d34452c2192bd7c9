"""Labels: late, early, revised, repeated; for every version and role of their id."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.card import Identity, Labels, ModelCard
from workbench.domain.ingested import RowCounts
from workbench.domain.outcomes import OutcomeCounts
from workbench.ingest.loading import ingest_files
from workbench.store.baseline import ensure_baseline
from workbench.store.connections import StoreHome, reading
from workbench.store.counted import read_model_store
from workbench.store.measured import Choice, read_outcomes

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path, home: StoreHome, clock: FixedClock) -> Site:
    return binary_site(tmp_path, home, clock)


def ingest(site: Site, path: Path) -> RowCounts:
    result = ingest_files(site.context, [path]).files[0]
    assert result.error is None
    return result.counts


def outcome(site: Site, choice: Choice | None = None) -> OutcomeCounts:
    baseline = ensure_baseline(site.context.home, site.root, site.context.card, NOW)
    with reading(site.context.home) as catalog:
        store = read_model_store(site.context.home, baseline, None)
        found = read_outcomes(catalog, store.stored, choice or Choice(), by="all", start=NOW)
    return sum((bucket.counts for bucket in found), OutcomeCounts())


def labels(log: pl.DataFrame, **more: pl.Expr) -> pl.DataFrame:
    return log.select("prediction_id", "label").with_columns(**more)


def wrong(log: pl.DataFrame) -> int:
    return int((log["prediction"] != log["label"]).sum())


def test_labels_before_and_after_their_predictions_come_to_the_same(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    log = binary_log(300)
    site = binary_site(tmp_path, home, clock)
    early = ingest(site, site.write("early.csv", labels(log.head(100))))
    assert early == RowCounts(rows_read=100, labels_pending=100)
    ingest(site, site.write("log.parquet", log.drop("label")))
    late = ingest(site, site.write("late.csv", labels(log.tail(200))))
    assert late == RowCounts(rows_read=200, labels_matched=200)
    found = outcome(site)
    assert (found.rows, found.labelled, found.bad) == (300, 300, wrong(log))


def test_a_newer_label_time_stands_whatever_the_order_of_arrival(site: Site) -> None:
    log = binary_log(100)
    ingest(site, site.write("log.parquet", log.drop("label")))
    new = labels(log, label_timestamp=pl.lit("2024-03-02"))
    old = labels(log, label_timestamp=pl.lit("2024-03-01"), label=1 - pl.col("label"))
    assert ingest(site, site.write("new.csv", new)).labels_matched == 100
    assert ingest(site, site.write("old.csv", old)).labels_matched == 100
    assert outcome(site).bad == wrong(log)
    both = pl.concat([old, new.head(10)])
    assert ingest(site, site.write("again.csv", both)) == RowCounts(
        rows_read=110, rows_duplicate=110
    )
    assert outcome(site).bad == wrong(log)


def test_without_a_time_the_label_ingested_last_stands(site: Site) -> None:
    log = binary_log(100)
    ingest(site, site.write("log.parquet", log.drop("label")))
    flipped = labels(log, label=1 - pl.col("label"))
    first = site.write("first.csv", flipped)
    ingest(site, first)
    assert outcome(site).bad == 100 - wrong(log)
    assert ingest(site, site.write("second.csv", labels(log))).labels_matched == 100
    assert outcome(site).bad == wrong(log)
    assert ingest(site, first) == RowCounts(rows_read=100, rows_duplicate=100)
    assert outcome(site).bad == wrong(log)


def test_labels_of_overlapping_exports_are_recorded_once(site: Site) -> None:
    log = binary_log(100)
    ingest(site, site.write("log.parquet", log.drop("label")))
    timed = labels(log, label_timestamp=pl.lit("2024-03-01"), label=1 - pl.col("label"))
    ingest(site, site.write("timed.csv", timed))
    for rows in (100, 99, 98):
        assert ingest(site, site.write(f"{rows}.csv", log.head(rows))).rows_duplicate == rows
    with reading(site.context.home) as catalog:
        found = catalog.execute("SELECT sum(rows)::BIGINT FROM segments WHERE kind = 'labels'")
        assert found.fetchall() == [(200,)]
    assert outcome(site).bad == 100 - wrong(log)


def test_a_label_judges_every_version_and_role_of_its_id(site: Site) -> None:
    log = binary_log(50)
    ingest(site, site.write("a.parquet", log.drop("label")))
    ingest(site, site.write("b.parquet", log.drop("label").with_columns(role=pl.lit("shadow"))))
    ingest(site, site.write("c.parquet", log.drop("label").with_columns(model_version=pl.lit("2"))))
    assert ingest(site, site.write("l.csv", labels(log))).labels_matched == 50
    assert outcome(site).labelled == 100
    assert outcome(site, Choice(roles=("shadow",))).labelled == 50
    assert outcome(site, Choice(versions=("2",))).labelled == 50


def test_unusable_labels_are_in_quarantine_with_their_reason(site: Site) -> None:
    ingest(site, site.write("log.parquet", binary_log(5).drop("label")))
    path = site.root / "l.csv"
    path.write_text("prediction_id,label,label_timestamp\np0,1,\n,1,\np1,,\np2,0,never\n")
    result = ingest_files(site.context, [path]).files[0]
    assert result.counts == RowCounts(rows_read=4, rows_quarantined=3, labels_matched=1)
    assert dict(result.reasons) == {
        "unreadable_id": 1,
        "missing_label": 1,
        "unreadable_timestamp": 1,
    }


def test_a_label_file_may_have_columns_called_as_ours(site: Site) -> None:
    ingest(site, site.write("log.parquet", binary_log(5).drop("label")))
    path = site.root / "l.csv"
    path.write_text(
        "wb_row,wb_id,wb_label,prediction_id,label,wb_reason,wb_file\n"
        "x,p0,0,p3,1,why,f\ny,p1,1,p4,,why,f\nz,,,,1,,\n"
    )
    result = ingest_files(site.context, [path]).files[0]
    assert result.counts == RowCounts(rows_read=3, rows_quarantined=2, labels_matched=1)
    assert dict(result.reasons) == {"unreadable_id": 1, "missing_label": 1}
    assert outcome(site).labelled == 1


def test_what_a_missing_label_means_counts_only_while_it_is_missing(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    card = ModelCard(
        model=Identity(name="m", task="binary"), labels=Labels(maturity="30d", missing_means="0")
    )
    site = binary_site(tmp_path, home, clock, card)
    log = binary_log(100)
    ingest(site, site.write("log.parquet", log.drop("label")))
    assumed = Choice(assumed_before=NOW)
    positive = int(log["prediction"].sum())
    assert outcome(site).labelled == 0
    assert (outcome(site, assumed).labelled, outcome(site, assumed).bad) == (100, positive)
    ingest(site, site.write("l.csv", labels(log)))
    assert (outcome(site, assumed).labelled, outcome(site, assumed).bad) == (100, wrong(log))


def test_a_changed_rule_recounts_what_is_stored(site: Site) -> None:
    log = binary_log(200)
    ingest(site, site.write("log.parquet", log))
    assert outcome(site).bad == wrong(log)
    rule = replace(site.context.card.bad_prediction, rule="miss")
    card = replace(site.context.card, bad_prediction=rule)
    changed = Site(site.root, replace(site.context, card=card))
    missed = int(((log["label"] == 1) & (log["prediction"] == 0)).sum())
    assert outcome(changed).bad == missed
    ingest(changed, site.write("more.parquet", binary_log(10, first_id=500, seed=5)))
    assert outcome(changed).rows == 210


def test_ids_written_as_numbers_meet_ids_written_as_text(site: Site) -> None:
    log = binary_log(20).with_columns(prediction_id=pl.int_range(20))
    ingest(site, site.write("log.parquet", log.drop("label")))
    as_float = labels(log).with_columns(pl.col("prediction_id").cast(pl.Float64))
    assert ingest(site, site.write("l.parquet", as_float)).labels_matched == 20


def test_labels_that_a_later_export_of_the_same_rows_knows_are_taken(site: Site) -> None:
    log = binary_log(100)
    partly = log.with_columns(label=pl.when(pl.int_range(100) < 30).then("label"))
    ingest(site, site.write("early.parquet", partly))
    assert outcome(site).labelled == 30
    assert ingest(site, site.write("late.parquet", log)) == RowCounts(
        rows_read=100, rows_duplicate=100
    )
    found = outcome(site)
    assert (found.rows, found.labelled, found.bad) == (100, 100, wrong(log))
    corrected = log.with_columns(label=1 - pl.col("label"))
    assert ingest(site, site.write("corrected.csv", corrected)).rows_duplicate == 100
    assert outcome(site).bad == 100 - wrong(log)
