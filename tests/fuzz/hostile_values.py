"""Which values does nobody expect? Of JSON, of text, and at any depth."""

from __future__ import annotations

import base64
import json
import re
from random import Random
from typing import Any

RAW = "@@raw-{}@@"
"""Stands in a JSON value for text that json.dumps would not write."""
_RAW_TEXTS = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400", "-0", "-0.0", "0.1e-400", "01", "+1", "1.",
    "9" * 30, "9" * 400, "-" + "9" * 5000, "1" + "0" * 309, "[" * 50 + "]" * 50, "[" * 5000 + "]" * 5000,
    '{"a":' * 1500 + "1" + "}" * 1500, '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"a\\u0000b"',
    '"\\u0001unseen"', '{"a":1,"a":2}', "{}", "[]", "true", "nul", "", "'x'", '"unclosed', "undefined", "// x",
    "[1,]", '"\x01"', '"\t"', '"\\x41"', "1_000", "0x10",
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "a\x00b", "\x01unseen", "\x01", "\n", "\r\n", "\x1b[31m", "'", '"', "''; DROP TABLE x; --",
    "%s", "{}", "[/b]", "NaN", "nan", "inf", "-inf", "null", "None", "N/A", "true", "FALSE", "0", "1", "1.0",
    "01", "-1", "1e5", "1e400", "9" * 40, "0x1F", "1,5", "1 000", "½", "٣", "é" * 300, "x" * 70_000,
    "\u202egnp.exe", "\ufeff", "\u2028", "\U0001f4a9", "e\u0301", "😀" * 50, "p30", "p31", " p32 ", "P33",
    "2026-11-20", "2026-11-20T14:00:00Z", "2026-11-20T14:00:00+25:99", "2026-02-30T00:00:00", "0000-00-00",
    "9999-12-31T23:59:59.999999999Z", "-290308-12-22", "294247-01-10T04:00:54Z", "infinity", "-infinity",
    "epoch", "1763647200", "1763647200000", "1763647200000000", "1763647200000000000", "24:00:00",
    "2026-11-20 14:00:00 Europe/Berlin", "20261120T140000Z", "Nov 20 2026", "live", "shadow", "LIVE", "holdout",
    "W10=", "eyJhIjoxfQ==", "!!!not-base64", "eyJhIjox", "////", '{"a": [1, {"b": null}]}', "[[1,2],[3]]",
    "{", "[1,2", "1,2,3", "a,b\nc,d", "../../etc/passwd", "wb_id", "file_row_number",
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 0.5, 1.5, -0.0, 1e-320, 1e308, -1e308, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 2**127, 2**128,
    10**38, 10**39, 10**400, 1763647200, 1763647200000, 1763647200000000, 1763647200000000000, 99999999999999999999,
    253402300800, -62135596801, 1e17, 9.3e18,
)  # fmt: skip
_NESTED: tuple[Any, ...] = (
    [], {}, [[]], [None], [None, 1], [1, "a", None], [[1, 2], [3]], [[1], [2, 3]], [{}], {"": None}, {"a": {"b": []}},
    {"data": None}, [[[[[[1]]]]]], list(range(300)), {str(n): n for n in range(100)}, [[0.1, 0.9]], [0.1, 0.2, 0.7],
    [True, False], {"churn": 0.5}, {"instances": []}, {"predictions": {}}, {"ndarray": [[1, 2]], "names": "x"},
)  # fmt: skip
NAMES = (
    "", " ", "_", "a\x00b", "ID", "id", "prediction", "Prediction", "PREDICTION_ID", "timestamp", "score", "label",
    "label_timestamp", "role", "model_version", "contract", "CONTRACT", "file_row_number", "filename", "wb_id",
    "wb_row", "wb_day", "wb_reason", "WB_FILE", "_wb_id", "wb_unparsed", "object", "line", "column0", "rows", "x\ny",
    'q"uote',
    "sem;i", "com,ma", "é", "e\u0301", "$.a", "a.b", "a[0]", "select", "x" * 3000, "score_churn", "score_", "\ufeffid",
    "event.id", "y_true", "y_pred", "y_pred_proba", "timestamp_ms", "ts", "date", "inputs", "outputs", "instances",
    "request", "response", "data", "body", "resourceLogs", "captureData", "eventMetadata", "columns", "\x01other",
)  # fmt: skip


def hostile_text(rng: Random) -> str:
    """A text that is unlikely to be meant."""
    return rng.choice(TEXTS)


def hostile_value(rng: Random) -> Any:
    """A JSON value of any type."""
    kind = rng.randrange(10)
    if kind < 4:
        return rng.choice(TEXTS)
    if kind < 6:
        return rng.choice(_NUMBERS)
    if kind < 8:
        return rng.choice(_NESTED)
    return rng.choice((None, True, False, "", 0))


def changed_value(rng: Random, value: Any) -> Any:
    """A JSON value with something changed at some depth; `undone` makes its text."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        return _changed_object(rng, value)
    if isinstance(value, list) and value and rng.random() < 0.85:
        return _changed_list(rng, value)
    if isinstance(value, str) and rng.random() < 0.5:
        inner = _changed_inside(rng, value)
        if inner is not None:
            return inner
    if rng.random() < 0.3:
        return RAW.format(rng.randrange(len(_RAW_TEXTS)))
    if rng.random() < 0.2:
        return rng.choice(([value], {"value": value}, str(value), [value, value]))
    return hostile_value(rng)


def undone(text: str) -> str:
    """JSON text with the raw pieces in it."""
    return re.sub(r'"@@raw-(\d+)@@"', lambda found: _RAW_TEXTS[int(found[1])], text)


def _changed_object(rng: Random, value: dict[str, Any]) -> dict[str, Any]:
    name = rng.choice(list(value))
    kind = rng.randrange(8)
    if kind == 0:
        return {key: one for key, one in value.items() if key != name}
    if kind == 1:
        return {(rng.choice(NAMES) if key == name else key): one for key, one in value.items()}
    if kind == 2:
        return value | {rng.choice(NAMES): hostile_value(rng)}
    if kind == 3:
        return value | {name.upper() if rng.random() < 0.5 else f"{name} ": value[name]}
    return value | {name: changed_value(rng, value[name])}


def _changed_list(rng: Random, value: list[Any]) -> list[Any]:
    place = rng.randrange(len(value))
    kind = rng.randrange(7)
    if kind == 0:
        return value[:place] + value[place + 1 :]
    if kind == 1:
        return value[: place + 1] + value[place:]
    if kind == 2:
        return rng.sample(value, len(value))
    return [changed_value(rng, one) if at == place else one for at, one in enumerate(value)]


def _changed_inside(rng: Random, value: str) -> str | None:
    """A change within the JSON, or the base64, that a text holds."""
    if value[:1] in "{[" and value:
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return None
        return undone(json.dumps(changed_value(rng, inner)))
    if len(value) < 12 or len(value) % 4:
        return None
    try:
        plain = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return None
    inner_text = _changed_inside(rng, plain) or plain[: rng.randrange(len(plain) + 1)]
    return base64.b64encode(inner_text.encode("utf-8", "replace")).decode()
