"""Changes that no column shows by itself are found, and no change is called none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from workbench.domain.drift import MultivariateDrift
from workbench.domain.shape import FeatureColumn
from workbench.drift.multivariate import combined, multivariate_drift, rank_test, rows_for

COLUMNS = [
    *[FeatureColumn(f"n{i}", "numeric", "number") for i in range(4)],
    FeatureColumn("c", "categorical", "text"),
]


def sample(seed: int, rows: int = 3000, link: float = 0.0, spread: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    x[:, 1] = link * x[:, 0] + np.sqrt(1 - link**2) * x[:, 1]
    x[:, 2] *= spread
    tail = rng.zipf(1.3, rows).clip(max=10**6)
    return pl.DataFrame(
        {f"n{i}": np.where(rng.random(rows) < 0.05, np.nan, x[:, i]) for i in range(4)}
        | {"c": [f"v{i}" for i in tail]}
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def compared(before: pl.DataFrame, after: pl.DataFrame, **options: Any) -> MultivariateDrift:
    return multivariate_drift(before, after, COLUMNS, **options)


def area(found: MultivariateDrift) -> float:
    assert found.domain_auc is not None
    return found.domain_auc


def p_value(found: MultivariateDrift) -> float:
    assert found.p_value is not None
    return found.p_value


def test_columns_that_only_hang_together_otherwise_are_found() -> None:
    found = compared(sample(1), sample(2, link=0.8))
    assert area(found) > 0.6
    assert p_value(found) < 1e-20
    assert set(found.top_columns) == {"n0", "n1"}
    assert found.pca is not None
    assert found.pca.effect is not None


def test_a_column_that_only_spreads_more_is_found() -> None:
    found = compared(sample(1), sample(2, spread=1.6))
    assert area(found) > 0.58
    assert p_value(found) < 1e-10
    assert found.top_columns[0] == "n2"


def test_values_that_go_missing_together_are_found() -> None:
    after = sample(2).with_columns(
        pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("n0", "n3")
    )
    found = compared(sample(1), after)
    assert p_value(found) < 1e-20
    assert set(found.top_columns) == {"n0", "n3"}


def test_a_category_that_takes_over_is_found() -> None:
    after = sample(2).with_columns(
        c=pl.when(pl.col("c") == "v1").then(pl.lit("new")).otherwise("c")
    )
    found = compared(sample(1), after)
    assert area(found) > 0.6
    assert found.top_columns == ("c",)


def test_no_change_is_called_none() -> None:
    # Rare categories lie on one side only now and then; that must not look like a change.
    p_values = np.array(
        [p_value(compared(sample(2 * s, 400), sample(2 * s + 1, 300), seed=s)) for s in range(25)]
    )
    assert (p_values < 0.05).sum() <= 5
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    quiet = compared(sample(1), sample(2))
    assert abs(area(quiet) - 0.5) < 0.03


def test_columns_are_named_only_where_there_is_a_change() -> None:
    quiet = compared(sample(1), sample(2))
    assert p_value(quiet) >= 0.05
    assert quiet.top_columns == ()


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    before, after = sample(1, 800), sample(2, 700, link=0.6)
    found = compared(before, after, seed=4)
    mixed = after.sample(fraction=1, shuffle=True, seed=9).select(reversed(after.columns))
    again = multivariate_drift(before.reverse(), mixed, COLUMNS[::-1], seed=4)
    assert again == found
    assert found.top_columns


def test_ids_moments_and_clocks_are_left_out() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)

    def dressed(frame: pl.DataFrame, first: int) -> pl.DataFrame:
        place = pl.int_range(pl.len()) + first
        return frame.with_columns(
            wb_timestamp=pl.lit(start) + place * timedelta(minutes=1),
            order=place.cast(pl.Float64),
            name="id-" + place.cast(pl.String),
            seen=(place * 60).cast(pl.Float64),
            clock=place.cast(pl.Float64) / 7 + pl.col("n0").fill_null(0.0) * 1e-3,
            same=pl.lit(1.0),
            empty=pl.lit(None, pl.String),
        )

    columns = [
        *COLUMNS,
        FeatureColumn("order", "numeric", "number"),
        FeatureColumn("name", "categorical", "text"),
        FeatureColumn("seen", "numeric", "time"),
        FeatureColumn("clock", "numeric", "number"),
        FeatureColumn("same", "numeric", "number"),
        FeatureColumn("empty", "categorical", "text"),
    ]
    found = multivariate_drift(dressed(sample(1), 0), dressed(sample(2), 5000), columns)
    excluded = dict(found.excluded)
    assert set(excluded) == {"order", "name", "seen", "clock", "same", "empty"}
    assert excluded["clock"] == "follows the clock"
    assert "id" in excluded["order"]
    assert abs(area(found) - 0.5) < 0.03


def test_numbers_without_bounds_do_not_break_it() -> None:
    def wild(frame: pl.DataFrame) -> pl.DataFrame:
        place = pl.int_range(pl.len())
        return frame.with_columns(
            n0=pl.when(place % 10 == 0).then(float("inf")).otherwise("n0"),
            n1=pl.when(place % 11 == 0).then(-1.7e308).otherwise("n1"),
            n2=pl.when(place % 13 == 0).then(1.7e308).otherwise("n2"),
        )

    found = compared(wild(sample(1)), wild(sample(2)))
    assert abs(area(found) - 0.5) < 0.03
    shifted = compared(sample(1), wild(sample(2)))
    assert set(shifted.top_columns) == {"n0", "n1", "n2"}


def test_too_few_rows_and_no_columns_have_a_reason() -> None:
    few = compared(sample(1, 99), sample(2))
    assert few.domain_auc is None
    assert few.reason == "fewer than 100 rows on a side"
    assert (few.reference_rows, few.current_rows) == (99, 3000)
    none = multivariate_drift(sample(1), sample(2), [])
    assert none.reason == "no column is left to compare"


@pytest.mark.parametrize("ties", [False, True])
def test_the_rank_test_is_mann_and_whitneys(ties: bool) -> None:
    rng = np.random.default_rng(0)
    scores, is_high = rng.normal(size=300), rng.random(300) < 0.4
    scores = np.round(scores, 0) if ties else scores
    found, p = rank_test(scores + 0.1 * is_high * (not ties), is_high)
    shifted = scores + 0.1 * is_high * (not ties)
    expected = stats.mannwhitneyu(
        shifted[is_high], shifted[~is_high], alternative="greater", method="asymptotic"
    )
    assert found == pytest.approx(expected.statistic / (is_high.sum() * (~is_high).sum()))
    assert p == pytest.approx(expected.pvalue, rel=1e-9)
    assert rank_test(np.ones(10), np.arange(10) < 5) == (0.5, 1.0)


def test_p_values_are_combined_as_cauchy_says() -> None:
    for pair in ((0.3, 0.04), (0.5, 0.5), (0.9, 0.001)):
        mean = np.mean(np.tan((0.5 - np.array(pair)) * np.pi))
        assert combined(*pair) == pytest.approx(stats.cauchy.sf(mean), rel=1e-9)
    assert combined(1e-300, 0.5) == pytest.approx(2e-300, rel=1e-9)
    assert combined(0.0, 1.0) == 0.0
    assert combined(1.0, 1.0) == pytest.approx(0.99)


def test_many_columns_take_fewer_rows() -> None:
    assert [rows_for(n) for n in (1, 40, 100, 5000)] == [10_000, 10_000, 4000, 1000]
