"""The command `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@click.command(short_help="Every model: is anything on fire?")
@json_option
@common_options
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Shows every model, worst first."""
    with session_of(ctx).workspace() as ws:
        print_status(ws, as_json)


def print_status(ws: Workspace, as_json: bool = False) -> None:
    """Prints the status of every model of a workspace."""
    from workbench.cli.documents import status_document
    from workbench.cli.printing import (
        age,
        interval,
        note,
        print_json,
        print_table,
        print_text,
        rate,
        when,
        word,
    )

    statuses = ws.status()
    if as_json:
        print_json(status_document(statuses))
        return
    if any(s.current_rate is None and s.estimated_rate is not None for s in statuses):
        note("~ stands before a rate that is estimated, as there are no labels yet")
    if not statuses:
        click.echo("no models yet: workbench model add NAME --reference FILE", err=True)
        return
    print_table(
        ("model", "status", "bad", "95 %", "ref", "n", "drifted", "age"),
        [
            (
                shown(s.name, 24),
                word(s.status),
                rate(s.current_rate)
                if s.current_rate is not None or s.estimated_rate is None
                else f"~{rate(s.estimated_rate)}",
                interval(s.low, s.high),
                rate(s.reference_rate),
                f"{s.period_labelled:,}",
                f"{len(s.drifted_features)}/{s.features}",
                age(s.age_seconds),
            )
            for s in statuses
        ],
        "llrrrrrr",
        shrink=(0,),
    )
    for s in statuses:
        if s.flag is not None:
            print_text(
                f"{shown(s.name, 24)}: flagged for redesign by {shown(s.flag.author, 40)} on "
                f"{s.flag.at:%Y-%m-%d}: {shown(s.flag.reason, 200)}"
            )
        parts = [s.reason] if s.reason else []
        if s.since is not None and not (s.reason or "").startswith("since "):
            parts.append(f"since {when(s.since)}")
        if parts:
            print_text(f"{shown(s.name, 24)}: {shown('; '.join(parts))}")
