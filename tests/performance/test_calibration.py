"""The isotonic fit is scikit-learn's, and it is used only where it helps on rows not seen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from workbench.performance.calibration import (
    are_probabilities,
    calibrate,
    isotonic,
    score_centers,
)

COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30)
CENTERS = tuple((i + 0.5) / 50 for i in range(50))


def drawn(truth: np.ndarray, rows: int, seed: int) -> list[tuple[float, float]]:
    positive = np.random.default_rng(seed).binomial(rows, truth)
    return [(float(p), float(rows - p)) for p in positive]


@given(COUNTS)
def test_the_fit_is_scikit_learns(labels: list[tuple[int, int]]) -> None:
    rows = np.array([p + n for p, n in labels], dtype=float)
    shares, blocks = isotonic(labels)
    assert len(shares) == len(blocks) == len(labels)
    assert all(a <= b + 1e-12 for a, b in pairwise(shares))
    kept = np.flatnonzero(rows)
    if kept.size == 0:
        assert shares == [0.0] * len(labels)
        return
    seen = np.array([p for p, _ in labels])[kept] / rows[kept]
    expected = IsotonicRegression().fit_transform(kept, seen, sample_weight=rows[kept])
    assert np.array(shares)[kept] == pytest.approx(expected, abs=1e-9)


@given(COUNTS)
def test_blocks_keep_the_number_of_positives(labels: list[tuple[int, int]]) -> None:
    shares, blocks = isotonic(labels)
    for block in set(blocks):
        inside = [i for i, b in enumerate(blocks) if b == block]
        expected = sum(shares[i] * sum(labels[i]) for i in inside)
        assert expected == pytest.approx(sum(labels[i][0] for i in inside))


def test_a_calibrated_score_stays_and_a_distorted_one_is_fitted() -> None:
    truth = np.array(CENTERS)
    kept = [calibrate(drawn(truth, 400, seed), CENTERS, seed=seed) for seed in range(10)]
    for found in kept:
        assert found is not None
        assert found.probabilities == pytest.approx(truth, abs=0.1)
    plain = next(found for found in kept if found is not None and not found.is_isotonic)
    assert plain.probabilities == CENTERS
    for seed in range(5):
        found = calibrate(drawn(truth**2, 400, seed), CENTERS, seed=seed)
        assert found is not None
        assert found.is_isotonic
        assert found.error is not None
        assert found.isotonic_error is not None
        assert found.isotonic_error < found.error
        assert found.probabilities == pytest.approx(truth**2, abs=0.1)


@given(COUNTS, st.integers(0, 29))
def test_a_border_keeps_the_positives_of_either_side(
    labels: list[tuple[int, int]], border: int
) -> None:
    border = min(border, len(labels) - 1)
    shares, blocks = isotonic(labels, border)
    assert len(shares) == len(blocks) == len(labels)
    for side in (slice(0, border), slice(border, None)):
        pairs = labels[side]
        if border and not any(map(sum, labels[border:])):
            continue  # no row above it: there is nothing to keep apart
        expected = sum(s * sum(pair) for s, pair in zip(shares[side], pairs, strict=True))
        assert expected == pytest.approx(sum(p for p, _ in pairs), abs=1e-9)


def test_the_same_seed_gives_the_same_answer() -> None:
    labels = drawn(np.array(CENTERS), 200, 3)
    assert calibrate(labels, CENTERS, seed=7) == calibrate(labels, CENTERS, seed=7)


def test_the_variance_of_a_block_is_that_of_its_share() -> None:
    found = calibrate([(1.0, 99.0), (60.0, 40.0)], (0.4, 0.5))
    assert found is not None
    assert found.is_isotonic
    share = 1.5 / 101
    assert found.variances[0] == pytest.approx(share * (1 - share) / 100)
    assert found.blocks == (0, 1)


def test_scores_that_are_no_probabilities_are_always_fitted() -> None:
    found = calibrate([(10.0, 90.0), (30.0, 70.0)], (-3.0, 4.0), are_probable=False)
    assert found is not None
    assert found.is_isotonic
    assert found.log_losses == ()
    assert found.squares == ()
    assert calibrate([(0.0, 90.0), (0.0, 70.0)], (-3.0, 4.0), are_probable=False) is None


def test_one_class_or_no_rows() -> None:
    alone = calibrate([(0.0, 50.0), (0.0, 50.0)], (0.1, 0.2))
    assert alone is not None
    assert not alone.is_isotonic
    assert alone.error is None
    assert calibrate([], (0.1, 0.2)) is None
    assert calibrate([(0.0, 0.0)], (0.5,)) is None


def test_a_score_that_separates_nearly_everything_is_left_alone() -> None:
    found = calibrate([(0.0, 5000.0), (5000.0, 0.0)], (0.2, 0.8))
    assert found is not None
    assert not found.is_isotonic


def test_centers_lie_in_their_bins() -> None:
    edges = (0.09, 0.2, 0.5, 0.9)
    found = score_centers(edges)
    ends = (0.0, *edges, 1.0)
    assert all(a <= c <= b for a, c, b in zip(ends, found, ends[1:], strict=False))
    assert score_centers(edges, is_discrete=True)[1:4] == edges[1:]
    assert score_centers(()) == (0.5,)
    assert are_probabilities(edges)
    assert not are_probabilities((-1.0, 0.4))
    assert not are_probabilities((0.2, 1.4))
    assert not are_probabilities(())
