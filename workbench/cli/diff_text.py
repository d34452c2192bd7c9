"""How is a difference told in 80 columns? Columns first, then rows, cells, distributions, outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.printing import figure, note, print_table, rate, word
from workbench.diff.renames import told
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.diff.result import ComparedSide, DatasetDifference

WIDTH = 80
_MOST_COLUMNS = 30
_VALUE = 14


def print_difference(found: DatasetDifference) -> None:
    """Prints a difference; notes go to stderr."""
    _side("A", found.a)
    _side("B", found.b)
    if found.is_same:
        click.echo("same")
    _schema(found)
    rows = found.rows
    key = ", ".join(shown(name, 30) for name in found.key.columns)
    how = "inferred" if found.key.is_inferred else "given"
    by = f"by {key} ({how}: {found.key.reason})" if key else "as whole rows, without a key"
    _wrapped(f"rows {by}: ", [
        f"{rows.added:,} added", f"{rows.removed:,} removed", f"{rows.changed:,} changed",
        f"{rows.unchanged:,} unchanged",
        *([f"{rows.duplicate_keys:,} keys repeated"] if rows.duplicate_keys else []),
    ])  # fmt: skip
    _columns(found)
    _outcomes(found)
    _rows(found)
    for text in found.notes:
        note(text)


def _side(letter: str, side: ComparedSide) -> None:
    tail = f"  {side.rows:,} rows"
    digest = f"  {shown(side.digest, 19)}"
    room = WIDTH - len(letter) - 2 - len(tail) - len(digest)
    click.echo(f"{letter}  {shown(side.name, max(room, 20))}{tail}{digest}")


def _schema(found: DatasetDifference) -> None:
    schema = found.schema
    _wrapped("columns added: ", [shown(name, 40) for name in schema.added])
    _wrapped("columns removed: ", [shown(name, 40) for name in schema.removed])
    _wrapped("probably renamed: ", [told(rename) for rename in schema.renamed])
    _wrapped(
        "retyped: ",
        [
            f"{shown(one.column, 30)} {shown(one.a, 30)} -> {shown(one.b, 30)}"
            for one in schema.retyped
        ],
    )
    _wrapped("reordered: ", [shown(name, 40) for name in schema.reordered])


def _columns(found: DatasetDifference) -> None:
    columns = [column for column in found.columns if not column.is_key]
    if not columns:
        return
    header = ("column", "cells", "miss A", "miss B", "PSI", "JS", "p adj", "status")
    figures = [
        (
            f"{column.changed:,}",
            rate(column.missing_a),
            rate(column.missing_b),
            figure(column.psi),
            figure(column.js),
            f"{column.p_adjusted:.2g}" if column.p_adjusted is not None else "-",
            word(column.status) if column.psi is not None else "-",
        )
        for column in columns[:_MOST_COLUMNS]
    ]
    taken = sum(
        max(len(row[place]) for row in (header[1:], *figures)) + 2
        for place in range(len(header) - 1)
    )
    table = [
        (shown(column.name, WIDTH - taken), *row)
        for column, row in zip(columns, figures, strict=False)
    ]
    print_table(header, table, "lrrrrrrl")
    if len(columns) > _MOST_COLUMNS:
        click.echo(f"and {len(columns) - _MOST_COLUMNS} columns that moved less; --json has all")


def _outcomes(found: DatasetDifference) -> None:
    outcomes = found.outcomes
    if outcomes.reason is not None:
        if outcomes.rate_a is not None or outcomes.rate_b is not None:
            note(f"bad predictions: {outcomes.reason}")
        return
    click.echo(f"bad predictions: {rate(outcomes.rate_a)} in A, {rate(outcomes.rate_b)} in B")
    table = [
        (
            part.change,
            rate(part.rate_a),
            rate(part.rate_b),
            rate(part.share_of_bad_a),
            rate(part.share_of_bad_b),
            f"{part.contribution * 100:+.2f}" if part.contribution is not None else "-",
        )
        for part in outcomes.parts
    ]
    header = ("rows", "rate A", "rate B", "of bad in A", "of bad in B", "adds (points)")
    print_table(header, table, "lrrrrr")


def _rows(found: DatasetDifference) -> None:
    """Some of the differing rows: the key, and of changed ones the cells that differ."""
    total, shown_rows = found.total_differing, found.differing.height
    if not total or not shown_rows:
        if total:
            click.echo(f"{total:,} differing rows are not shown")
        return
    click.echo(f"differing rows ({shown_rows:,} of {total:,}):")
    keys = found.differing.columns[1 : 1 + len(found.key.columns)]
    for row in found.differing.iter_rows(named=True):
        identity = ", ".join(_text(row[key]) for key in keys)
        mark = {"added": "+", "removed": "-", "changed": "~"}[row["change"]]
        _wrapped(f"{mark} {identity}{'  ' if identity else ''}", _cells(row, found, keys), _VALUE)
    if shown_rows < total:
        click.echo(f"{total - shown_rows:,} more are not shown; --limit N or --rows FILE")


def _cells(row: dict[str, Any], found: DatasetDifference, keys: list[str]) -> Iterable[str]:
    names = [name for name in found.differing.columns[1:] if name not in keys]
    sides = {"added": " (b)", "removed": " (a)"}
    if row["change"] in sides:
        mark = sides[row["change"]]
        return [
            f"{shown(n.removesuffix(mark), 24)} {_text(row[n])}" for n in names if n.endswith(mark)
        ][:4]
    pairs = [
        (name, f"{name[: -len(' (a)')]} (b)")
        for name in names
        if name.endswith(" (a)") and f"{name[: -len(' (a)')]} (b)" in row
    ]
    return [
        f"{shown(a[: -len(' (a)')], 24)} {_text(row[a])} -> {_text(row[b])}"
        for a, b in pairs
        if not _alike(row[a], row[b])
    ]


def _alike(a: Any, b: Any) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and a != a and b != b  # noqa: PLR0124
    return both_nan or bool(a == b)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}"
    return shown(value, _VALUE + 10)


def _wrapped(head: str, parts: Iterable[str], indent: int = 2) -> None:
    """Prints parts with commas between them, in lines of 80 columns; nothing without parts."""
    from rich.cells import cell_len

    line, is_first = head, True
    some = False
    for part in parts:
        some = True
        piece = part if is_first else f", {part}"
        if not is_first and cell_len(line) + cell_len(piece) > WIDTH - 1:
            click.echo(f"{line},")
            line = " " * indent + part
        else:
            line += piece
        is_first = False
    if some:
        click.echo(line)
