"""The command `diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.options import Session, common_options, json_option, session_of
from workbench.domain.names import shown
from workbench.errors import WorkspaceNotFoundError

if TYPE_CHECKING:
    from workbench.diff.cells import Tolerance
    from workbench.diff.result import DatasetDifference
    from workbench.workspace import Workspace


@click.command(short_help="What changed between two datasets.")
@click.argument("a")
@click.argument("b")
@click.option("--key", metavar="COL,...", help="What identifies a row; else it is looked for.")
@click.option("--columns", metavar="COL,...", help="Compare these only.")
@click.option("--where", metavar="CONDITION", help="Rows of both sides for which this holds only.")
@click.option(
    "--tolerance", "tolerances", multiple=True, metavar="COL=ABS[,REL]",
    help="How far numbers of a column may lie apart; may be given again.",
)  # fmt: skip
@click.option(
    "--rows", "rows_to", metavar="FILE", type=click.Path(path_type=Path),
    help="Write all differing rows: .parquet, .csv or .jsonl.",
)  # fmt: skip
@click.option(
    "--limit", default=10, show_default=True, metavar="N", type=click.IntRange(min=0),
    help="Show so many differing rows; the totals are of all.",
)  # fmt: skip
@click.option("--model", metavar="NAME", help="Whose prediction and label columns files have.")
@json_option
@common_options
@click.pass_context
def diff(
    ctx: click.Context,
    /,
    a: str,
    b: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Tells what changed from A to B: columns, rows by key, cells, distributions, bad predictions.

    A and B are files, folders or patterns (Parquet, CSV, JSON lines, Arrow; plain or compressed),
    FILE@REVISION of a file that DVC tracks, MODEL:PERIOD of the store, or MODEL@VERSION:train.

    Exit code as diff has it: 0 the same, 1 different, 2 trouble.
    """
    Session.failure_code = 2
    from workbench.cli.diff_document import diff_document
    from workbench.cli.diff_text import print_difference
    from workbench.cli.printing import note, print_json
    from workbench.diff.comparing import Question
    from workbench.workspace.differing import diff_datasets

    rows_to: Path | None = options["rows_to"]
    question = Question(
        key=_names(options["key"]),
        columns=_names(options["columns"]),
        where=options["where"] or "",
        tolerances=dict(_tolerance(ctx, text) for text in options["tolerances"]),
        rows_to=rows_to,
        limit=options["limit"],
    )
    found = diff_datasets(a, b, question, workspace=_workspace(ctx), model=options["model"])
    if as_json:
        print_json(diff_document(found))
    else:
        print_difference(found)
    if rows_to is not None:
        note(f"{found.total_differing:,} differing rows are in {rows_to}")
    ctx.exit(_code(found))


def _code(found: DatasetDifference) -> int:
    return 0 if found.is_same else 1


def _workspace(ctx: click.Context) -> Workspace | None:
    """The workspace, where there is one; plain files need none."""
    session = session_of(ctx)
    try:
        return session.workspace()
    except WorkspaceNotFoundError:
        if session.directory is not None:
            raise
        return None


def _names(text: str | None) -> tuple[str, ...]:
    """The names in a list with commas; one with a comma in it stands in double quotes."""
    import csv

    if not text:
        return ()
    listed = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name for name in (one.strip() for one in listed) if name)


def _tolerance(ctx: click.Context, text: str) -> tuple[str, Tolerance]:
    from workbench.diff.cells import Tolerance

    name, is_given, figures = text.rpartition("=")
    parts = figures.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not is_given or not name or len(numbers) not in (1, 2) or not all(n >= 0 for n in numbers):
        raise click.UsageError(
            f"--tolerance {shown(text, 60)}: write COL=ABS or COL=ABS,REL, as delay=0.5,0.01", ctx
        )
    return name, Tolerance(*numbers)
