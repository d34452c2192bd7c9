"""The sample exports, read record by record as the ingest hands them to an adapter."""

from __future__ import annotations

import csv
import json
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from workbench.ingest.formats.adapter import (
    REQUEST,
    Adapter,
    Glimpse,
    Half,
    Item,
    Label,
    Mapped,
    Prediction,
    Record,
    Rejected,
)

SAMPLES = Path(__file__).parent / "samples"
CHURN = ("tenure_months", "monthly_charges", "support_calls", "contract")
MAPPED = Mapped(features=CHURN)

FIRST, SECOND, THIRD = (
    "7f1c0a52-6f0e-4a3b-9d55-0b2a7d1e9c01",
    "b3d94c7e-2f61-4a0c-8c1a-5f4e6a7b8c02",
    "e8a1f6d0-9c3b-4e72-a6f4-1d2c3b4a5f03",
)
"""The request ids of the three logical predictions."""
STAYS = {
    "tenure_months": 61,
    "monthly_charges": 24.1,
    "support_calls": 0,
    "contract": "two-year",
}
LEAVES = {
    "tenure_months": 14,
    "monthly_charges": 79.85,
    "support_calls": 3,
    "contract": "month-to-month",
}
LEAVES_SOON = {
    "tenure_months": 2,
    "monthly_charges": 99.4,
    "support_calls": 6,
    "contract": "month-to-month",
}


def sample_values(path: str) -> list[dict[str, Any] | None]:
    """The records of a sample; None for a line that is no JSON."""
    file = SAMPLES / path
    if file.suffix == ".parquet":
        return list(pl.read_parquet(file).iter_rows(named=True))
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    if text.startswith("["):
        return list(json.loads(text))
    return [_decoded(line) for line in text.splitlines()]


def _decoded(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return None
    assert isinstance(value, dict)
    return value


def glimpse_of(path: str, values: Sequence[dict[str, Any] | None]) -> Glimpse:
    """What a detector sees of these records."""
    seen = [value for value in values if value is not None]
    container = PurePosixPath(path).suffix.removeprefix(".")
    columns = tuple(seen[0]) if seen else ()
    return Glimpse(PurePosixPath(path), container, columns, tuple(seen[:5]))


def record_of(value: dict[str, Any], path: str = "log.jsonl", position: int = 1) -> Record:
    """One record as the ingest hands it over."""
    return Record(position, value, json.dumps(value, default=str), PurePosixPath(path))


def read_all(
    adapter: Adapter,
    values: Sequence[dict[str, Any] | None],
    mapped: Mapped = MAPPED,
    path: str = "log.jsonl",
) -> list[Item]:
    """Every item of these records; halves of one key are joined, the others stay halves."""
    waiting: dict[str, deque[Half]] = defaultdict(deque)
    found: list[Item] = []
    for position, value in enumerate(values, 1):
        if value is None:
            continue
        for item in adapter.read(record_of(value, path, position), mapped):
            if not isinstance(item, Half):
                found.append(item)
                continue
            queue = waiting[item.key]
            if queue and queue[0].side != item.side:
                other = queue.popleft()
                request, response = (item, other) if item.side == REQUEST else (other, item)
                assert adapter.join is not None
                found += adapter.join(_stored(request), _stored(response), mapped)
            else:
                queue.append(item)
    return found + [half for queue in waiting.values() for half in queue]


def _stored(half: Half) -> Half:
    """A half as it comes back from the store."""
    return Half(half.side, half.key, json.loads(json.dumps(half.body)))


def predictions(items: list[Item]) -> list[Prediction]:
    """The predictions among items."""
    return [item for item in items if isinstance(item, Prediction)]


def labels(items: list[Item]) -> list[Label]:
    """The labels among items."""
    return [item for item in items if isinstance(item, Label)]


def rest(items: list[Item]) -> list[str]:
    """What is not a prediction or a label: reasons, and the sides of halves left over."""
    left = [item for item in items if isinstance(item, Rejected | Half)]
    return [item.reason if isinstance(item, Rejected) else item.side for item in left]
