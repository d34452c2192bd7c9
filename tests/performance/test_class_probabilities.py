"""Class probabilities row by row agree with counts, with brute force, and add up to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from workbench.domain.rules import OutcomeRules
from workbench.performance.class_probabilities import (
    badness_matrix,
    class_probabilities,
    expected_area,
    expected_metrics,
    probability,
    score_bins,
)


def rules(rule: str) -> OutcomeRules:
    return OutcomeRules("multiclass", rule, 0.0, "b", "", 0.5, "", 1.0, 4.0, 86_400, (), None, 0)


def test_weighted_rows_count_as_often_as_they_weigh() -> None:
    random = np.random.default_rng(1)
    scores = random.random(4000)
    labels = (random.random(4000) < scores**2).astype(float)
    weights = random.integers(0, 4, 4000).astype(float)
    asked = np.linspace(0.05, 0.95, 50)
    found = probability(score_bins(scores, labels, 0), asked, weights)
    fit = IsotonicRegression(out_of_bounds="clip").fit(
        np.repeat(scores, weights.astype(int)), np.repeat(labels, weights.astype(int))
    )
    assert found == pytest.approx(fit.predict(asked), abs=0.08)
    assert np.mean(found - fit.predict(asked)) == pytest.approx(0.0, abs=0.01)


def test_several_classes_add_up_to_one_also_where_none_is_likely() -> None:
    random = np.random.default_rng(2)
    scores = random.dirichlet([1, 1, 1], 3000)
    drawn = np.array([random.choice(3, p=p) for p in scores])
    bins = [score_bins(scores[:, k], (drawn == k).astype(float), 0) for k in range(3)]
    found = class_probabilities(bins, np.vstack([scores[:500], [[0.0, 0.0, 0.0]]]))
    assert found.sum(axis=1) == pytest.approx(np.ones(501))
    assert found[:500] == pytest.approx(scores[:500], abs=0.2)


def test_badness_follows_the_rule() -> None:
    classes = ("a", "b", "c")
    assert badness_matrix(classes, rules("mismatch")).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert badness_matrix(classes, rules("miss")).tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]
    assert badness_matrix(classes, rules("false_alarm")).tolist() == [
        [0, 0, 0], [1, 0, 1], [0, 0, 0],
    ]  # fmt: skip
    costs = badness_matrix(classes, rules("cost"))
    assert (costs[0, 1], costs[1, 0], costs[0, 2]) == (1.0, 0.25, 0.0)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.floats(0.01, 0.99)),
        min_size=2,
        max_size=12,
    )
)
def test_the_expected_area_is_that_of_all_pairs(rows: list[tuple[float, float]]) -> None:
    scores, chances = (np.array(column) for column in zip(*rows, strict=True))
    won = sum(
        chances[i] * (1 - chances[j]) * (1.0 if scores[i] > scores[j] else 0.5 * (scores[i] == scores[j]))
        for i in range(len(rows))
        for j in range(len(rows))
    )  # fmt: skip
    assert expected_area(scores, chances) == pytest.approx(
        won / (chances.sum() * (1 - chances).sum())
    )


def test_no_area_without_both_and_no_metrics_without_rows() -> None:
    assert expected_area(np.array([0.1, 0.2]), np.array([1.0, 1.0])) is None
    assert expected_metrics(np.zeros((0, 2)), np.zeros(0, int), np.zeros((0, 1)), ("0", "1")) == {}


def test_sure_probabilities_give_the_metrics_of_the_labels() -> None:
    chances = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    found = expected_metrics(
        chances, np.array([0, 1, 0, 1]), np.array([[0.1], [0.9], [0.4], [0.6]]), ("0", "1")
    )
    assert found == {"accuracy": 0.5, "roc_auc": 0.75, "f1": 0.5}
