"""What stands in the store for a value that must not be stored? A keyed hash of its text.

The same value has the same pseudonym whatever file it comes from: it is hashed as text, blanks
around it cut, a whole number without its fraction, a truth in lower case. What is missing or
empty stays missing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from workbench.domain.card import ModelCard
from workbench.store import expressions as sql
from workbench.store.connections import Connection, StoreHome
from workbench.store.quoting import identifier

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

    def hidden(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of some columns that are to be replaced."""
        return tuple(column for column in columns if self.hides(column))

    def replace(self, columns: Iterable[tuple[str, str]]) -> str:
        """A SELECT list of all columns of a relation, with pseudonyms in place of the hidden ones.

        Args:
            columns: (name, DuckDB type) of the relation; `use_key` must have been called.
        """
        hidden = [(name, type_) for name, type_ in columns if self.hides(name)]
        if not hidden:
            return "*"
        listed = ", ".join(
            f"{pseudonym(told(name, type_))} AS {identifier(name)}" for name, type_ in hidden
        )
        return f"* REPLACE ({listed})"

    def of(self, value: object) -> str | None:
        """The pseudonym of a value read by Python; None for a missing one.

        Raises:
            TypeError: values of this type have no one text.
        """
        text = text_of(value)
        return None if text is None else keyed_hash(self.key, text)


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


def told(column: str, duckdb_type: str) -> str:
    """The text of a column's value that is hashed, as SQL; `text_of` is the same in Python."""
    value = sql.text(column, duckdb_type)
    if duckdb_type in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isnan({identifier(column)}) THEN NULL ELSE {value} END"
    return told_text(value) if sql.is_text(duckdb_type) else f"({value})"


def told_text(expression: str) -> str:
    """As `told`, for an expression of type VARCHAR."""
    plain = f"nullif(trim({expression}), '')"
    return (
        f"CASE WHEN lower({plain}) IN ('true', 'false') THEN lower({plain}) "
        f"ELSE regexp_replace({plain}, '^{_WHOLE}$', '\\1') END"
    )


def text_of(value: object) -> str | None:
    """The text of a value that is hashed; None for a missing one.

    Raises:
        TypeError: values of this type have no one text.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN is missing
            return None
        is_whole = value.is_integer() and abs(value) < _EXACT
        return str(int(value)) if is_whole else str(value)
    if isinstance(value, Decimal):
        is_whole = value == value.to_integral_value() and abs(value) < _EXACT
        return str(int(value)) if is_whole else f"{value:f}"
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ")
        return text.rstrip("0").rstrip(".") if value.microsecond else text
    if value is None or isinstance(value, str):
        return _text_of_text(value or "")
    if isinstance(value, int | date):
        return str(value)
    raise TypeError(type(value).__name__)


def _text_of_text(value: str) -> str | None:
    plain = value.strip(" ")
    if not plain:
        return None
    if plain.lower() in ("true", "false"):
        return plain.lower()
    whole = re.fullmatch(_WHOLE, plain)
    return whole.group(1) if whole else plain
