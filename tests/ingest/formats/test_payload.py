"""Request and response bodies: what they hold, and that nothing in them can break the reading."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.ingest.formats.adapter import Mapped
from workbench.ingest.formats.payload import (
    Output,
    PayloadError,
    answered,
    base64_text,
    csv_rows,
    error_in,
    json_value,
    named,
    output_of,
    predictions_of,
    request_rows,
    response_outputs,
    row_id,
)

NAMED = Mapped(features=("a", "b"))
BINARY = Mapped()
REGRESSION = Mapped(task="regression")
MULTICLASS = Mapped(task="multiclass", classes=("x", "y", "z"))
ONE_ROW = [{"a": 1, "b": "u"}]
TWO_ROWS = [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}]


def tensor(name: str, shape: list[int], datatype: str, data: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [[1, "u"], [2, "v"]]},
        {"instances": [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}]},
        {"instances": [{"a": [1], "b": ["u"]}, {"a": [2], "b": ["v"]}]},
        {"instances": [{"features": [1, "u"]}, {"features": {"a": 2, "b": "v"}}]},
        {"instances": [{"data": {"features": {"values": [1, "u"]}}}, [2, "v"]]},
        {"inputs": {"a": [1, 2], "b": ["u", "v"]}},
        {"inputs": {"a": [[1], [2]], "b": [["u"], ["v"]]}, "signature_name": "s"},
        {"inputs": {"dense": [[1, "u"], [2, "v"]]}},
        {"inputs": [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}]},
        {"inputs": [[1, "u"], [2, "v"]]},
        {"inputs": [tensor("a", [2], "INT64", [1, 2]), tensor("b", [2, 1], "BYTES", ["u", "v"])]},
        {
            "id": "7",
            "inputs": [
                tensor("a", [2, 1], "FP32", [[1], [2]]),
                tensor("b", [2, 1], "BYTES", [["u"], ["v"]]),
            ],
        },
        {"inputs": [tensor("dense", [2, 2], "BYTES", [1, "u", 2, "v"])]},
        {"inputs": [tensor("dense", [2, 2], "BYTES", [[1, "u"], [2, "v"]])]},
        {"dataframe_records": [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}]},
        {"dataframe_split": {"index": [0, 1], "columns": ["a", "b"], "data": [[1, "u"], [2, "v"]]}},
        {"input_data": {"columns": ["a", "b"], "data": [[1, "u"], [2, "v"]]}},
        {"columns": ["a", "b"], "data": [[1, "u"], [2, "v"]]},
        {"columns": [0, 1], "data": [[1, "u"], [2, "v"]]},
        {"data": {"names": ["a", "b"], "ndarray": [[1, "u"], [2, "v"]]}},
        {"data": {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [1, "u", 2, "v"]}}},
        {"data": {"names": [], "ndarray": [[1, "u"], [2, "v"]]}},
        {"data": [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}]},
        {"features": {"a": [1, 2], "b": ["u", "v"]}},
        [[1, "u"], [2, "v"]],
        [{"a": 1, "b": "u"}, {"a": 2, "b": "v"}],
        {"a": [1, 2], "b": ["u", "v"]},
    ],
)
def test_every_protocol_gives_the_same_two_rows(body: Any) -> None:
    assert request_rows(body, NAMED) == TWO_ROWS


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [[1, "u"]]},
        {"a": 1, "b": "u"},
        {"features": {"a": 1, "b": "u"}},
        {"features": [1, "u"]},
        [1, "u"],
        {"data": {"names": ["a", "b"], "ndarray": [1, "u"]}},
        {"inputs": {"a": 1, "b": "u"}},
        {"inputs": [tensor("a", [1, 1], "INT64", [1]), tensor("b", [1, 1], "BYTES", ["u"])]},
    ],
)
def test_every_protocol_gives_the_same_single_row(body: Any) -> None:
    assert request_rows(body, NAMED) == ONE_ROW


def test_scalar_instances_are_rows_of_an_only_feature() -> None:
    one = Mapped(features=("a",))
    assert request_rows({"instances": [5, 6]}, one) == [{"a": 5}, {"a": 6}]
    assert request_rows({"inputs": [tensor("in", [2], "INT8", [5, 6])]}, one) == [
        {"a": 5},
        {"a": 6},
    ]


def test_a_feature_named_like_a_wrapper_is_a_feature() -> None:
    body = {"data": [1, 2], "inputs": "u"}
    assert request_rows(body, Mapped(known=frozenset(body))) == [body]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"instances": [[1, 2, 3]]}, "names 2"),
        ({"instances": []}, "without rows"),
        ({"instances": [{}]}, "without values"),
        ({}, "without values"),
        (None, "null"),
        ("text", "a text"),
        ({"inputs": [tensor("a", [1], "INT64", ["two"])]}, "a text in the tensor a of datatype INT64"),
        ({"inputs": [tensor("a", [1], "INT64", [1.5])]}, "a number in the tensor a"),
        ({"inputs": [tensor("a", [1], "FP64", [True])]}, "a boolean in the tensor a"),
        ({"inputs": [tensor("a", [2], "INT64", [1])]}, "says 2 values, its data has 1"),
        ({"inputs": [tensor("a", [0, 9], "INT64", [])]}, "no rows"),
        ({"inputs": [tensor("a", [10**30], "INT64", [1])]}, "its data has 1"),
        ({"inputs": [tensor("a", [1, True], "INT64", [1])]}, "no list of sizes"),
        ({"inputs": [tensor("a", [2, 2], "INT64", [[1, 2], [3]])]}, "not nested"),
        ({"inputs": [tensor("a", [1], "TEXT", [1])]}, "no datatype"),
        ({"inputs": [{"name": "a", "datatype": "FP32", "data": [1]}]}, "no list of sizes"),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "FP32"}]}, "sent as binary"),
        ({"inputs": [tensor("a", [1], "FP32", [1]), tensor("a", [1], "FP32", [1])]}, "two tensors"),
        ({"inputs": [tensor("a", [1], "FP32", [1]), tensor("b", [2], "FP32", [1, 2])]}, "differ"),
        ({"data": {"names": ["a", "b"], "ndarray": [[1]]}}, "a row of 1 values under a header of 2"),
        ({"columns": ["a", "a"], "data": [[1, 2]]}, "twice"),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_says_why(body: Any, says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        request_rows(body, NAMED)


def test_values_without_names_ask_for_the_card() -> None:
    with pytest.raises(PayloadError, match=r"\[source\] features"):
        named([1, 2], Mapped())


def test_rule_6_the_number_of_rows_decides_what_a_list_is() -> None:
    assert response_outputs([[0.96, 0.04]], 1, BINARY) == [Output(score=0.04)]
    assert response_outputs([0.96, 0.04], 1, BINARY) == [Output(score=0.04)]
    assert response_outputs([0.96, 0.04], 2, BINARY) == [Output(score=0.96), Output(score=0.04)]
    with pytest.raises(PayloadError, match="2 outputs for 3 rows"):
        response_outputs([0.96, 0.04], 3, BINARY)


@pytest.mark.parametrize(
    "body",
    [
        {"predictions": [[0.9, 0.1], [0.25, 0.75]]},
        {"predictions": [0.1, 0.75]},
        {"predictions": [[0.1], [0.75]]},
        {"predictions": {"score": [0.1, 0.75]}},
        {"predictions": [{"score": 0.1}, {"probabilities": [0.25, 0.75]}]},
        {"predictions": [{"0": 0.9, "1": 0.1}, {"classes": ["1", "0"], "scores": [0.75, 0.25]}]},
        {"outputs": {"scores": [[0.9, 0.1], [0.25, 0.75]], "classes": ["0", "1"]}},
        {"outputs": {"classes": [["0", "1"], ["1", "0"]], "scores": [[0.9, 0.1], [0.75, 0.25]]}},
        {"outputs": [tensor("p", [2, 2], "FP32", [0.9, 0.1, 0.25, 0.75])]},
        {"outputs": [tensor("p", [2], "FP32", [0.1, 0.75])]},
        {"data": {"names": ["t:0", "t:1"], "ndarray": [[0.9, 0.1], [0.25, 0.75]]}},
        {"data": {"names": ["1", "0"], "ndarray": [[0.1, 0.9], [0.75, 0.25]]}},
        {"data": {"names": ["no", "yes"], "tensor": {"shape": [2, 2], "values": [0.9, 0.1, 0.25, 0.75]}}},
        {"columns": ["score"], "data": [[0.1], [0.75]]},
        [[0.9, 0.1], [0.25, 0.75]],
        ["0.1", "0.75"],
    ],
)  # fmt: skip
def test_every_protocol_gives_the_same_two_scores(body: Any) -> None:
    assert response_outputs(body, 2, BINARY) == [Output(score=0.1), Output(score=0.75)]


def test_named_outputs_give_prediction_and_score() -> None:
    outputs = [
        tensor("predict", [2], "INT64", [0, 1]),
        tensor("predict_proba", [2, 2], "FP64", [0.9, 0.1, 0.25, 0.75]),
    ]
    assert response_outputs({"outputs": outputs}, 2, BINARY) == [Output(0, 0.1), Output(1, 0.75)]
    chosen = Mapped(prediction="out_1", score="out_2")
    body = {"predictions": [{"out_0": 5, "out_1": "1", "out_2": [0.3, 0.7]}]}
    assert response_outputs(body, 1, chosen) == [Output("1", 0.7)]
    with pytest.raises(PayloadError, match=r"\[source\] prediction and score"):
        response_outputs(body, 1, BINARY)


@pytest.mark.parametrize(
    ("value", "mapped", "expected"),
    [
        (1, BINARY, Output(1)),
        (1.0, BINARY, Output(1.0)),
        (0, BINARY, Output(0)),
        (True, BINARY, Output(True)),
        ("yes", BINARY, Output("yes")),
        ("1", BINARY, Output("1")),
        (0.83, BINARY, Output(score=0.83)),
        ("0.83", BINARY, Output(score=0.83)),
        ([[0.83]], BINARY, Output(score=0.83)),
        (1.0, Mapped(output="score"), Output(score=1.0)),
        (0.83, Mapped(output="prediction"), Output(0.83)),
        ([0.2, 0.8], Mapped(classes=("1", "0")), Output(score=0.2)),
        ([0.2, 0.8], Mapped(classes=("no", "yes"), positive_class="yes"), Output(score=0.8)),
        ({"predicted_label": 1, "score": 0.8}, BINARY, Output(1, 0.8)),
        ({"label": "1", "probability": 0.8}, BINARY, Output("1", 0.8)),
        ({"prediction": 0.83}, BINARY, Output(score=0.83)),
        ({"class": 0, "probabilities": {"0": 0.7, "1": 0.3}}, BINARY, Output(0, 0.3)),
        ({"churned": 0.3}, BINARY, Output(score=0.3)),
        (12.5, REGRESSION, Output(12.5)),
        ("12.5", REGRESSION, Output(12.5)),
        ({"prediction": [3]}, REGRESSION, Output(3.0)),
        ({"score": 0.5}, REGRESSION, Output(0.5)),
        ("y", MULTICLASS, Output("y")),
        (2, Mapped(task="multiclass"), Output(2)),
        ({"prediction": "x", "score": 0.6}, MULTICLASS, Output("x")),
    ],
)  # fmt: skip
def test_one_rows_output(value: Any, mapped: Mapped, expected: Output) -> None:
    assert output_of(value, mapped) == expected


def test_multiclass_probabilities_go_by_class_and_name_the_likeliest() -> None:
    by_class = {"x": 0.2, "y": 0.5, "z": 0.3}
    assert output_of([0.2, 0.5, 0.3], MULTICLASS) == Output("y", None, by_class)
    own = {"classes": ["x", "y", "z"], "scores": [0.2, 0.5, 0.3]}
    assert output_of(own, Mapped(task="multiclass")) == Output("y", None, by_class)
    assert output_of({"z": 0.3, "x": 0.2, "y": 0.5}, MULTICLASS) == Output("y", None, by_class)
    stated = {"label": "z", "probabilities": [0.2, 0.5, 0.3]}
    assert output_of(stated, MULTICLASS) == Output("z", None, by_class)


@pytest.mark.parametrize(
    ("value", "mapped", "says"),
    [
        ([0.2, 0.5, 0.3], Mapped(task="multiclass"), r"\[source\] classes"),
        ([0.2, 0.8], MULTICLASS, "2 probabilities and 3 classes"),
        ([0.2, 0.5, 0.3], BINARY, r"\[source\] classes"),
        ([0.2, 0.8], Mapped(classes=("no", "yes")), "positive class"),
        ([0.2, 0.7], BINARY, "sum to 1"),
        ([-0.2, 1.2], BINARY, "outside"),
        ([True, False], BINARY, "boolean"),
        ([math.nan, 0.5], BINARY, "finite"),
        ([10**400, 0.5], BINARY, "finite"),
        (1.7, BINARY, "outside"),
        (math.inf, BINARY, "finite"),
        (math.nan, MULTICLASS, "no class"),
        (None, BINARY, "null"),
        ([], BINARY, "sum"),
        ({}, BINARY, "empty"),
        ("", BINARY, "no class"),
        ("nan", REGRESSION, "no finite number"),
        (True, REGRESSION, "boolean"),
        ([1.0, 2.0], REGRESSION, "2 numbers"),
        ({"prediction": 1, "score": 1.5}, BINARY, "outside"),
        ({"prediction": 1, "score": True}, BINARY, "boolean"),
        ({"score": 0.5}, MULTICLASS, "several classes"),
        (0.5, Mapped(task="multiclass", output="score"), "several classes"),
    ],
)
def test_an_output_that_makes_no_sense_says_why(value: Any, mapped: Mapped, says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        output_of(value, mapped)


def test_sums_may_be_off_by_a_hundredth() -> None:
    assert output_of([0.5, 0.51], BINARY) == Output(score=0.51)
    with pytest.raises(PayloadError):
        output_of([0.5, 0.52], BINARY)


def test_ids_of_a_batch_carry_the_position_and_a_single_row_the_plain_id() -> None:
    assert [row_id("r", 0, 1), row_id("r", 0, 2), row_id("r", 1, 2)] == ["r", "r-0", "r-1"]


def test_the_named_feature_is_the_id_and_no_feature() -> None:
    found = predictions_of(
        [{"a": 1, "order": 9007199254740993}, {"a": 2}],
        [Output(1), Output(0)],
        Mapped(id="order"),
        request_id="r",
        timestamp="t",
        extras={"variant": "blue"},
    )
    assert [(row.id, row.features, row.extras) for row in found] == [
        ("9007199254740993", {"a": 1}, {"variant": "blue", "request_id": "r"}),
        ("r-1", {"a": 2}, {"variant": "blue", "request_id": "r"}),
    ]


def test_csv_has_no_header_and_blank_lines_are_no_rows() -> None:
    assert csv_rows('14,"a,b"\n\n2,c\n') == [["14", "a,b"], ["2", "c"]]
    with pytest.raises(PayloadError):
        csv_rows(" \n".strip())


def test_an_error_tells_its_kind_and_no_value() -> None:
    assert error_in({"error": "ValueError: bad value 'secret'"}) == (
        "the serving system answered with an error: ValueError"
    )
    assert "secret" not in str(error_in({"error": {"message": "secret"}}))
    assert error_in({"predictions": [1]}) is None


def test_deep_nesting_and_huge_numbers_are_errors_and_not_crashes() -> None:
    for text in ("[" * 100_000, "9" * 10_000, b"\xff", '{"a":'):
        with pytest.raises(PayloadError):
            json_value(text)
    deep: Any = 1
    for _ in range(50_000):
        deep = [deep]
    objects: Any = 1
    for _ in range(50_000):
        objects = {"predictions": [objects], "instances": [objects]}
    for body in (deep, objects):
        survives(body)
    for value in ("*", "////", 7, None):
        with pytest.raises(PayloadError):
            base64_text(value)


KEYS = st.sampled_from(
    ["instances", "inputs", "outputs", "predictions", "data", "names", "ndarray", "tensor", "shape",
     "values", "datatype", "name", "columns", "features", "classes", "scores", "score", "label",
     "prediction", "probabilities", "error", "dataframe_split", "jsonData", "a", "b", "0", "1", ""]
) | st.text(max_size=3)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, 0, 1, 2, 0.5, 1.0, "INT64", "FP64", "BYTES", "0.5", "1", "nan"])
    | st.floats()
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
MAPPED = st.builds(
    Mapped,
    features=st.sampled_from([(), ("a",), ("a", "b")]),
    classes=st.sampled_from([(), ("0", "1"), ("x", "y", "z")]),
    task=st.sampled_from(["binary", "multiclass", "regression"]),
    prediction=st.sampled_from(["", "a"]),
    score=st.sampled_from(["", "b", "score"]),
    id=st.sampled_from(["", "a"]),
    output=st.sampled_from(["auto", "score", "prediction"]),
)


def survives(body: Any, mapped: Mapped = NAMED, rows: int = 1) -> None:
    """Reading gives rows and outputs that keep the promises, or a PayloadError."""
    try:
        found = request_rows(body, mapped)
    except PayloadError:
        found = []
    else:
        assert found
        assert all(row and all(isinstance(name, str) for name in row) for row in found)
    try:
        outputs = response_outputs(body, rows, mapped)
    except PayloadError:
        pass
    else:
        assert len(outputs) == rows
        for output in outputs:
            shares = [*output.probabilities.values()]
            shares += [] if output.score is None else [output.score]
            assert all(0 <= share <= 1 for share in shares)
            assert not isinstance(output.prediction, list | dict)
            assert output.prediction is not None or (
                output.score is not None and mapped.task == "binary"
            )


@given(JSON, MAPPED, st.integers(0, 4))
def test_no_json_breaks_the_reading(body: Any, mapped: Mapped, rows: int) -> None:
    survives(body, mapped, rows)
    assert list(answered(body, body, mapped, request_id="r", timestamp=None))


@given(st.text(max_size=40))
def test_no_text_breaks_the_decoders(text: str) -> None:
    for decode in (csv_rows, json_value, base64_text):
        with suppress(PayloadError):
            decode(text)
