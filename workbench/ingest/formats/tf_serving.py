"""How is a TensorFlow Serving prediction log read? Its proto-JSON form, a record a request.

The log has no id of its own: one is taken from the input that the card names, or one that is
called like an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workbench.ingest.formats import usual_names
from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected
from workbench.ingest.formats.cells import first_of, identifier, moment
from workbench.ingest.formats.payload import (
    Output,
    PayloadError,
    malformed,
    output_of,
    predictions_of,
    request_rows,
    response_outputs,
)
from workbench.ingest.formats.payload_tensors import tensor_columns
from workbench.ingest.formats.proto_tensors import example_features, field_of, v2_tensor

_LOGS = ("predictLog", "classifyLog", "regressLog")
_EXAMPLES = (("exampleList", ""), ("exampleListWithContext", "context"))


def _recognises(glimpse: Glimpse) -> bool:
    return glimpse.container in ("jsonl", "json") and any(
        field_of(record, "logMetadata") is not None
        and any(field_of(record, log) is not None for log in _LOGS)
        for record in glimpse.records
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    name = next((log for log in _LOGS if isinstance(field_of(record.value, log), Mapping)), None)
    if name is None:
        return [malformed("neither predictLog, classifyLog nor regressLog")]
    log = field_of(record.value, name)
    request, response = field_of(log, "request"), field_of(log, "response")
    if not isinstance(response, Mapping):
        return [Rejected("no_response", f"{name} has no response")]
    about = field_of(record.value, "logMetadata")
    read = _predict if name == "predictLog" else _examples
    try:
        request_id, mapped, rows, outputs = read(request, response, mapped)
        found = predictions_of(
            rows,
            outputs,
            mapped,
            request_id=request_id,
            timestamp=moment(field_of(about, "timestampSecs")),
            version=_version(about) or _version(response),
        )
    except PayloadError as error:
        return [malformed(error)]
    return found


_Read = tuple[str | None, Mapped, list[dict[str, Any]], list[Output]]


def _version(holder: Any) -> str | None:
    return identifier(field_of(field_of(holder, "modelSpec"), "version"))


def _predict(request: Any, response: Any, mapped: Mapped) -> _Read:
    """Of tensors: the ids are an input of their own, one a row or one for the whole request."""
    inputs = [v2_tensor(name, tensor) for name, tensor in _tensors(request, "inputs")]
    id_name = _id_name([tensor["name"] for tensor in inputs], mapped)
    id_tensors = [tensor for tensor in inputs if tensor["name"] == id_name]
    ids = tensor_columns(id_tensors)[id_name] if id_tensors else []
    rows = request_rows({"inputs": [t for t in inputs if t["name"] != id_name]}, mapped)
    outputs = [v2_tensor(name, tensor) for name, tensor in _tensors(response, "outputs")]
    if len(ids) not in (0, 1, len(rows)):
        raise PayloadError(f"{len(ids)} ids for {len(rows)} rows")
    request_id = identifier(ids[0]) if len(ids) == 1 else None
    if len(ids) > 1:
        rows = [{**row, id_name: id_} for row, id_ in zip(rows, ids, strict=True)]
    found = response_outputs({"outputs": outputs}, len(rows), mapped)
    return request_id, replace(mapped, id=id_name), rows, found


def _tensors(holder: Any, name: str) -> list[tuple[str, Any]]:
    tensors = field_of(holder, name)
    if not isinstance(tensors, Mapping) or not tensors:
        raise PayloadError(f"no {name}")
    return list(tensors.items())


def _id_name(names: Iterable[str], mapped: Mapped) -> str:
    """The input that is an id and no feature; an empty name for none."""
    free = [name for name in names if name not in mapped.known and name not in mapped.features]
    return mapped.id or first_of(free, usual_names.IDS) or ""


def _examples(request: Any, response: Any, mapped: Mapped) -> _Read:
    rows = _example_rows(field_of(request, "input"))
    id_name = _id_name(rows[0], mapped)
    result = field_of(response, "result")
    classified, regressed = field_of(result, "classifications"), field_of(result, "regressions")
    if isinstance(classified, list):
        outputs = [output_of(_classification(item), mapped) for item in classified]
    elif isinstance(regressed, list):
        # Proto-JSON leaves out a value of 0.
        outputs = [output_of(_or_zero(field_of(item, "value")), mapped) for item in regressed]
    else:
        raise PayloadError("no results")
    if len(outputs) != len(rows):
        raise PayloadError(f"{len(outputs)} outputs for {len(rows)} rows of the request")
    return None, replace(mapped, id=id_name), rows, outputs


def _example_rows(given: Any) -> list[dict[str, Any]]:
    for kind, shared in _EXAMPLES:
        listed = field_of(given, kind)
        examples = field_of(listed, "examples")
        if isinstance(examples, list) and examples:
            context = example_features(field_of(listed, shared)) if shared else {}
            return [context | example_features(example) for example in examples]
    raise PayloadError("a request without examples")


def _classification(item: Any) -> Any:
    classes = field_of(item, "classes")
    if not isinstance(classes, list) or not classes:
        raise PayloadError("a classification without classes")
    scores = [_or_zero(field_of(each, "score")) for each in classes]
    labels = [field_of(each, "label") for each in classes]
    return {"classes": labels, "scores": scores} if all(labels) else scores


def _or_zero(value: Any) -> Any:
    return 0.0 if value is None else value


ADAPTER = Adapter(
    name="tf_serving",
    title="TensorFlow Serving prediction log (proto-JSON)",
    recognises=_recognises,
    read=_read,
)
