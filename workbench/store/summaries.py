"""What is in each column of a file? Enough to guess what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.errors import LogFileError, ReferenceTableError
from workbench.store import expressions as sql
from workbench.store.connections import StoreHome, scratch
from workbench.store.quoting import identifier
from workbench.store.sources import open_source

_VALUES = 24


@dataclass(frozen=True)
class ColumnSummary:
    """One column of a file."""

    name: str
    rows: int
    distinct: int
    """Distinct values, approximately where there are many."""
    is_number: bool
    is_whole: bool
    """Every value is a whole number."""
    values: tuple[str, ...]
    """The classes that the first distinct values name, sorted; a few."""


def summarise(home: StoreHome, path: Path) -> tuple[ColumnSummary, ...]:
    """A summary of each column of a file.

    Raises:
        ReferenceTableError: the file is no table.
    """
    with (
        TemporaryDirectory(prefix="workbench-") as folder,
        scratch(home, Path(folder)) as connection,
    ):
        try:
            source = open_source(connection, path, Path(folder))
        except LogFileError as error:
            raise ReferenceTableError(error.message, error.hint) from error
        summaries = []
        for name, type_ in source.columns:
            value, number = identifier(name), sql.number(name, type_)
            rows, present, distinct, numbers, whole = connection.execute(
                f"SELECT count(*), count({value}), approx_count_distinct({value}), count({number}), "
                f"count(*) FILTER (WHERE ({number}) = trunc({number})) FROM {source.relation}"
            ).fetchall()[0]
            classes = connection.execute(
                f"SELECT DISTINCT {sql.class_of(name, type_)} AS c FROM {source.relation} "
                f"WHERE {value} IS NOT NULL ORDER BY 1 LIMIT {_VALUES}"
            ).fetchall()
            few = tuple(str(row[0]) for row in classes if row[0] is not None)
            summaries.append(
                ColumnSummary(
                    name, rows, len(few) if len(classes) < _VALUES else max(distinct, len(few)),
                    bool(present) and numbers == present and type_ != "BOOLEAN",
                    bool(present) and whole == present, few,
                )
            )  # fmt: skip
        return tuple(summaries)
