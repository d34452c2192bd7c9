"""Arize tables."""

from __future__ import annotations

from tests.ingest.formats.exports import (
    FIRST,
    FORMATS,
    SECOND,
    TEXTS,
    glimpse,
    items,
    said,
)
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.arize import ADAPTER

SAMPLE = FORMATS / "flat" / "arize.csv"
ROW = {"prediction_id": "1", "prediction_ts": 1795183953000}


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    assert items(ADAPTER, SAMPLE) == [
        Prediction(FIRST, 1795183953, TEXTS[0], prediction="churn", score=0.8312, label="churn"),
        Prediction(SECOND, 1795183954, TEXTS[1], prediction="no_churn", score=0.0356),
        # No id, and a time before 1970: for the store to judge.
        Prediction(None, -1, TEXTS[2], prediction="churn"),
    ]


def test_the_score_of_a_regression_is_its_prediction_and_its_actual_score_the_label() -> None:
    row = ROW | {"prediction_score": "12.5", "actual_score": 11.0}
    found = said(ADAPTER, row, Mapped(task="regression"))
    assert found == [Prediction("1", 1795183953000, {}, prediction=12.5, label=11.0)]


def test_of_several_classes_the_label_is_kept_without_the_lone_score() -> None:
    row = ROW | {"prediction_label": "churn", "prediction_score": 0.5}
    found = said(ADAPTER, row, Mapped(task="multiclass"))
    assert found == [Prediction("1", 1795183953000, {}, prediction="churn")]


def test_neither_label_nor_score_is_no_prediction() -> None:
    (item,) = said(ADAPTER, ROW | {"prediction_label": "", "prediction_score": float("nan")})
    assert isinstance(item, Rejected)
    assert item.reason == "unreadable_prediction"
