"""With inputs that moved and a meaning that did not, the weighted estimate holds what comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.shared_data import shared_data
from workbench.domain.estimates import RowEstimate
from workbench.domain.rules import OutcomeRules
from workbench.performance.row_estimation import RowModel, row_estimate, row_model
from workbench.performance.row_matrix import encoded, row_encoding

START = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = RowEstimate(START, START + timedelta(days=1), 1500, 0)
FEATURES = ("x0", "x1", "x2")


def rules(task: str, rule: str = "mismatch", tolerance: float = 0.0) -> OutcomeRules:
    return OutcomeRules(task, rule, tolerance, "1", "0", 0.5, "", 1.0, 1.0, 86_400, (), None, 0)


def inputs(random: np.random.Generator, rows: int, is_moved: bool) -> Any:
    x = random.normal(size=(rows, 3))
    return x * random.uniform(0.7, 1.1, 3) + random.normal(0, 0.4, 3) if is_moved else x


def timed(frame: pl.DataFrame, days: int) -> pl.DataFrame:
    step = timedelta(days=days) / frame.height
    return frame.with_columns(wb_timestamp=pl.lit(START) + pl.int_range(pl.len()) * step)


def binary(seed: int, rows: int, is_moved: bool) -> pl.DataFrame:
    """The score knows two inputs, the label follows three."""
    random = np.random.default_rng(seed)
    x = inputs(random, rows, is_moved)
    truth = 1.5 * x[:, 0] - x[:, 1] + 1.2 * x[:, 2]
    label = random.random(rows) < 1 / (1 + np.exp(-truth))
    score = 1 / (1 + np.exp(-1.2 * x[:, 0] + 0.8 * x[:, 1]))
    said = score >= 0.5
    columns = {name: x[:, i] for i, name in enumerate(FEATURES)}
    return timed(
        pl.DataFrame(columns).with_columns(
            wb_score=pl.Series(score), wb_bad=pl.Series((said != label).astype(float)),
            wb_prediction=pl.Series(said.astype(int)).cast(pl.String),
            wb_label=pl.Series(label.astype(int)).cast(pl.String),
        ),
        20 if not is_moved else 1,
    )  # fmt: skip


def numeric(seed: int, rows: int, is_moved: bool) -> pl.DataFrame:
    """A regression whose noise grows with one input."""
    random = np.random.default_rng(seed)
    x = inputs(random, rows, is_moved)
    said = 2 * x[:, 0] + x[:, 1]
    label = said + random.normal(size=rows) * np.exp(0.6 * x[:, 2])
    columns = {name: x[:, i] for i, name in enumerate(FEATURES)}
    return timed(
        pl.DataFrame(columns).with_columns(
            wb_prediction=pl.Series(said), wb_label=pl.Series(label),
            wb_bad=pl.Series((np.abs(said - label) > 2).astype(float)),
        ),
        20 if not is_moved else 1,
    )  # fmt: skip


def made(reference: pl.DataFrame, scores: list[tuple[str, str]], own: OutcomeRules) -> RowModel:
    found = row_model(reference, FEATURES, scores, own, seed=1)
    assert isinstance(found, RowModel)
    return found


def inside(found: RowEstimate, realised: float) -> bool:
    assert found.weighted_low is not None
    assert found.weighted_high is not None
    return found.weighted_low <= realised <= found.weighted_high


def test_weighted_intervals_hold_the_realised_rate_where_plain_estimates_are_off() -> None:
    model = made(binary(1, 8000, False), [("1", "wb_score")], rules("binary"))
    held, errors = 0, []
    buckets = 10
    for number in range(buckets):
        rows = binary(100 + number, 1500, True)
        realised = float(rows["wb_bad"].to_numpy().mean())
        found = row_estimate(model, rows, PLACE)
        held += inside(found, realised)
        assert found.bad_rate is not None
        assert found.weighted_bad_rate is not None
        errors.append((abs(found.bad_rate - realised), abs(found.weighted_bad_rate - realised)))
    assert held >= 9
    plain, weighted = np.mean(errors, axis=0)
    assert weighted < plain


def test_other_mixes_of_ages_in_the_census_lie_in_the_interval() -> None:
    table = pl.read_parquet(
        shared_data("census_ma_employment") / "census_ma_employment.parquet"
    ).filter(pl.col("year") == 2015)
    features = ("AGEP", "SCHL", "MAR", "SEX", "DIS")
    rows = table.sample(fraction=1.0, shuffle=True, seed=4).select(
        *[
            pl.col(c).cast(pl.Float64 if table[c].dtype.is_numeric() else pl.String)
            for c in features
        ],
        wb_score="predicted_probability",
        wb_prediction=pl.col("prediction").cast(pl.Int64).cast(pl.String),
        wb_label=pl.col("employed").cast(pl.Int64).cast(pl.String),
        wb_bad=(pl.col("prediction") != pl.col("employed")).cast(pl.Float64),
    )
    model = row_model(
        timed(rows.head(10_000), 20), features, [("1", "wb_score")], rules("binary"), seed=1
    )
    assert isinstance(model, RowModel)
    rest = rows.slice(10_000)
    age = rest["AGEP"].to_numpy()
    held = 0
    buckets = 8
    for number in range(buckets):
        random = np.random.default_rng(number)
        chance = np.exp(random.uniform(-1.2, 1.2) * (age - age.mean()) / age.std())
        own = rest[random.choice(rest.height, 1500, replace=False, p=chance / chance.sum())]
        realised = float(own["wb_bad"].to_numpy().mean())
        held += inside(row_estimate(model, timed(own, 1), PLACE), realised)
    assert held >= buckets - 1


def test_a_regression_is_estimated_from_a_model_of_its_loss() -> None:
    model = made(numeric(1, 6000, False), [], rules("regression", "absolute_error", 2.0))
    held = 0
    for number in range(4):
        rows = numeric(200 + number, 1500, True)
        found = row_estimate(model, rows, PLACE)
        held += inside(found, float(rows["wb_bad"].to_numpy().mean()))
        errors = (rows["wb_prediction"] - rows["wb_label"]).to_numpy()
        assert found.metrics["mae"] == pytest.approx(np.abs(errors).mean(), rel=0.1)
        assert found.metrics["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.2)
    assert held >= 3


def test_a_changed_meaning_shows_in_the_labelled_rows_of_the_estimate() -> None:
    model = made(numeric(1, 6000, False), [], rules("regression", "absolute_error", 2.0))
    rows = numeric(300, 1500, False)
    worse = rows.with_columns(wb_bad=pl.lit(1.0))
    found = row_estimate(model, worse, PLACE)
    assert found.labelled_rows == found.labelled_bad == 1500
    assert found.labelled_expected == pytest.approx(1500 * rows["wb_bad"].to_numpy().mean(), abs=60)


def test_a_class_without_scores_is_estimated_from_a_model_of_its_badness() -> None:
    model = made(binary(1, 6000, False), [], rules("binary"))
    rows = binary(400, 1500, True)
    found = row_estimate(model, rows, PLACE)
    assert inside(found, float(rows["wb_bad"].to_numpy().mean()))
    assert found.metrics["accuracy"] == pytest.approx(1 - found.bad_rate)  # type: ignore[operator]


def test_few_labels_no_rows_and_no_overlap_say_why() -> None:
    reference = binary(1, 3000, False)
    few = row_model(reference.head(50), FEATURES, [("1", "wb_score")], rules("binary"))
    assert few == "the reference has fewer than 200 labelled predictions"
    model = made(reference, [("1", "wb_score")], rules("binary"))
    nothing = row_estimate(model, reference.head(0), PLACE)
    assert nothing.reason == "no row has what the estimate needs"
    assert nothing.bad_rate is None
    handful = row_estimate(model, reference.head(20), PLACE)
    assert handful.bad_rate is not None
    assert handful.weighted_reason == "fewer than 50 rows cannot be told from the reference"
    far = reference.with_columns(x0=pl.col("x0") * 100)
    found = row_estimate(model, far, PLACE)
    assert found.bad_rate is not None
    assert found.weighted_bad_rate is None
    assert found.weighted_reason is not None


def test_infinite_labels_and_predictions_of_a_reference_are_left_out() -> None:
    reference, own = numeric(1, 1000, False), rules("regression", "absolute_error", 2.0)
    number = pl.int_range(pl.len())
    broken = reference.with_columns(
        wb_label=pl.when(number == 3).then(float("inf")).when(number == 4).then(float("nan"))
        .otherwise("wb_label"),
        wb_prediction=pl.when(number == 5).then(float("-inf")).when(number == 6).then(1e200)
        .otherwise("wb_prediction"),
    )  # fmt: skip
    rows = numeric(2, 200, False)
    found = row_estimate(made(broken, [], own), rows, PLACE)
    clean = reference.filter(~number.is_between(3, 6))
    assert found == row_estimate(made(clean, [], own), rows, PLACE)


def test_differences_between_buckets_cancel_over_a_long_stretch() -> None:
    model = replace(made(binary(1, 3000, False), [("1", "wb_score")], rules("binary")), spread=0.1)
    rows = binary(5, 1600, False)  # 80 on each of 20 days
    month = replace(PLACE, end=START + timedelta(days=20), rows=1600)
    one = row_estimate(model, rows.with_columns(wb_timestamp=pl.lit(START)), month)
    long = row_estimate(model, rows, month)
    assert one.spread == pytest.approx(0.1)
    assert long.spread == pytest.approx(0.1 / 20**0.5)
    weekly = replace(model, rules=replace(model.rules, bucket_seconds=7 * 86_400))
    week = row_estimate(weekly, rows.head(7 * 80), replace(month, end=START + timedelta(days=7)))
    assert START.isoweekday() == 1
    assert week.spread == pytest.approx(0.1)

    def variance(found: RowEstimate) -> float:
        assert found.high is not None
        assert found.low is not None
        return float(((found.high - found.low) / 2 / 1.959964) ** 2)

    assert variance(one) - variance(long) == pytest.approx(0.1**2 * (1 - 1 / 20), rel=1e-3)


def test_rows_are_encoded_by_the_references_categories() -> None:
    reference = pl.DataFrame({"n": [1.0, None, 3.0], "c": ["b", "a", None], "one": ["k", "k", "k"]})
    found = row_encoding(reference, ("c", "n", "one"))
    assert found.is_categorical == [False, True]
    rows = encoded(pl.DataFrame({"n": [5.0, float("inf")], "c": ["new", "a"]}), found)
    assert rows[0].tolist() == [5.0, 2.0]
    assert np.isnan(rows[1, 0])
    assert rows[1, 1] == 0.0
