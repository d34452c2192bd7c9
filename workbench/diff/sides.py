"""What is one side of a comparison? A relation with typed columns, wherever its rows lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.diff.value_types import ValueType, value_type
from workbench.domain.period import Period
from workbench.errors import WorkbenchError
from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal
from workbench.store.sources import open_source


class DiffError(WorkbenchError):
    """Two datasets cannot be compared."""


@dataclass(frozen=True)
class Side:
    """A dataset ready to be compared, on one connection."""

    name: str
    """As the user named it."""
    relation: str
    """A FROM clause that gives the columns under their own names."""
    columns: Mapping[str, ValueType]
    """In order."""
    digest: str = ""
    """What tells its content."""
    is_text: bool = False
    """Every column is text because its files have no types."""
    key: tuple[str, ...] = ()
    """The columns that identify its rows, where that is known; else they are looked for."""
    bad: str = ""
    """SQL of how bad a row's prediction was, 0 to 1, null without a label; empty: not known."""
    no_outcomes: str = "the sides carry no labelled predictions"
    """Why `bad` is not known."""
    numbers_as_text: frozenset[str] = frozenset()
    """Text columns of nothing but numbers, whose type is the store's and not the data's."""
    sensitive: frozenset[str] = frozenset()
    """Columns whose values are never shown."""
    files: tuple[Path, ...] = ()
    """What it is read from, never to be written over."""
    notes: tuple[str, ...] = ()
    period: Period | None = None
    """The time of stored rows."""


def relation_columns(connection: Connection, relation: str) -> dict[str, ValueType]:
    """The columns of a relation, in order."""
    found = connection.sql(f"SELECT * FROM {relation} LIMIT 0")
    return {
        str(name): value_type(type_) for name, type_ in zip(found.columns, found.types, strict=True)
    }


def file_side(
    connection: Connection,
    name: str,
    files: Sequence[Path],
    folder: Path,
    digest: str,
    given: str = "auto",
) -> Side:
    """One or more files of one dataset; their columns are united by name.

    Args:
        connection: scratch.
        name: how the side is shown.
        files: at least one, in a stable order.
        folder: where copies of text and packed files are put.
        digest: what tells the content.
        given: the format, where the files' names do not say it.

    Raises:
        LogFileError: a file is missing, damaged or no table.
    """
    relations, texts, notes = [], [], []
    typed: list[Path] = []
    for number, file in enumerate(files):
        own = folder / f"{number}"
        own.mkdir(mode=0o700, parents=True)
        source = open_source(connection, file, own, given)
        texts.append(source.is_text)
        if source.rejected is not None:
            notes.append(f"{file.name}: {source.rejected.total:,} lines are no rows and left out")
        relations.append(
            f"SELECT * FROM read_parquet({literal(str(source.path))}, hive_partitioning = false)"
        )
        if not source.is_text:
            typed.append(source.path)
    if len(typed) == len(files):
        listed = ", ".join(literal(str(path)) for path in typed)
        union = ", union_by_name = true" if len(typed) > 1 else ""
        relation = f"read_parquet([{listed}], hive_partitioning = false{union})"
    else:
        if any(texts) and not all(texts):
            relations = [_all_text(connection, one) for one in relations]
        relation = f"({' UNION ALL BY NAME '.join(relations)})"
    columns = relation_columns(connection, relation)
    return Side(
        name,
        relation,
        columns,
        digest,
        is_text=any(texts),
        files=tuple(files),
        notes=tuple(notes),
    )


def _all_text(connection: Connection, statement: str) -> str:
    """The same rows with every value as text, as they would be in a file without types."""
    columns = relation_columns(connection, f"({statement})")
    listed = ", ".join(f"({identifier(name)})::VARCHAR AS {identifier(name)}" for name in columns)
    return f"SELECT {listed} FROM ({statement})"
