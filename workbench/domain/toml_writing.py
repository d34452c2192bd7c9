"""How is a table written so that a person can edit it? TOML with each key's meaning beside it."""

from __future__ import annotations

import dataclasses
import textwrap
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date, time
from typing import Any

from workbench.domain.names import shown

_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_HELP_COLUMN = 38
_WIDTH = 100


def toml_string(text: str) -> str:
    r"""A basic TOML string; what a terminal or an editor would not show is escaped.

    Raises:
        ValueError: the text holds half of a surrogate pair, which no TOML can hold.

    >>> print(toml_string('say "hi"\x1b[31m'))
    "say \"hi\"\u001B[31m"
    """
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    category = unicodedata.category(character)
    if category == "Cs":
        raise ValueError("half of a surrogate pair cannot be written")
    if category[0] == "C" or category in {"Zl", "Zp"}:
        code = ord(character)
        return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
    return character


def toml_key(name: str) -> str:
    """A key, bare where TOML allows it and quoted elsewhere."""
    return name if name and set(name) <= _BARE else toml_string(name)


def toml_value(value: Any) -> str:
    """A value on one line: strings, numbers, truth, dates, lists and inline tables.

    Raises:
        ValueError: the value has no form in TOML.

    >>> toml_value((0.02, 0.05)), toml_value({"a b": [True]})
    ('[0.02, 0.05]', '{ "a b" = [true] }')
    """
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = [f"{toml_key(name)} = {toml_value(item)}" for name, item in value.items()]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    raise ValueError(f"{type(value).__name__} has no form in TOML")


def commented_table(
    section: str,
    table: Any,
    *,
    active: Collection[str] = (),
    notes: Mapping[str, str] | None = None,
) -> str:
    """One table with every key of its dataclass, each with its meaning.

    A key that has its default's value is commented out, so that the reader sees at a glance
    what is particular here, and can bring any other key in by deleting a `#`.

    Args:
        section: the table's name.
        table: an instance of its dataclass.
        active: keys that are written out even though they have their default's value.
        notes: a comment above a key, by key.
    """
    lines = [f"[{section}]"]
    if summary := (type(table).__doc__ or "").partition("\n")[0]:
        lines = [*_comment(summary), *lines]
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        is_default = _is_default(field, value)
        lines += _comment((notes or {}).get(field.name, ""))
        pair = _pair(field.name, value)
        if is_default and field.name not in active:
            pair = f"# {pair}"
        lines += _with_help(pair, _help(field))
    return "\n".join(lines) + "\n"


def _pair(name: str, value: Any) -> str:
    pair = f"{name} = {toml_value(value)}"
    if len(pair) <= _WIDTH or not isinstance(value, tuple):
        return pair
    rows = [""]
    for item in (toml_value(item) + "," for item in value):
        if rows[-1] and len(rows[-1]) + len(item) + 5 > _WIDTH:
            rows.append("")
        rows[-1] += f" {item}" if rows[-1] else item
    return "\n".join([f"{name} = [", *(f"    {row}" for row in rows), "]"])


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return bool(value == field.default)


def _help(field: dataclasses.Field[Any]) -> str:
    text = str(field.metadata.get("help", ""))
    choices = [choice for choice in field.metadata.get("choices", ()) if choice]
    if choices and not all(choice in text for choice in choices):
        text = f"{' | '.join(choices)}; {text}"
    return text


def _with_help(pair: str, text: str) -> list[str]:
    beside = f"{pair:<{_HELP_COLUMN}} # {text}"
    if not text or (len(beside) <= _WIDTH and "\n" not in pair):
        return [beside if text else pair]
    return [*_comment(text), pair]


def _comment(text: str) -> list[str]:
    lines = [line for part in text.splitlines() for line in textwrap.wrap(shown(part), _WIDTH - 2)]
    return [f"# {line}" for line in lines]
