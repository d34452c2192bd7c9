"""How does a name or a text from outside enter a statement that cannot bind it?"""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """A quoted SQL identifier: the only way a column's name enters a statement."""
    return '"' + name.replace("\0", "").replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string, for the few places that cannot bind a value (COPY, json_transform)."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


def literal_list(texts: Iterable[str]) -> str:
    """A SQL list of strings."""
    return "[" + ", ".join(literal(text) for text in texts) + "]::VARCHAR[]"


def number_list(numbers: Iterable[float]) -> str:
    """A SQL list of doubles, each written so that it reads back as the same number."""
    return "[" + ", ".join(f"{float(number)!r}::DOUBLE" for number in numbers) + "]::DOUBLE[]"
