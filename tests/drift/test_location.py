"""The rank test, against scipy on raw values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from tests.drift.strategies import COUNTS
from workbench.drift.laws import normal_tails
from workbench.drift.location import rank_scores, rank_z, superiority


def raw(pairs: list[tuple[int, int]], side: int) -> np.ndarray:
    return np.repeat(np.arange(len(pairs)), [pair[side] for pair in pairs])


@given(COUNTS)
def test_it_is_the_rank_sum_test_with_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = raw(pairs, 0), raw(pairs, 1)
    found = rank_z(pairs)
    if len(set(x.tolist()) | set(y.tolist())) < 2:
        assert found == 0
        return
    expected = stats.mannwhitneyu(x, y, use_continuity=False, method="asymptotic")
    assert normal_tails(found) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@given(COUNTS)
def test_superiority_is_the_share_of_pairs_with_ties_as_half(
    pairs: list[tuple[int, int]],
) -> None:
    x, y = raw(pairs, 0), raw(pairs, 1)
    wins = np.sign(y[None, :] - x[:, None])
    assert superiority(pairs) == pytest.approx((1 + wins.mean()) / 2)


@given(COUNTS)
def test_exchanging_the_samples_turns_the_sign(pairs: list[tuple[int, int]]) -> None:
    assert rank_z([(b, a) for a, b in pairs]) == pytest.approx(-rank_z(pairs), abs=1e-9)


def test_scores_are_middle_ranks_about_zero() -> None:
    totals = [3, 1, 6]
    scores = rank_scores(totals)
    assert math.fsum(t * s for t, s in zip(totals, scores, strict=True)) == pytest.approx(0)
    assert scores == pytest.approx([0.15 - 0.5, 0.35 - 0.5, 0.7 - 0.5])


def test_an_empty_side_has_no_shift() -> None:
    assert rank_z([(0, 3), (0, 4)]) == 0
    assert superiority([(0, 3), (0, 4)]) is None
