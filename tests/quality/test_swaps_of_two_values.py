"""Columns of two values that changed places are told from two that only moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from workbench.quality.codes import code_rest
from workbench.quality.groups import jumping_groups
from workbench.quality.sides import Sides, Values
from workbench.quality.swaps import swapped_columns

DAY = timedelta(days=1)
DAYS, BROKEN = 14, 4
ROWS = 300


def people(rows: int, seed: int, shares: tuple[float, float] = (0.12, 0.5)) -> dict[str, Any]:
    """`ill` goes with age, `woman` with height, and neither with the other."""
    random = np.random.default_rng(seed)
    ill, woman = (random.random(rows) < share for share in shares)
    return {
        "ill": np.where(ill, "yes", "no"),
        "woman": np.where(woman, "yes", "no"),
        "age": random.normal(45 + 15 * ill, 12),
        "height": random.normal(178 - 13 * woman, 8),
    }


def sides(log: dict[str, Any], reference: dict[str, Any]) -> Sides:
    columns = {}
    for name, usual in reference.items():
        if name in ("ill", "woman"):
            names = tuple(sorted(set(usual), key=lambda value: -np.sum(usual == value)))
            now, then = (np.array([names.index(v) for v in side]) for side in (log[name], usual))
            columns[name] = Values(name, "categorical", now, then, names, len(names))
        else:
            columns[name] = Values(name, "numeric", log[name], usual)
    many = len(log["age"])
    at = np.arange(many) * DAYS // many
    starts = tuple(datetime(2024, 5, 6) + day * DAY for day in range(DAYS))
    now, usual = np.full(many, np.nan), np.full(len(reference["age"]), np.nan)
    return Sides(columns, {}, None, starts, at, at >= DAYS - 7, now, usual, now, usual, now, usual)


def found(log: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    both = sides(log, people(4000, 1))
    groups = {name: jumping_groups(both, values) for name, values in both.columns.items()}
    findings = swapped_columns(both, groups, DAY, code_rest(both))
    return [(finding.column, finding.also) for finding in findings]


def since_the_fault(then: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    is_now = np.arange(DAYS * ROWS) >= (DAYS - BROKEN) * ROWS
    return {name: np.where(is_now, now[name], then[name]) for name in then}


def test_two_columns_of_yes_and_no_that_changed_places_are_found() -> None:
    then = people(DAYS * ROWS, 2)
    now = {**then, "ill": then["woman"], "woman": then["ill"]}
    assert found(since_the_fault(then, now)) == [("ill", ("woman",))]


@pytest.mark.parametrize("seed", range(5))
def test_other_people_whose_shares_only_look_exchanged_are_no_swap(seed: int) -> None:
    then = people(DAYS * ROWS, 10 + seed)
    others = people(DAYS * ROWS, 20 + seed, shares=(0.5, 0.12))
    assert found(since_the_fault(then, others)) == []


def test_where_nothing_else_goes_with_them_nothing_is_said() -> None:
    then = people(DAYS * ROWS, 2)
    random = np.random.default_rng(3)
    now = {
        **then, "ill": then["woman"], "woman": then["ill"],
        "age": random.permutation(then["age"]), "height": random.permutation(then["height"]),
    }  # fmt: skip
    assert found(since_the_fault(then, now)) == []
