"""What does a TOML table say? Tables read into frozen dataclasses, every key checked.

The model card and `workbench.toml` are both read here. A dataclass's fields, made with
`workbench.domain.card.key`, are the only keys that its table may have.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import tomllib
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from workbench.errors import WorkbenchError

Table = TypeVar("Table")


@dataclasses.dataclass(frozen=True)
class Origin:
    """Which file is read, and which error a mistake in it is."""

    where: str
    """The file's name as the reader knows it."""
    error: type[WorkbenchError]

    def mistake(self, message: str, hint: str = "") -> WorkbenchError:
        """The error to raise: the file's name, what is wrong, what to do."""
        return self.error(f"{self.where}: {message}", hint)


@functools.cache
def key_types(table: type) -> Mapping[str, Any]:
    """The keys of a table's dataclass and the type of each, in order."""
    types = typing.get_type_hints(table)
    return {field.name: types[field.name] for field in dataclasses.fields(table)}


def nearest(word: str, known: Iterable[str], likeness: float = 0.5) -> str | None:
    """The known word that is spelt most alike, or None when none is alike.

    Args:
        word: what was written.
        known: what could have been meant.
        likeness: how much alike at least, from 0 (not at all) to 1 (the same).

    >>> nearest("featurs", ["features", "segments"])
    'features'
    """
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


def one_of(known: Iterable[str]) -> str:
    """The known words in a sentence, the empty one as `""`."""
    return ", ".join(name or '""' for name in known)


def load_toml(text: str, origin: Origin) -> dict[str, Any]:
    """The tables of a TOML document.

    Raises:
        WorkbenchError: of the origin's kind; it is not TOML, with the line where it stops
            being so.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise origin.mistake(
            f"is not valid TOML: {reason}", 'Text goes in quotes: key = "value".'
        ) from error


def check_sections(
    document: Mapping[str, Any], sections: Mapping[str, type], origin: Origin
) -> None:
    """Checks that a document holds known tables only, and known keys in each.

    Raises:
        WorkbenchError: of the origin's kind, naming what is unknown and the nearest known.
    """
    for section, table in document.items():
        if section not in sections:
            raise origin.mistake(
                f"unknown section [{_word(section)}]"
                if isinstance(table, dict)
                else f"unknown key {_word(section)} above the first section",
                _section_hint(section, isinstance(table, dict), sections),
            )
        if not isinstance(table, dict):
            raise origin.mistake(
                f"[{section}] is {described(table)}, not a table",
                f"Write [{section}] on a line of its own and the keys below it.",
            )
        for name in table:
            if name not in key_types(sections[section]):
                raise origin.mistake(
                    f"unknown key {_word(name)} in [{section}]", _key_hint(name, section, sections)
                )


def read_table(
    kind: type[Table],
    table: Mapping[str, Any],
    section: str,
    origin: Origin,
    base: Table | None = None,
) -> Table:
    """One table as its dataclass; a key that is not given is as in `base`.

    Args:
        kind: the table's dataclass.
        table: the keys given, all known (`check_sections`).
        section: the table's name, for messages.
        origin: the file that holds it.
        base: the defaults; None for those of the dataclass.

    Raises:
        WorkbenchError: of the origin's kind; a value has the wrong type or is not one of the
            key's choices.
    """
    kind_of_table: Any = kind
    types = key_types(kind_of_table)
    choices = {
        field.name: field.metadata.get("choices", ()) for field in dataclasses.fields(kind_of_table)
    }
    values = {}
    for name, value in table.items():
        values[name] = converted(value, types[name], section, name, origin)
        given = values[name] if isinstance(values[name], tuple) else (values[name],)
        for word in given if choices[name] else ():
            if word not in choices[name]:
                close = nearest(str(word), choices[name])
                raise origin.mistake(
                    f"[{section}] {name} cannot be {word!r}",
                    f"Write one of {one_of(choices[name])}"
                    + (f"; the nearest is {close!r}." if close else "."),
                )
    return (
        kind(**values) if base is None else dataclasses.replace(typing.cast("Any", base), **values)
    )


def converted(value: Any, kind: Any, section: str, name: str, origin: Origin) -> Any:
    """A TOML value as the type of its key: whole numbers may stand for numbers, lists are tuples.

    Raises:
        WorkbenchError: of the origin's kind, saying what was found and what was expected.
    """
    result: Any = None
    is_whole = kind is int and isinstance(value, int) and _is_number(value)
    if is_whole or (kind in {str, bool} and isinstance(value, kind)):
        result = value
    elif kind is float and _is_number(value):
        result = _finite(value)
    elif kind == tuple[str, ...] and isinstance(value, list):
        result = tuple(value) if all(isinstance(item, str) for item in value) else None
    elif kind == tuple[float, float] and isinstance(value, list) and len(value) == 2:
        ends = tuple(_finite(item) if _is_number(item) else None for item in value)
        result = None if None in ends else ends
    elif kind == dict[str, Any] and isinstance(value, dict):
        result = value
    elif kind == dict[str, str] and isinstance(value, dict):
        result = value if all(isinstance(item, str) for item in value.values()) else None
    if result is None:
        expected, example = _EXPECTED[kind]
        if kind is str and isinstance(value, int | float):
            example = f'"{str(value).lower()}"'
        raise origin.mistake(
            f"[{section}] {name} is {described(value)}, not {expected}",
            f"Write it as {name} = {example}.",
        )
    return result


_EXPECTED: Mapping[Any, tuple[str, str]] = {
    str: ("a string", '"text"'),
    bool: ("true or false", "true"),
    int: ("a whole number", "4"),
    float: ("a finite number", "0.5"),
    tuple[str, ...]: ("a list of strings", '["a", "b"]'),
    tuple[float, float]: ("two finite numbers, warning and critical", "[0.1, 0.25]"),
    dict[str, Any]: ("a table", "{ name = 1 }"),
    dict[str, str]: ("a table of strings", '{ "name in the log" = "name here" }'),
}


def described(value: Any) -> str:
    """What a TOML value is, in words.

    >>> described([1, 2]), described(True)
    ('a list', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    for kind, words in ((str, "a string"), (list, "a list"), (dict, "a table")):
        if isinstance(value, kind):
            return words
    return "a number" if isinstance(value, int | float) else "a date or a time"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _word(name: str) -> str:
    return name if name.isprintable() and name and not set(name) & set(" []'\"") else repr(name)


def _section_hint(name: str, is_table: bool, sections: Mapping[str, type]) -> str:
    homes = [section for section, kind in sections.items() if name in key_types(kind)]
    if homes and not is_table:
        return f"{name} belongs below [{homes[0]}]."
    close = nearest(name, sections)
    if close:
        return f"The nearest known section is [{close}]."
    return f"The sections are {one_of(sections)}."


def _key_hint(name: str, section: str, sections: Mapping[str, type]) -> str:
    homes = [other for other, kind in sections.items() if name in key_types(kind)]
    if homes:
        return f"{name} belongs below [{homes[0]}]."
    here = key_types(sections[section])
    elsewhere = {key: other for other, kind in sections.items() for key in key_types(kind)}
    close = nearest(name, here, 0.6)
    if close is None and (close := nearest(name, elsewhere, 0.8)):
        return f"The nearest known key is {close}, below [{elsewhere[close]}]."
    if close is None:
        return f"The nearest known key is {nearest(name, here, 0.0)}, of {one_of(here)}."
    return f"The nearest known key is {close}."
