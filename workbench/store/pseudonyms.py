"""What stands in the store for a value that must not be stored? A keyed hash of its text.

The same value has the same pseudonym whatever file it comes from: it is hashed as text, blanks
around it cut, a whole number without its fraction, a truth in lower case. What is missing or
empty stays missing, and what is a pseudonym already stays what it is: a table made of stored rows
(a training table, the rows that a version was judged on) reads as those rows do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from workbench.domain.card import ModelCard
from workbench.store import expressions as sql
from workbench.store.connections import Connection, StoreHome
from workbench.store.quoting import identifier, literal

MARK = "~"
"""What every pseudonym begins with."""
DIGITS = 32
"""How many hexadecimal digits of the HMAC-SHA-256 follow: 128 bits, so that none is met twice."""
PATTERN = f"{MARK}[0-9a-f]{{{DIGITS}}}"
WITHHELD = "text withheld: it may hold a value that is not to be stored"
"""Stands in quarantine for a line that cannot be taken apart."""

_BLOCK = 64
_INNER, _OUTER = "wb_inner_pad", "wb_outer_pad"
_WHOLE = r"([+-]?[0-9]+)\.0*"
_EXACT = 9007199254740992
_TELLING = 8
"""Characters from which on a text that is found in an id is taken for a part of it."""
_PLAIN = ("BOOLEAN", "UUID", "INTERVAL", "TIME", "TIME WITH TIME ZONE")
"""Types, besides numbers and times, whose values cannot hold another column's."""


@dataclass(frozen=True)
class Concealment:
    """Which columns of a model's files are replaced by pseudonyms, and with which key."""

    home: StoreHome
    names: frozenset[str]
    """The card's names, as `folded` gives them."""
    key: bytes = field(repr=False)

    def hides(self, column: str) -> bool:
        """Whether a column of a file is one of them, however its name is spelled there."""
        return folded(column) in self.names

    def replace(self, columns: Iterable[tuple[str, str]]) -> str:
        """A SELECT list of all columns of a relation, with pseudonyms where something is hidden.

        Args:
            columns: (name, DuckDB type) of the relation; `use_key` must have been called.
        """
        replaced = [
            f"{expression} AS {identifier(name)}"
            for name, type_ in columns
            if (expression := self._concealed(name, type_))
        ]
        return f"* REPLACE ({', '.join(replaced)})" if replaced else "*"

    def text(self, column: str, expression: str) -> str:
        """What is stored of a text value, as SQL: its pseudonym, or itself.

        Args:
            column: the name of the value's column, or its key.
            expression: the SQL of the value, of type VARCHAR.
        """
        return pseudonym_once(expression) if self.hides(column) else self._guarded(expression)

    def of(self, value: object) -> str | None:
        """The pseudonym of a value read by Python; None for a missing one.

        Raises:
            TypeError: values of this type have no one text.
        """
        text = text_of(value)
        return text if text is None or is_pseudonym(text) else keyed_hash(self.key, text)

    def of_column(self, column: str, value: object) -> object:
        """What is stored of a value read by Python; what lies inside it is looked through."""
        if self.hides(column):
            if isinstance(value, Mapping | list | tuple):
                value = json.dumps(value, default=str, ensure_ascii=False)
            return self.of(value)
        if isinstance(value, Mapping):
            return {key: self.of_column(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.of_column("", inner) for inner in value]
        if isinstance(value, str) and self._pattern.search(value):
            return keyed_hash(self.key, value)
        return value

    def of_row(self, row: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
        """What is stored of a translated row.

        A log says an id more than once, and its own words for it are kept as further columns:
        those that say what a hidden column says are hidden with it.

        Args:
            row: column to value.
            known: the columns that are what they are called, such as features.
        """
        hidden = [
            text for name, value in row.items() if self.hides(name) and (text := _plain(value))
        ]
        return {
            name: self.of(value)
            if name not in known
            and not self.hides(name)
            and any(_is_said_in(_plain(value), text) for text in hidden)
            else self.of_column(name, value)
            for name, value in row.items()
        }

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """A hidden name with a value behind it, inside a text: JSON in a column, a query string."""
        names = "|".join(re.escape(name) for name in sorted(self.names))
        return re.compile(f"(?i)({names})[_\"']*\\s*[:=]")

    def _concealed(self, name: str, type_: str) -> str:
        if self.hides(name):
            is_text = sql.is_text(type_)
            return (
                pseudonym_once(sql.text(name, type_)) if is_text else pseudonym(told(name, type_))
            )
        is_plain = sql.is_number(type_) or sql.is_time(type_) or type_ in _PLAIN
        return "" if is_plain else self._guarded(f"{identifier(name)}::VARCHAR")

    def _guarded(self, expression: str) -> str:
        """A text that may name a hidden column and its value is hidden as a whole."""
        return (
            f"CASE WHEN regexp_matches({expression}, {literal(self._pattern.pattern)}) "
            f"THEN {pseudonym(expression)} ELSE {expression} END"
        )


def folded(name: str) -> str:
    """A column's name as it is compared: DuckDB ignores case, and a repeated name gets underscores."""
    return unicodedata.normalize("NFKC", name).strip().casefold().rstrip("_")


def concealed_names(card: ModelCard) -> frozenset[str]:
    """The names of a card's columns to pseudonymise, as `Concealment` compares them."""
    return frozenset(folded(name) for name in card.privacy.pseudonymise)


def keyed_hash(key: bytes, text: str) -> str:
    """The pseudonym of a text."""
    digest = hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return MARK + digest[:DIGITS]


def use_key(connection: Connection, key: bytes) -> None:
    """Makes `pseudonym` work in a connection; the key is bound, and so in no statement's text."""
    padded = key.ljust(_BLOCK, b"\0")
    for name, mask in ((_INNER, 0x36), (_OUTER, 0x5C)):
        connection.execute(f"SET VARIABLE {name} = ?", [bytes(byte ^ mask for byte in padded)])


def pseudonym(text: str) -> str:
    """The pseudonym of a SQL text, as SQL: HMAC-SHA-256 put together from its definition."""
    inner = f"unhex(sha256(getvariable('{_INNER}') || encode({text})))"
    return f"'{MARK}' || left(sha256(getvariable('{_OUTER}') || {inner}), {DIGITS})"


def pseudonym_once(text: str) -> str:
    """The pseudonym of a SQL text, or the text where it is one."""
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(PATTERN)}) THEN {text} "
        f"ELSE {pseudonym(told_text(text))} END"
    )


def is_pseudonym(text: str) -> bool:
    """Whether a text is what `keyed_hash` gives, with whatever key."""
    return re.fullmatch(PATTERN, text) is not None


def told(column: str, duckdb_type: str) -> str:
    """The text of a column's value that is hashed, as SQL; `text_of` is the same in Python."""
    value = sql.text(column, duckdb_type)
    if duckdb_type in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN {sql.is_no_nan(identifier(column))} THEN {value} END"
    return told_text(value) if sql.is_text(duckdb_type) else f"({value})"


def told_text(expression: str) -> str:
    """As `told`, for an expression of type VARCHAR."""
    plain = f"nullif(trim({expression}), '')"
    return (
        f"CASE WHEN lower({plain}) IN ('true', 'false') THEN lower({plain}) "
        f"ELSE regexp_replace({plain}, '^{_WHOLE}$', '\\1') END"
    )


def _plain(value: object) -> str:
    return value.strip(" ") if isinstance(value, str) else ""


def _is_said_in(one: str, other: str) -> bool:
    """Whether two texts, too long to be alike by chance, are one within the other."""
    return min(len(one), len(other)) >= _TELLING and (one in other or other in one)


def text_of(value: object) -> str | None:
    """The text of a value that is hashed; None for a missing one.

    Raises:
        TypeError: values of this type have no one text.
    """
    if value is None or isinstance(value, str):
        return _text_of_text(value or "")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        return _text_of_number(value)
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ")
        return text.rstrip("0").rstrip(".") if value.microsecond else text
    if isinstance(value, bytes):
        return _text_of_text(value.decode("utf-8", "replace"))
    if isinstance(value, int | date | time):
        return str(value)
    raise TypeError(type(value).__name__)


def _text_of_number(value: float | Decimal) -> str | None:
    if value != value:  # noqa: PLR0124 - NaN is missing
        return None
    whole = int(value) if -_EXACT < value < _EXACT else None
    if value == whole:
        return str(whole)
    return str(value) if isinstance(value, float) else f"{value:f}"


def _text_of_text(value: str) -> str | None:
    plain = value.strip(" ")
    if not plain:
        return None
    if plain.lower() in ("true", "false"):
        return plain.lower()
    whole = re.fullmatch(_WHOLE, plain)
    return whole.group(1) if whole else plain
