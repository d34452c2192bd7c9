"""Fiddler tables."""

from __future__ import annotations

import pytest

from tests.ingest.formats.exports import (
    FIRST,
    FORMATS,
    SECOND,
    TEXTS,
    glimpse,
    items,
    said,
)
from workbench.ingest.formats.adapter import Mapped, Prediction
from workbench.ingest.formats.fiddler import ADAPTER

SAMPLE = FORMATS / "flat" / "fiddler.csv"
ROW = {"event_id": "1", "event_ts": "t"}


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    second_time = "2026-11-20T14:12:34+00:00"
    assert items(ADAPTER, SAMPLE) == [
        Prediction(FIRST, "2026-11-20T14:12:33+00:00", TEXTS[0], score=0.8312, label="yes"),
        Prediction(SECOND, second_time, TEXTS[1], score=0.0356),
        # The same id with other content: for the store to judge.
        Prediction(SECOND, second_time, TEXTS[2], score=0.91, label="maybe"),
    ]


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"churn": "yes", "churned": "no"}, "yes"),
        ({"actual_churn": "yes"}, "yes"),
        ({"churned": "yes"}, "yes"),
        ({"target": "yes"}, "yes"),
        ({"churn_risk_band": "high"}, None),
        ({"churned": "yes", "churns": "no"}, None),
    ],
)
def test_the_target_is_named_after_the_output(columns: dict[str, str], label: str | None) -> None:
    (item,) = said(ADAPTER, ROW | {"predicted_churn": "0.5"} | columns)
    assert isinstance(item, Prediction)
    assert item.label == label


def test_a_known_feature_is_no_target() -> None:
    row = ROW | {"predicted_churn": "0.5", "churned": "yes"}
    found = said(ADAPTER, row, Mapped(known=frozenset({"churned"})))
    assert found == [Prediction("1", "t", {"churned": "yes"}, score=0.5)]


def test_several_outputs_are_the_classes_probabilities() -> None:
    row = ROW | {"predicted_stay": "0.25", "predicted_churn": "0.75", "target": "stay"}
    assert said(ADAPTER, row, Mapped(task="multiclass")) == [
        Prediction(
            "1",
            "t",
            {},
            prediction="churn",
            probabilities={"stay": 0.25, "churn": 0.75},
            label="stay",
        )
    ]


def test_the_card_says_which_of_several_outputs_it_is() -> None:
    row = ROW | {"predicted_class": "churn", "predicted_risk": "0.75"}
    (item,) = said(ADAPTER, row, Mapped(prediction="predicted_class", score="predicted_risk"))
    assert isinstance(item, Prediction)
    assert (item.prediction, item.score) == ("churn", 0.75)
