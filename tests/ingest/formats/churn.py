"""A store with one churn model, whose log is whatever a serving system exports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from workbench.clock import FixedClock
from workbench.domain.card import Identity, ModelCard, Source
from workbench.domain.ingested import FileResult
from workbench.ingest.loading import ingest_files
from workbench.store.batches import StoreContext
from workbench.store.catalog import model_segments, segment_relation
from workbench.store.connections import StoreHome, reading

FEATURES = ("tenure_months", "monthly_charges", "support_calls", "contract")
CONTRACTS = ("month-to-month", "one-year", "two-year")
CLASSES = {"binary": ("0", "1"), "multiclass": ("churn", "downgrade", "stay")}
NOW = datetime(2026, 12, 1, tzinfo=UTC)
LOGGED = datetime(2026, 11, 20, 15, tzinfo=UTC).timestamp()
"""When the exports were written."""


@dataclass(frozen=True)
class Churn:
    """A store whose model predicts churn."""

    root: Path
    context: StoreContext

    def ingest(self, *paths: Path, given: str = "auto", kind: str = "auto") -> list[FileResult]:
        """What became of the files, in order; that their rows add up is checked."""
        results = list(ingest_files(self.context, list(paths), format=given, kind=kind).files)
        for result in results:
            c = result.counts
            assert c.rows_read == (
                c.rows_stored + c.rows_duplicate + c.rows_quarantined
                + c.labels_matched + c.labels_pending
            ), result  # fmt: skip
            if result.status == "stored":
                assert sum(dict(result.reasons).values()) == c.rows_quarantined, result
        return results

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the export, written at the hour of the log."""
        path = self.root / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (LOGGED, LOGGED))
        return path

    def rows(self, columns: str = "wb_id") -> list[tuple[object, ...]]:
        """Columns of the stored rows, sorted."""
        home = self.context.home
        with reading(home) as catalog:
            segments = model_segments(catalog, self.context.card.name, home.segments).predictions
        if not segments:
            return []
        query = f"SELECT {columns} FROM {segment_relation(segments)} ORDER BY ALL"
        return duckdb.connect().execute(query).fetchall()

    def quarantined(self, columns: str = "position, reason") -> list[tuple[object, ...]]:
        """Columns of the records in quarantine, sorted."""
        paths = [str(path) for path in self.context.home.quarantine.glob("*.parquet")]
        if not paths:
            return []
        query = f"SELECT {columns} FROM read_parquet(?) ORDER BY ALL"
        return duckdb.connect().execute(query, [paths]).fetchall()


def churn_site(root: Path, task: str = "binary", source: Source | None = None) -> Churn:
    """A store with a churn model; its log has no names unless `source` says otherwise."""
    (root / "data").mkdir(parents=True)
    reference_table(task).write_parquet(root / "data" / "reference.parquet")
    home = StoreHome(root / ".workbench")
    home.create()
    said = source or Source(features=FEATURES, classes=CLASSES.get(task, ()))
    card = ModelCard(model=Identity(name="churn", task=task), source=said)
    return Churn(root, StoreContext(home, root, card, FixedClock(NOW)))


def reference_table(task: str = "binary", rows: int = 300) -> pl.DataFrame:
    """A labelled reference in the canonical columns."""
    classes: Sequence[str | int] = CLASSES["multiclass"] if task == "multiclass" else (0, 1)
    outcome = [classes[number % len(classes)] for number in range(rows)]
    table = {
        "prediction_id": [f"r{number}" for number in range(rows)],
        "timestamp": [datetime(2026, 10, 1 + number % 28) for number in range(rows)],
        "tenure_months": [number % 72 for number in range(rows)],
        "monthly_charges": [20.5 + number % 80 for number in range(rows)],
        "support_calls": [number % 7 for number in range(rows)],
        "contract": [CONTRACTS[number % 3] for number in range(rows)],
        "prediction": outcome,
        "label": outcome,
    }
    scores = (
        {f"score_{name}": [1 / len(classes)] * rows for name in classes}
        if task == "multiclass"
        else {"score": [0.25 + number % 2 / 2 for number in range(rows)]}
    )
    return pl.DataFrame(table | scores)
