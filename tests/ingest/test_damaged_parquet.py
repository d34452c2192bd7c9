"""A Parquet log with a damaged page fails, whichever column it is of, and stops no other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.ingested import RowCounts
from workbench.ingest.loading import ingest_files
from workbench.store.catalog import model_segments
from workbench.store.connections import StoreHome, reading


@pytest.fixture
def site(tmp_path: Path, home: StoreHome) -> Site:
    return binary_site(tmp_path, home, FixedClock(datetime(2024, 6, 1, tzinfo=UTC)))


def damage(path: Path, column: str) -> None:
    """Overwrites the beginning of a column's pages, which is their header."""
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = [group.column(number) for number in range(group.num_columns)]
    (chunk,) = (chunk for chunk in chunks if chunk.path_in_schema == column)
    raw = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    raw[start : start + 12] = b"\xff" * 12
    path.write_bytes(raw)


def stored(site: Site) -> int:
    home = site.context.home
    with reading(home) as catalog:
        return sum(s.rows for s in model_segments(catalog, "m", home.segments).predictions)


@pytest.mark.parametrize("column", ["timestamp", "x", "c", "score", "label", "note", "role"])
@pytest.mark.parametrize("role", [None, "shadow"])
def test_a_damaged_page_of_any_column_is_the_file_s_failure(
    site: Site, column: str, role: str | None
) -> None:
    log = binary_log(50).with_columns(note=pl.lit("kept"))
    if role is not None or column == "role":
        log = log.with_columns(role=pl.lit(role or "live"))
    broken = site.write("a.parquet", log)
    damage(broken, column)
    whole = site.write("b.parquet", binary_log(30, first_id=100))
    again = site.write("c.csv", binary_log(40, first_id=120))
    results = ingest_files(site.context, [broken, whole, again]).files
    assert [r.status for r in results] == ["failed", "stored", "stored"], results
    assert "could not be read to its end" in str(results[0].error)
    assert results[0].hint
    assert (results[0].counts, results[1].counts) == (RowCounts(), RowCounts(30, 30))
    assert results[2].counts.rows_stored + results[2].counts.rows_quarantined == 40
    assert stored(site) == 30 + results[2].counts.rows_stored
    assert list(site.context.home.staging.iterdir()) == []


def test_labels_of_repeated_rows_in_a_damaged_log_are_not_taken(site: Site) -> None:
    log = binary_log(50)
    ingest_files(site.context, [site.write("a.parquet", log.drop("label"))])
    broken = site.write("b.parquet", pl.concat([log, binary_log(10, first_id=60)]))
    damage(broken, "x")
    (result,) = ingest_files(site.context, [broken]).files
    assert result.status == "failed"
    home = site.context.home
    with reading(home) as catalog:
        assert not model_segments(catalog, "m", home.segments).labels
