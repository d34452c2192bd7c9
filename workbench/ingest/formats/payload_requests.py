"""Which rows of features does a request hold? Every protocol's body read into named values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.ingest.formats.adapter import Mapped
from workbench.ingest.formats.payload_tensors import are_tensors, shaped_rows, tensor_columns
from workbench.ingest.formats.payload_values import (
    PayloadError,
    is_list,
    is_scalar,
    kind_of,
    named,
    names_of,
    single,
)

_WRAPPERS = (
    "instances", "dataframe_records", "dataframe_split", "inputs", "input_data", "data", "jsonData",
    "features",
)  # fmt: skip
_MOST_WRAPPERS = 4
"""How many wrappers may stand inside one another: a request of Azure ML nests two."""


def request_rows(body: Any, mapped: Mapped) -> list[dict[str, Any]]:
    """The rows of a request, each a dict of feature name to value as it was logged.

    Args:
        body: decoded JSON, of the protocols V1, V2, TensorFlow, MLflow, Seldon and Azure ML, or
            bare rows.
        mapped: names the features of rows without names.

    Raises:
        PayloadError: no rows can be made of it.
    """
    rows = _rows(body, mapped, _MOST_WRAPPERS)
    if not rows:
        raise PayloadError("a request without rows")
    if not all(rows):
        raise PayloadError("a row without values")
    return rows


def _rows(body: Any, mapped: Mapped, wrappers: int) -> list[dict[str, Any]]:
    if is_list(body):
        return _listed(body, mapped)
    if not isinstance(body, Mapping):
        raise PayloadError(f"the request is {kind_of(body)} and holds no rows")
    if is_list(body.get("data")) and is_list(body.get("columns")):
        return _split(body["columns"], body["data"], mapped)
    if "ndarray" in body or "tensor" in body:
        return _seldon(body, mapped)
    wrapper = _wrapper(body, mapped)
    if wrapper is None:
        return _columnar(body, mapped)
    if wrappers == 0:
        raise PayloadError("a request that is nested too deeply")
    inner = body[wrapper]
    if wrapper == "inputs" and are_tensors(inner):
        return _tensors(inner, mapped)
    return _rows([inner] if is_scalar(inner) else inner, mapped, wrappers - 1)


def _wrapper(body: Mapping[str, Any], mapped: Mapped) -> str | None:
    """The key under which the rows are; none when the keys are the features themselves."""
    own = mapped.known.union(mapped.features)
    if len(body) > 1 and own.issuperset(body.keys() - {mapped.id}):
        return None
    for key in _WRAPPERS:
        if key in body and (not is_scalar(body[key]) or len(body) == 1):
            return key
    return None


def _listed(values: Sequence[Any], mapped: Mapped) -> list[dict[str, Any]]:
    if values and all(is_scalar(value) for value in values) and len(mapped.features) != 1:
        return [named(values, mapped)]
    return [_row(value, mapped) for value in values]


def _row(value: Any, mapped: Mapped) -> dict[str, Any]:
    """One instance: an object, a list of values, or the value of an only feature."""
    for key in ("data", "features", "values"):
        if isinstance(value, Mapping) and len(value) == 1 and not is_scalar(value.get(key)):
            value = value[key]
    if isinstance(value, Mapping):
        return {name: single(inner) for name, inner in value.items()}
    return named(value if is_list(value) else [value], mapped)


def _split(columns: Any, data: Sequence[Any], mapped: Mapped) -> list[dict[str, Any]]:
    """Rows under a header that is given apart. Names that are mere positions are none."""
    if is_list(columns) and columns and all(type(name) is int for name in columns):
        return [_row(values, mapped) for values in data]
    names = names_of(columns, "the header")
    rows = []
    for values in data:
        width = len(values) if is_list(values) else 1
        if not is_list(values) or width != len(names):
            raise PayloadError(f"a row of {width} values under a header of {len(names)}")
        rows.append({name: single(value) for name, value in zip(names, values, strict=True)})
    return rows


def _seldon(body: Mapping[str, Any], mapped: Mapped) -> list[dict[str, Any]]:
    rows = seldon_rows(body)
    names = body.get("names")
    if not is_list(names) or not names:
        return _listed(rows, mapped)
    if all(is_scalar(value) for value in rows):
        rows = [[value] for value in rows] if len(names) == 1 else [rows]
    return _split(names, rows, mapped)


def seldon_rows(body: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of Seldon's `ndarray` or `tensor`: lists, or scalars where a row has one value.

    Raises:
        PayloadError: they cannot be read.
    """
    if "ndarray" in body:
        rows = body["ndarray"]
        if not is_list(rows):
            raise PayloadError(f"the ndarray is {kind_of(rows)} and no list")
        return list(rows)
    tensor = body.get("tensor")
    if not isinstance(tensor, Mapping):
        raise PayloadError("neither an ndarray nor a tensor")
    return shaped_rows(tensor.get("shape"), tensor.get("values"), "the tensor")


def _columnar(body: Mapping[str, Any], mapped: Mapped) -> list[dict[str, Any]]:
    """Columns of one length as rows; anything else is one row."""
    rows = column_rows(body)
    if rows is None:
        return [_row(body, mapped)]
    if len(body) == 1 and all(is_list(value) and len(value) > 1 for value in _only(body)):
        return [named(value, mapped) for value in _only(body)]
    return rows


def column_rows(body: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of an object of columns; none when its values are not lists of one length."""
    lengths = {len(value) if is_list(value) else -1 for value in body.values()}
    if len(lengths) != 1 or -1 in lengths:
        return None
    return [
        {name: single(values[index]) for name, values in body.items()}
        for index in range(lengths.pop())
    ]


def _only(body: Mapping[str, Any]) -> Sequence[Any]:
    only: Sequence[Any] = next(iter(body.values()))
    return only


def _tensors(tensors: Sequence[Mapping[str, Any]], mapped: Mapped) -> list[dict[str, Any]]:
    columns = tensor_columns(tensors)
    if len(columns) == 1:
        (name, values), *_ = columns.items()
        width = len(values[0]) if is_list(values[0]) else 1
        own = mapped.known.union(mapped.features, {mapped.id})
        if width > 1 or (len(mapped.features) == 1 and name not in own):
            return [named(value if is_list(value) else [value], mapped) for value in values]
    return column_rows(columns) or []
