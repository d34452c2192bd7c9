"""A card that is written and read again is the same card."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings

from tests.domain.cards import HOSTILE, cards
from workbench.domain.card import Columns, Identity, ModelCard, Reference
from workbench.domain.card_reading import SECTIONS, parse_card
from workbench.domain.card_text import card_toml
from workbench.domain.toml_tables import key_types
from workbench.errors import CardError

PLAIN = ModelCard(model=Identity(name="arrivals", task="binary"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cards())
def test_a_written_card_is_read_back_as_it_was(card: ModelCard) -> None:
    again = parse_card(card_toml(card), "models/a.toml")

    assert dataclasses.replace(again, named=frozenset()) == card


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_neither_breaks_the_file_nor_acts_on_a_terminal(name: str) -> None:
    card = dataclasses.replace(
        PLAIN,
        model=dataclasses.replace(PLAIN.model, name=f"a{name}"),
        columns=Columns(features=(f"f{name}",)),
    )
    text = card_toml(card, {"model.name": f"because of {name}", "columns.features": name})

    assert parse_card(text, "a.toml").model.name == f"a{name}"
    assert all(c.isprintable() or c == "\n" for c in text)


def test_only_what_differs_from_the_defaults_is_written_out() -> None:
    card = dataclasses.replace(PLAIN, reference=Reference(data="data/ref.csv"))

    assert tomllib.loads(card_toml(card)) == {
        "model": {"name": "arrivals", "task": "binary"},
        "reference": {"data": "data/ref.csv"},
    } | {section: {} for section in SECTIONS if section not in {"model", "reference"}}


def test_every_key_is_there_to_be_brought_in_with_its_meaning() -> None:
    text = card_toml(PLAIN)

    for section, kind in SECTIONS.items():
        part = text.split(f"\n[{section}]\n")[1].split("\n[")[0]
        for field in dataclasses.fields(kind):
            assert f"{field.name} = " in part
            assert field.metadata["help"].split()[-1] in part


def test_a_default_brought_in_is_the_default() -> None:
    brought_in = []
    for line in card_toml(PLAIN).splitlines():
        name = line.removeprefix("# ").partition(" = ")[0]
        known = any(name in key_types(kind) for kind in SECTIONS.values())
        brought_in.append(line.removeprefix("# ") if known and name != "period" else line)
    card = parse_card("\n".join(brought_in), "a.toml")

    assert dataclasses.replace(card, named=frozenset()) == PLAIN
    assert len(card.named) > 40


def test_a_key_that_the_card_names_stays_named_even_at_its_default() -> None:
    card = dataclasses.replace(PLAIN, named=frozenset({"monitoring.window"}))

    assert "monitoring.window" in parse_card(card_toml(card), "a.toml").named


def test_a_note_stands_above_its_key() -> None:
    lines = card_toml(PLAIN, {"model.task": "the label has two values"}).splitlines()

    assert lines[lines.index("# the label has two values") + 1].startswith('task = "binary"')


def test_many_features_are_broken_over_lines_that_fit() -> None:
    features = tuple(f"feature_{i}" for i in range(60))
    card = dataclasses.replace(PLAIN, columns=Columns(features=features))
    text = card_toml(card)

    assert max(map(len, text.splitlines())) <= 100
    assert parse_card(text, "a.toml").columns.features == features


def test_a_name_that_toml_cannot_hold_is_refused() -> None:
    card = dataclasses.replace(PLAIN, model=Identity(name="\ud800", task="binary"))

    with pytest.raises(CardError, match="model"):
        card_toml(card)
