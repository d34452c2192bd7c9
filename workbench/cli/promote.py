"""The commands `promote` and `rollback`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.workspace import Workspace
    from workbench.workspace.promoting import ChangedChampion, PlannedChange

_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(short_help="Make a trained version the champion.")
@click.argument("name")
@click.argument("version")
@_yes
@click.option("--force", is_flag=True, help="Also one that is not better, or advised against.")
@click.option("--reason", metavar="TEXT", default="", help="Why; needed with --force.")
@author_option
@json_option
@common_options
@click.pass_context
def promote(
    ctx: click.Context,
    name: str,
    version: str,
    yes: bool,
    force: bool,
    reason: str,
    author: str | None,
    as_json: bool,
) -> None:
    """Makes VERSION of the model NAME the champion, once it is known to be better and to load.

    The decision is recorded with its evidence, noted in the model's open incidents, and an event of
    kind deploy tells of it. `rollback` takes it back.
    """
    from workbench.workspace import promoting
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        if not yes:
            _confirm(ws, promoting.plan_promotion(ws, name, version, force=force, reason=reason))
        made = promoting.promote(ws, name, version, author_of(author), reason=reason, force=force)
    _say(made, as_json)


@click.command(short_help="Make the champion of before the champion again.")
@click.argument("name")
@_yes
@click.option("--reason", metavar="TEXT", default="", help="Why.")
@author_option
@json_option
@common_options
@click.pass_context
def rollback(
    ctx: click.Context, name: str, yes: bool, reason: str, author: str | None, as_json: bool
) -> None:
    """Makes the version that the champion of NAME replaced the champion again.

    A second rollback takes the first one back.
    """
    from workbench.workspace import promoting
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        if not yes:
            _confirm(ws, promoting.plan_rollback(ws, name))
        made = promoting.roll_back(ws, name, author_of(author), reason=reason)
    _say(made, as_json)


def _confirm(ws: Workspace, plan: PlannedChange) -> None:
    from workbench.cli.printing import rate

    does = {"promotion": "Promotion", "rollback": "Rollback"}[plan.kind]
    if not sys.stdin.isatty():
        raise click.UsageError(f"{does} asks first, and nobody is there to answer: add --yes")
    click.echo(f"{shown(plan.model)}: version {shown(plan.previous)} is the champion", err=True)
    metrics = plan.evidence.get("metrics") or {}
    if metrics.get("challenger_bad_rate") is not None:
        click.echo(
            f"on the holdout: {rate(metrics['challenger_bad_rate'])} bad with version "
            f"{shown(plan.version)}, {rate(metrics.get('champion_bad_rate'))} with the champion",
            err=True,
        )
    for text in plan.notes:
        click.echo(shown(text), err=True)
    if ws.settings.promotion.hook:
        click.echo(f"then runs: {shown(ws.settings.promotion.hook, 500)}", err=True)
    if not click.confirm(f"Make version {shown(plan.version)} the champion?", err=True):
        raise click.Abort


def _say(made: ChangedChampion, as_json: bool) -> None:
    from workbench.cli.printing import note, print_json, print_text

    if as_json:
        print_json(made.document)
    else:
        one = made.change
        print_text(
            f"{shown(one.decision.model)}: version {shown(one.version)} is the champion, "
            f"was {shown(one.decision.previous)}"
        )
    for text in made.warnings:
        note(text)
    if made.hook is not None and made.hook.failure is not None:
        for line in made.hook.output.splitlines()[-10:]:
            note(f"  {line}")
