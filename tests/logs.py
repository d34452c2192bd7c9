"""Prediction logs for tests: made from a seed, with the answer known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from workbench.clock import Clock
from workbench.domain.card import Identity, ModelCard
from workbench.store.batches import StoreContext
from workbench.store.connections import StoreHome

START = datetime(2024, 2, 1, tzinfo=UTC)


def binary_log(
    rows: int, *, seed: int = 0, first_id: int = 0, start: datetime = START, hours: float = 24.0
) -> pl.DataFrame:
    """A binary model's log with labels: feature x decides, the category c does not."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    score = 1 / (1 + np.exp(-x))
    step = timedelta(hours=hours) / max(rows, 1)
    return pl.DataFrame(
        {
            "prediction_id": [f"p{first_id + i}" for i in range(rows)],
            "timestamp": [
                (start + i * step).replace(tzinfo=None, microsecond=0) for i in range(rows)
            ],
            "x": x,
            "c": rng.choice(["a", "b", "[/b]"], rows),
            "score": score,
            "prediction": (score > 0.5).astype(int),
            "label": (rng.random(rows) < score).astype(int),
        },
        schema_overrides={"timestamp": pl.Datetime("us")},
    )


@dataclass(frozen=True)
class Site:
    """A store with one model whose reference lies beside it."""

    root: Path
    context: StoreContext

    def write(self, name: str, frame: pl.DataFrame) -> Path:
        """Writes a frame in the format that the name's ending says."""
        path = self.root / name
        if name.endswith(".csv"):
            frame.write_csv(path)
        elif name.endswith(".jsonl"):
            frame.write_ndjson(path)
        elif name.endswith(".arrow"):
            frame.write_ipc(path)
        else:
            frame.write_parquet(path)
        return path


def binary_site(root: Path, home: StoreHome, clock: Clock, card: ModelCard | None = None) -> Site:
    """A site with a binary model named m and a reference of 2,000 rows."""
    (root / "data").mkdir(exist_ok=True)
    reference = binary_log(
        2000, seed=99, first_id=10**6, start=datetime(2024, 1, 1, tzinfo=UTC), hours=480
    )
    reference.write_parquet(root / "data" / "reference.parquet")
    made = card or ModelCard(model=Identity(name="m", task="binary"))
    return Site(root, StoreContext(home, root, made, clock))
