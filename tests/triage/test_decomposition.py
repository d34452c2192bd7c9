"""The parts add up to the rise, are those of a plain computation, and fall for none of the traps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tests.triage.outputs_gone_wrong import numbers
from tests.triage.shift_worlds import chance, log_odds, planted
from workbench.triage.case import Case
from workbench.triage.decomposition import Decomposition, decompose, split
from workbench.triage.domain_model import DomainModel, measure_domain
from workbench.triage.overlap import Overlap, measure_overlap
from workbench.triage.telling_apart import chance_of_current


def decomposed(case: Case, refits: int = 0) -> Decomposition:
    domain = measure_domain(case, refits=refits)
    return decompose(case, domain, measure_overlap(case, domain))


def value(found: Decomposition, name: str) -> float:
    return dict(found.terms)[name].value


def plain(losses: NDArray[Any], pi: NDArray[Any], t: NDArray[Any]) -> list[float]:
    """The paper's steps one by one: odds, ratio of densities, weights, means."""
    n_p, n_q = int((t == 0).sum()), int((t == 1).sum())
    ratio = pi / (1 - pi) * n_p / n_q
    a = losses[t == 0].mean()
    w_p = (ratio / (1 + ratio))[t == 0]
    b = np.average(losses[t == 0], weights=w_p)
    w_q = (1 / (1 + ratio))[t == 1]
    c = np.average(losses[t == 1], weights=w_q)
    e = losses[t == 1].mean()
    return [float(b - a), float(c - b), float(e - c), float(e - a)]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 10_000))
def test_parts_add_up_and_are_those_of_a_plain_computation(n: int, m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    t = np.repeat([0.0, 1.0], [n, m])
    pi, losses = random.uniform(1e-6, 1 - 1e-6, n + m), random.random(n + m)
    found = split(losses, pi, t)
    assert sum(found[:3]) == pytest.approx(found[3], abs=1e-9)
    assert list(found) == pytest.approx(plain(losses, pi, t), abs=1e-9)
    order = random.permutation(n + m)
    assert split(losses[order], pi[order], t[order]) == pytest.approx(found, abs=1e-12)


def test_those_of_a_case_are_too_and_its_rise_is_that_of_the_rates() -> None:
    case = planted("harder", 1200)
    domain = measure_domain(case, refits=1)
    found = decompose(case, domain, measure_overlap(case, domain))
    assert domain.pi is not None
    assert domain.known is not None
    assert domain.current is not None
    losses = np.concatenate([domain.known["wb_bad"], domain.current["wb_bad"]])
    expected = plain(losses, domain.pi, domain.is_current)
    assert found.rise is not None
    assert [t.value for _, t in found.terms] == pytest.approx(expected[:3], abs=1e-9)
    assert sum(t.value for _, t in found.terms) == pytest.approx(found.rise.value, abs=1e-9)
    rates = [float(side["wb_bad"].to_numpy().mean()) for side in (case.reference, case.current)]
    assert found.rise.value == pytest.approx(rates[1] - rates[0], abs=1e-9)
    assert found.draws is not None
    assert found.draws[:, :3].sum(axis=1) == pytest.approx(found.draws[:, 3], abs=1e-9)
    assert (found.basis, found.refits) == (("days", "days"), 1)


def test_a_change_of_spread_is_no_change_of_meaning_though_a_linear_model_says_so() -> None:
    random = np.random.default_rng(3)
    n = 2000
    x = np.concatenate([random.normal(size=(n, 4)), 0.5 * random.normal(size=(n, 4))])
    t, fold = np.repeat([0.0, 1.0], n), np.tile([0, 1], n)
    p = chance(log_odds(x))
    losses = np.minimum(p, 1 - p)  # what is to be expected: no noise hides a wrong part
    linear = LogisticRegression().fit(x, t).predict_proba(x)[:, 1]
    wrong = split(losses, linear, t)
    assert wrong[3] == pytest.approx(0.10, abs=0.01)
    assert wrong[1] == pytest.approx(wrong[3], abs=0.01)
    found = split(losses, chance_of_current(x, t, fold, [False] * 4, 0), t)
    assert found[1] == pytest.approx(0.0, abs=0.012)
    assert found[0] > 0.045
    assert found[2] > 0.025


def test_harder_cases_are_known_cases_and_speak_against_retraining() -> None:
    found = decomposed(planted("harder", 2500))
    assert found.largest == "known_cases"
    meaning = dict(found.terms)["meaning"]
    assert meaning.low <= 0 <= meaning.high
    assert found.is_doubtful
    words = {one.name: one for one in found.evidence()}
    assert words["known_cases"].against == "retrain"
    assert "retraining seldom helps" in words["known_cases"].reading


def test_a_flip_that_the_inputs_show_is_changed_meaning() -> None:
    found = decomposed(planted("flip", 2000))
    assert found.largest == "meaning"
    assert found.rise is not None
    assert value(found, "meaning") == pytest.approx(found.rise.value, abs=0.01)
    assert value(found, "meaning") == pytest.approx(0.085, abs=0.03)


def test_easier_cases_make_no_change_of_meaning() -> None:
    found = decomposed(planted("easier", 2000))
    assert found.rise is not None
    assert found.rise.value < 0
    assert found.largest is None
    assert dict(found.terms)["territory"].high < 0
    assert abs(value(found, "meaning")) < 0.02


def test_a_unit_fault_is_not_split() -> None:
    found = decomposed(planted("unit", 1000))
    assert found.terms == ()
    assert found.skipped is not None
    assert found.rise is not None
    assert found.rise.low > 0
    readings = [one.reading for one in found.evidence()]
    assert readings[1].startswith("The rise was not split: a model tells the two apart")


def test_any_loss_can_be_split() -> None:
    def squared(frame: pl.DataFrame) -> NDArray[Any]:
        error = frame["wb_score"] - frame["wb_label"].cast(float)
        return np.asarray((error**2).to_numpy())

    case = planted("flip", 800)
    domain = measure_domain(case, refits=0)
    found = decompose(case, domain, measure_overlap(case, domain), loss=squared)
    assert found.known_rate is not None
    assert found.known_rate == pytest.approx(float(squared(case.reference).mean()))
    assert found.largest == "meaning"


def test_numbers_are_split_as_classes_are() -> None:
    found = decomposed(numbers(800, offset=1.5))
    assert found.largest == "meaning"
    assert found.rise is not None
    assert sum(t.value for _, t in found.terms) == pytest.approx(found.rise.value, abs=1e-9)


def test_the_same_case_gives_the_same_figures_in_any_order() -> None:
    case = planted("flip", 300)
    mixed = replace(
        case,
        reference=case.reference.reverse(),
        current=case.current.sample(fraction=1.0, shuffle=True, seed=3),
        features=tuple(reversed(case.features)),
    )
    assert decomposed(case, 1) == decomposed(mixed, 1)


def test_days_that_differ_make_the_interval_wider() -> None:
    random = np.random.default_rng(4)
    case = planted("none", 800)
    day = case.current["wb_timestamp"].dt.ordinal_day()
    worse = {int(one): float(random.uniform(0, 0.6)) for one in sorted(day.unique())}
    share = day.replace_strict(worse, return_dtype=pl.Float64).to_numpy()
    bad = (random.random(800) < share).astype(float)
    uneven = replace(case, current=case.current.with_columns(wb_bad=pl.Series(bad)))
    mixed = replace(
        case, current=case.current.with_columns(wb_bad=pl.Series(random.permutation(bad)))
    )
    wide, narrow = (decomposed(one).rise for one in (uneven, mixed))
    assert wide is not None
    assert narrow is not None
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_without_labels_or_a_domain_model_it_says_why() -> None:
    case = planted("none", 300)
    found = decompose(case, DomainModel(skipped="no inputs"), Overlap())
    assert (found.skipped, found.terms) == ("no inputs", ())
    bare = replace(case, current=case.current.with_columns(wb_bad=pl.lit(None, pl.Float64)))
    found = decomposed(bare)
    assert found.skipped == "too few labelled rows on one side or the other"
    assert found.evidence()[0].value is None
