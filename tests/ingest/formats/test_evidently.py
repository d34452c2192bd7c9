"""Evidently tables: one prediction column, or one column a class."""

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
    seen,
)
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.evidently import ADAPTER

SAMPLE = FORMATS / "flat" / "evidently_current.csv"
PER_CLASS = {"id": "1", "datetime": "2026-11-20", "a": "0.5", "stay": "0.25", "churn": "0.75"}


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    first, second, third = items(ADAPTER, SAMPLE)
    assert first == Prediction(FIRST, "2026-11-20 14:12:33", TEXTS[0], prediction="1", label="1")
    assert second == Prediction(SECOND, "2026-11-20 14:12:34", TEXTS[1], score=0.0356, label="0")
    assert isinstance(third, Rejected)
    assert third.reason == "unreadable_prediction"


def test_known_features_leave_other_columns_as_extras() -> None:
    first, *_ = items(ADAPTER, SAMPLE, Mapped(known=frozenset({"tenure_months"})))
    assert isinstance(first, Prediction)
    assert first.features == {"tenure_months": "14"}
    assert set(first.extras) == {"monthly_charges", "support_calls", "contract"}


@pytest.mark.parametrize(
    "mapped",
    [
        Mapped(task="multiclass", classes=("stay", "churn")),
        Mapped(task="multiclass", known=frozenset({"a"})),
    ],
    ids=["classes of the card", "features of the reference"],
)
def test_one_column_a_class(mapped: Mapped) -> None:
    (item,) = said(ADAPTER, PER_CLASS | {"target": "stay"}, mapped)
    assert item == Prediction(
        "1",
        "2026-11-20",
        {"a": "0.5"},
        prediction="churn",
        probabilities={"stay": 0.25, "churn": 0.75},
        label="stay",
    )


def test_columns_of_classes_are_told_by_the_targets() -> None:
    assert ADAPTER.recognises(seen("csv", PER_CLASS | {"target": "churn"}))
    assert not ADAPTER.recognises(seen("csv", PER_CLASS | {"target": "late"}))
    assert not ADAPTER.recognises(seen("csv", {"id": "1", "datetime": "d", "target": "1"}))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("[0.25 0.75]", (None, 0.75)),
        ("0.75", (None, 0.75)),
        ("churn", ("churn", None)),
        ("1.0", ("1.0", None)),
    ],
)
def test_the_prediction_column_holds_a_class_a_score_or_a_list(
    cell: str, expected: tuple[object, object]
) -> None:
    (item,) = said(ADAPTER, {"id": "1", "datetime": "d", "prediction": cell})
    assert isinstance(item, Prediction)
    assert (item.prediction, item.score) == expected


@pytest.mark.parametrize("cell", ["[0.25, 0.7", "[]", "[0.9, 0.9]", "1.5"])
def test_a_list_or_a_score_that_makes_no_sense_is_malformed(cell: str) -> None:
    (item,) = said(ADAPTER, {"id": "1", "datetime": "d", "prediction": cell})
    assert isinstance(item, Rejected)
    assert item.reason == "malformed_record"
