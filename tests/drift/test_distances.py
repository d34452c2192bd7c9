"""KS and Wasserstein from profiles, against scipy on raw values: exact, or within the bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.drift.strategies import NUMBERS, QUARTERS
from workbench.domain.bins import make_numeric_bins
from workbench.domain.profile import ColumnProfile
from workbench.drift.distances import kolmogorov_smirnov, wasserstein
from workbench.drift.profiling import profile_values

# scipy divides by zero on the way to the p-value of a sample of one, which is not used here.
pytestmark = pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")

SEEDS = st.integers(0, 10_000)
SHAPES = ("shifted", "scaled", "outlier", "heavy", "narrow", "far", "both_ends", "rounded")


def profiles(
    reference: list[float], current: list[float], binned_on: list[float] | None = None
) -> tuple[ColumnProfile, ColumnProfile]:
    bins = make_numeric_bins("x", "feature", np.array(binned_on or reference))
    return profile_values(bins, reference), profile_values(bins, current)


def assert_within_bounds(
    reference: list[float], current: list[float], binned_on: list[float] | None = None
) -> None:
    before, after = profiles(reference, current, binned_on)
    exact_ks = stats.ks_2samp(reference, current, method="asymp").statistic
    ks = kolmogorov_smirnov(before, after)
    assert ks is not None
    assert ks.value - 1e-9 <= exact_ks <= ks.value + ks.bound + 1e-9
    moved = wasserstein(before, after)
    if len(set(reference)) == 1:
        assert moved is None
        return
    assert moved is not None
    deviation = float(np.std(reference))
    exact = stats.wasserstein_distance(reference, current) / deviation
    # Moments are about the bins' centre: a variance small beside its distance loses digits.
    spread = 1 + max(map(abs, [*reference, *current, *(binned_on or [])])) / deviation
    rounding = 1e-9 * spread + 1e-15 * spread**3
    assert abs(moved.value - exact) <= moved.bound + rounding


def continuous(seed: int, shape: str) -> tuple[list[float], list[float]]:
    """A reference with more distinct values than bins, and a sample that differs in some way."""
    random = np.random.default_rng(seed)
    reference = random.lognormal(size=int(random.integers(300, 900)))
    size = int(random.integers(1, 500))
    current = {
        "shifted": random.lognormal(size=size) + random.normal(),
        "scaled": random.lognormal(size=size) * 60,
        "outlier": np.append(random.lognormal(size=size), 1e6),
        "heavy": random.standard_t(2, size=size),
        "narrow": reference[0] + random.normal(size=size) * 1e-3,
        "far": np.full(size, -50.0),
        "both_ends": random.choice([-1.0, 1.0], size=size) * random.exponential(100, size=size),
        "rounded": np.round(random.lognormal(size=size)),
    }[shape]
    return reference.tolist(), current.tolist()


@given(NUMBERS, NUMBERS)
def test_any_two_samples_are_within_the_bounds(
    reference: list[float], current: list[float]
) -> None:
    assert_within_bounds(reference, current)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_two_periods_over_the_bins_of_a_third_sample_are_within_the_bounds(
    reference: list[float], current: list[float], binned_on: list[float]
) -> None:
    assert_within_bounds(reference, current, binned_on)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40)
@given(seed=SEEDS)
def test_continuous_columns_are_within_the_bounds(shape: str, seed: int) -> None:
    assert_within_bounds(*continuous(seed, shape))


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40)
@given(seed=SEEDS)
def test_two_periods_of_a_continuous_column_are_within_the_bounds(shape: str, seed: int) -> None:
    binned_on, current = continuous(seed, shape)
    before = continuous(seed + 1, "both_ends")[1]
    assert_within_bounds(before, current, binned_on)


@given(st.data(), st.lists(QUARTERS, min_size=2, max_size=60))
def test_discrete_columns_whose_values_are_known_are_exact(
    data: st.DataObject, reference: list[float]
) -> None:
    current = data.draw(st.lists(st.sampled_from(reference), min_size=1, max_size=60))
    before, after = profiles(reference, current)
    ks, moved = kolmogorov_smirnov(before, after), wasserstein(before, after)
    assert ks is not None
    assert ks.bound == 0
    assert ks.value == pytest.approx(
        stats.ks_2samp(reference, current, method="asymp").statistic, abs=1e-9
    )
    if moved is not None:
        exact = stats.wasserstein_distance(reference, current) / np.std(reference)
        assert moved.value == pytest.approx(exact, abs=1e-9)
        assert moved.bound == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("shape", ["shifted", "scaled", "rounded", "outlier"])
def test_the_bound_is_of_use(shape: str) -> None:
    for seed in range(5):
        before, after = profiles(*continuous(seed, shape))
        moved, ks = wasserstein(before, after), kolmogorov_smirnov(before, after)
        assert moved is not None
        assert ks is not None
        assert moved.bound <= 0.1 + 0.06 * moved.value
        assert ks.bound <= 0.4


def test_a_feed_that_changes_its_unit_is_measured_although_it_leaves_the_range() -> None:
    random = np.random.default_rng(5)
    minutes = random.exponential(30, size=20_000) - 10
    seconds = 60 * (random.exponential(30, size=5_000) - 10)
    before, after = profiles(minutes.tolist(), seconds.tolist())
    found = wasserstein(before, after)
    assert found is not None
    exact = stats.wasserstein_distance(minutes, seconds) / np.std(minutes)
    assert found.value == pytest.approx(exact, rel=0.02)


@given(NUMBERS)
def test_a_sample_is_at_no_distance_from_itself(values: list[float]) -> None:
    before, after = profiles(values, values)
    ks, moved = kolmogorov_smirnov(before, after), wasserstein(before, after)
    assert ks is not None
    assert ks.value == 0
    assert moved is None or moved.value == 0


def test_no_figure_is_ever_nan_or_infinite() -> None:
    for current in ([math.inf], [-math.inf, 1.0], [1e308, -1e308], [1.0], [math.inf, 5.0]):
        before, after = profiles([0.0, 1.0, 1e308], current)
        for found in (kolmogorov_smirnov(before, after), wasserstein(before, after)):
            assert found is None or math.isfinite(found.value + found.bound)


def test_an_empty_side_or_a_constant_reference_has_no_distance() -> None:
    empty = profiles([1.0, 2.0], [math.nan])
    assert kolmogorov_smirnov(*empty) is None
    assert wasserstein(*empty) is None
    assert wasserstein(*profiles([3.0, 3.0], [3.0, 4.0])) is None


def test_profiles_of_other_bins_are_refused() -> None:
    before, _ = profiles([1.0, 2.0], [1.0])
    _, after = profiles([5.0, 6.0], [5.0])
    with pytest.raises(ValueError, match="different bins"):
        wasserstein(before, after)
