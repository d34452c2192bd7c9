"""Days that differ more than chance: what is measured against them, and that it keeps its level."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from workbench.domain.bins import make_numeric_bins
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.drift.columns import measure_column
from workbench.drift.day_null import FEWEST_BUCKETS, Buckets, Dispersion, variations
from workbench.drift.laws import chi_square_survival

KEY = ("c", "feature")
SHARES = 1 / np.arange(1, 9)


def days_of(
    random: np.random.Generator, days: int, rows: int, spread: float, missing: float = 0.0
) -> np.ndarray:
    """Counts of eight categories and of the missing, a day a row; shares vary from day to day."""
    found = np.zeros((days, 9), dtype=int)
    for day in range(days):
        shares = SHARES * np.exp(random.normal(size=8) * spread)
        gone = random.binomial(rows, min(missing * np.exp(random.normal() * spread), 1.0))
        found[day] = [*random.multinomial(rows - gone, shares / shares.sum()), gone]
    return found


def profile(counts: np.ndarray) -> ColumnProfile:
    bins = ColumnBins("c", "feature", "categorical", categories=tuple("abcdefgh"))
    return ColumnProfile(bins, (*map(int, counts[:8]), 0, 0), missing=int(counts[8]))


def compared(
    random: np.random.Generator,
    reference: tuple[int, int],
    current: tuple[int, int],
    spread: float,
    draws: int,
) -> Iterator[tuple[float, float, float, float]]:
    """P-values of values and missing share, by rows and by days."""
    for _ in range(draws):
        before = days_of(random, *reference, spread, 0.1)
        after = days_of(random, *current, spread, 0.1).sum(axis=0)
        found = variations([[profile(day)] for day in before])
        whole, now = profile(before.sum(axis=0)), profile(after)
        plain = measure_column(whole, now)
        wide = measure_column(
            whole, now, variation=found[KEY], buckets=Buckets(len(before), current[0])
        )
        assert (plain.null, wide.null) == ("rows", "days")
        assert plain.p_value is not None
        assert wide.p_value is not None
        assert plain.missing_p is not None
        assert wide.missing_p is not None
        yield plain.p_value, wide.p_value, plain.missing_p, wide.missing_p


@pytest.mark.parametrize(
    ("reference", "current"), [((28, 300), (7, 300)), ((28, 300), (1, 300)), ((14, 500), (3, 1500))]
)
def test_days_that_differ_alarm_by_rows_and_keep_their_level_by_days(
    reference: tuple[int, int], current: tuple[int, int]
) -> None:
    random = np.random.default_rng(reference[0] + current[1])
    found = np.array(list(compared(random, reference, current, 0.25, 250)))
    by_rows, by_days, missing_rows, missing_days = (found < 0.05).mean(axis=0)
    assert by_rows > 0.3
    assert missing_rows > 0.12
    # 0.05 in 250 draws: above 0.1 would come once in a thousand runs.
    assert by_days <= 0.1
    assert missing_days <= 0.1


def test_where_days_differ_by_chance_only_the_level_is_kept_and_a_change_is_found() -> None:
    random = np.random.default_rng(5)
    found = np.array(list(compared(random, (28, 300), (7, 300), 0.0, 200)))
    assert (found[:, 1] < 0.05).mean() <= 0.1
    before = days_of(random, 28, 300, 0.0)
    after = before[:7].sum(axis=0) + np.array([-150, 150, 0, 0, 0, 0, 0, 0, 0])
    variation = variations([[profile(day)] for day in before])[KEY]
    moved = measure_column(
        profile(before.sum(axis=0)), profile(after), variation=variation, buckets=Buckets(28, 7)
    )
    assert moved.p_value is not None
    assert moved.p_value < 1e-4


def test_weekends_are_part_of_the_variation() -> None:
    random = np.random.default_rng(6)
    alarms = {"rows": 0, "days": 0}
    for _ in range(40):
        level = np.where(np.arange(28) % 7 >= 5, 0.4, 0.0)
        days = [random.normal(size=200) + shift for shift in level]
        bins = make_numeric_bins("x", "feature", np.concatenate(days))

        def counted(values: np.ndarray, bins: ColumnBins = bins) -> ColumnProfile:
            places = np.searchsorted(bins.edges, values, side="left")
            return ColumnProfile(bins, tuple(np.bincount(places, minlength=bins.size).tolist()))

        whole, sunday = counted(np.concatenate(days)), counted(random.normal(size=200) + 0.4)
        variation = variations([[counted(day)] for day in days])["x", "feature"]
        for name, known in (("rows", None), ("days", variation)):
            found = measure_column(whole, sunday, variation=known, buckets=Buckets(28, 1))
            assert found.null == name
            assert found.p_value is not None
            alarms[name] += found.p_value < 0.01
    assert alarms["rows"] >= 30
    assert alarms["days"] <= 4


def test_a_constant_is_found_even_where_current_days_are_far_larger_than_the_references() -> None:
    random = np.random.default_rng(8)
    before = days_of(random, FEWEST_BUCKETS, 60, 0.1)
    after = np.array([6000, 0, 0, 0, 0, 0, 0, 0, 0])
    variation = variations([[profile(day)] for day in before])[KEY]
    found = measure_column(
        profile(before.sum(axis=0)), profile(after), variation=variation, buckets=Buckets(10, 1)
    )
    assert found.null == "days"
    assert found.p_value is not None
    assert found.p_value < 1e-4


def test_few_buckets_are_not_enough() -> None:
    random = np.random.default_rng(7)
    days = [[profile(day)] for day in days_of(random, FEWEST_BUCKETS, 50, 0.1)]
    assert set(variations(days)) == {KEY}
    assert variations(days[1:]) == {}


def test_a_dispersion_of_one_that_is_well_known_is_chance() -> None:
    law = Dispersion(1.0, 1e7)
    for statistic, degrees in ((3.8, 1), (25.0, 11)):
        assert law.p_value(statistic, degrees) == pytest.approx(
            chi_square_survival(statistic, degrees), rel=1e-3
        )
    assert Dispersion(4.0, 1e7).p_value(4 * 3.84, 1) == pytest.approx(0.05, abs=1e-3)
    assert Dispersion(1.0, 9).p_value(3.84, 1) > 0.07
