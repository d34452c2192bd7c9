"""Metrics from counts, against scikit-learn on the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from workbench.domain.outcomes import OutcomeCounts
from workbench.performance.metrics import METRICS, macro_f1, metrics, roc_auc

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 19).map(lambda k: k / 20)),
    min_size=1,
    max_size=80,
)


def binned(labels: np.ndarray, scores: np.ndarray, edges: np.ndarray) -> list[tuple[float, float]]:
    places = np.searchsorted(edges, scores)
    return [
        (float(np.sum(labels[places == i] == 1)), float(np.sum(labels[places == i] == 0)))
        for i in range(len(edges) + 1)
    ]


@given(ROWS)
def test_binary_metrics_are_scikit_learns(rows: list[tuple[int, float]]) -> None:
    y, score = (np.array(part) for part in zip(*rows, strict=True))
    predicted = (score >= 0.5).astype(int)
    tp, fp = np.sum(predicted & y), np.sum(predicted & (1 - y))
    fn, tn = np.sum((1 - predicted) & y), np.sum((1 - predicted) & (1 - y))
    counts = OutcomeCounts(
        rows=len(y) + 10,
        labelled=len(y),
        correct=tp + tn,
        true_positive=tp,
        false_positive=fp,
        false_negative=fn,
        true_negative=tn,
        predicted=len(y) + 10,
        predicted_positive=predicted.sum() + 4,
        cost=3.0 * fn + fp,
        scored=len(y),
        log_loss=sk.log_loss(y, score, labels=[0, 1], normalize=False),
    )
    found = metrics(counts, "binary", binned(y, score, np.arange(1, 20) / 20))
    assert tuple(found) == METRICS
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))
    assert found["log_loss"] == pytest.approx(sk.log_loss(y, score, labels=[0, 1]))
    assert found["positive_rate"] == pytest.approx((predicted.sum() + 4) / (len(y) + 10))
    assert found["cost_per_1000"] == pytest.approx(1000 * (3 * fn + fp) / len(y))
    if tp + fp + fn:
        assert found["f1"] == pytest.approx(sk.f1_score(y, predicted))
    else:
        assert found["f1"] is None
    if 0 < y.sum() < len(y):
        assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, score))
        assert found["miss_rate"] == pytest.approx(1 - sk.recall_score(y, predicted))
        assert found["false_alarm_rate"] == pytest.approx(
            1 - sk.recall_score(y, predicted, pos_label=0)
        )
    else:
        assert found["roc_auc"] is None
    assert (found["mae"], found["rmse"], found["bias"]) == (None, None, None)


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_binned_area_is_within_its_bound(seed: int, bins: int) -> None:
    random = np.random.default_rng(seed)
    y = random.permutation([1] * 15 + [0] * 25)
    score = np.clip(random.normal(0.4 + 0.2 * y, 0.2), 0, 1)
    found = roc_auc(binned(y, score, np.linspace(0, 1, bins + 1)[1:-1]))
    assert found is not None
    assert abs(found.value - sk.roc_auc_score(y, score)) <= found.bound + 1e-12


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abce")), min_size=1))
def test_macro_f1_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    labels, predictions = zip(*pairs, strict=True)
    classes = [(label, guess, float(pairs.count((label, guess)))) for label, guess in set(pairs)]
    expected = sk.f1_score(labels, predictions, average="macro", zero_division=0)
    assert macro_f1(classes) == pytest.approx(expected)
    found = metrics(OutcomeCounts(labelled=len(pairs), correct=1), "multiclass", classes=classes)
    assert found["f1"] == pytest.approx(expected)
    assert found["miss_rate"] is None


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=50))
def test_regression_metrics_are_scikit_learns(pairs: list[tuple[float, float]]) -> None:
    y, guess = (np.array(part) for part in zip(*pairs, strict=True))
    error = guess - y
    counts = OutcomeCounts(
        rows=len(y),
        labelled=len(y),
        error=error.sum(),
        absolute_error=abs(error).sum(),
        squared_error=(error**2).sum(),
    )
    found = metrics(counts, "regression")
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, guess))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(y, guess))
    assert found["bias"] == pytest.approx(error.mean(), abs=1e-9)
    assert found["accuracy"] is None


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_without_rows_every_metric_is_unknown(task: str) -> None:
    assert metrics(OutcomeCounts(), task) == dict.fromkeys(METRICS)
