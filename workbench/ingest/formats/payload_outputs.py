"""What did the model answer for each row? Every protocol's response read into outputs.

A list is ambiguous: the values of several rows, or the probabilities of one. The number of
rows that the request had decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.ingest.formats.adapter import Mapped
from workbench.ingest.formats.payload_requests import column_rows, seldon_rows
from workbench.ingest.formats.payload_row_output import Output, output_of, reads_by_name
from workbench.ingest.formats.payload_tensors import are_tensors, tensor_columns
from workbench.ingest.formats.payload_values import PayloadError, is_list, is_scalar

_WRAPPERS = ("predictions", "outputs", "data", "jsonData", "result", "results")
_MOST_WRAPPERS = 4
_NUMBERED = re.compile(r"t:[0-9]+")
"""The names that Seldon gives outputs without names."""


def response_outputs(body: Any, rows: int, mapped: Mapped) -> list[Output]:
    """The outputs of a response, one for each row of its request.

    Args:
        body: decoded JSON, of the protocols V1, V2, TensorFlow, MLflow, Seldon, or bare outputs.
        rows: how many rows the request had.
        mapped: class order, names of the outputs, and what a lone number is.

    Raises:
        PayloadError: it holds no outputs, or another number of them.
    """
    if rows < 1:
        raise PayloadError("a response to a request without rows")
    return [output_of(value, mapped) for value in _values(body, rows, mapped, _MOST_WRAPPERS)]


def _values(body: Any, rows: int, mapped: Mapped, wrappers: int) -> Sequence[Any]:
    if not isinstance(body, Mapping):
        return _listed(body if is_list(body) else [body], rows)
    if "ndarray" in body or "tensor" in body:
        return _seldon(body, rows, mapped)
    if is_list(body.get("columns")) and is_list(body.get("data")):
        return _listed(_under(body["columns"], body["data"], mapped), rows)
    wrapper = next((key for key in _WRAPPERS if not is_scalar(body.get(key))), None)
    if wrapper is None:
        return _object(body, rows)
    if wrappers == 0:
        raise PayloadError("a response that is nested too deeply")
    inner = body[wrapper]
    if wrapper == "outputs" and are_tensors(inner):
        return _tensors(inner, rows)
    return _values(inner, rows, mapped, wrappers - 1)


def _listed(values: Sequence[Any], rows: int) -> Sequence[Any]:
    if len(values) == rows:
        return values
    if rows == 1 and len(values) > 1 and all(is_scalar(value) for value in values):
        return [values]
    raise PayloadError(f"{len(values)} outputs for {rows} rows of the request")


def _object(body: Mapping[str, Any], rows: int) -> Sequence[Any]:
    """An object is the output of the one row, or its columns hold one value a row."""
    columns = body
    shared: dict[str, Any] = {}
    classes, scores = body.get("classes"), body.get("scores")
    nested = isinstance(scores, list) and len(scores) > 0 and all(map(is_list, scores))
    if isinstance(classes, list) and nested and all(map(is_scalar, classes)):
        shared = {"classes": classes}
        columns = {name: value for name, value in body.items() if name not in shared}
    table = column_rows(columns)
    if table is not None and len(table) == rows:
        return [{**row, **shared} for row in table]
    if rows != 1:
        raise PayloadError(f"one output, or columns of another length, for {rows} rows")
    return [body]


def _seldon(body: Mapping[str, Any], rows: int, mapped: Mapped) -> Sequence[Any]:
    values = _listed(seldon_rows(body), rows)
    names = body.get("names")
    return _under(names, values, mapped) if isinstance(names, list) else values


def _under(names: Sequence[Any], values: Sequence[Any], mapped: Mapped) -> Sequence[Any]:
    """Values under their names, where the names say what the values are."""
    texts = [name for name in names if isinstance(name, str) and not _NUMBERED.fullmatch(name)]
    if len(texts) != len(names) or len(set(texts)) != len(texts):
        return values
    found = []
    for value in values:
        cells = value if is_list(value) else [value]
        if len(cells) != len(texts):
            raise PayloadError(f"an output of {len(cells)} values under {len(texts)} names")
        row = dict(zip(texts, cells, strict=True))
        found.append(row if reads_by_name(row, mapped) else value)
    return found


def _tensors(tensors: Sequence[Mapping[str, Any]], rows: int) -> Sequence[Any]:
    columns = {
        name: [values] if rows == 1 and len(values) > 1 and not is_list(values[0]) else values
        for name, values in tensor_columns(tensors).items()
    }
    length = len(next(iter(columns.values())))
    if length != rows:
        raise PayloadError(f"{length} outputs for {rows} rows of the request")
    return [{name: values[index] for name, values in columns.items()} for index in range(length)]


def error_in(body: Any) -> str | None:
    """What a response says when the serving system answered with an error; else none.

    Only the kind of the error is told: its text may quote values of the request.

    >>> error_in({"error": "ValueError: could not convert string to float: 'x'"})
    'the serving system answered with an error: ValueError'
    >>> error_in({"predictions": [1]}) is None
    True
    """
    if not isinstance(body, Mapping) or any(key in body for key in ("predictions", "outputs")):
        return None
    text = body.get("error") or body.get("error_code")
    if not text:
        return None
    kind = (
        re.match(r"[A-Za-z_.]{1,60}(?:Error|Exception)\b", text) if isinstance(text, str) else None
    )
    return "the serving system answered with an error" + (f": {kind.group()}" if kind else "")
