"""What do inputs start from? Every sample export, and canonical logs and label files."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from tests.fuzz.drafts import Draft, packed
from tests.ingest.formats.churn import CONTRACTS

SAMPLES = Path(__file__).parents[1] / "ingest" / "formats" / "samples"
DAY = datetime(2026, 11, 20)
CANONICAL = "canonical"
_SCHEMA = {"timestamp": pl.Datetime("us")}


@cache
def seeds(task: str) -> tuple[Draft, ...]:
    """All that an input of a model of this task may be made from."""
    return (*_samples(), *_canonical(task))


def log_table(task: str, rows: int = 14, first: int = 30) -> pl.DataFrame:
    """A canonical log, some of whose rows are in `base_log` already."""
    numbers = range(first, first + rows)
    table: dict[str, list[object]] = {
        "prediction_id": [f"p{n}" for n in numbers],
        "timestamp": [DAY + timedelta(minutes=37 * n) for n in numbers],
        "tenure_months": [n * 7 % 72 for n in numbers],
        "monthly_charges": [20.5 + n * 3 % 80 for n in numbers],
        "support_calls": [n % 7 for n in numbers],
        "contract": [CONTRACTS[n % 3] for n in numbers],
        "model_version": [str(1 + n % 2) for n in numbers],
        "role": ["live" if n % 5 else "shadow" for n in numbers],
    }
    if task == "binary":
        table |= {"score": [n % 10 / 10 for n in numbers], "prediction": [n % 2 for n in numbers]}
    elif task == "multiclass":
        classes = ("churn", "downgrade", "stay")
        table["prediction"] = [classes[n % 3] for n in numbers]
        table |= {
            f"score_{name}": [0.25 + (n % 3 == i) / 4 for n in numbers]
            for i, name in enumerate(classes)
        }
    else:
        table |= {"prediction": [n * 1.5 for n in numbers], "arm": ["ab"[n % 2] for n in numbers]}
    return pl.DataFrame(table, schema_overrides=_SCHEMA)


def base_log(task: str) -> pl.DataFrame:
    """What is in the store before anything comes."""
    return log_table(task, rows=40, first=0)


def label_table(task: str, rows: int = 14, first: int = 25) -> pl.DataFrame:
    """Labels, some of predictions that are stored and some that are not yet."""
    numbers = range(first, first + rows)
    values: dict[str, list[object]] = {
        "binary": [n % 2 for n in numbers],
        "multiclass": [("churn", "downgrade", "stay")[n % 3] for n in numbers],
        "regression": [n * 1.25 for n in numbers],
    }
    return pl.DataFrame(
        {
            "prediction_id": [f"p{n}" for n in numbers],
            "label": values[task],
            "label_timestamp": [DAY + timedelta(days=3, minutes=n) for n in numbers],
        },
        schema_overrides={"label_timestamp": pl.Datetime("us")},
    )


def _samples() -> list[Draft]:
    found = []
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file():
            name = path.relative_to(SAMPLES).as_posix()
            found.append(Draft(name.split("/")[0], name, path.read_bytes()))
    return found


def _canonical(task: str) -> list[Draft]:
    labelled = log_table(task).join(
        label_table(task).select("prediction_id", "label"), on="prediction_id", how="left"
    )
    plain = [
        Draft(CANONICAL, f"{stem}.{ending}", _written(table, ending))
        for stem, table in (
            ("log", log_table(task)),
            ("labelled", labelled),
            ("long", log_table(task, 120, 20)),
            ("labels", label_table(task)),
        )
        for ending in _WRITERS
    ]
    texts = [draft for draft in plain if draft.name.endswith((".csv", ".jsonl"))]
    tables = [draft for draft in plain if draft.name in ("log.parquet", "labels.arrow")]
    return plain + [packed(draft, how) for draft in texts + tables for how in ("gz", "zst")]


def _written(table: pl.DataFrame, ending: str) -> bytes:
    sink = io.BytesIO()
    _WRITERS[ending](table, sink)
    return sink.getvalue()


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(pl.Datetime).dt.to_string("iso:strict") + "Z")


_WRITERS: dict[str, Callable[[pl.DataFrame, io.BytesIO], object]] = {
    "csv": lambda table, sink: _as_text(table).write_csv(sink),
    "tsv": lambda table, sink: _as_text(table).write_csv(sink, separator="\t"),
    "jsonl": lambda table, sink: _as_text(table).write_ndjson(sink),
    "parquet": lambda table, sink: table.write_parquet(sink),
    "arrow": lambda table, sink: table.write_ipc(sink),
    "ipc": lambda table, sink: table.write_ipc_stream(sink),
}
