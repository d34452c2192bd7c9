"""Shares of classes are found without labels, and not believed where classes look otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.outputs_gone_wrong import numbers, prior_shift, three_classes
from tests.triage.shift_worlds import planted
from workbench.triage.label_shift import _shares, measure_label_shift, score_matrix


@pytest.mark.parametrize("prior", [0.05, 0.3, 0.5])
def test_the_share_of_positives_is_found_without_a_label(prior: float) -> None:
    case = prior_shift(4000, prior)
    bare = replace(case, current=case.current.with_columns(wb_label=pl.lit(None, pl.String)))
    found = measure_label_shift(bare)
    positive = found.shares[1]
    assert positive.name == "1"
    assert positive.low <= prior <= positive.high
    assert positive.current == pytest.approx(prior, abs=0.05)
    assert positive.labelled is None
    assert found.is_plausible is None
    assert found.factors is not None
    assert found.factors[1] == pytest.approx(positive.current / positive.reference)


def test_labels_confirm_it() -> None:
    found = measure_label_shift(prior_shift(4000, 0.5))
    assert found.is_plausible
    (one,) = found.evidence()
    assert one.supports == "recalibrate"
    assert "of the labels" in one.reading


def test_where_nothing_moved_the_interval_holds_the_old_share() -> None:
    held = 0
    for seed in range(30):
        found = measure_label_shift(planted("none", 800, seed)).shares[1]
        held += found.low <= 0.5 <= found.high
    assert held >= 25


def test_wrong_labels_are_no_shift_of_shares() -> None:
    found = measure_label_shift(prior_shift(3000, 0.4, flip=0.3))
    assert found.is_plausible is False
    (one,) = found.evidence()
    assert one.supports is None
    assert "scored otherwise" in one.reading


def test_three_classes() -> None:
    found = measure_label_shift(three_classes(4000, (0.1, 0.3, 0.6)))
    for share, true in zip(found.shares, (0.1, 0.3, 0.6), strict=True):
        assert share.low - 0.02 <= true <= share.high + 0.02
    assert found.moved == pytest.approx(0.5, abs=0.1)
    assert sum(share.current for share in found.shares) == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_exact_means_give_exact_shares(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    means = random.dirichlet(np.ones(classes), classes).T + 2 * np.eye(classes)
    means /= means.sum(axis=0)
    true = random.dirichlet(np.ones(classes))
    assert _shares(means, means @ true) == pytest.approx(true, abs=1e-6)


def test_shares_outside_what_is_possible_are_held_to_it() -> None:
    found = _shares(np.array([[0.8, 0.3], [0.2, 0.7]]), np.array([0.1, 0.9]))
    assert found == pytest.approx([0.0, 1.0], abs=1e-3)


def test_scores_as_probabilities() -> None:
    two = pl.DataFrame({"wb_score": [0.25, None]})
    found = score_matrix(two, ("0", "1"))
    assert found is not None
    assert found[0].tolist() == [0.75, 0.25]
    assert np.isnan(found[1]).all()
    three = pl.DataFrame({"score_a": [1.0], "score_b": [1.0], "score_c": [0.5]})
    found = score_matrix(three, ("a", "b", "c"))
    assert found is not None
    assert found[0] == pytest.approx([0.4, 0.4, 0.2])
    assert score_matrix(two, ("a", "b", "c")) is None
    assert score_matrix(pl.DataFrame({"wb_score": [3.0, -2.0]}), ("0", "1")) is None


def test_why_there_are_no_shares_is_said() -> None:
    case = planted("none", 400)
    assert measure_label_shift(numbers(300)).skipped == "predictions are numbers, not classes"
    bare = replace(case, current=case.current.drop("wb_score"))
    assert measure_label_shift(bare).skipped == "no scores are logged that are probabilities"
    empty = replace(case, current=case.current.head(0))
    assert measure_label_shift(empty).skipped == "there are no rows now"
    alone = replace(case, reference=case.reference.head(0))
    assert measure_label_shift(alone).skipped == "the reference has no labelled rows"
    few = replace(case, current=case.current.head(20))
    assert measure_label_shift(few).skipped == "only 20 rows with scores now"
    one = replace(case, reference=case.reference.filter(pl.col("wb_label") == "0"))
    assert measure_label_shift(one).skipped == "the reference has too few labelled rows of a class"
    random = np.random.default_rng(1)
    blind = pl.Series("wb_score", random.uniform(0.4, 0.6, 400))
    blind_case = replace(case, reference=case.reference.with_columns(blind))
    assert measure_label_shift(blind_case).skipped == "the scores do not tell the classes apart"
    assert "not estimated" in measure_label_shift(blind_case).evidence()[0].reading
