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


def test_a_swap_of_one_small_producer_is_found_beside_larger_mixtures() -> None:
    """Whole regions and hosts move by the one carrier's rows in them; only its own rows are a swap."""
    rng = np.random.default_rng(5)
    moments = np.sort(np.r_[rng.random(24_000) * 10, 10 + rng.random(24_000) * 5])
    rows = moments.size

    def side(n: int) -> dict[str, np.ndarray]:
        return {
            "amount": rng.lognormal(3.5, 0.7, n), "delay": rng.lognormal(3.0, 0.6, n),
            "carrier": rng.choice(["AA", "DL", "UA"], n, p=(0.3, 0.4, 0.3)),
            "region": rng.choice(["north", "south"], n, p=(0.6, 0.4)),
            "app": rng.choice(["1.1", "1.2"], n),
        }  # fmt: skip

    log = side(rows)
    hit = (log["carrier"] == "AA") & (moments >= 10.1)
    amount, delay = log["amount"], log["delay"]
    log = {**log, "amount": np.where(hit, delay, amount), "delay": np.where(hit, amount, delay)}
    sides = sides_of(
        log, side(8000), moments, days=15, asked=5, segments=("app", "region", "carrier")
    )
    groups = {name: jumping_groups(sides, values) for name, values in sides.columns.items()}
    found = swapped_columns(sides, groups, DAY)
    assert [({f.column, *f.also}, f.segment) for f in found] == [
        ({"amount", "delay"}, ("carrier", "AA"))
    ]
