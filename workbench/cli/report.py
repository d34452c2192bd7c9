"""The command `report`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.options import (
    common_options,
    json_option,
    period_option,
    session_of,
    version_option,
)

if TYPE_CHECKING:
    from workbench.report import IncidentReport

STDOUT = "-"


@click.command(short_help="Export an incident report.")
@click.argument("name")
@period_option
@version_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json"]),
    default="md",
    show_default=True,
    help="Markdown, or one JSON document.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write it; - prints it. Else into reports/."
)
@json_option
@common_options
@click.pass_context
def report(
    ctx: click.Context, name: str, period: str | None, version: str | None, form: str,
    output: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Exports what happened to NAME, so that another person can read it and run it again.

    Prints the path of the file written. With --json the report itself is printed as JSON, and
    a file is written only where -o names one.
    """
    from workbench.domain.names import shown
    from workbench.report import build_report, to_json, to_markdown

    with session_of(ctx).workspace() as ws:
        made = build_report(ws, name, period, version)
        reports = ws.root / "reports"
    text = to_json(made) if form == "json" else to_markdown(made)
    if as_json:
        click.echo(to_json(made), nl=False)
        if output is not None and output != STDOUT:
            write_report(Path(output), text)
    elif output == STDOUT:
        click.echo(text, nl=False)
    else:
        path = Path(output) if output else reports / file_name(made, version, form)
        write_report(path, text)
        click.echo(shown(path))


def file_name(made: IncidentReport, version: str | None, form: str) -> str:
    """The name of a report's file: model, version if one was asked for, start and end.

    A time of day is named only where there is one.
    """
    from workbench.domain.names import file_stem

    parts = [made.model, *([version] if version else [])]
    stems = [*(file_stem(part) for part in parts), _day(made.period.start), _day(made.period.end)]
    return f"{'-'.join(stems)}.{form}"


def _day(moment: datetime) -> str:
    is_midnight = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%dT%H%M%S")


def write_report(path: Path, text: str) -> None:
    """Writes a report whole or not at all; to a pipe or a device, as it comes.

    Raises:
        WorkbenchError: the file cannot be written.
    """
    from workbench.errors import WorkbenchError
    from workbench.workspace.locating import write_whole

    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return
        if path.parent.name == "reports":
            path.parent.mkdir(exist_ok=True)
        write_whole(path.resolve(), text)
    except OSError as error:
        raise WorkbenchError(
            f"cannot write {path}: {error.strerror or error}",
            "Name another file.",
        ) from error
