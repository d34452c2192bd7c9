"""NannyML tables and their target files."""

from __future__ import annotations

import pytest

from tests.ingest.formats.exports import FORMATS, TEXTS, glimpse, items, said, seen
from workbench.ingest.formats import nannyml_targets
from workbench.ingest.formats.adapter import LABELS, Label, Mapped, Prediction, Rejected
from workbench.ingest.formats.nannyml import ADAPTER

FLAT = FORMATS / "flat"
TIMES = ("2026-11-20 14:12:33.000", "2026-11-20 14:12:34.000")


def test_the_binary_sample() -> None:
    path = FLAT / "nannyml_analysis.csv"
    assert ADAPTER.recognises(glimpse(path))
    first, second, third = items(ADAPTER, path)
    assert first == Prediction("1", TIMES[0], TEXTS[0], prediction="1", score=0.8312)
    assert second == Prediction("2", TIMES[1], TEXTS[1], prediction="0", score=0.0356)
    assert third == Rejected("malformed_record", "a probability lies outside 0 to 1")


def test_the_multiclass_sample() -> None:
    path = FLAT / "nannyml_multiclass.csv"
    assert ADAPTER.recognises(glimpse(path))
    first, second, third = items(ADAPTER, path, Mapped(task="multiclass"))
    assert first == Prediction(
        "1",
        TIMES[0],
        TEXTS[0],
        prediction="churn",
        probabilities={"stay": 0.1, "downgrade": 0.07, "churn": 0.83},
    )
    assert second == Prediction(
        "2",
        TIMES[1],
        TEXTS[1],
        prediction="stay",
        probabilities={"stay": 0.9, "downgrade": 0.06, "churn": 0.04},
    )
    assert third == Rejected("malformed_record", "the probabilities of the classes do not sum to 1")


def test_the_target_sample() -> None:
    path = FLAT / "nannyml_analysis_target.csv"
    assert nannyml_targets.ADAPTER.kind == LABELS
    assert nannyml_targets.ADAPTER.recognises(glimpse(path))
    found = items(nannyml_targets.ADAPTER, path)
    assert found == [Label("1", "1"), Label("2", "0"), Label("x", None)]


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1", "a": "1", "b": "2"},
        {"id": "1", "identifier": "2"},
        {"id": "1", "identifier": "2", "churned": "1"},
        {"id": "1", "prediction": "1"},
        {"a": "1", "b": "2"},
    ],
)
def test_only_an_id_and_a_label_is_a_target_file(row: dict[str, str]) -> None:
    assert not nannyml_targets.ADAPTER.recognises(seen("csv", row))


def test_the_label_may_have_any_name() -> None:
    row = {"identifier": 7, "work_home_actual": 1}
    assert nannyml_targets.ADAPTER.recognises(seen("parquet", row))
    assert said(nannyml_targets.ADAPTER, row) == [Label("7", 1)]


@pytest.mark.parametrize("cell", ["", "NaN", "high"])
def test_a_score_that_is_no_number_leaves_the_prediction(cell: str) -> None:
    row = {"id": "1", "timestamp": "t", "y_pred": "1", "y_pred_proba": cell}
    assert said(ADAPTER, row) == [Prediction("1", "t", {}, prediction="1")]
    (item,) = said(ADAPTER, row | {"y_pred": ""})
    assert isinstance(item, Rejected)
    assert item.reason == "unreadable_prediction"


def test_a_class_beside_its_score_is_kept_as_it_is_written() -> None:
    row = {"id": "1", "timestamp": "t", "y_pred": "0.5", "y_pred_proba": "0.75"}
    assert said(ADAPTER, row) == [Prediction("1", "t", {}, prediction="0.5", score=0.75)]


def test_one_unreadable_class_leaves_the_prediction() -> None:
    row = {
        "id": "1",
        "timestamp": "t",
        "y_pred": "x",
        "y_pred_proba_x": "0.9",
        "y_pred_proba_y": "",
    }
    found = said(ADAPTER, row, Mapped(task="multiclass"))
    assert found == [Prediction("1", "t", {}, prediction="x")]


def test_two_columns_of_classes_give_the_score_of_a_binary_model() -> None:
    row = {"id": "1", "timestamp": "t", "y_pred_proba_0": "0.25", "y_pred_proba_1": "0.75"}
    assert said(ADAPTER, row) == [Prediction("1", "t", {}, score=0.75)]


def test_a_regression_has_a_number_and_no_score() -> None:
    row = {"id": 1, "timestamp": "t", "y_pred": 0.5, "y_true": 2.5}
    found = said(ADAPTER, row, Mapped(task="regression"))
    assert found == [Prediction("1", "t", {}, prediction=0.5, label=2.5)]
