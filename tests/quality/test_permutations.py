"""The odds of a permutation hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.quality.permutations import odds_of_shares, simple_orders

USUAL = np.array([1880, 1320, 1040, 710, 350])


def test_simple_orders_are_rotations_and_exchanges() -> None:
    names = ["DL", "AA", "UA"]
    found = {tuple(names[i] for i in order) for order in simple_orders(names)}
    # Of DL, AA and UA in this order.
    assert found == {
        ("UA", "DL", "AA"), ("AA", "UA", "DL"), ("AA", "DL", "UA"), ("UA", "AA", "DL"), ("DL", "UA", "AA"),
    }  # fmt: skip
    assert simple_orders([f"{n:02d}" for n in range(13)]) == []


@pytest.mark.parametrize("size", [5.0, 20.0, 60.0])
def test_of_drifts_hardly_one_looks_like_a_permutation(size: float) -> None:
    rng = np.random.default_rng(1)
    orders = simple_orders(list("abcde"))
    wrong = 0
    for _ in range(800):
        now = rng.multinomial(1500, rng.dirichlet(size * USUAL / USUAL.sum()))
        odds = []
        for order in orders:
            back = np.zeros(5)
            back[order] = now
            odds.append(odds_of_shares(now, back, USUAL, len(orders)))
        wrong += max(odds) >= 4.5
    assert wrong <= 4


def test_a_permutation_is_the_surer_the_more_rows_there_are() -> None:
    order = simple_orders(list("abcde"))[0]
    found = []
    for rows in (100, 400, 1600, 6400):
        back = np.round(rows * USUAL / USUAL.sum())
        found.append(odds_of_shares(back[order], back, USUAL, 14))
    assert found == sorted(found)
    assert found[1] > 4.5
