"""Estimates from counts agree with those from rows, and their intervals hold what comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss

from tests.shared_data import shared_data
from workbench.domain.bins import make_numeric_bins
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.performance.calibration import Calibration, calibrate, score_centers
from workbench.performance.estimation import (
    Badness,
    ScoredRows,
    badness_of_errors,
    expect,
    expected_metrics,
    expected_rate,
    first_positive,
    follows_one_threshold,
    labelled_rows,
    positive_shares,
    spread_around,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BOTH = Badness(1.0, 1.0)


def rules(rule: str, fp: float = 1.0, fn: float = 1.0) -> OutcomeRules:
    return OutcomeRules("binary", rule, 0.0, "1", "0", 0.5, "", fp, fn, 86_400, (), None, 0)


def placed(bins: ColumnBins, scores: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.array(bins.edges), scores, side="left")


def outcome(
    bins: ColumnBins, scores: np.ndarray, labels: np.ndarray, said: np.ndarray, day: int = 0
) -> OutcomeBucket:
    """The counts that the store keeps of some labelled rows."""
    at = placed(bins, scores)
    positive = np.bincount(at, weights=labels, minlength=bins.size)
    rows = np.bincount(at, minlength=bins.size)
    counts = OutcomeCounts(
        rows=len(labels), labelled=len(labels), bad=float(np.sum(said != labels)),
        true_positive=float(np.sum(said & (labels == 1))), predicted=len(labels),
        false_positive=float(np.sum(said & (labels == 0))), predicted_positive=float(np.sum(said)),
    )  # fmt: skip
    return OutcomeBucket(
        START + day * DAY, START + (day + 1) * DAY, counts,
        scores=tuple(zip(positive.tolist(), (rows - positive).tolist(), strict=True)),
    )  # fmt: skip


def calibrated(bins: ColumnBins, scores: np.ndarray, labels: np.ndarray) -> Calibration:
    whole = outcome(bins, scores, labels, scores >= 0.5)
    found = calibrate(
        whole.scores, score_centers(bins.edges, bins.is_discrete), border=first_positive(whole)
    )
    assert found is not None
    return found


def scored(bins: ColumnBins, scores: np.ndarray, said: np.ndarray) -> ScoredRows:
    counts = np.bincount(placed(bins, scores), minlength=bins.size)
    return ScoredRows(tuple(counts.astype(float).tolist()), float(np.mean(said)))


def by_rows(chances: np.ndarray, scores: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """The same figures straight from rows, as NannyML makes them."""
    tp, fp = np.sum(chances[said]), np.sum(1 - chances[said])
    fn, tn = np.sum(chances[~said]), np.sum(1 - chances[~said])
    order = np.argsort(scores)
    below = np.cumsum((1 - chances)[order])
    area = np.sum(chances[order] * (below - (1 - chances)[order])) / (
        chances.sum() * (1 - chances).sum()
    )
    return {
        "accuracy": (tp + tn) / len(scores), "precision": tp / (tp + fp), "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn), "roc_auc": area,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["car_loan_synthetic", "census_ma_employment"])
def test_on_real_data_counts_agree_with_isotonic_rows_a_chunk(name: str) -> None:
    table = pl.read_parquet(shared_data(name) / f"{name}.parquet")
    names = (
        ("y_pred_proba", "repaid")
        if name.startswith("car")
        else ("predicted_probability", "employed")
    )
    scores, labels = (table[c].to_numpy().astype(float) for c in names)
    size = 50_000
    bins = make_numeric_bins("score", "score", scores[:size])
    calibration = calibrated(bins, scores[:size], labels[:size])
    fit = IsotonicRegression(out_of_bounds="clip").fit(scores[:size], labels[:size])
    for begin in range(size, min(len(scores), size + 50_000), 5_000):
        own = scores[begin : begin + 5_000]
        said = own >= 0.5
        chances = fit.predict(own) if calibration.is_isotonic else own
        wanted = by_rows(chances, own, said)
        rows = scored(bins, own, said)
        expected = expect(rows, calibration, BOTH)
        assert expected is not None
        found = expected_metrics(rows, expected, calibration)
        assert found["accuracy"] == pytest.approx(wanted["accuracy"], abs=0.002)
        # Scores in whole percents tie, which the sums over rows order at random.
        assert found["roc_auc"] == pytest.approx(wanted["roc_auc"], abs=0.004)
        assert found["f1"] == pytest.approx(wanted["f1"], abs=0.004)
        realised = float(np.mean(said != labels[begin : begin + 5_000]))
        rate, _ = expected_rate(expected, calibration)
        assert rate == pytest.approx(realised, abs=0.02)


def test_log_loss_and_brier_are_those_of_labels_that_follow_the_score() -> None:
    random = np.random.default_rng(2)
    scores = random.beta(2, 3, 40_000)
    labels = (random.random(40_000) < scores).astype(float)
    bins = make_numeric_bins("score", "score", scores)
    calibration = calibrated(bins, scores, labels)
    rows = scored(bins, scores, scores >= 0.5)
    expected = expect(rows, calibration, BOTH)
    assert expected is not None
    found = expected_metrics(rows, expected, calibration)
    assert found["log_loss"] == pytest.approx(log_loss(labels, scores), abs=0.01)
    assert found["brier"] == pytest.approx(brier_score_loss(labels, scores), abs=0.005)


def test_the_bin_with_the_threshold_is_divided_by_the_number_predicted_positive() -> None:
    rows = ScoredRows((10.0, 20.0, 0.0, 10.0), 15 / 40)
    assert positive_shares(rows) == [0.0, 0.25, 0.0, 1.0]
    assert positive_shares(replace(rows, positive_share=0.0)) == [0.0] * 4
    assert positive_shares(replace(rows, positive_share=1.0)) == [1.0, 1.0, 0.0, 1.0]


def test_each_rule_counts_its_own_errors() -> None:
    calibration = calibrate([(10.0, 90.0), (80.0, 20.0)], (0.1, 0.8))
    assert calibration is not None
    calibration = replace(calibration, probabilities=(0.1, 0.8))
    rows = ScoredRows((100.0, 50.0), 50 / 150)
    for rule, bad in (("mismatch", 20.0), ("miss", 10.0), ("false_alarm", 10.0)):
        expected = expect(rows, calibration, badness_of_errors(rules(rule)))
        assert expected is not None
        assert expected.bad == pytest.approx(bad)
        assert (expected.false_negative, expected.false_positive) == pytest.approx((10.0, 10.0))
    costly = expect(rows, calibration, badness_of_errors(rules("cost", fp=1.0, fn=4.0)))
    assert costly is not None
    assert costly.bad == pytest.approx(10 + 10 / 4)
    assert expect(ScoredRows((0.0, 0.0), 0.5), calibration, BOTH) is None


def test_the_gradient_is_the_change_of_the_rate() -> None:
    calibration = calibrate([(10.0, 90.0), (50.0, 50.0), (80.0, 20.0)], (0.1, 0.5, 0.8))
    assert calibration is not None
    calibration = replace(calibration, blocks=(0, 1, 2), variances=(0.1, 0.1, 0.1))
    rows = ScoredRows((30.0, 50.0, 20.0), 0.45)
    badness = Badness(0.3, 1.0)
    base = expect(rows, calibration, badness)
    assert base is not None
    for block in range(3):
        moved = list(calibration.probabilities)
        moved[block] += 0.01
        other = expect(rows, replace(calibration, probabilities=tuple(moved)), badness)
        assert other is not None
        change = (other.bad - base.bad) / base.rows / 0.01
        assert base.gradient[block] == pytest.approx(change)


def test_when_nothing_changes_the_rate_lies_in_the_interval_as_often_as_it_says() -> None:
    random = np.random.default_rng(11)
    inside = 0
    repeats = 300
    for _ in range(repeats):
        scores = random.beta(1, 2, 1500)
        labels = (random.random(1500) < scores**1.3).astype(float)
        bins = make_numeric_bins("score", "score", scores[:1000])
        calibration = calibrated(bins, scores[:1000], labels[:1000])
        own, came = scores[1000:], labels[1000:]
        expected = expect(scored(bins, own, own >= 0.5), calibration, BOTH)
        assert expected is not None
        _, (low, high) = expected_rate(expected, calibration)
        inside += low <= np.mean((own >= 0.5) != came) <= high
    assert 0.91 <= inside / repeats <= 0.995


def test_predictions_by_one_threshold_are_told_from_others() -> None:
    random = np.random.default_rng(5)
    scores = random.random(20_000)
    labels = (random.random(20_000) < scores).astype(float)
    bins = make_numeric_bins("score", "score", scores)
    assert follows_one_threshold(outcome(bins, scores, labels, scores >= 0.37))
    by_row = scores >= random.choice([0.2, 0.8], 20_000)
    assert not follows_one_threshold(outcome(bins, scores, labels, by_row))
    assert not follows_one_threshold(OutcomeBucket(START, START + DAY, OutcomeCounts()))


def test_labelled_rows_without_scores_are_no_basis() -> None:
    bucket = OutcomeBucket(
        START, START + DAY, OutcomeCounts(labelled=10, true_positive=2), scores=((2.0, 3.0),)
    )
    assert labelled_rows(bucket, 1) is None
    whole = replace(bucket, counts=OutcomeCounts(labelled=5, true_positive=2))
    assert labelled_rows(whole, 3) == ScoredRows((5.0, 0.0, 0.0), 0.4)
    assert labelled_rows(whole, 0) is None


def test_the_spread_is_what_days_differ_beyond_their_scores() -> None:
    random = np.random.default_rng(6)
    scores = random.random(60_000)
    days = np.arange(60_000) // 2000
    bins = make_numeric_bins("score", "score", scores)

    def buckets(effect: float) -> tuple[list[OutcomeBucket], Calibration]:
        shift = random.normal(0, effect, 30)[days]
        labels = (random.random(60_000) < np.clip(0.2 + 0.3 * scores + shift, 0, 1)).astype(float)
        never = np.zeros(60_000, dtype=bool)
        made = [
            outcome(bins, scores[days == d], labels[days == d], never[days == d], d)
            for d in range(30)
        ]
        return made, calibrated(bins, scores, labels)

    assert spread_around(*buckets(0.0), BOTH) < 0.008
    assert spread_around(*buckets(0.05), BOTH) == pytest.approx(0.05, abs=0.02)
    made, calibration = buckets(0.05)
    assert spread_around(made[:2], calibration, BOTH) == 0.0
