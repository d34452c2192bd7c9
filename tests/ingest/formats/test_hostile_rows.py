"""Whatever a table or a nested log holds, its adapter answers with items and never raises."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.formats.exports import FORMATS, decoded, seen
from tests.ingest.formats.test_told_apart import ADAPTERS, OWN
from workbench.ingest.formats.adapter import (
    Adapter,
    Glimpse,
    Label,
    Mapped,
    Prediction,
    Record,
    Rejected,
)
from workbench.ingest.formats.bentoml import read_with

BY_NAME = {adapter.name: adapter for adapter in ADAPTERS}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, 2**53 + 1, -1])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["[0.1, 0.9]", "[0.1 0.9]", "[", "{", "{}", "[]", "NaN", "1_0", "1e999", "\x00"]
    )
)
CELLS = (
    SCALARS
    | st.binary(max_size=5)
    | st.decimals()
    | st.just(Decimal("sNaN"))
    | st.dates()
    | st.datetimes()
    | st.uuids()
    | st.timedeltas()
    | st.just(datetime(2026, 1, 1, tzinfo=UTC))
)
VALUES = st.recursive(
    CELLS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
MAPPINGS = st.builds(
    Mapped,
    features=st.sampled_from([(), ("a",), ("tenure_months", "contract")]),
    classes=st.sampled_from([(), ("0", "1"), ("stay", "churn", "downgrade"), ("a",)]),
    task=st.sampled_from(["binary", "multiclass", "regression"]),
    prediction=st.sampled_from(["", "prediction", "pred", "y_pred", "score"]),
    score=st.sampled_from(["", "score", "proba", "probabilities", "predicted_churn"]),
    id=st.sampled_from(["", "id", "order_id", "contract", "request_id"]),
    output=st.sampled_from(["auto", "prediction", "score"]),
    known=st.sampled_from([frozenset(), frozenset({"tenure_months", "contract", "id"})]),
)


def samples() -> list[tuple[str, Any]]:
    if not FORMATS.is_dir():
        return []
    return [
        (adapter, record)
        for name, adapter in OWN.items()
        for record in decoded(FORMATS / name)[1]
        if record is not None
    ]


SAMPLES = samples()


def judge(adapter: Adapter, value: Mapping[str, Any], mapped: Mapped) -> None:
    found = list(adapter.read(Record(1, value, "", PurePosixPath("log")), mapped))
    for item in found:
        assert isinstance(item, Prediction | Label | Rejected)
        if isinstance(item, Rejected):
            assert item.reason
            continue
        assert isinstance(item.id, str | None)
        assert item.id != ""
        if isinstance(item, Label):
            continue
        assert item.prediction is not None or item.score is not None
        assert item.score is None or 0.0 <= item.score <= 1.0
        assert all(0.0 <= chance <= 1.0 for chance in item.probabilities.values())
        assert all(isinstance(name, str) for name in (*item.features, *item.extras))
        assert not isinstance(item.timestamp, date | list | dict)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a decoded value, and inside the JSON texts that it holds."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


def changed(value: Any, at: tuple[Any, ...], by: Any, *, drop: bool) -> Any:
    result = copy.deepcopy(value)
    holder = result
    for step in at[:-1]:
        holder = holder[step]
    if drop:
        del holder[at[-1]]
    else:
        holder[at[-1]] = by
    return result


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=60)
@given(value=st.dictionaries(st.text(max_size=8), VALUES, max_size=6), mapped=MAPPINGS)
def test_any_record_is_answered(name: str, value: dict[str, Any], mapped: Mapped) -> None:
    judge(BY_NAME[name], value, mapped)


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=40)
@given(
    values=st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=5),
    container=st.sampled_from(["jsonl", "json", "csv", "parquet", "arrow"]),
)
def test_any_glimpse_is_judged(name: str, values: list[dict[str, Any]], container: str) -> None:
    assert BY_NAME[name].recognises(seen(container, *values)) in (True, False)
    empty = Glimpse(PurePosixPath("log"), container, (), ())
    assert not BY_NAME[name].recognises(empty)


@settings(max_examples=1_500)
@given(data=st.data(), mapped=MAPPINGS)
def test_any_mutation_of_a_sample_is_answered(data: st.DataObject, mapped: Mapped) -> None:
    name, value = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.sampled_from(list(places(value))))
        value = changed(value, where, data.draw(VALUES), drop=data.draw(st.booleans()))
        if not value:
            break
    judge(BY_NAME[name], value, mapped)
    assert BY_NAME[name].recognises(seen("jsonl", value)) in (True, False)
    # Any adapter may be named by hand for any file.
    judge(BY_NAME[data.draw(st.sampled_from(sorted(BY_NAME)))], value, mapped)


@settings(max_examples=300)
@given(data=st.data(), mapped=MAPPINGS)
def test_any_mutation_inside_a_json_text_is_answered(data: st.DataObject, mapped: Mapped) -> None:
    texts = [
        (name, value, column)
        for name, value in SAMPLES
        for column, cell in value.items()
        if isinstance(cell, str) and cell.startswith("{")
    ]
    name, value, column = data.draw(st.sampled_from(texts))
    body = value[column]
    try:
        body = json.loads(body)
    except ValueError:
        mutated = body[: data.draw(st.integers(0, len(body)))]
    else:
        where = data.draw(st.sampled_from(list(places(body))))
        mutated = json.dumps(
            changed(body, where, data.draw(VALUES), drop=data.draw(st.booleans())), default=str
        )
    judge(BY_NAME[name], value | {column: mutated}, mapped)


@settings(max_examples=100)
@given(schema=st.dictionaries(st.text(max_size=8), VALUES, max_size=3), mapped=MAPPINGS)
def test_any_schema_of_a_bentoml_monitor_is_followed_or_passed_over(
    schema: dict[str, Any], mapped: Mapped
) -> None:
    read = read_with({"meta_data": {}, "columns": []} | schema)
    adapter = Adapter("x", "x", lambda _: True, read)
    for name, value in SAMPLES:
        if name == "bentoml":
            judge(adapter, value, mapped)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_deeply_nested_values_are_answered(name: str) -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    for key in (
        "prediction",
        "features",
        "resourceLogs",
        "predictLog",
        "columns",
        "y_pred",
        "data",
    ):
        judge(BY_NAME[name], {key: deep, "id": deep, "timestamp": deep}, Mapped())
