"""Names that changed are told in columns of few names and of many."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.quality.codes import code_rest
from workbench.quality.names import strange_names
from workbench.quality.sides import make_sides

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, SPOILT, EACH = 20, 5, 800


def rows(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = DAYS * EACH
    name = rng.choice([f"rare {i}" for i in range(5000)], n).astype(object)
    kind = rng.choice(3, n, p=[0.4, 0.3, 0.3])
    name[kind == 1], name[kind == 2] = "aubergine", "beet"
    return pl.DataFrame(
        {
            "wb_timestamp": [START + i * DAY / EACH for i in range(n)],
            "name": pl.Series(name.tolist(), dtype=pl.String),
            "size": kind + rng.normal(0, 0.3, n),
            "wb_label": rng.integers(0, 2, n).astype(str),
            "wb_version": ["1"] * n,
            "wb_bad": np.zeros(n),
        }
    )


def test_names_of_a_column_with_thousands_are_matched_without_a_table_of_all() -> None:
    day = pl.int_range(pl.len()) // EACH
    new = pl.col("name").replace({"aubergine": "Z-17", "beet": "K-4"})
    log = rows(1).with_columns(name=pl.when(day >= DAYS - SPOILT).then(new).otherwise("name"))
    end = START + DAYS * DAY
    features = (
        FeatureColumn("name", "categorical", "text"),
        FeatureColumn("size", "numeric", "number"),
    )
    sides = make_sides(log, rows(2), features, (), Period(end - SPOILT * DAY, end), DAY)
    rest = code_rest(sides)
    tracemalloc.start()
    found = strange_names(sides, sides.columns["name"], rest, 0.01, DAY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    mappings = [f.transform.mapping for f in found if f.transform is not None]
    assert sorted(pair for mapping in mappings for pair in mapping) == [
        ("K-4", "beet"), ("Z-17", "aubergine"),
    ]  # fmt: skip
    assert peak < 50e6
