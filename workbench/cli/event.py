"""The commands of `event`."""

from __future__ import annotations

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.event import KINDS
from workbench.domain.names import shown


@click.group(short_help="Record what else changed, and when.")
@common_options
def event() -> None:
    """What else changed: deployments, configuration, holidays. Incidents show those of their time."""


@event.command()
@click.argument("name")
@click.argument("text")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What sort of change.")
@click.option("--at", metavar="T", required=True, help="When it took effect (UTC).")
@author_option
@json_option
@common_options
@click.pass_context
def add(
    ctx: click.Context, name: str, text: str, kind: str, at: str, author: str | None, as_json: bool
) -> None:
    """Records TEXT as an event of the model NAME."""
    from workbench.cli.documents import event_document
    from workbench.cli.printing import print_json, print_text, when
    from workbench.domain.period import parse_time
    from workbench.workspace.incidents import author_of

    moment = parse_time(at)
    with session_of(ctx).workspace() as ws:
        made = ws.incidents.add_event(name, text, kind, moment, author_of(author))
    if as_json:
        print_json(event_document(made))
    else:
        print_text(f"{made.kind} of {shown(made.model)} at {when(made.at)}: {shown(made.text)}")


@event.command(name="list")
@click.argument("name", required=False)
@json_option
@common_options
@click.pass_context
def list_(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Lists the events of NAME, or of every model, oldest first."""
    from workbench.cli.documents import event_document
    from workbench.cli.printing import print_json, print_table, when

    with session_of(ctx).workspace() as ws:
        found = ws.incidents.events(name)
    if as_json:
        print_json({"events": [event_document(one) for one in found]})
    elif not found:
        click.echo("no events", err=True)
    else:
        print_table(
            ("when", "model", "kind", "who"),
            [(when(e.at), shown(e.model, 24), e.kind, shown(e.author, 24)) for e in found],
            shrink=(1, 3),
            below=[shown(e.text) for e in found],
        )
