"""Two columns in each other's place are told from two that drift."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quality.made_sides import DAY, START, sides_of
from workbench.quality.findings import Finding
from workbench.quality.groups import jumping_groups
from workbench.quality.swaps import swapped_columns


def found_of(seed: int, *, is_swapped: bool, factor: float = 1.0) -> list[Finding]:
    """What is found of one region's 130 rows since day 14.8."""
    rng = np.random.default_rng(seed)
    moments = np.sort(np.r_[rng.random(9000) * 14, 14 + rng.random(900) * 2])
    rows = moments.size
    region = rng.choice(["north", "south", "east"], rows, p=(0.5, 0.3, 0.2))
    amount, delay = rng.lognormal(3.5, 0.7, rows), rng.lognormal(3.0, 0.6, rows)
    hit = (region == "east") & (moments >= 14.8)
    a, b = (delay, amount) if is_swapped else (amount * factor, delay)
    log = {"amount": np.where(hit, a, amount), "delay": np.where(hit, b, delay), "region": region}
    reference = {
        "amount": rng.lognormal(3.5, 0.7, 4000), "delay": rng.lognormal(3.0, 0.6, 4000),
        "region": rng.choice(["north", "south", "east"], 4000, p=(0.5, 0.3, 0.2)),
    }  # fmt: skip
    sides = sides_of(log, reference, moments, days=16, asked=7, segments=("region",))
    groups = {name: jumping_groups(sides, values) for name, values in sides.columns.items()}
    return swapped_columns(sides, groups, DAY)


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_rows_of_one_region_tell_a_swap(seed: int) -> None:
    found = found_of(seed, is_swapped=True)
    assert [({f.column, *f.also}, f.segment) for f in found] == [
        ({"amount", "delay"}, ("region", "east"))
    ]
    assert found[0].since == START + 14 * DAY


@pytest.mark.parametrize("seed", range(4))
def test_one_column_that_shrinks_is_no_swap(seed: int) -> None:
    assert found_of(seed, is_swapped=False, factor=0.6) == []
    assert found_of(seed, is_swapped=False) == []
