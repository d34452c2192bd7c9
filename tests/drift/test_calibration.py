"""Every test keeps its level when nothing changed: `benchmarks/calibration.py` in small."""

from __future__ import annotations

import numpy as np
import pytest

from tests.drift import no_change

DRAWS = 150


def rates(column: str, n: int, m: int) -> dict[str, float]:
    random = np.random.default_rng([n, m, *column.encode()])
    pairs = list(no_change.COLUMNS[column].draw(random, n, m, DRAWS))
    return {
        name: float(np.mean(values < 0.05)) for name, values in no_change.p_values(pairs).items()
    }


@pytest.mark.parametrize("column", no_change.COLUMNS)
def test_no_test_rejects_more_often_than_its_level(column: str) -> None:
    found: dict[str, list[float]] = {}
    for n, m in no_change.SIZES:
        for name, rate in rates(column, n, m).items():
            # 0.05 in 150 draws: 0.12 is reached once in a thousand.
            assert rate <= 0.12, (name, n, m)
            found.setdefault(name, []).append(rate)
    for name, over_sizes in found.items():
        # In 600 draws, above 0.08 comes once in a thousand, below 0.024 likewise.
        assert np.mean(over_sizes) <= 0.08, name
        if not any(no_change.may_be_low(name, column, n, m) for n, m in no_change.SIZES):
            assert np.mean(over_sizes) >= 0.024, name


def test_a_reference_whose_rare_categories_are_missed_by_chance_is_no_alarm() -> None:
    # By the rows of names that the reference lacks alone, every second draw would be one.
    found = rates("200 categories", 1000, 1000)
    assert found["pearson"] < 0.12
    assert found["values"] < 0.12
