"""The commands `store …`: what keeps the store small and whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.cli.store_erase import erase
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.housekeeping import Restored, Retained
    from workbench.workspace import Workspace

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
name_argument = click.argument("name", required=False, metavar="[NAME]")


@click.group(short_help="Compact, retain, rebuild, back up and restore the store.")
def store() -> None:
    """Keeps the store small and whole; each command may run while others work."""


@store.command()
@name_argument
@json_option
@common_options
@click.pass_context
def compact(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Puts small segments together, one a day, of one model or all.

    Nothing that is counted or answered changes. The files of before stay for those who read
    them until `[store] grace` is over.
    """
    from workbench.cli.printing import note, print_table

    with session_of(ctx).workspace() as ws, _progress() as told:
        found = ws.housekeeping.compact(name, told)
    if as_json:
        _print({"models": [asdict(one) for one in found]})
        return
    print_table(
        ("model", "segments before", "after", "rows written", "counts saved"),
        [
            (
                shown(one.model, 32), f"{one.segments_before:,}", f"{one.segments_after:,}",
                f"{one.rows_written:,}", f"{one.counts_saved:,}",
            )
            for one in found
        ],
        "lrrrr",
    )  # fmt: skip
    for one in found:
        for text in one.notes:
            note(f"{one.model}: {text}")


@store.command()
@click.argument("keep", metavar="DAYS")
@name_argument
@yes_option
@json_option
@common_options
@click.pass_context
def retain(ctx: click.Context, keep: str, name: str | None, yes: bool, as_json: bool) -> None:
    """Keeps the rows of the last DAYS (90d, 12w) of one model or all; older rows go.

    Counted back from the model's newest prediction, in whole days: what `--period DAYS` covers
    stays. Profiles stay, so that rates and drift of before can still be asked for. Rows from
    before that come again are set aside (before_retention).
    """
    with session_of(ctx).workspace() as ws:
        _confirm_retention(ws, keep, name, yes)
        found = ws.housekeeping.retain(keep, name)
    if as_json:
        _print({"models": [asdict(one) for one in found]})
    else:
        for one in found:
            if one.problem is None:
                click.echo(_retained(one))
    _fail_if_any([(one.model, one.problem) for one in found])


@store.command()
@name_argument
@json_option
@common_options
@click.pass_context
def rebuild(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Counts profiles and outcomes anew from the rows, of one model or all."""
    from workbench.cli.printing import when

    with session_of(ctx).workspace() as ws:
        found = ws.housekeeping.rebuild(name)
    if as_json:
        _print({"models": [asdict(one) for one in found]})
    else:
        for one in found:
            kept = f"; counts of before {when(one.kept_before)} stay" if one.kept_before else ""
            if one.problem is None:
                click.echo(f"{shown(one.model)}: {one.rows:,} rows counted{kept}")
    _fail_if_any([(one.model, one.problem) for one in found])


@store.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@yes_option
@json_option
@common_options
@click.pass_context
def backup(ctx: click.Context, file: Path, yes: bool, as_json: bool) -> None:
    """Writes the workspace's state into FILE (.tar, .tar.gz or .tar.zst), while others work."""
    from workbench.cli.printing import note

    if file.exists() and not yes:
        _confirm(f"{shown(file)} is there already: replace it?")
    with session_of(ctx).workspace() as ws:
        made = ws.housekeeping.back_up(file, replace_it=True)
    for text in made.notes:
        note(f"note: {text}")
    if as_json:
        _print(asdict(made))
        return
    click.echo(f"{shown(made.path)}: {made.files:,} files, {made.bytes:,} bytes")
    click.echo(f"holds {', '.join(made.includes)}")
    click.echo(f"not {', '.join(made.leaves_out)}")


@store.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--into", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="An empty folder, or a workspace to be replaced; else the current workspace.",
)  # fmt: skip
@yes_option
@json_option
@common_options
@click.pass_context
def restore(ctx: click.Context, file: Path, into: Path | None, yes: bool, as_json: bool) -> None:
    """Puts the backup FILE back, once it was verified; nothing changes when it is damaged."""
    from workbench.cli.printing import note
    from workbench.settings import Settings
    from workbench.workspace.housekeeping import restore as put_back
    from workbench.workspace.locating import MARKER, read_settings

    session = session_of(ctx)
    target = into if into is not None else session.workspace().root
    settings = Settings()
    if (target / MARKER).is_file():
        if not yes:
            _confirm(
                f"Put {shown(file.name)} over {shown(target)}? What was stored there since is lost, "
                "and its settings, cards, references and registry become those of the backup."
            )
        settings = read_settings(target)
    found = put_back(file, target, settings)
    for text in found.notes:
        note(f"note: {text}")
    if as_json:
        _print(asdict(found))
    else:
        click.echo(_restored(found))


store.add_command(erase)


def _fail_if_any(problems: Sequence[tuple[str, str | None]]) -> None:
    """Says which models nothing could be done about, and ends with 1 if there is one."""
    failed = [(name, problem) for name, problem in problems if problem is not None]
    for name, problem in failed:
        click.echo(f"error: {shown(name)}: {shown(problem)}", err=True)
        click.echo(f"hint: workbench model check {shown(name)}", err=True)
    if failed:
        sys.exit(1)


def _confirm_retention(ws: Workspace, keep: str, name: str | None, yes: bool) -> None:
    if yes:
        return
    plans = [plan for plan in ws.housekeeping.retention(keep, name) if plan.rows_removed]
    if not plans:
        return
    _confirm("Take what cannot be had back?", [f"to go: {_retained(plan)}" for plan in plans])


def _confirm(question: str, what: Sequence[str] = ()) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("; ".join([*what, f"{question} Nobody is there to ask: add --yes"]))
    for line in what:
        click.echo(line, err=True)
    if not click.confirm(question, err=True):
        raise click.Abort


def _retained(one: Retained) -> str:
    from workbench.cli.printing import when

    if one.before is None:
        return f"{shown(one.model)}: no rows"
    return (
        f"{shown(one.model)}: {one.rows_removed:,} rows and {one.labels_removed:,} labels of before "
        f"{when(one.before)} (newest prediction {when(one.now)})"
    )


def _restored(one: Restored) -> str:
    from workbench.cli.printing import when

    return f"{shown(one.path)}: {one.files:,} files of {when(one.made_at)} are back"


def _print(document: Any) -> None:
    from workbench.cli.printing import print_json

    print_json(document)


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on stderr where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    with Progress(
        TextColumn("{task.fields[name]}", markup=False), BarColumn(), TaskProgressColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("compact", total=1.0, name="")

        def tell(name: str, share: float) -> None:
            bar.update(task, completed=share, name=shown(name, 32))

        yield tell
