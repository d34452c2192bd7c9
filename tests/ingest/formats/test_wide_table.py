"""Tables whose probabilities are one list column."""

from __future__ import annotations

from tests.ingest.formats.exports import (
    FIRST,
    FORMATS,
    ROWS,
    SECOND,
    glimpse,
    items,
    said,
)
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.wide_table import ADAPTER

SAMPLE = FORMATS / "flat" / "wide_table.parquet"


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    first, second, third = items(ADAPTER, SAMPLE)
    assert first == Prediction(
        FIRST, "2026-11-20T14:12:33+00:00", ROWS[0], prediction=1, score=0.8312, version="7"
    )
    assert second == Prediction(
        SECOND, "2026-11-20T14:12:34+00:00", ROWS[1], prediction=0, score=0.0356, version="7"
    )
    assert isinstance(third, Rejected)
    assert third.reason == "unreadable_prediction"


def test_the_card_gives_the_order_of_several_classes() -> None:
    row = {"prediction_id": 1, "prediction_ts": 5, "prediction_probabilities": [0.1, 0.7, 0.2]}
    mapped = Mapped(task="multiclass", classes=("a", "b", "c"))
    assert said(ADAPTER, row, mapped) == [
        Prediction("1", 5, {}, prediction="b", probabilities={"a": 0.1, "b": 0.7, "c": 0.2})
    ]
    (item,) = said(ADAPTER, row, Mapped(task="multiclass"))
    assert isinstance(item, Rejected)
    assert item.reason == "malformed_record"
