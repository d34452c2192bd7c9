"""PSI, Jensen-Shannon and Hellinger from profiles, against formulas on raw values."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from scipy.spatial.distance import jensenshannon

from tests.drift.strategies import COUNTS, LABELS, NUMBERS
from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.drift.divergence import coarse_counts, hellinger, jensen_shannon, psi
from workbench.drift.profiling import profile_values


def plain_psi(p_counts: np.ndarray, q_counts: np.ndarray) -> float:
    bins = len(p_counts)
    p = (p_counts + 0.5) / (p_counts.sum() + 0.5 * bins)
    q = (q_counts + 0.5) / (q_counts.sum() + 0.5 * bins)
    return float(np.sum((q - p) * np.log(q / p)))


def plain_hellinger(p_counts: np.ndarray, q_counts: np.ndarray) -> float:
    p, q = p_counts / p_counts.sum(), q_counts / q_counts.sum()
    return float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2))


def assert_all_agree(
    before: tuple[int, ...], after: tuple[int, ...], p: np.ndarray, q: np.ndarray
) -> None:
    assert psi(before, after) == pytest.approx(plain_psi(p, q), abs=1e-9)
    assert hellinger(before, after) == pytest.approx(plain_hellinger(p, q), abs=1e-7)
    # The distance is a square root, so it is its square that is comparable near 0.
    found = jensen_shannon(before, after)
    assert found is not None
    assert found**2 == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)


@given(NUMBERS, NUMBERS)
def test_numbers_agree_with_the_formulas_on_raw_values(
    reference: list[float], current: list[float]
) -> None:
    bins = make_numeric_bins("x", "feature", np.array(reference))
    before = coarse_counts(profile_values(bins, reference))
    after = coarse_counts(profile_values(bins, current))
    ends = [-math.inf, *bins.psi_edges, math.inf]

    def raw(values: list[float]) -> np.ndarray:
        x = np.array(values)
        return np.array([np.sum((x > a) & (x <= b)) for a, b in pairwise(ends)])

    assert_all_agree(before, after, raw(reference), raw(current))


@given(LABELS, LABELS)
def test_categories_agree_with_the_formulas_on_raw_values(
    reference: list[str], current: list[str]
) -> None:
    known = sorted(set(reference))
    bins = make_category_bins("c", "feature", {name: reference.count(name) for name in known})
    before = coarse_counts(profile_values(bins, reference))
    after = coarse_counts(profile_values(bins, current))

    def raw(values: list[str]) -> np.ndarray:
        return np.array([*(values.count(k) for k in known), sum(v not in known for v in values)])

    assert_all_agree(before, after, raw(reference), raw(current))


@given(COUNTS)
def test_all_are_symmetric_within_their_range_and_zero_for_equal_shares(
    pairs: list[tuple[int, int]],
) -> None:
    p, q = [a for a, _ in pairs], [b for _, b in pairs]
    for measure, most in ((psi, math.inf), (jensen_shannon, 1.0), (hellinger, 1.0)):
        there, back, itself = measure(p, q), measure(q, p), measure(p, p)
        assert there is not None
        assert 0 <= there <= most
        assert back == pytest.approx(there, abs=1e-12)
        assert itself == pytest.approx(0, abs=1e-7)


def test_disjoint_samples_are_at_the_largest_distance() -> None:
    assert jensen_shannon((5, 0), (0, 3)) == pytest.approx(1)
    assert hellinger((5, 0), (0, 3)) == pytest.approx(1)


@pytest.mark.parametrize("measure", [psi, jensen_shannon, hellinger])
def test_an_empty_side_has_no_distance(measure: type) -> None:
    assert measure((0, 0), (1, 2)) is None
    assert measure((1, 2), (0, 0)) is None


def test_any_change_of_a_constant_column_moves_psi() -> None:
    bins = make_numeric_bins("x", "feature", np.full(1000, 7.0))
    before = coarse_counts(profile_values(bins, [7.0] * 1000))
    for moved in (6.9, 7.1):
        after = coarse_counts(profile_values(bins, [7.0] * 500 + [moved] * 500))
        found = psi(before, after)
        assert found is not None
        assert found > 1


def test_psi_sees_the_rare_value_of_a_flag() -> None:
    flag = [0.0] * 50 + [1.0] * 950
    bins = make_numeric_bins("x", "feature", np.array(flag))
    found = psi(
        coarse_counts(profile_values(bins, flag)),
        coarse_counts(profile_values(bins, [0.0] * 600 + [1.0] * 400)),
    )
    assert found is not None
    assert found > 1
