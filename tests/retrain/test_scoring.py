"""Estimators of all sorts say in the store's words what they say themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.svm import LinearSVC

from tests.retrain.worlds import FEATURES, card_of, rules_of, with_threshold, world
from workbench.domain.card import BadPrediction, Privacy
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.scoring import reads_missing_text_as_nan, scorer_of

X = (FeatureColumn("x", "numeric", "number"),)


def frame(values: list[Any], **others: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64), **others})


def line(classes: list[Any], rows: int = 200) -> Any:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    y = np.array(classes)[np.digitize(x, np.linspace(-0.5, 0.5, len(classes) - 1))]
    return LogisticRegression(C=100.0).fit(frame(x.tolist()), y)


@pytest.mark.parametrize(
    "classes", [[0, 1], [False, True], [0.0, 1.0], ["0", "1"], ["0.0", "TRUE"]]
)
def test_classes_are_named_as_the_store_names_them(classes: list[Any]) -> None:
    card = card_of("binary")
    model = line(classes)

    found = scorer_of(model, card, X, rules_of(card))(frame([-3.0, 3.0]))

    assert found["wb_prediction"].to_list() == ["0", "1"]
    positive = [str(c).lower() in {"1", "1.0", "true"} for c in model.classes_].index(True)
    assert (
        found["wb_score"].to_list() == model.predict_proba(frame([-3.0, 3.0]))[:, positive].tolist()
    )


def test_the_score_is_of_the_positive_class_of_the_card() -> None:
    bad = BadPrediction(positive_class="0")
    card = replace(card_of("binary"), bad_prediction=bad)

    found = scorer_of(line(["0", "1"]), card, X, rules_of(card))(frame([-3.0, 3.0]))

    assert found["wb_score"][0] > 0.9
    assert found["wb_score"][1] < 0.1


def test_a_model_that_does_not_know_the_positive_class_is_refused() -> None:
    card = card_of("binary")

    with pytest.raises(ArtifactError, match="positive class '1'"):
        scorer_of(line(["no", "yes"]), card, X, rules_of(card))


def test_the_threshold_decides_when_the_card_names_it_and_a_rows_own_comes_first() -> None:
    model, rows = line([0, 1]), frame([-0.5, -0.5, -0.5], cut=[None, 0.99, 0.01])
    score = model.predict_proba(rows.select("x"))[0, 1]
    card = card_of("binary")

    own = scorer_of(model, card, X, rules_of(card))(rows)["wb_prediction"].to_list()
    high = with_threshold(card, score + 0.001)
    at = with_threshold(card, score)
    column = with_threshold(card, 0.5, "cut")

    assert own == [str(int(score > 0.5))] * 3
    assert scorer_of(model, high, X, rules_of(high))(rows)["wb_prediction"].to_list() == ["0"] * 3
    assert scorer_of(model, at, X, rules_of(at))(rows)["wb_prediction"].to_list() == ["1"] * 3
    found = scorer_of(model, column, X, rules_of(column))(rows)["wb_prediction"].to_list()
    assert found == [str(int(score >= 0.5)), "0", "1"]


def test_several_classes_have_a_score_each_and_the_largest_is_said() -> None:
    card = card_of("multiclass")
    model = line(["a", "b", "c"])
    rows = frame([-3.0, 0.0, 3.0])

    found = scorer_of(model, card, X, rules_of(card))(rows)

    assert found["wb_prediction"].to_list() == model.predict(rows).tolist() == ["a", "b", "c"]
    assert np.allclose(found.select("score_a", "score_b", "score_c"), model.predict_proba(rows))


def test_a_classifier_without_probabilities_has_no_score() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    card = card_of("binary")
    model = LinearSVC().fit(frame(x.tolist()), (x > 0).astype(int))

    found = scorer_of(model, card, X, rules_of(card))(frame([-2.0, 2.0]))

    assert found["wb_prediction"].to_list() == ["0", "1"]
    assert found["wb_score"].to_list() == [None, None]


def test_a_pipeline_fitted_on_a_raw_table_is_given_its_types() -> None:
    """Integers, booleans and missing values: the same as predicting the raw table itself."""
    rng = np.random.default_rng(3)
    n = 500
    raw = pl.DataFrame(
        {
            "code": rng.choice([1, 2, 30], n),
            "vip": rng.random(n) < 0.5,
            "x": rng.normal(size=n),
            "city": rng.choice(["Bern", "Rome"], n),
        }
    ).with_columns(
        pl.when(pl.int_range(n) % 9 == 0).then(None).otherwise(pl.col("city")).alias("city")
    )
    y = ((raw["code"] == 30) ^ raw["vip"] ^ (raw["x"] > 0)).to_numpy().astype(int)
    columns = ColumnTransformer(
        [
            ("hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["code"]),
            ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["vip", "city"]),
        ],
        remainder="passthrough",
    )  # fmt: skip
    model = Pipeline([("c", columns), ("m", HistGradientBoostingClassifier(max_iter=20))]).fit(
        raw, y
    )
    stored = raw.select(
        pl.col("vip").cast(pl.String), pl.col("x"), pl.col("city"), pl.col("code").cast(pl.String),
        pl.lit(1.0).alias("noise"), pl.lit(1.6e9).alias("seen"),
    )  # fmt: skip
    card = card_of("binary")

    found = scorer_of(model, card, FEATURES, rules_of(card))(stored)

    assert found["wb_score"].to_list() == model.predict_proba(raw)[:, 1].tolist()


@pytest.mark.parametrize(
    "step",
    [
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-5),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        Pipeline(
            [
                ("fill", SimpleImputer(strategy="constant", fill_value="none")),
                ("o", OrdinalEncoder()),
            ]
        ),
    ],
)
def test_a_pipeline_fitted_on_pandas_sees_missing_text_as_it_did(step: Any) -> None:
    # Only another package brings it: the product does not need it.
    pandas = pytest.importorskip("pandas", reason="pandas makes the table of the model")
    city = ["Bern", "Rome", None, "Oslo"] * 25
    old = pandas.DataFrame(
        {"city": pandas.Series(city, dtype=object).where(lambda s: s.notna(), np.nan)}
    )
    y = [1, 0, 1, 0] * 25
    inner = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=2)
    model = Pipeline([("c", ColumnTransformer([("t", step, ["city"])])), ("m", inner)]).fit(old, y)
    card, features = card_of("binary"), (FeatureColumn("city", "categorical", "text"),)

    found = scorer_of(model, card, features, rules_of(card))(pl.DataFrame({"city": city}))

    assert reads_missing_text_as_nan(model)
    assert found["wb_score"].to_list() == model.predict_proba(old)[:, 1].tolist()
    assert found["wb_prediction"].to_list() == [str(label) for label in y]


def test_a_model_fitted_on_polars_is_not_taken_for_one_of_pandas() -> None:
    made = world("binary", 100)
    encoder = OrdinalEncoder().fit(made.rows.select("city"))

    assert not reads_missing_text_as_nan(encoder)


def test_a_model_that_takes_no_missing_values_answers_for_whole_rows() -> None:
    card = card_of("regression")
    model = LinearRegression().fit(frame([0.0, 1.0, 2.0]), [1.0, 3.0, 5.0])
    score = scorer_of(model, card, X, rules_of(card))

    found = score(frame([2.0, None, 0.0]))["wb_prediction"].to_list()

    assert found[1] is None
    assert [found[0], found[2]] == pytest.approx([5.0, 1.0])
    with pytest.raises(ArtifactError, match="cannot score"):
        score(frame([None, None]))


def test_a_model_fitted_on_an_array_reads_the_features_in_order() -> None:
    features = (FeatureColumn("b", "numeric", "number"), FeatureColumn("a", "numeric", "number"))
    model = LinearRegression().fit(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), [0.0, 1.0, 10.0])
    card = card_of("regression")

    found = scorer_of(model, card, features, rules_of(card))(pl.DataFrame({"a": [3.0], "b": [2.0]}))

    assert found["wb_prediction"].to_list() == pytest.approx([32.0])


def test_columns_that_are_not_there_are_named() -> None:
    card = card_of("regression")
    model = DummyRegressor().fit(pl.DataFrame({"x": [1.0], "weather": [2.0]}), [1.0])
    score = scorer_of(model, card, X, rules_of(card))

    with pytest.raises(ArtifactError, match="'weather'"):
        score(frame([1.0]))
    assert score(frame([1.0], weather=[3]))["wb_prediction"].to_list() == [1.0]


def test_what_an_estimator_raises_is_said_and_not_quoted_where_columns_are_sensitive() -> None:
    features = (FeatureColumn("city", "categorical", "text"),)
    model = OneHotEncoder(handle_unknown="error")
    pipe = Pipeline([("o", model), ("m", DummyClassifier())]).fit(
        pl.DataFrame({"city": ["Bern", "Rome"]}), ["0", "1"]
    )
    card = card_of("binary")
    private = replace(card, privacy=Privacy(sensitive=("city",)))
    rows = pl.DataFrame({"city": ["Atlantis"]})

    with pytest.raises(ArtifactError, match="Atlantis"):
        scorer_of(pipe, card, features, rules_of(card))(rows)
    with pytest.raises(ArtifactError) as refused:
        scorer_of(pipe, private, features, rules_of(private))(rows)

    assert "Atlantis" not in refused.value.message
    assert "ValueError" in refused.value.message


def test_what_cannot_predict_and_outputs_of_the_wrong_shape_are_refused() -> None:
    card = card_of("regression")
    twice = LinearRegression().fit(frame([0.0, 1.0]), [[1.0, 2.0], [3.0, 4.0]])

    with pytest.raises(ArtifactError, match="cannot predict"):
        scorer_of(OneHotEncoder(), card, X, rules_of(card))
    with pytest.raises(ArtifactError, match="shape"):
        scorer_of(twice, card, X, rules_of(card))(frame([1.0, 2.0]))
