"""The command `flag`."""

from __future__ import annotations

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown


@click.command(short_help="Flag a model for redesign, or lift the flag.")
@click.argument("name")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@click.option("--lift", is_flag=True, help="It is not to be redesigned any more.")
@author_option
@json_option
@common_options
@click.pass_context
def flag(
    ctx: click.Context, name: str, reason: str, lift: bool, author: str | None, as_json: bool
) -> None:
    """Flags the model NAME for redesign, with its newest verdict as evidence.

    Until it is lifted, no schedule retrains the model, and the status shows it. Its open incidents
    tell of it; without one an incident is opened.
    """
    from workbench.cli.printing import print_json, print_text
    from workbench.domain.alert import incident_name
    from workbench.workspace import flagging
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        decide = flagging.lift if lift else flagging.flag
        made = decide(ws, name, reason, author_of(author))
    if as_json:
        print_json(made.document)
        return
    did = "flag lifted" if lift else "flagged for redesign"
    where = ""
    if made.incident is not None:
        where = f" ({incident_name(made.incident)}{' opened' if made.is_new else ''})"
    print_text(f"{shown(name)}: {did}{where}: {shown(made.decision.reason)}")
