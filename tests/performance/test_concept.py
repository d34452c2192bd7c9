"""The difference to the estimate is found when the meaning changes, and calm when the mix does."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.domain.card import Thresholds
from workbench.performance.concept import LabelledPart, concept_gap

NARROW = Thresholds()


def part(bad: float, expected: float, n: float = 1000) -> LabelledPart:
    rate = expected / max(n, 1)
    return LabelledPart(n, bad, expected, n * rate * (1 - rate))


def test_the_difference_is_of_the_same_rows() -> None:
    found = concept_gap([part(150, 100), part(250, 200)], NARROW, model_variance=0.0)
    assert found is not None
    assert (found.realised, found.estimated) == pytest.approx((0.2, 0.15))
    assert found.difference == pytest.approx(0.05)
    assert found.low < 0.05 < found.high
    assert found.labelled == 2000
    assert found.status == "critical"


def test_statuses_follow_the_cards_thresholds() -> None:
    def status(bad: float) -> str:
        found = concept_gap([part(bad, 20_000, 100_000)], NARROW, model_variance=0.0)
        assert found is not None
        return found.status

    assert status(20_100) == "ok"
    assert status(21_000) == "ok"  # significant, and too small to matter
    assert status(22_500) == "warning"
    assert status(26_000) == "critical"
    assert status(10_000) == "ok"


def test_few_labels_leave_it_open() -> None:
    found = concept_gap([part(9, 8, 40)], NARROW, model_variance=0.0)
    assert found is not None
    assert found.status == "unknown"
    assert found.reason is not None
    assert concept_gap([], NARROW, model_variance=0.0) is None
    assert concept_gap([part(0, 0, 0)], NARROW, model_variance=0.0) is None


def test_doubt_about_the_estimate_and_unlike_days_widen_the_interval() -> None:
    def half(**options: float) -> float:
        found = concept_gap([part(150, 100)], NARROW, **{"model_variance": 0.0, **options})
        assert found is not None
        return (found.high - found.low) / 2

    assert half() == pytest.approx(1.96 * np.sqrt(0.09 / 1000), rel=1e-3)
    assert half(model_variance=0.02**2) > 1.9 * half() > half()
    assert half(spread=0.05) > 4 * half()
    unlike = concept_gap([part(b, 100) for b in (20, 180, 60, 240)], NARROW, model_variance=0.0)
    assert unlike is not None
    assert unlike.high - unlike.low > 2 * half()


def test_when_nothing_changes_it_is_seldom_significant() -> None:
    random = np.random.default_rng(9)
    repeats = 1000
    outside = 0
    for _ in range(repeats):
        rates = random.uniform(0.1, 0.4, size=7)
        parts = [part(float(random.binomial(500, r)), 500 * r, 500) for r in rates]
        found = concept_gap(parts, NARROW, model_variance=0.0)
        assert found is not None
        outside += not found.low <= 0 <= found.high
    assert outside / repeats <= 0.06
