"""The command `report`."""

from __future__ import annotations

from pathlib import Path

import click

from workbench.cli.options import (
    common_options,
    json_option,
    period_option,
    session_of,
    version_option,
)

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
    from workbench.report.files import file_name, write_report

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
