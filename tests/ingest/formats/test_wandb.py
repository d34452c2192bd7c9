"""Weights & Biases tables: one document, a row a prediction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.formats.exports import (
    FIRST,
    FORMATS,
    ROWS,
    SECOND,
    THIRD,
    glimpse,
    items,
    said,
)
from workbench.ingest.formats.adapter import Prediction, Rejected
from workbench.ingest.formats.wandb import ADAPTER

SAMPLE = FORMATS / "wandb" / "predictions.table.json"


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    assert items(ADAPTER, SAMPLE) == [
        Prediction(FIRST, "2026-11-20T14:12:33Z", ROWS[0], prediction=1, label=1),
        Prediction(SECOND, "2026-11-20T14:12:34Z", ROWS[1], prediction=0, score=0.0356),
        Rejected(
            "malformed_record",
            "row 3: 4 values for 9 columns",
            f'["{THIRD}", "2026-11-20T14:12:36Z", 2, 99.4]',
        ),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"columns": [], "data": [[]]},
        {"columns": ["id", "id"], "data": [[1, 2]]},
        {"columns": ["id", 5], "data": [[1, 2]]},
        {"columns": ["id"], "data": {"a": 1}},
        {"columns": "id", "data": []},
    ],
)
def test_a_document_that_is_no_table_is_malformed(document: dict[str, Any]) -> None:
    (item,) = said(ADAPTER, document)
    assert isinstance(item, Rejected)
    assert item.reason == "malformed_record"


def test_a_row_without_a_prediction_says_which_it_is() -> None:
    document = {"columns": ["id", "prediction"], "data": [[1, 0], [2, None], 7]}
    first, second, third = said(ADAPTER, document)
    assert isinstance(first, Prediction)
    assert isinstance(second, Rejected)
    assert (second.reason, second.detail[:6]) == ("unreadable_prediction", "row 2:")
    assert third == Rejected("malformed_record", "row 3: no list for 2 columns", "7")
