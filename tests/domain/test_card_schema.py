"""The schema of a card and its reader agree."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from tests.domain.cards import cards
from workbench.domain.card import ModelCard
from workbench.domain.card_reading import SECTIONS, parse_card
from workbench.domain.card_schema import card_json_schema
from workbench.domain.card_text import card_toml
from workbench.errors import CardError

VALIDATOR = jsonschema.Draft202012Validator(card_json_schema())
LEAST = '[model]\nname = "a"\ntask = "binary"\n[reference]\n'


def test_it_is_a_schema_that_json_can_hold() -> None:
    jsonschema.Draft202012Validator.check_schema(card_json_schema())
    assert json.loads(json.dumps(card_json_schema())) == json.loads(
        json.dumps(card_json_schema(), allow_nan=False)
    )


def test_every_key_has_its_meaning_and_its_default() -> None:
    properties = card_json_schema()["properties"]

    assert list(properties) == list(SECTIONS)
    for section, kind in SECTIONS.items():
        keys = properties[section]["properties"]
        assert list(keys) == [field.name for field in dataclasses.fields(kind)]
        for name, schema in keys.items():
            assert schema["description"]
            assert "default" in schema or f"{section}.{name}" in {"model.name", "model.task"}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cards())
def test_whatever_the_reader_takes_the_schema_takes(card: ModelCard) -> None:
    document = tomllib.loads(card_toml(card))

    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "text",
    [
        '[columns]\npredction = "x"',
        "[colums]",
        "[columns]\nfeatures = 'x'",
        '[columns]\nfeatures = ["x", "x"]',
        "[thresholds]\nbad_rate = [0.1]",
        '[monitoring]\nbucket = "2d"',
        '[trigger]\non = ["x"]',
        "[budget]\nmax_retrains_per_month = 1.5",
        "[bad_prediction]\ntolerance = -1",
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(text: str) -> None:
    document: dict[str, Any] = tomllib.loads(LEAST + text)

    assert not VALIDATOR.is_valid(document)
    with pytest.raises(CardError):
        parse_card(LEAST + text, "a.toml")


@pytest.mark.parametrize("text", ['[model]\nname = "a"\ntask = "binary"', "[reference]", ""])
def test_what_is_required_is_required_by_both(text: str) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(text))
    with pytest.raises(CardError):
        parse_card(text, "a.toml")
