"""The gate lets comparable populations through and names the column that divides the others."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from tests.triage.shift_worlds import planted
from workbench.triage.domain_model import DomainModel, measure_domain
from workbench.triage.overlap import (
    Overlap,
    effective_share,
    measure_overlap,
    shared_mass,
    weights,
)


def measured(kind: str, n: int = 800, seed: int = 0) -> Overlap:
    case = planted(kind, n, seed)
    return measure_overlap(case, measure_domain(case, refits=0))


def test_the_same_population_overlaps() -> None:
    found = measured("none")
    assert found.state == "fine"
    assert found.share_known is not None
    assert found.share_known > 0.95
    assert found.shared_mass is not None
    assert found.shared_mass > 0.9
    assert found.separating == ()
    assert [one.supports for one in found.evidence()] == [None, None]


def test_harder_cases_are_let_through_with_a_warning() -> None:
    found = measured("harder")
    assert found.state == "warning"
    assert found.only is None
    assert found.effective_current is not None
    assert found.effective_current > 300


def test_a_unit_fault_is_refused_and_its_column_named() -> None:
    case = planted("unit", 600)
    found = measure_overlap(case, measure_domain(case, refits=0))
    assert (found.state, found.only) == ("refused", "x0")
    words = found.evidence()
    assert words[-1].supports == "fix_upstream"
    assert "x0 alone tells the period from the reference" in words[-1].reading
    again = measure_overlap(case, measure_domain(case, without=["x0"], refits=0))
    assert again.state == "fine"


def test_two_broken_columns_are_shown_but_neither_is_the_only_one() -> None:
    case = planted("unit", 600)
    case = replace(case, current=case.current.with_columns(x1=case.current["x1"] * 100))
    found = measure_overlap(case, measure_domain(case, refits=0))
    assert (found.state, found.only) == ("refused", None)
    assert {one.column for one in found.separating[:2]} == {"x0", "x1"}


def test_the_only_column_there_is_takes_the_blame() -> None:
    case = planted("unit", 600)
    case = replace(case, features=case.features[:1])
    assert measure_overlap(case, measure_domain(case, refits=0)).only == "x0"


def test_few_comparable_rows_are_refused() -> None:
    found = measured("harder", 300)
    assert found.state == "refused"
    assert found.reason is not None
    assert "comparable rows" in found.reason


def test_what_was_skipped_says_so() -> None:
    found = measure_overlap(planted("none", 300), DomainModel(skipped="nothing to compare"))
    assert (found.state, found.skipped) == ("unknown", "nothing to compare")
    assert found.evidence()[0].reading == "Overlap not measured: nothing to compare."


def test_weights_are_the_ratio_of_densities_whatever_the_sizes() -> None:
    # p and q at three places, and 3 rows before for each of the incident.
    p, q = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.3, 0.1])
    pi = 0.25 * q / (0.75 * p + 0.25 * q)
    is_current = np.array([0.0, 0, 0, 1])
    found = weights(np.append(pi, 0.5), is_current)[:3]
    expected = q / (p + q)
    assert found / found.sum() == pytest.approx(expected / expected.sum())


def test_effective_share_counts_rows_that_count() -> None:
    assert effective_share(np.ones(7)) == 1.0
    assert effective_share(np.array([1.0, 0, 0, 0])) == 0.25
    assert effective_share(np.zeros(4)) == 0.0


@pytest.mark.parametrize("sizes", [(4000, 4000), (6000, 1500)])
def test_shared_mass_is_one_minus_the_total_variation(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    x = np.concatenate([random.normal(size=sizes[0]), 1 + random.normal(size=sizes[1])])
    t = np.repeat([0.0, 1.0], sizes)
    a = t.mean()
    odds = np.exp(x - 0.5) * a / (1 - a)
    variation = 2 * NormalDist().cdf(0.5) - 1
    assert shared_mass(odds / (1 + odds), t) == pytest.approx(1 - variation, abs=0.02)
