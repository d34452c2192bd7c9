"""Unit changes of a column are told from its values, wherever those begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.quality.groups import jumping_groups
from workbench.quality.sides import make_sides
from workbench.quality.units import unit_changes

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, SPOILT, EACH = 20, 5, 200


def rows(seed: int, days: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = days * EACH
    return pl.DataFrame(
        {
            "wb_timestamp": [START + i * DAY / EACH for i in range(n)],
            "amount": rng.lognormal(3, 0.7, n),
            "wb_label": rng.integers(0, 2, n).astype(str),
            "wb_version": ["1"] * n,
            "wb_bad": np.zeros(n),
        }
    ).with_columns(pl.col("wb_timestamp").dt.cast_time_unit("us"))


@pytest.mark.parametrize("before", [0, 10])
def test_a_column_that_was_missing_before_its_unit_changed(before: int) -> None:
    log = rows(1, DAYS)
    day = pl.int_range(pl.len()) // EACH
    is_gone = (day < DAYS - SPOILT) & (pl.int_range(pl.len()) >= before)
    log = log.with_columns(
        amount=pl.when(is_gone).then(None)
        .when(day >= DAYS - SPOILT).then(pl.col("amount") * 100)
        .otherwise(pl.col("amount"))
    )  # fmt: skip
    end = START + DAYS * DAY
    asked = Period(end - SPOILT * DAY, end)
    features = (FeatureColumn("amount", "numeric", "number"),)
    sides = make_sides(log, rows(2, DAYS), features, (), asked, DAY)
    values = sides.columns["amount"]
    (found,) = unit_changes(sides, values, jumping_groups(sides, values), DAY)
    assert found.transform is not None
    assert found.transform.factor == pytest.approx(100)
