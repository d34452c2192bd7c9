"""The stretch of a fault is the most likely one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.quality.stretches import affected_run, best_run, run_of_rows


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=25))
def test_the_best_run_is_that_of_brute_force(gains: list[int]) -> None:
    sums = {
        (i, j): sum(gains[i:j]) for i in range(len(gains)) for j in range(i + 1, len(gains) + 1)
    }
    best = max(sums.values())
    found = best_run(np.array(gains, dtype=float))
    if best <= 0:
        assert found is None
    else:
        assert found is not None
        assert sums[found] == best


@given(st.integers(0, 500), st.integers(0, 20), st.integers(1, 10))
def test_a_raised_rate_is_found_to_the_bucket(seed: int, start: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(200, 400, 30)
    inside = (np.arange(30) >= start) & (np.arange(30) < start + length)
    hits = rng.binomial(rows, np.where(inside, 0.5, 0.05))
    found = affected_run(hits, rows, 0.05, 0.05)
    assert found is not None
    # A neighbour with twice its usual hits, by chance, is as likely within as without.
    off = (found[0] - start, found[1] - min(start + length, 30))
    assert -1 <= off[0] <= 0 <= off[1] <= 1


@given(st.integers(0, 500))
def test_a_rate_that_stays_is_not_raised(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(200, 400, 30)
    assert affected_run(rng.binomial(rows, 0.05), rows, 0.05, 0.08) is None


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=25), st.integers(1, 5))
def test_the_best_run_of_rows_holds_that_of_brute_force(gains: list[int], size: int) -> None:
    at = np.arange(len(gains)) // size
    sums = {
        (i, j): sum(gains[i:j]) for i in range(len(gains)) for j in range(i + 1, len(gains) + 1)
    }
    best = max(sums.values())
    found = run_of_rows(np.array(gains, dtype=float), at, int(at[-1]) + 3)
    if best <= 0:
        assert found is None
        return
    assert found is not None
    told = max(
        sum(gains[i:j]) for (i, j), total in sums.items()
        if total == best for i in range(i, j) if at[i] >= found[0]
    )  # fmt: skip
    assert told >= best - 5.0 * (at[-1] + 1)
    assert 0 <= found[0] < found[1] <= at[-1] + 3


def test_it_begins_in_the_middle_of_a_bucket_and_lasts() -> None:
    at = np.repeat(np.arange(10), 20)
    gains = np.where(np.arange(200) >= 115, 1.0, -2.0)
    assert run_of_rows(gains, at, 12) == (5, 12)
    ended = np.where(np.arange(200) >= 165, -2.0, gains)
    assert run_of_rows(ended, at, 12) == (5, 9)


def test_a_bucket_in_which_a_rate_rose_for_some_hours_is_of_it() -> None:
    rows = np.full(12, 300)
    hits = np.array([3, 2, 4, 3, 2, 3, 90, 297, 299, 298, 60, 3])
    assert affected_run(hits, rows, 0.01, 0.02) == (6, 11)
    hits[6] = 4
    assert affected_run(hits, rows, 0.01, 0.02) == (7, 11)
