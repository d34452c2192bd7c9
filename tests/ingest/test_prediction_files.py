"""Prediction logs: what is stored, what is a duplicate, what is in quarantine and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.logs import START, Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.card import Columns, Identity, ModelCard
from workbench.domain.ingested import FileResult, RowCounts
from workbench.ingest.loading import IngestProgress, ingest_files
from workbench.store.baseline import ensure_baseline
from workbench.store.catalog import model_segments, segment_relation
from workbench.store.connections import StoreHome, reading
from workbench.store.counted import read_model_store
from workbench.store.measured import Choice, read_profiles


@pytest.fixture
def site(tmp_path: Path, home: StoreHome, clock: FixedClock) -> Site:
    return binary_site(tmp_path, home, clock)


def ingest(site: Site, *paths: Path | str) -> tuple[FileResult, ...]:
    return ingest_files(site.context, list(paths)).files


def stored_ids(site: Site) -> list[str]:
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, site.context.card.name, home.segments)
    if not segments.predictions:
        return []
    relation = segment_relation(segments.predictions)
    rows = duckdb.connect().execute(f"SELECT wb_id FROM {relation} ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def quarantine(site: Site) -> list[tuple[str, int, str, str]]:
    paths = [str(path) for path in site.context.home.quarantine.glob("*.parquet")]
    if not paths:
        return []
    return (
        duckdb.connect()
        .execute(
            "SELECT source, position, position_is, reason FROM read_parquet(?) ORDER BY ALL",
            [paths],
        )
        .fetchall()
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_the_same_log_in_another_format_is_all_duplicates(site: Site, ending: str) -> None:
    log = binary_log(200)
    first = ingest(site, site.write("first.parquet", log))[0]
    again = ingest(site, site.write(f"again.{ending}", log))[0]
    assert first.counts.rows_stored == 200
    if ending == "parquet":
        assert again.status == "already_ingested"
    assert again.counts == RowCounts(rows_read=200, rows_duplicate=200)
    assert len(stored_ids(site)) == 200


def test_the_same_content_twice_in_one_call_counts_once(site: Site) -> None:
    log = binary_log(50)
    results = ingest(site, site.write("a.parquet", log), site.write("b.parquet", log))
    assert [result.status for result in results] == ["stored", "already_ingested"]
    assert results[1].counts == RowCounts(rows_read=50, rows_duplicate=50)


def test_overlapping_exports_in_one_call_store_each_row_once(site: Site) -> None:
    log = binary_log(300)
    results = ingest(site, site.write("a.csv", log.head(200)), site.write("b.csv", log.tail(200)))
    assert [result.counts.rows_stored for result in results] == [200, 100]
    assert results[1].counts.rows_duplicate == 100
    assert len(stored_ids(site)) == 300


def test_an_id_with_other_content_is_in_quarantine_and_the_first_stands(site: Site) -> None:
    log = binary_log(10)
    changed = log.with_columns(x=pl.when(pl.col("prediction_id") == "p3").then(99.0).otherwise("x"))
    ingest(site, site.write("a.parquet", log))
    result = ingest(site, site.write("b.parquet", changed))[0]
    assert result.counts == RowCounts(rows_read=10, rows_duplicate=9, rows_quarantined=1)
    assert dict(result.reasons) == {"conflicting_id": 1}
    assert quarantine(site) == [(str(site.root / "b.parquet"), 4, "row", "conflicting_id")]


def test_versions_and_roles_are_identities_of_their_own(site: Site) -> None:
    log = binary_log(10).with_columns(model_version=pl.lit("1"), role=pl.lit("live"))
    shadow = log.with_columns(role=pl.lit("Shadow "))
    second = log.with_columns(model_version=pl.lit("2"))
    for name, frame in (("a", log), ("b", shadow), ("c", second)):
        assert ingest(site, site.write(f"{name}.parquet", frame))[0].counts.rows_stored == 10


def test_every_unusable_row_is_in_quarantine_with_its_place_and_reason(site: Site) -> None:
    path = site.root / "bad.csv"
    path.write_text(
        "prediction_id,timestamp,x,c,score,prediction\n"
        "p1,2024-02-01,1,a,0.5,1\n"
        ",2024-02-01,1,a,0.5,1\n"
        "p3,yesterday,1,a,0.5,1\n"
        "p4,2024-07-01,1,a,0.5,1\n"
        "p5,2024-02-01,1,a,,\n"
        "p6,2024-02-01,1\n"
    )
    result = ingest(site, path)[0]
    assert result.counts == RowCounts(rows_read=6, rows_stored=1, rows_quarantined=5)
    assert [(position, kind, reason) for _, position, kind, reason in quarantine(site)] == [
        (2, "row", "unreadable_id"),
        (3, "row", "unreadable_timestamp"),
        (4, "row", "future_timestamp"),
        (5, "row", "unreadable_prediction"),
        (7, "line", "malformed_row"),
    ]


def test_a_feature_that_cannot_be_read_is_missing_and_its_text_is_kept(site: Site) -> None:
    path = site.root / "log.csv"
    path.write_text(
        "prediction_id,timestamp,x,c,score,prediction\n"
        "p1,2024-02-01,1.5,a,0.9,1\np2,2024-02-01,twelve,a,0.9,1\np3,2024-02-01,NA,a,0.9,1\n"
    )
    assert ingest(site, path)[0].counts.rows_stored == 3
    home, card = site.context.home, site.context.card
    baseline = ensure_baseline(home, site.root, card, site.context.clock.now())
    with reading(home) as catalog:
        store = read_model_store(home, baseline, None)
        profile = read_profiles(catalog, store.stored, baseline.bins, Choice())[0]
    assert (profile.bins.name, profile.present, profile.missing, profile.parse_failures) == (
        "x",
        1,
        2,
        1,
    )
    kept = (
        duckdb.connect()
        .execute(
            f"SELECT wb_unparsed FROM {segment_relation(store.segments.predictions)} WHERE wb_id = 'p2'"
        )
        .fetchall()
    )
    assert kept == [({"x": "twelve"},)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("timestamp,x,c,prediction\n2024-02-01,1,a,1\n", "no prediction id column 'prediction_id'"),
        ("prediction_id,x,c,prediction\np1,1,a,1\n", "no timestamp column 'timestamp'"),
        ("prediction_id,timestamp,x,c\np1,2024-02-01,1,a\n", "no prediction column 'prediction'"),
        ("prediction_id,timestamp,prediction\n", "has no rows"),
        ("prediction_id,timestamp,prediction\np1,never,1\n", "not one usable row"),
    ],
)
def test_a_log_that_cannot_be_used_fails_whole_and_leaves_nothing(
    site: Site, content: str, said: str
) -> None:
    good = site.write("good.csv", binary_log(5))
    bad = site.root / "bad.csv"
    bad.write_text(content)
    results = ingest(site, bad, good)
    assert results[0].status == "failed"
    assert said in (results[0].error or "")
    assert results[0].hint
    assert results[0].counts == RowCounts()
    assert results[1].counts.rows_stored == 5
    assert len(stored_ids(site)) == 5


def test_a_log_without_ids_gets_them_from_file_and_position(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    card = ModelCard(model=Identity(name="m", task="binary"), columns=Columns(prediction_id=""))
    site = binary_site(tmp_path, home, clock, card)
    log = binary_log(20).drop("prediction_id")
    assert ingest(site, site.write("a.parquet", log))[0].counts.rows_stored == 20
    assert ingest(site, site.write("b.parquet", log.head(10)))[0].counts.rows_stored == 10
    assert len(set(stored_ids(site))) == 30
    labels = site.write("l.csv", pl.DataFrame({"id": ["a"], "label": [1]}))
    assert "no prediction ids" in (
        ingest_files(site.context, [labels], kind="labels").files[0].error or ""
    )


def test_a_naive_time_is_taken_in_the_zone_of_the_card(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    card = ModelCard(
        model=Identity(name="m", task="binary"), columns=Columns(timezone="America/New_York")
    )
    site = binary_site(tmp_path, home, clock, card)
    ingest(site, site.write("a.csv", binary_log(1)))
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments)
    assert segments.predictions[0].start == datetime(2024, 2, 1, 5, tzinfo=UTC)


def test_a_prediction_is_made_of_the_score_where_only_that_is_logged(site: Site) -> None:
    log = binary_log(100)
    given = ingest(site, site.write("a.parquet", log.drop("prediction")))[0]
    assert given.counts.rows_stored == 100
    again = ingest(site, site.write("b.parquet", log))[0]
    assert again.counts.rows_duplicate == 100


def test_a_file_in_no_order_is_split_by_day_where_its_rows_are_written_anew(site: Site) -> None:
    log = binary_log(5000, hours=24 * 10).sample(fraction=1.0, shuffle=True, seed=3)
    bad = log.head(1).with_columns(prediction_id=pl.lit(""))
    counts = ingest(site, site.write("a.parquet", pl.concat([log, bad])))[0].counts
    assert (counts.rows_stored, counts.rows_quarantined) == (5000, 1)
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments)
    days = {segment.start.date() for segment in segments.predictions if segment.start}
    assert days == {(START + timedelta(days=i)).date() for i in range(10)}
    for segment in segments.predictions:
        assert segment.start is not None
        assert segment.end is not None
        assert segment.start.date() == segment.end.date()


def test_hostile_names_are_stored_and_compared_like_any_other(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    names = {"x": "a'; DROP TABLE segments;--\"", "c": "[/b] \x1b[31m🙂"}
    card = ModelCard(model=Identity(name="../[/b]\n'\"", task="binary"))
    site = binary_site(tmp_path, home, clock, card)
    reference = pl.read_parquet(tmp_path / "data" / "reference.parquet").rename(names)
    reference.write_parquet(tmp_path / "data" / "reference.parquet")
    log = binary_log(50).rename(names)
    for ending in ("parquet", "csv", "jsonl", "arrow"):
        result = ingest(site, site.write(f"log '[b] 🙂'.{ending}", log))[0]
        assert result.error is None
        assert result.counts.rows_stored == (50 if ending == "parquet" else 0)


def test_a_parquet_log_whose_rows_all_pass_is_taken_as_it_is(site: Site) -> None:
    path = site.write("a.parquet", binary_log(500, hours=100))
    assert ingest(site, path)[0].counts.rows_stored == 500
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments).predictions
    assert [segment.path.read_bytes() for segment in segments] == [path.read_bytes()]
    assert stored_ids(site) == sorted(f"p{i}" for i in range(500))
    more = binary_log(200, seed=1, first_id=1000)
    both = site.write("b.parquet", pl.concat([binary_log(500, hours=100).tail(100), more]))
    counts = ingest(site, both)[0].counts
    assert (counts.rows_stored, counts.rows_duplicate) == (200, 100)
    assert len(stored_ids(site)) == 700


def test_columns_the_card_does_not_know_are_kept_whatever_their_type(site: Site) -> None:
    one = binary_log(3).with_columns(note=pl.lit(1), wb_id=pl.lit("mine"))
    two = binary_log(3, first_id=10).with_columns(note=pl.lit("text"), wb_id=pl.lit("mine"))
    for name, frame in (("a.parquet", one), ("b.parquet", two)):
        assert ingest(site, site.write(name, frame))[0].counts.rows_stored == 3
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments).predictions
    rows = duckdb.connect().execute(
        f"SELECT DISTINCT note::VARCHAR, _wb_id FROM {segment_relation(segments)} ORDER BY 1"
    )
    assert rows.fetchall() == [("1", "mine"), ("text", "mine")]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
@pytest.mark.parametrize("name", ["filename", "FileName", "wb_path", "WB_Path"])
def test_a_column_may_be_called_what_a_reader_of_files_would_add(
    site: Site, name: str, ending: str
) -> None:
    log = binary_log(3).with_columns(pl.lit("mine").alias(name))
    path = site.write(f"a.{ending}", log)
    assert ingest(site, path)[0].counts.rows_stored == 3
    again = site.write(f"b.{ending}", pl.concat([log, binary_log(2, first_id=5)], how="diagonal"))
    assert ingest(site, again)[0].counts == RowCounts(5, 2, 3)
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments).predictions
    kept = f"_{name}" if name.lower().startswith("wb_") else name
    rows = duckdb.connect().execute(
        f'SELECT "{kept}", count(*) FROM {segment_relation(segments)} GROUP BY 1 ORDER BY 1'
    )
    assert rows.fetchall() == [("mine", 3), (None, 2)]


def test_folders_and_globs_name_files_and_nothing_is_an_error(site: Site) -> None:
    folder = site.root / "exports"
    folder.mkdir()
    binary_log(5).write_csv(folder / "a.csv")
    binary_log(5, first_id=5).write_parquet(folder / "b.parquet")
    (folder / "README.txt").write_text("not a log")
    assert sum(r.counts.rows_stored for r in ingest(site, folder)) == 10
    assert {r.status for r in ingest(site, str(folder / "*.csv"))} == {"already_ingested"}
    results = ingest(site, str(folder / "*.nope"), tmp_empty(site), folder / "a.csv")
    assert [result.status for result in results] == ["failed", "failed", "already_ingested"]
    assert "nothing matches" in str(results[0].error)
    assert "no log file" in str(results[1].error)
    assert ingest(site, folder / "gone.csv")[0].status == "failed"


def tmp_empty(site: Site) -> Path:
    empty = site.root / "empty"
    empty.mkdir()
    return empty


def test_progress_ends_at_the_whole(site: Site) -> None:
    seen: list[IngestProgress] = []
    paths = [site.write(f"{i}.csv", binary_log(5, first_id=5 * i)) for i in range(3)]
    ingest_files(site.context, paths, progress=seen.append)
    assert seen[-1].done_bytes == seen[-1].total_bytes == sum(p.stat().st_size for p in paths)
    assert [p.done_bytes for p in seen] == sorted(p.done_bytes for p in seen)
