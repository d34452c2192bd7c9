"""The command `store erase`."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

_YOURS = "exports, references and backups are yours: take the entity out of them too"


@click.command()
@click.option(
    "--entity",
    required=True,
    metavar="ID",
    help="A value of the card's entity column; - reads it from the standard input.",
)
@click.option("--model", metavar="NAME", help="One model; else all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@common_options
@click.pass_context
def erase(
    ctx: click.Context, entity: str, model: str | None, yes: bool, as_json: bool
) -> None:  # fmt: skip
    """Erases everything of one entity: rows, their labels, texts in quarantine, and counts.

    It does not come back: rows of it that are ingested later are set aside without their text
    (reason: erased). Exits 1 when there is a model in which it cannot be erased.
    """
    from workbench.cli.printing import note, print_json, print_table
    from workbench.workspace.erasing import erase as erase_from

    if entity == "-":  # what stands in a command line is seen in the list of processes
        entity = sys.stdin.readline().rstrip("\r\n")
    with session_of(ctx).workspace() as ws:
        if not yes:
            _confirm(model)
        found = erase_from(ws, entity, model)
    failed = [one for one in found if one.problem]
    if as_json:
        print_json({"models": [asdict(one) for one in found], "notes": [_YOURS]})
    else:
        print_table(
            ("model", "rows", "labels", "texts", "files written anew"),
            [
                (
                    shown(one.model, 32), f"{one.rows:,}", f"{one.labels:,}",
                    f"{one.quarantined:,}", f"{one.segments:,}",
                )
                for one in found
                if not (one.problem or one.skipped)
            ],
            "lrrrr",
        )  # fmt: skip
        for one in found:
            if one.skipped:
                note(f"{one.model} was not looked into: {one.skipped}")
        for one in found:
            if one.kept:
                note(
                    f"{one.model}: retrainings learned from these and were judged on them, the entity "
                    "may be in them; remove those that you do not need, and their versions in DVC:"
                )
            for path in one.kept:
                note(f"  {path}")
        note(_YOURS)
    for one in failed:
        click.echo(f"error: {shown(one.model)}: {shown(one.problem or '')}", err=True)
        click.echo(f"hint: {shown(one.hint)}", err=True)
    sys.exit(1 if failed else 0)


def _confirm(model: str | None) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("Erasing asks first, and nobody is there to answer: add --yes")
    where = f"the model {shown(model)}" if model else "every model"
    if not click.confirm(f"Erase the entity from {where}? It cannot be undone.", err=True):
        raise click.Abort
