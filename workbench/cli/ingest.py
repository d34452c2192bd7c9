"""The command `ingest`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.ingested import IngestResult
    from workbench.ingest.loading import IngestProgress, Reporter

_LISTED = 12


@click.command(short_help="Read exported prediction logs and labels into the store.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--model", required=True, metavar="NAME", help="Whose predictions or labels they are."
)
@click.option(
    "--format",
    "format_",
    default="auto",
    show_default=True,
    help="auto, parquet, csv, jsonl, arrow, or an export format such as kserve or vertex.",
)
@click.option(
    "--kind",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "predictions", "labels"]),
)
@json_option
@common_options
@click.pass_context
def ingest(
    ctx: click.Context, paths: tuple[str, ...], model: str, format_: str, kind: str, as_json: bool
) -> None:
    """Reads files, folders, globs and URLs into the store of a model.

    URLs are https:// for one file, and s3://, gs:// and az:// for an object, all below a
    prefix, or a pattern. A file that was ingested before changes nothing. Exits 1 when any file
    failed; the others are ingested all the same.
    """
    from workbench.cli.documents import ingest_document
    from workbench.cli.printing import print_json

    with session_of(ctx).workspace() as ws, progress_bar() as reporter:
        result = ws.ingest(list(paths), model, format=format_, kind=kind, progress=reporter)
    if as_json:
        print_json(ingest_document(result))
    else:
        print_result(result)
    for file in result.failed:
        click.echo(f"error: {shown(file.error)}", err=True)
        if file.hint:
            click.echo(f"hint: {shown(file.hint)}", err=True)
    sys.exit(1 if result.failed else 0)


def print_result(result: IngestResult) -> None:
    """Prints what became of the rows: a line a file while they are few, then the sum."""
    from workbench.cli.printing import print_table

    if len(result.files) <= _LISTED:
        print_table(
            (
                "file",
                "kind",
                "status",
                "read",
                "stored",
                "duplicate",
                "quarantined",
                "matched",
                "pending",
            ),
            [(shown(f.path, 48), f.kind, f.status, *(_counts(f.counts))) for f in result.files],
            "lllrrrrrr",
        )
    for file in result.files:
        for reason, count in file.reasons:
            click.echo(f"  {shown(file.path, 48)}: {count:,} rows in quarantine, {reason}")
        for text in file.notes:
            click.echo(f"  {shown(file.path, 48)}: {shown(text)}")
    c = result.counts
    click.echo(
        f"{len(result.files)} files, {c.rows_read:,} rows read: {c.rows_stored:,} stored, "
        f"{c.labels_matched:,} labels matched, {c.labels_pending:,} pending, "
        f"{c.rows_duplicate:,} duplicate, {c.rows_quarantined:,} in quarantine ({result.seconds:.1f} s)"
    )


def _counts(counts: object) -> tuple[str, ...]:
    names = (
        "rows_read", "rows_stored", "rows_duplicate", "rows_quarantined", "labels_matched",
        "labels_pending",
    )  # fmt: skip
    return tuple(f"{getattr(counts, name):,}" for name in names)


@contextmanager
def progress_bar() -> Iterator[Reporter | None]:
    """A progress bar on stderr where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.fields[name]}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("ingest", total=None, name="")

        def report(progress: IngestProgress) -> None:
            name = shown(progress.path.rsplit("/", 1)[-1], 32)
            bar.update(
                task, total=max(progress.total_bytes, 1), completed=progress.done_bytes, name=name
            )

        yield report
