"""What does a TensorFlow tensor hold, written as proto-JSON? Its V2 form, packed bytes decoded.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/tensor.proto
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from workbench.ingest.formats.cells import identifier
from workbench.ingest.formats.payload import PayloadError, base64_text, kind_of

_TYPES: dict[str, tuple[str, str, str]] = {
    # TensorFlow's type: the type of V2, the field of its values, the letter of `struct`
    "DT_FLOAT": ("FP32", "floatVal", "f"),
    "DT_DOUBLE": ("FP64", "doubleVal", "d"),
    "DT_HALF": ("FP16", "", "e"),
    "DT_INT8": ("INT8", "intVal", "b"),
    "DT_INT16": ("INT16", "intVal", "h"),
    "DT_INT32": ("INT32", "intVal", "i"),
    "DT_INT64": ("INT64", "int64Val", "q"),
    "DT_UINT8": ("UINT8", "intVal", "B"),
    "DT_UINT16": ("UINT16", "intVal", "H"),
    "DT_UINT32": ("UINT32", "uint32Val", "I"),
    "DT_UINT64": ("UINT64", "uint64Val", "Q"),
    "DT_BOOL": ("BOOL", "boolVal", "?"),
    "DT_STRING": ("BYTES", "stringVal", ""),
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_CAPITAL = re.compile(r"[A-Z]")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MOST_REPEATED = 100_000
"""How often one value may stand for all values of a tensor: a shape may claim anything."""


def field_of(value: Any, name: str) -> Any:
    """A field of a message, in either spelling that proto-JSON knows; None where it is not set."""
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return value[name]
    return value.get(_CAPITAL.sub(lambda capital: f"_{capital.group().lower()}", name))


def v2_tensor(name: str, tensor: Any) -> dict[str, Any]:
    """A TensorProto as a tensor of the V2 protocol; a scalar is one row.

    Raises:
        PayloadError: its type is unknown, or its values and its shape contradict one another.
    """
    dtype = field_of(tensor, "dtype")
    if not isinstance(dtype, str) or dtype not in _TYPES:
        raise PayloadError(f"the tensor {name} has no type that is known")
    datatype, field, letter = _TYPES[dtype]
    shape = _shape(name, field_of(tensor, "tensorShape"))
    count = math.prod(shape)
    packed = field_of(tensor, "tensorContent")
    if packed:
        data = _unpacked(name, packed, letter, count)
    else:
        listed = field_of(tensor, field) if field else None
        data = [_read(value, datatype) for value in (listed if isinstance(listed, list) else [])]
        if len(data) == 1 < count <= _MOST_REPEATED:
            data *= count
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def _shape(name: str, shape: Any) -> list[int]:
    dimensions = field_of(shape, "dim")
    sizes = []
    for dimension in dimensions if isinstance(dimensions, list) else ():
        text = identifier(field_of(dimension, "size"))
        if text is None or not _WHOLE.fullmatch(text):
            raise PayloadError(f"the shape of the tensor {name} is no list of sizes")
        sizes.append(int(text))
    return sizes or [1]


def _unpacked(name: str, packed: Any, letter: str, count: int) -> list[Any]:
    if not letter:
        raise PayloadError(f"the texts of the tensor {name} are packed in an unknown way")
    if not isinstance(packed, str):
        raise PayloadError(f"the content of the tensor {name} is {kind_of(packed)} and no base64")
    try:
        content = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise PayloadError(f"the content of the tensor {name} is no valid base64") from None
    expected = count * struct.calcsize(f"<{letter}")
    if len(content) != expected:
        raise PayloadError(
            f"the content of the tensor {name} has {len(content)} bytes, its shape says {expected}"
        )
    return list(struct.unpack(f"<{count}{letter}", content))


def _read(value: Any, datatype: str) -> Any:
    """A value as proto-JSON writes it: texts in base64, large whole numbers as text."""
    if datatype == "BYTES":
        return base64_text(value)
    if isinstance(value, str):
        if value in _SPECIAL:
            return _SPECIAL[value]
        if _WHOLE.fullmatch(value):
            return int(value)
    return value


_KINDS: dict[str, Callable[[Any], Any]] = {
    "floatList": lambda value: _read(value, "FP32"),
    "int64List": lambda value: _read(value, "INT64"),
    "bytesList": lambda value: _read(value, "BYTES"),
}


def example_features(example: Any) -> dict[str, Any]:
    """The features of a tf.Example: a value, a list where there are several, None for none.

    Raises:
        PayloadError: a text in it is not valid base64.
    """
    features = field_of(field_of(example, "features"), "feature")
    found: dict[str, Any] = {}
    for name, feature in features.items() if isinstance(features, Mapping) else ():
        found[name] = None
        for kind, read in _KINDS.items():
            values = field_of(field_of(feature, kind), "value")
            if isinstance(values, list) and values:
                decoded = [read(value) for value in values]
                found[name] = decoded[0] if len(decoded) == 1 else decoded
    return found
