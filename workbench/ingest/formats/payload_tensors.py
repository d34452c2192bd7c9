"""What do the tensors of the V2 inference protocol hold? A value a row, checked by shape and type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.ingest.formats.payload_values import PayloadError, is_list, is_scalar, kind_of

_MOST_DIMENSIONS = 8
_WHOLE = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_FRACTION = frozenset({"FP16", "FP32", "FP64", "BF16"})
_DATATYPES = _WHOLE | _FRACTION | {"BOOL", "BYTES"}


def are_tensors(value: Any) -> bool:
    """Whether a value is the list of tensors of a V2 request or response."""
    return (
        is_list(value)
        and all(isinstance(tensor, Mapping) for tensor in value)
        and any(
            "name" in tensor and ("shape" in tensor or "datatype" in tensor) for tensor in value
        )
    )


def tensor_columns(tensors: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Tensor name to its values, one a row: a scalar, or a list where a row has several.

    Raises:
        PayloadError: a tensor contradicts itself, or they are of unequal length.
    """
    columns: dict[str, list[Any]] = {}
    for tensor in tensors:
        name = tensor.get("name")
        if not isinstance(name, str):
            raise PayloadError("a tensor without a name")
        if name in columns:
            raise PayloadError(f"two tensors are named {name}")
        columns[name] = _tensor_rows(name, tensor)
    if len({len(rows) for rows in columns.values()}) != 1:
        raise PayloadError("the tensors differ in their number of rows")
    return columns


def shaped_rows(shape: Any, data: Any, what: str) -> list[Any]:
    """The rows of a tensor: scalars for `[n]` and `[n,1]`, lists for all others.

    Raises:
        PayloadError: shape and data contradict one another.
    """
    sizes = _sizes(shape, what)
    if not is_list(data):
        raise PayloadError(f"the data of {what} is {kind_of(data)} and no list")
    flat = _flat(data, sizes, what)
    expected = math.prod(sizes)
    if len(flat) != expected:
        raise PayloadError(f"the shape of {what} says {expected} values, its data has {len(flat)}")
    width = expected // sizes[0]
    if width == 1:
        return flat
    return [flat[start : start + width] for start in range(0, expected, width)]


def _tensor_rows(name: str, tensor: Mapping[str, Any]) -> list[Any]:
    if "data" not in tensor:
        raise PayloadError(f"the tensor {name} has no data in the log: it was sent as binary")
    rows = shaped_rows(tensor.get("shape"), tensor["data"], f"the tensor {name}")
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in _DATATYPES:
        raise PayloadError(f"the tensor {name} has no datatype that is known")
    for row in rows:
        for value in row if is_list(row) else (row,):
            if not _fits(value, datatype):
                raise PayloadError(f"{kind_of(value)} in the tensor {name} of datatype {datatype}")
    return rows


def _fits(value: Any, datatype: str) -> bool:
    if value is None:
        return True
    if datatype == "BYTES":
        return is_scalar(value)
    if datatype == "BOOL":
        return isinstance(value, bool) or value in {0, 1}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return datatype in _FRACTION or isinstance(value, int) or value.is_integer()


def _sizes(shape: Any, what: str) -> list[int]:
    if (
        not is_list(shape)
        or not 1 <= len(shape) <= _MOST_DIMENSIONS
        or any(isinstance(size, bool) or not isinstance(size, int) for size in shape)
    ):
        raise PayloadError(f"the shape of {what} is no list of sizes")
    if any(size < 1 for size in shape):
        raise PayloadError(f"the shape of {what} has no rows or no values")
    return list(shape)


def _flat(data: Sequence[Any], sizes: Sequence[int], what: str) -> list[Any]:
    """Data as one list, whether it was flat or nested like its shape."""
    level: list[Any] = list(data)
    for size in sizes[1:]:
        if any(is_scalar(value) for value in level):
            break
        if any(not is_list(value) or len(value) != size for value in level):
            raise PayloadError(f"the data of {what} is not nested as its shape says")
        level = [inner for value in level for inner in value]
    if not all(is_scalar(value) for value in level):
        raise PayloadError(f"the data of {what} is not nested as its shape says")
    return level
