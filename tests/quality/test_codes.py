"""Codes that changed places are told from a mix that drifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.quality.made_sides import DAY, START, sides_of
from workbench.quality.codes import code_rest, exchanged_codes
from workbench.quality.findings import Finding
from workbench.quality.groups import jumping_groups

NAMES = np.array(["AA", "DL", "UA", "WN", "ZB"])
USUAL = (0.34, 0.26, 0.2, 0.13, 0.07)
ROUND = (0.07, 0.34, 0.26, 0.2, 0.13)
"""The usual shares after every name has moved on by one."""


def looked_at(
    shares: Sequence[float],
    *,
    now: int = 800,
    usual: Sequence[float] = USUAL,
    seed: int = 0,
    since: float = 14.0,
    labels: tuple[Any, Any] | None = None,
) -> Finding | None:
    """What is found of 16 days of which the last two, or what is after `since`, have other shares."""
    rng = np.random.default_rng(seed)
    moments = np.sort(np.r_[rng.random(3000) * 14, 14 + rng.random(now) * 2])
    late = moments >= since
    names = NAMES[: len(usual)]
    log = np.where(
        late, rng.choice(names, moments.size, p=shares), rng.choice(names, moments.size, p=usual)
    )
    reference = {"carrier": rng.choice(names, 4000, p=usual), "noise": rng.normal(size=4000)}
    columns = {"carrier": log, "noise": rng.normal(size=moments.size)}
    sides = sides_of(columns, reference, moments, days=16, asked=7, labels=labels)
    values = sides.columns["carrier"]
    return exchanged_codes(sides, values, jumping_groups(sides, values), code_rest(sides), DAY)


@pytest.mark.parametrize("seed", range(5))
def test_shares_that_are_those_of_other_codes_are_a_permutation(seed: int) -> None:
    found = looked_at(ROUND, seed=seed)
    assert found is not None
    assert found.transform is not None
    assert dict(found.transform.mapping) == {
        "AA": "ZB", "DL": "AA", "UA": "DL", "WN": "UA", "ZB": "WN",
    }  # fmt: skip
    assert found.since == START + 14 * DAY


@pytest.mark.parametrize("seed", range(40))
def test_a_mix_that_drifts_is_none(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(8 * np.array(USUAL))
    assert looked_at(tuple(shares), now=1500, seed=seed) is None


def test_two_names_whose_shares_cross_are_none() -> None:
    assert looked_at((0.4, 0.6), usual=(0.6, 0.4), now=1500) is None


def test_labels_that_go_with_the_code_as_logged_deny_a_permutation() -> None:
    # The mix became that of a permutation, but each code's rows are labelled as they always were.
    rng = np.random.default_rng(3)
    moments = np.sort(np.r_[rng.random(3000) * 14, 14 + rng.random(1500) * 2])
    log = np.where(
        moments >= 14, rng.choice(NAMES, moments.size, p=ROUND), rng.choice(NAMES, moments.size, p=USUAL)
    )  # fmt: skip
    reference = rng.choice(NAMES, 4000, p=USUAL)
    rates = dict(zip(NAMES, (0.9, 0.1, 0.6, 0.2, 0.5), strict=True))

    def labelled(codes: Any) -> Any:
        chance = np.array([rates[code] for code in codes])
        return np.where(rng.random(len(codes)) < chance, "1", "0")

    sides = sides_of({"carrier": log}, {"carrier": reference}, moments, days=16, asked=7,
                     labels=(labelled(log), labelled(reference)))  # fmt: skip
    values = sides.columns["carrier"]
    groups, rest = jumping_groups(sides, values), code_rest(sides)
    assert groups
    assert exchanged_codes(sides, values, groups, rest, DAY) is None


def test_it_began_in_the_bucket_in_which_it_began() -> None:
    found = looked_at(ROUND, now=1200, since=14.6)
    assert found is not None
    assert found.since == START + 14 * DAY
