"""The command `sql`."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.store.query_results import QueryColumn
    from workbench.store.querying import Answer

_TABLE_ROWS = 200
_NARROWEST = 8
_WIDEST = 80


@click.command(short_help="Read-only SQL over the rows and the catalog.")
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N",
    help=f"No more rows than this; {_TABLE_ROWS} unless --json or --csv is given.",
)  # fmt: skip
@json_option
@common_options
@click.pass_context
def sql(ctx: click.Context, query: str, as_csv: bool, limit: int | None, as_json: bool) -> None:
    """Answers QUERY, one SQL statement that reads (DuckDB's dialect).

    Every model is a view of its name over its stored predictions, with the label that stands;
    NAME_labels holds every label record, quarantine the rows that were set aside, and schema
    catalog the tables of the store. SHOW TABLES lists them, DESCRIBE NAME shows the columns.
    Times are UTC. Columns that a card calls sensitive are withheld.
    """
    if as_csv and as_json:
        raise click.UsageError("--json and --csv exclude each other", ctx)
    if limit is None and not (as_csv or as_json):
        limit = _TABLE_ROWS
    more = None if limit is None else limit + 1
    with (
        session_of(ctx).workspace() as ws,
        ws.sql_answer(query, printable=True, limit=more) as answer,
    ):
        rows = _Rows(answer, limit)
        if as_json:
            _print_json(answer.columns, rows)
        elif as_csv:
            _print_csv(answer.columns, rows)
        else:
            _print_table(answer.columns, list(rows))
    if rows.truncated and not as_json:
        click.echo(f"{limit:,} rows are shown, and there are more: give --limit N", err=True)


class _Rows:
    """The rows of an answer up to a limit."""

    def __init__(self, answer: Answer, limit: int | None) -> None:
        self._answer = answer
        self._left = limit
        self.truncated = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for frame in self._answer.batches:
            for row in frame.iter_rows():
                if self._left == 0:
                    self.truncated = True
                    return
                if self._left is not None:
                    self._left -= 1
                yield row


def _print_json(columns: Sequence[QueryColumn], rows: _Rows) -> None:
    """Prints one document, row by row, so that a large answer is never held as text."""
    from workbench.cli.printing import json_line

    listed = [{"name": column.name, "type": column.type} for column in columns]
    click.echo('{"columns": ' + json_line(listed) + ',\n "rows": [', nl=False)
    for number, row in enumerate(rows):
        cells = [_json_value(value, column) for value, column in zip(row, columns, strict=True)]
        click.echo((",\n  " if number else "\n  ") + json_line(cells), nl=False)
    click.echo(f'],\n "truncated": {json.dumps(rows.truncated)}}}')


def _json_value(value: Any, column: QueryColumn) -> Any:
    if column.is_nested and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if column.type.startswith("DECIMAL") and value is not None:
        return float(value)
    return value


def _print_csv(columns: Sequence[QueryColumn], rows: _Rows) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    # What goes to a file stays as it is; a terminal must not obey it.
    plain = shown if sys.stdout.isatty() else str
    writer.writerow([plain(column.name) for column in columns])
    for row in rows:
        writer.writerow(["" if value is None else plain(_text(value)) for value in row])


def _print_table(columns: Sequence[QueryColumn], rows: list[tuple[Any, ...]]) -> None:
    from workbench.cli.printing import print_table

    if len(columns) == 2 and [column.name for column in columns] == [
        "explain_key",
        "explain_value",
    ]:
        for row in rows:
            for line in str(row[1]).splitlines():
                click.echo(shown(line))
        return
    headers = [shown(column.name) for column in columns]
    cells = [["-" if value is None else shown(_text(value)) for value in row] for row in rows]
    right = "".join("r" if _is_number(column) else "l" for column in columns)
    widths = _widths([headers, *cells], _room())
    print_table(
        _fitted(headers, widths), [_fitted(row, widths) for row in cells], right[: len(widths)]
    )
    if len(widths) < len(columns):
        left = ", ".join(headers[len(widths) :])
        click.echo(f"columns that do not fit: {shown(left, 200)}", err=True)


def _room() -> int | None:
    """The terminal's width; None where what is printed goes elsewhere."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None


def _widths(table: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """How wide each column may be so that a line fits; the last ones are left out if they must."""
    from rich.cells import cell_len

    wanted = [min(max(cell_len(row[i]) for row in table), _WIDEST) for i in range(len(table[0]))]
    if room is None:
        return wanted
    while len(wanted) > 1 and _line(min(width, _NARROWEST) for width in wanted) > room:
        wanted.pop()
    while _line(wanted) > room and max(wanted) > _NARROWEST:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def _line(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + 2 * (len(listed) - 1)


def _fitted(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    from rich.cells import cell_len, set_cell_size

    return [
        cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"
        for cell, width in zip(row, widths, strict=False)
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _is_number(column: QueryColumn) -> bool:
    return column.type.endswith("INT") or column.type.startswith(
        ("INTEGER", "UINTEGER", "DOUBLE", "FLOAT", "DECIMAL")
    )
