"""Weights are the ratio of the two densities, and say when there is none to speak of."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.performance.weighting import RowWeights, domain_weights


def test_the_same_inputs_get_the_same_weight() -> None:
    random = np.random.default_rng(1)
    found = domain_weights(
        random.normal(size=(4000, 3)), random.normal(size=(3000, 3)), [False] * 3, seed=0
    )
    assert found.values.mean() == pytest.approx(1.0)
    assert found.effective_share > 0.8
    assert found.auc == pytest.approx(0.5, abs=0.03)
    assert found.shortage is None


def test_moved_inputs_are_weighted_by_the_ratio_of_densities() -> None:
    random = np.random.default_rng(2)
    reference = random.normal(size=(10_000, 2))
    current = random.normal([0.5, 0.0], [1.0, 0.7], size=(6000, 2))
    found = domain_weights(reference, current, [False, False], seed=0)
    ratio = np.exp(0.5 * reference[:, 0] - 0.125) * np.exp(
        reference[:, 1] ** 2 / 2 - (reference[:, 1] / 0.7) ** 2 / 2
    ) / 0.7  # fmt: skip
    assert np.corrcoef(found.values, ratio)[0, 1] > 0.8
    for column in (0, 1):
        for power in (1, 2):
            weighted = np.mean(found.values * reference[:, column] ** power)
            assert weighted == pytest.approx(np.mean(current[:, column] ** power), abs=0.12)


def test_categories_are_weighted_by_their_shares() -> None:
    random = np.random.default_rng(3)
    reference = random.choice([0.0, 1.0, 2.0], (6000, 1), p=[0.5, 0.3, 0.2])
    current = random.choice([0.0, 1.0, np.nan], (6000, 1), p=[0.2, 0.7, 0.1])
    found = domain_weights(reference, current, [True], seed=0)
    means = [found.values[reference[:, 0] == code].mean() for code in (0.0, 1.0)]
    assert means[1] / means[0] == pytest.approx((0.7 / 0.3) / (0.2 / 0.5), rel=0.15)
    assert found.values[reference[:, 0] == 2.0].max() < 0.1


def test_populations_that_do_not_overlap_are_refused() -> None:
    random = np.random.default_rng(4)
    far = domain_weights(
        random.normal(size=(2000, 1)), random.normal(9, 1, (2000, 1)), [False], seed=0
    )
    assert far.shortage is not None
    assert "hardly overlap" in far.shortage
    few = RowWeights(np.ones(1000), 0.1, 0.8)
    assert few.shortage is not None
    assert "only 100 rows" in few.shortage


def test_without_columns_or_rows_every_row_stands_for_itself() -> None:
    assert domain_weights(np.zeros((5, 0)), np.zeros((4, 0)), [], seed=0).values.tolist() == [1] * 5
    assert domain_weights(np.zeros((5, 1)), np.zeros((1, 1)), [False], seed=0).shortage is not None
