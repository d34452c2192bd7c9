"""What changed from one dataset to another? Columns, rows, cells, distributions and outcomes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.diff.cells import Cells, Tolerance, compare_cells, require_tolerable
from workbench.diff.conditions import require_condition
from workbench.diff.keys import given_key, inferred_key
from workbench.diff.matching import Matched, match_rows
from workbench.diff.outcomes import outcome_difference
from workbench.diff.profiles import Spread, spreads
from workbench.diff.renames import probable_renames
from workbench.diff.result import (
    ColumnDifference,
    ComparedSide,
    DatasetDifference,
    KeyChoice,
    RowDifference,
)
from workbench.diff.rows import differing_rows, shown_rows, write_rows
from workbench.diff.schema import schema_difference
from workbench.diff.sides import DiffError, Side
from workbench.diff.tables import Tables, make_tables
from workbench.diff.text_columns import read_columns
from workbench.domain.names import shown
from workbench.store.connections import Connection


@dataclass(frozen=True)
class Question:
    """What is asked of two datasets."""

    key: tuple[str, ...] = ()
    """Empty: it is looked for."""
    columns: tuple[str, ...] = ()
    """Only these, and the key's; empty: all."""
    where: str = ""
    """Only rows for which this holds, on both sides."""
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    rows_to: Path | None = None
    """A file that takes all differing rows."""
    limit: int = 20
    """How many differing rows the answer shows."""
    distributions: bool = True


def compare(connection: Connection, a: Side, b: Side, question: Question) -> DatasetDifference:
    """Compares two datasets.

    Args:
        connection: scratch, that both sides are on, with a place to spill to.
        a: before.
        b: after.
        question: what is asked.

    Raises:
        DiffError: they cannot be compared as asked.
        OSError: the file of rows cannot be written.
    """
    # No answer depends on the order of rows, and keeping it costs half the time.
    connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    # DuckDB 2.0 takes a Parquet column for free of NaN because its smallest and largest value are
    # none, and folds conditions on that: isnan() is false then, and NaN equals nothing.
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    if question.where:
        require_condition(connection, question.where)
    a, b, common = _asked(a, b, question)
    read = read_columns(connection, a, b, common)
    key = given_key(a, b, question.key) if question.key else inferred_key(connection, a, b, read)
    tables = make_tables(connection, a, b, read, key.columns, question.where)
    require_tolerable(tables, question.tolerances)
    began = time.perf_counter()
    matched = match_rows(tables, is_unique=key.is_unique)
    cells = compare_cells(
        tables, question.tolerances, matched.changed, has_null_keys=matched.has_null_keys
    )
    matched = _settled(matched, cells)
    rows_took = time.perf_counter() - began
    schema = schema_difference(tuple(a.columns), tuple(b.columns), read)
    kept = matched.changed + matched.unchanged if key.columns else 0
    schema = replace(schema, renamed=probable_renames(tables, matched.rows_a, kept))
    began = time.perf_counter()
    spread = spreads(tables, matched.rows_a, matched.rows_b, with_counts=question.distributions)
    spread_took = time.perf_counter() - began
    outcomes = outcome_difference(tables, matched)
    statements = differing_rows(tables, matched)
    differing = shown_rows(tables, statements, question.limit)
    if question.rows_to is not None:
        write_rows(tables, statements, question.rows_to)
    return DatasetDifference(
        a=_side(a, matched.rows_a),
        b=_side(b, matched.rows_b),
        key=key,
        schema=schema,
        rows=RowDifference(
            matched.added,
            matched.removed,
            matched.changed,
            matched.unchanged,
            matched.duplicate_keys,
        ),
        columns=_columns(tables, cells, spread),
        outcomes=outcomes,
        differing=differing,
        notes=_notes(a, b, matched, key, question),
        seconds={"rows": rows_took, "distributions": spread_took},
    )


def _asked(a: Side, b: Side, question: Question) -> tuple[Side, Side, tuple[str, ...]]:
    """Both sides with the columns that are asked for, and those that both have."""
    unknown = [n for n in question.columns if n not in a.columns and n not in b.columns]
    if unknown:
        raise DiffError(
            f"neither side has a column {', '.join(shown(repr(name), 60) for name in unknown)}",
            f"A has {_some(a)}; B has {_some(b)}.",
        )
    a, b = _narrowed(a, question), _narrowed(b, question)
    common = tuple(name for name in a.columns if name in b.columns)
    if question.key:
        given_key(a, b, question.key)
    if not common:
        raise DiffError(
            f"{shown(a.name)} and {shown(b.name)} have no column in common",
            f"A has {_some(a)}; B has {_some(b)}.",
        )
    return a, b, common


def _narrowed(side: Side, question: Question) -> Side:
    """A side with the columns that are asked for, its key among them."""
    if not question.columns:
        return side
    key = question.key or side.key
    kept = {
        name: type_
        for name, type_ in side.columns.items()
        if name in question.columns or name in key
    }
    return replace(side, columns=kept)


def _settled(matched: Matched, cells: Cells) -> Matched:
    """What is within the tolerances is unchanged."""
    within = matched.changed - cells.changed_rows
    return replace(matched, changed=cells.changed_rows, unchanged=matched.unchanged + within)


def _some(side: Side) -> str:
    names = [shown(name, 40) for name in side.columns]
    return ", ".join(names[:8]) + (" ..." if len(names) > 8 else "") if names else "no column"


def _side(side: Side, rows: int) -> ComparedSide:
    return ComparedSide(
        side.name,
        rows,
        side.digest,
        tuple((name, type_.text) for name, type_ in side.columns.items()),
        side.period,
    )


def _columns(
    tables: Tables, cells: Cells, spread: Mapping[str, Spread]
) -> tuple[ColumnDifference, ...]:
    """Columns with changed cells first, then in the order of A; the key's last."""
    columns = [
        ColumnDifference(
            name=column.name,
            type_a=column.read[0].told,
            type_b=column.read[1].told,
            is_key=column.is_key,
            changed=cells.changed.get(column.name, 0),
            within_tolerance=cells.within.get(column.name, 0),
            missing_a=spread[column.name].missing_a,
            missing_b=spread[column.name].missing_b,
            profile_a=spread[column.name].a,
            profile_b=spread[column.name].b,
            reason=spread[column.name].reason,
        )
        for column in tables.columns
    ]
    return tuple(sorted(columns, key=lambda column: (column.is_key, -column.changed)))


def _notes(
    a: Side, b: Side, matched: Matched, key: KeyChoice, question: Question
) -> tuple[str, ...]:
    notes = [f"{side.name}: {text}" for side in (a, b) for text in side.notes]
    if matched.duplicate_keys:
        notes.append(
            f"{matched.duplicate_keys:,} keys stand on several rows of a side: their rows are compared "
            "whole, as added or removed"
        )
    if not key.columns:
        notes.append(f"{key.reason}: whole rows are compared; name a key with --key")
    if question.tolerances and matched.is_multiset:
        notes.append("tolerances hold for rows that are matched one to one by key only")
    return tuple(notes)
