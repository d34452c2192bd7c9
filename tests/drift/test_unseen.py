"""Rows of categories that the reference lacks, against enumeration and permutation."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from tests.drift.no_change import categories, zipf
from workbench.domain.bins import make_category_bins
from workbench.domain.profile import ColumnBins
from workbench.drift.profiling import profile_values
from workbench.drift.unseen import unseen_test


def both(before: list[str], after: list[str]) -> tuple[int, float]:
    bins = make_category_bins("c", "feature", {name: before.count(name) for name in before})
    found = unseen_test(profile_values(bins, before), profile_values(bins, after))
    assert found is not None
    return found.rows, found.p_value


def dealt(pooled: list[str], m: int) -> dict[int, float]:
    """The law of the unseen rows over all ways of dealing the rows out."""
    law: dict[int, float] = {}
    for places in combinations(range(len(pooled)), m):
        before = {name for i, name in enumerate(pooled) if i not in places}
        rows = sum(pooled[i] not in before for i in places)
        law[rows] = law.get(rows, 0) + 1 / comb(len(pooled), m)
    return law


@pytest.mark.parametrize(
    ("before", "after"),
    [("aaaaabb", "aaxx"), ("aaaabbbc", "abd"), ("aaaaaaaaa", "aax"), ("aabbccddeeff", "abgg")],
)
def test_it_is_close_to_the_law_over_all_ways_of_dealing_out(before: str, after: str) -> None:
    rows, found = both(list(before), list(after))
    law = dealt(list(before + after), len(after))
    expected = sum(p for k, p in law.items() if k >= rows)
    # Terms are taken as independent: with a dozen rows they are not quite.
    assert found == pytest.approx(expected, abs=0.06)


def test_many_rare_categories_are_news_to_a_sample_by_chance_alone() -> None:
    random = np.random.default_rng(4)
    for cap in (200, 30):
        p_values = []
        for before, after in categories(random, zipf(300), 1500, 700, 300, cap=cap):
            found = unseen_test(before, after)
            assert found is not None
            p_values.append(found.p_value)
        # Twenty or so rows of every current sample are unseen; in 300 draws at 0.05, 27 are
        # exceeded once in two thousand runs.
        assert sum(p < 0.05 for p in p_values) <= 27


def test_a_new_name_with_many_rows_is_no_chance() -> None:
    before = ["a"] * 600 + ["b"] * 400
    rows, p_value = both(before, ["a"] * 60 + ["b"] * 30 + ["new"] * 10)
    assert rows == 10
    assert p_value == pytest.approx((100 / 1100) ** 10, rel=0.5)
    # Below 1e-12 nothing more is said.
    assert both(before, ["new"] * 200) == (200, 1e-12)


def test_an_id_that_is_new_in_every_row_is_no_news() -> None:
    rows, p_value = both([f"a{i}" for i in range(800)], [f"b{i}" for i in range(400)])
    assert rows == 400
    assert p_value > 0.3


def test_what_it_attains_is_below_the_level_and_nothing_without_rare_categories() -> None:
    bins = make_category_bins("c", "feature", {"a": 500, "b": 500})
    full = profile_values(bins, ["a", "b"] * 500)
    found = unseen_test(full, full)
    assert found is not None
    assert (found.rows, found.p_value) == (0, 1.0)
    assert found.attained(0.05) < 1e-9
    rare = make_category_bins("c", "feature", {"a": 500, **{str(i): 1 for i in range(60)}})
    some = unseen_test(
        profile_values(rare, ["a"] * 500 + [str(i) for i in range(60)]),
        profile_values(rare, ["a"] * 400 + [f"x{i}" for i in range(40)]),
    )
    assert some is not None
    assert 0.02 < some.attained(0.05) <= 0.05


def test_numbers_and_open_categories_have_none() -> None:
    numbers = ColumnBins("x", "feature", "numeric", edges=(1.0, 2.0))
    values = profile_values(numbers, [1.0, 2.0])
    assert unseen_test(values, values) is None
    opened = ColumnBins("c", "feature", "categorical", categories=("a",), is_open=True)
    names = profile_values(opened, ["a", "b"])
    assert unseen_test(names, names) is None
