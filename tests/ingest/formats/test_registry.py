"""Which format reads a file: the one asked for, the card's own, else whichever recognises it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from workbench.domain.card import Columns, Identity, ModelCard, Source
from workbench.errors import CardError, LogFileError
from workbench.ingest.formats.adapter import Glimpse
from workbench.ingest.formats.registry import (
    ADAPTERS,
    BY_NAME,
    format_names,
    recognise,
    require_format,
    require_own_format,
)

CARD = ModelCard(model=Identity(name="m", task="binary"))
EVIDENTLY = ("id", "datetime", "prediction", "x")
EVENT = {
    "specversion": "1.0", "type": "org.kubeflow.serving.inference.request", "id": "1", "data": {},
}  # fmt: skip


def table(*columns: str) -> Glimpse:
    return Glimpse(PurePosixPath("log.csv"), "csv", columns, (dict.fromkeys(columns, "1"),))


def lines(*records: dict[str, Any]) -> Glimpse:
    return Glimpse(PurePosixPath("log.jsonl"), "jsonl", tuple(records[0]), records)


def chosen(
    glimpse: Glimpse, card: ModelCard = CARD, given: str = "auto", kind: str = "auto"
) -> str:
    adapter = recognise(lambda: glimpse, card, given, kind)
    return "" if adapter is None else adapter.name


def test_names_are_distinct_and_every_one_is_taken() -> None:
    assert len(BY_NAME) == len(ADAPTERS)
    for name in (*BY_NAME, "auto", "parquet", "csv", "jsonl", "arrow"):
        require_format(name)
    with pytest.raises(LogFileError) as caught:
        require_format("parket")
    assert all(name in caught.value.hint for name in format_names())


def test_a_card_with_a_format_that_is_not_known_is_refused() -> None:
    with pytest.raises(CardError) as caught:
        require_own_format(replace(CARD, source=Source(format="vertx")))
    assert "'vertex'" in caught.value.hint


def test_a_format_asked_for_is_taken_without_looking() -> None:
    def refuse() -> Glimpse:
        pytest.fail("nothing is to be looked at")

    assert recognise(refuse, CARD, "vertex") is BY_NAME["vertex"]
    assert recognise(refuse, CARD, "csv") is None


def test_a_table_in_the_card_s_columns_is_no_export() -> None:
    needed = ("prediction_id", "timestamp", "score")
    assert chosen(table(*needed, *EVIDENTLY)) == ""
    assert chosen(table(*EVIDENTLY)) == "evidently"
    assert chosen(table("prediction_id", "label", *EVIDENTLY)) == ""
    assert chosen(table("prediction_id", "label", *EVIDENTLY), kind="predictions") == "evidently"


def test_a_card_may_have_the_names_of_an_export() -> None:
    columns = Columns(prediction_id="id", timestamp="datetime", label="target")
    assert chosen(table(*EVIDENTLY), replace(CARD, columns=columns)) == ""


def test_a_log_without_ids_needs_none() -> None:
    columns = Columns(prediction_id="", timestamp="datetime")
    assert chosen(table("datetime", "prediction"), replace(CARD, columns=columns)) == ""


def test_the_shape_of_records_tells_more_than_names() -> None:
    event = EVENT | {"prediction_id": "1", "timestamp": "2026-11-20", "prediction": 1}
    assert chosen(lines(event)) == "kserve"
    assert chosen(lines(event), replace(CARD, source=Source(format="jsonl"))) == ""
    assert chosen(lines(EVENT), replace(CARD, source=Source(format="jsonl"))) == "kserve"


def test_the_card_s_own_format_comes_first_where_it_fits() -> None:
    own = replace(CARD, source=Source(format="evidently"))
    assert chosen(table("prediction_id", "timestamp", "score", *EVIDENTLY), own) == "evidently"
    assert chosen(lines(EVENT), own) == "kserve"
    assert chosen(table("prediction_id", "timestamp", "score"), own) == ""


def test_a_kind_that_is_given_leaves_the_other_kind_s_formats_out() -> None:
    assert chosen(lines(EVENT), kind="labels") == ""
    truth = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}}
    assert chosen(lines(truth)) == "sagemaker_ground_truth"
    assert chosen(lines(truth), kind="predictions") == ""
