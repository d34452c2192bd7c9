"""What may a model card hold? Its JSON Schema, for editors and `workbench model schema`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from workbench.domain.card_reading import SECTIONS
from workbench.domain.toml_tables import key_types

_REQUIRED = {"model": ["name", "task"]}
_TYPES: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number", "minimum": 0},
    tuple[float, float]: {
        "type": "array",
        "items": {"type": "number", "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
    },
    tuple[str, ...]: {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "uniqueItems": True,
    },
    dict[str, Any]: {"type": "object"},
    dict[str, str]: {
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1},
        "propertyNames": {"minLength": 1},
    },
}


def card_json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a model card.

    It says what each key alone may be; what keys mean together is for `model check`. Every
    number of a card is at least 0.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Model card",
        "description": "One model of a workbench workspace: models/<name>.toml.",
        "type": "object",
        "properties": {section: _table(section, kind) for section, kind in SECTIONS.items()},
        "required": ["model", "reference"],
        "additionalProperties": False,
    }


def _table(section: str, kind: type) -> dict[str, Any]:
    types = key_types(kind)
    required = _REQUIRED.get(section, [])
    schema = {
        "description": (kind.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {
            field.name: _key(field, types[field.name], is_required=field.name in required)
            for field in dataclasses.fields(kind)
        },
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return schema


def _key(field: dataclasses.Field[Any], kind: Any, *, is_required: bool) -> dict[str, Any]:
    schema = dict(_TYPES[kind])
    schema["description"] = field.metadata["help"]
    choices = list(field.metadata["choices"])
    if choices and "items" in schema:
        schema["items"] = {**schema["items"], "enum": choices}
    elif choices:
        schema["enum"] = choices
    if is_required:
        return schema | ({} if choices else {"minLength": 1})
    default = (
        field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    )
    schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema
