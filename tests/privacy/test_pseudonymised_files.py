"""The same log in every format and packing: its rows meet, and no raw value is stored."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from tests.logs import Site, binary_log, binary_site
from tests.privacy.canaries import found_in_store
from workbench.clock import FixedClock
from workbench.domain.card import Columns, Identity, ModelCard, Privacy
from workbench.ingest.loading import ingest_files
from workbench.store.catalog import model_segments
from workbench.store.connections import StoreHome, reading, scratch
from workbench.store.pseudonym_key import ensure_key
from workbench.store.pseudonyms import PATTERN, keyed_hash
from workbench.store.rows import make_rows_view

CARD = ModelCard(
    model=Identity(name="m", task="binary"),
    columns=Columns(entity="customer", experiment="arm", features=("x", "c", "amount")),
    privacy=Privacy(pseudonymise=("c", "customer", "prediction_id", "amount", "Arm")),
)
FORMATS = ("csv", "jsonl", "parquet", "arrow", "arrows")


def log(rows: int = 60, first: int = 0) -> pl.DataFrame:
    frame = binary_log(rows, first_id=first)
    return frame.with_columns(
        prediction_id=pl.format("CANARYID{}", pl.int_range(first, first + rows)),
        c=pl.format("CANARYTEXT{}", pl.int_range(rows) % 3),
        Customer=pl.int_range(rows) % 7 + 88_000_000,
        amount=(pl.int_range(rows) % 5).cast(pl.Float64) + 77_000_000.5,
        arm=pl.lit("CANARYARM"),
        CUSTOMER_NOTE=pl.lit('{"customer": "CANARYNESTED", "ok": 1}'),
        nested=pl.struct(customer=pl.lit("CANARYSTRUCT"), other=pl.lit(1)),
    )


CANARIES = [
    "CANARY", "88000000", "88000001", "88000006", "77000000.5", "77000004.5",
]  # fmt: skip


def write(final: Path, frame: pl.DataFrame, kind: str, packing: str) -> Path:
    path = final.with_name("plain")
    if kind == "csv":
        frame.with_columns(nested=pl.col("nested").struct.json_encode()).write_csv(path)
    elif kind == "jsonl":
        frame.write_ndjson(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    elif kind == "arrow":
        frame.write_ipc(path)
    else:
        frame.write_ipc_stream(path)
    if packing == "gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    elif packing == "zst":
        content = path.read_bytes()
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            out.write(content)
    return path.rename(final)


@pytest.fixture
def site(tmp_path: Path, home: StoreHome, clock: FixedClock) -> Site:
    made = binary_site(tmp_path, home, clock, CARD)
    reference = log(200, first=10**6)
    reference.write_parquet(tmp_path / "data" / "reference.parquet")
    return made


def stored(site: Site, columns: dict[str, str]) -> list[tuple[object, ...]]:
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments)
    with scratch(home) as connection:
        make_rows_view(connection, "r", segments.predictions, columns | {"wb_row": "BIGINT"})
        names = ", ".join(f'"{name}"' for name in columns)
        return connection.execute(f"SELECT {names} FROM r ORDER BY wb_row").fetchall()


@pytest.mark.parametrize("packing", ["", "gz", "zst"])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_stores_the_same_pseudonyms_and_no_raw_value(
    site: Site, tmp_path: Path, kind: str, packing: str
) -> None:
    path = write(tmp_path / f"log.{kind}{'.' + packing if packing else ''}", log(), kind, packing)
    result = ingest_files(site.context, [path])
    assert [f.status for f in result.files] == ["stored"], result
    assert result.counts.rows_stored == 60
    key = ensure_key(site.context.home, site.context.clock.now())
    columns = dict.fromkeys(("wb_id", "c", "customer", "amount", "wb_arm"), "VARCHAR")
    expected = [
        tuple(
            keyed_hash(key, text)
            for text in (
                row["prediction_id"], row["c"], str(row["Customer"]), str(row["amount"]), row["arm"],
            )
        )
        for row in log().iter_rows(named=True)
    ]  # fmt: skip
    assert stored(site, columns) == expected
    assert found_in_store(site.context.home.folder, CANARIES) == []


def test_the_canaries_would_be_found(site: Site, tmp_path: Path) -> None:
    plain = replace(site.context, card=replace(CARD, privacy=Privacy()))
    ingest_files(plain, [write(tmp_path / "log.csv", log(), "csv", "")])
    hits = found_in_store(site.context.home.folder, CANARIES)
    for canary in CANARIES:
        assert any(hit.endswith(canary) for hit in hits), canary


def test_the_same_rows_in_another_format_are_duplicates(site: Site, tmp_path: Path) -> None:
    # The columns that hold JSON in one format and text in the other are no part of a row's content.
    for kind in FORMATS:
        result = ingest_files(site.context, [write(tmp_path / f"log.{kind}", log(), kind, "")])
        expected = 60 if kind == "csv" else 0
        assert (result.counts.rows_stored, result.counts.rows_quarantined) == (expected, 0), kind


@pytest.mark.parametrize("kind", FORMATS)
def test_labels_find_predictions_with_pseudonymised_ids(
    site: Site, tmp_path: Path, kind: str
) -> None:
    without = log().drop("label")
    ingest_files(site.context, [write(tmp_path / "log.parquet", without, "parquet", "")])
    labels = log(80).select("prediction_id", "label")
    path = tmp_path / f"labels.{kind}"
    if kind == "csv":
        labels.write_csv(path)
    else:
        write(path, labels, kind, "")
    counts = ingest_files(site.context, [path]).counts
    assert (counts.labels_matched, counts.labels_pending) == (60, 20)
    assert found_in_store(site.context.home.folder, CANARIES) == []


@pytest.mark.parametrize("packing", ["", "gz"])
def test_lines_that_are_no_rows_are_set_aside_without_their_text(
    site: Site, tmp_path: Path, packing: str
) -> None:
    home = site.context.home
    broken = {
        "csv": "CANARYBROKEN,too,few\n" + '"CANARYOPEN,never closed\n',
        "jsonl": '{"c": "CANARYBROKEN", \n' + "CANARYOPEN\n",
    }
    for kind, text in broken.items():
        path = write(tmp_path / f"log.{kind}", log(), kind, "")
        content = (path.read_text() + text).encode()
        path.write_bytes(gzip.compress(content) if packing else content)
        counts = ingest_files(site.context, [path]).counts
        assert counts.rows_read == counts.rows_stored + counts.rows_duplicate + 2
        assert counts.rows_quarantined == 2
    assert found_in_store(home.folder, CANARIES) == []
    frames = pl.concat([pl.read_parquet(path) for path in home.quarantine.iterdir()])
    assert frames.height == 4
    assert frames["detail"].str.contains("text withheld").all()


def test_an_unusable_row_is_set_aside_with_its_pseudonyms(site: Site, tmp_path: Path) -> None:
    bad = log().with_columns(
        timestamp=pl.when(pl.int_range(60) == 3).then(None).otherwise("timestamp")
    )
    ingest_files(site.context, [write(tmp_path / "log.parquet", bad, "parquet", "")])
    (path,) = site.context.home.quarantine.iterdir()
    (text,) = pl.read_parquet(path)["row_text"]
    key = ensure_key(site.context.home, site.context.clock.now())
    assert json.loads(text)["c"] == keyed_hash(key, "CANARYTEXT0")
    assert found_in_store(site.context.home.folder, CANARIES) == []


def test_the_reference_is_compared_by_pseudonym(site: Site, tmp_path: Path) -> None:
    ingest_files(site.context, [write(tmp_path / "log.csv", log(), "csv", "")])
    with reading(site.context.home) as catalog:
        unseen = catalog.execute("SELECT count(*) FROM profile_unseen").fetchall()
        known = catalog.execute(
            "SELECT name, len(categories) FROM bins WHERE name IN ('c', 'amount')"
        ).fetchall()
        odd = catalog.execute(
            "SELECT count(*) FROM (SELECT unnest(categories) AS name FROM bins WHERE name = 'c') "
            f"WHERE NOT regexp_full_match(name, '{PATTERN}')"
        ).fetchall()
    assert sorted(known) == [("amount", 5), ("c", 3)]
    assert (unseen, odd) == ([(0,)], [(0,)])
