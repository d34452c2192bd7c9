"""The sample exports, decoded as an ingest decodes them, for the tests of their adapters."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record

FORMATS = Path(__file__).parent / "samples"

FIRST, SECOND, THIRD = (
    "7f1c0a52-6f0e-4a3b-9d55-0b2a7d1e9c01",
    "b3d94c7e-2f61-4a0c-8c1a-5f4e6a7b8c02",
    "e8a1f6d0-9c3b-4e72-a6f4-1d2c3b4a5f03",
)
ROWS: tuple[dict[str, Any], ...] = (
    {"tenure_months": 14, "monthly_charges": 79.85, "support_calls": 3, "contract": "month-to-month"},
    {"tenure_months": 61, "monthly_charges": 24.1, "support_calls": 0, "contract": "two-year"},
    {"tenure_months": 2, "monthly_charges": 99.4, "support_calls": 6, "contract": "month-to-month"},
)  # fmt: skip
TEXTS = tuple({name: str(value) for name, value in row.items()} for row in ROWS)
"""The same as a CSV gives them."""


def decoded(path: Path) -> tuple[str, list[Any]]:
    """A file's container and its records; lines that are no JSON are None."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return "csv", list(csv.DictReader(file))
    if path.suffix == ".parquet":
        return "parquet", pl.read_parquet(path).to_dicts()
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    try:
        document = json.loads(text)
    except ValueError:
        return "jsonl", [_line(line) for line in text.splitlines()]
    return "json", document if isinstance(document, list) else [document]


def glimpse(path: Path) -> Glimpse:
    """What a detector sees of a file."""
    container, records = decoded(path)
    return seen(container, *(record for record in records if record is not None), path=path)


def seen(container: str, *records: Mapping[str, Any], path: Path | None = None) -> Glimpse:
    """What a detector sees of records."""
    columns = tuple(records[0]) if records else ()
    return Glimpse(PurePosixPath(path or "log"), container, columns, records[:5])


def items(adapter: Adapter, path: Path, mapped: Mapped | None = None) -> list[Item]:
    """What the adapter says of every record of a file."""
    _, records = decoded(path)
    return [
        item
        for position, value in enumerate(records, start=1)
        if value is not None
        for item in adapter.read(
            Record(position, value, "", PurePosixPath(path)), mapped or Mapped()
        )
    ]


def said(adapter: Adapter, value: Mapping[str, Any], mapped: Mapped | None = None) -> list[Item]:
    """What the adapter says of one record."""
    return list(adapter.read(Record(1, value, "", PurePosixPath("log")), mapped or Mapped()))


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
