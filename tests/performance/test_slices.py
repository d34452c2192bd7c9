"""Planted slices are found, what is said of them is true, and where nothing is, nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from workbench.domain.slices import SliceSearch
from workbench.performance.slices import LEVEL, find_slices, in_first_half, worse_p_value

NAMES = ["age", "amount", "device", "hour", "plan", "region"]


def log(
    seed: int, rows: int, rate: Callable[[dict[str, Any]], Any] = lambda _: 0.1
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "region": rng.choice(["EU", "US", "APAC", "MEA"], rows, p=[0.4, 0.3, 0.2, 0.1]),
        "device": rng.choice(["ios", "android", "web"], rows),
        "plan": rng.choice(["free", "pro"], rows, p=[0.7, 0.3]),
        "age": rng.normal(40, 12, rows),
        "amount": np.where(rng.random(rows) < 0.1, np.nan, rng.lognormal(size=rows)),
        "hour": rng.integers(0, 24, rows).astype(float),
    }
    bad = rng.random(rows) < rate(columns)
    return pl.DataFrame(columns).with_columns(
        pl.col("amount").fill_nan(None),
        wb_bad=pl.Series(bad.astype(float)),
        wb_id=pl.Series([f"{seed}-{i}" for i in range(rows)]),
    )


def said(search: SliceSearch) -> list[set[str]]:
    return [{c.text for c in one.where} for one in search.slices]


def one(columns: dict[str, Any]) -> Any:
    return 0.1 + 0.1 * (columns["region"] == "US")


def two(columns: dict[str, Any]) -> Any:
    return 0.1 + 0.2 * ((columns["region"] == "EU") & (columns["device"] == "ios"))


def three(columns: dict[str, Any]) -> Any:
    inside = (columns["region"] == "EU") & (columns["device"] == "web") & (columns["plan"] == "pro")
    return 0.1 + 0.35 * inside


def missing(columns: dict[str, Any]) -> Any:
    return 0.1 + 0.2 * np.isnan(columns["amount"])


@pytest.mark.parametrize(
    ("rate", "planted"),
    [
        (one, {"region = US"}),
        (two, {"region = EU", "device = ios"}),
        (three, {"region = EU", "device = web", "plan = pro"}),
        (missing, {"amount missing"}),
    ],
    ids=["one", "two", "three", "missing"],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_slice_is_found_and_nothing_else(
    rate: Callable[[dict[str, Any]], Any], planted: set[str], seed: int
) -> None:
    search = find_slices(log(seed, 12_000), log(seed + 100, 12_000, rate), NAMES)
    assert said(search) == [planted]


def test_a_range_of_numbers_is_found() -> None:
    def old(columns: dict[str, Any]) -> Any:
        return 0.1 + 0.15 * (columns["age"] > 48.1)

    search = find_slices(log(1, 12_000), log(2, 12_000, old), NAMES)
    condition = search.slices[0].where[0]
    assert len(search.slices) == len(search.slices[0].where) == 1
    assert (condition.column, condition.up_to) == ("age", None)
    assert condition.above == pytest.approx(48.1, abs=1)


def test_two_slices_are_found_though_one_is_far_worse() -> None:
    def both(columns: dict[str, Any]) -> Any:
        return (
            0.1 + 0.5 * (columns["region"] == "APAC")
            + 0.1 * ((columns["plan"] == "pro") & (columns["region"] != "APAC"))
        )  # fmt: skip

    found = said(find_slices(log(1, 16_000), log(2, 16_000, both), NAMES))
    assert found[0] == {"region = APAC"}
    assert {"plan = pro"} in found or any("plan = pro" in where for where in found[1:])


def test_the_figures_are_those_of_the_rows_that_it_was_not_found_on() -> None:
    before, after = log(1, 12_000), log(2, 12_000, two)
    search = find_slices(before, after, NAMES)
    found = search.slices[0]
    is_inside = (pl.col("region") == "EU") & (pl.col("device") == "ios")
    halves = [
        side.filter(~pl.Series(in_first_half(side["wb_id"].to_list()))) for side in (before, after)
    ]
    own = [half.filter(is_inside)["wb_bad"].to_numpy() for half in halves]
    every = [half["wb_bad"].to_numpy() for half in halves]
    assert search.measured_on == halves[1].height
    assert (found.rows, found.reference_rows) == (own[1].size, own[0].size)
    assert found.bad_rate == pytest.approx(own[1].mean())
    assert found.reference_bad_rate == pytest.approx(own[0].mean())
    assert found.share_of_bad == pytest.approx(own[1].sum() / every[1].sum())
    assert found.lift == pytest.approx(own[1].mean() / every[1].mean())
    rise = every[1].sum() / every[1].size - every[0].sum() / every[0].size
    part = own[1].sum() / every[1].size - own[0].sum() / every[0].size
    assert found.share_of_rise == pytest.approx(part / rise)
    assert found.low < found.bad_rate < found.high
    assert found.p_value <= found.p_adjusted < LEVEL


def test_what_is_said_of_a_slice_is_not_inflated_by_its_choice() -> None:
    errors = [
        (found.bad_rate - 0.3, found.bad_rate - (found.reference_bad_rate or 0.0) - 0.2)
        for seed in range(40)
        for found in find_slices(log(seed, 6_000), log(seed + 1000, 6_000, two), NAMES).slices
        if {c.text for c in found.where} == {"region = EU", "device = ios"}
    ]
    assert len(errors) >= 36
    for column in zip(*errors, strict=True):
        error = np.std(column) / np.sqrt(len(column))
        assert abs(np.mean(column)) < 3 * error < 0.02


def test_where_nothing_changed_almost_nothing_is_listed() -> None:
    listed = [
        len(find_slices(log(seed, 2_000), log(seed + 1000, 2_000), NAMES).slices)
        for seed in range(100)
    ]
    assert sum(number > 0 for number in listed) <= 4


def test_a_rise_everywhere_is_in_no_slice_and_a_slice_that_was_always_bad_is_none() -> None:
    def always(columns: dict[str, Any]) -> Any:
        return 0.1 + 0.3 * (columns["region"] == "EU")

    assert not find_slices(log(1, 8_000, always), log(2, 8_000, always), NAMES).slices
    higher = find_slices(log(3, 8_000), log(4, 8_000, lambda _: 0.2), NAMES)
    assert not higher.slices
    assert higher.looked_at > 1000


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    before, after = log(1, 8_000), log(2, 8_000, two)
    search = find_slices(before, after, NAMES)
    mixed = after.sample(fraction=1, shuffle=True, seed=5).select(reversed(after.columns))
    again = find_slices(before.reverse(), mixed, NAMES[::-1])
    assert said(again) == said(search)
    assert again.slices == search.slices


def test_without_labels_in_the_reference_the_other_rows_are_compared_with() -> None:
    before = log(1, 8_000).with_columns(wb_bad=pl.lit(None, pl.Float64))
    search = find_slices(before, log(2, 8_000, two), NAMES)
    assert said(search) == [{"region = EU", "device = ios"}]
    found = search.slices[0]
    assert (found.reference_bad_rate, found.share_of_rise, found.excess) == (None, None, None)
    assert search.rise_reason
    assert search.notes


def test_costs_between_0_and_1_can_be_searched() -> None:
    def halved(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col("wb_bad") * 0.4)

    search = find_slices(halved(log(1, 12_000)), halved(log(2, 12_000, two)), NAMES)
    assert said(search) == [{"region = EU", "device = ios"}]
    assert search.slices[0].bad_rate == pytest.approx(0.12, abs=0.02)


def test_too_few_labels_say_so() -> None:
    few = find_slices(log(1, 150), log(2, 150), NAMES)
    assert (few.slices, few.reason) == ((), "fewer than 200 labelled rows")
    bare = log(1, 1000).select("wb_id", "wb_bad")
    assert find_slices(bare, bare, []).reason == "no column has values to break the rows down by"


def test_halves_are_halves_and_stay() -> None:
    half = in_first_half([f"p{i}" for i in range(20_000)])
    assert abs(np.mean(half) - 0.5) < 0.012
    assert half[:8] == in_first_half([f"p{i}" for i in range(8)])


@pytest.mark.parametrize(
    "counts",
    [(8, 50, 2, 60), (0, 50, 3, 50), (50, 50, 5, 70), (300, 5000, 200, 4000), (5, 5, 0, 9)],
)
def test_the_exact_test_is_fishers(counts: tuple[int, int, int, int]) -> None:
    bad, n, bad_before, n_before = counts
    table = [[bad, n - bad], [bad_before, n_before - bad_before]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert worse_p_value(bad, n, bad_before, n_before) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    "counts", [(3000, 50_000, 2900, 50_000), (1100, 5000, 500, 5000), (9, 100_000, 2, 100_000)]
)
def test_the_exact_test_holds_where_its_terms_are_tiny(counts: tuple[int, int, int, int]) -> None:
    bad, n, bad_before, n_before = counts
    expected = stats.hypergeom.sf(bad - 1, n + n_before, bad + bad_before, n)
    assert worse_p_value(bad, n, bad_before, n_before) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("counts", [(500, 5000, 3000, 5000), (0, 9000, 8999, 9000)])
def test_a_slice_that_is_far_better_is_not_worse(counts: tuple[int, int, int, int]) -> None:
    bad, n, bad_before, n_before = counts
    expected = stats.hypergeom.sf(bad - 1, n + n_before, bad + bad_before, n)
    assert worse_p_value(*counts) == pytest.approx(expected)


def with_flood(seed: int, rate: float) -> pl.DataFrame:
    """A log of which three rows in ten have no age any more, and are bad at a rate of their own."""
    rows = 12_000
    gone = np.random.default_rng(seed).random(rows) < 0.3
    frame = log(seed, rows, lambda _: np.where(gone, rate, 0.1))
    return frame.with_columns(age=pl.when(pl.Series(gone)).then(None).otherwise("age"))


def test_a_flood_of_missing_values_is_named_and_its_reference_rate_is_unknown() -> None:
    search = find_slices(log(1, 12_000), with_flood(2, 0.35), NAMES)

    (found,) = search.slices
    assert [c.text for c in found.where] == ["age missing"]
    assert found.reference_bad_rate is None
    assert found.reference_rows == 0
    assert found.reference_reason == "the reference has no labelled rows of it"
    assert search.reference_bad_rate is not None
    assert search.bad_rate is not None
    rise = search.bad_rate - search.reference_bad_rate
    carried = found.share * (found.bad_rate - search.reference_bad_rate) / rise
    assert found.share_of_rise == pytest.approx(carried)
    assert 0.8 < carried < 1.2


def test_a_new_category_is_named_and_comes_before_what_is_less() -> None:
    def rate(columns: dict[str, Any]) -> Any:
        return 0.1 + 0.3 * (columns["region"] == "MEA") + 0.1 * (columns["plan"] == "pro")

    before = log(1, 12_000).with_columns(region=pl.col("region").replace("MEA", "EU"))
    found = find_slices(before, log(2, 12_000, rate), NAMES).slices

    assert {c.text for s in found for c in s.where} == {"region = MEA", "plan = pro"}
    new = next(s for s in found if s.where[0].column == "region")
    assert new.reference_reason == "the reference has no labelled rows of it"
    other = next(s for s in found if s is not new)
    assert other.reference_reason is None
    assert other.reference_bad_rate is not None


def test_few_rows_of_it_in_the_reference_are_said_to_be_few() -> None:
    gone = pl.int_range(12_000) % 600 == 0
    before = log(1, 12_000).with_columns(age=pl.when(gone).then(None).otherwise("age"))
    (found,) = find_slices(before, with_flood(2, 0.35), NAMES).slices

    assert 0 < found.reference_rows < 20
    assert found.reference_reason == (
        f"the reference has only {found.reference_rows} labelled rows of it"
    )
    assert found.reference_bad_rate is None


def test_new_values_whose_rows_are_no_worse_are_not_named() -> None:
    """30 logs with a flood that harms nothing: at 1 %, more than two with a finding are no chance."""
    named = [
        bool(find_slices(log(seed, 12_000), with_flood(500 + seed, 0.1), NAMES).slices)
        for seed in range(30)
    ]
    assert sum(named) <= 2
