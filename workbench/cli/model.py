"""The commands `model add|list|show|history|check|schema|trust`."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.domain.card import ModelCard
    from workbench.store.version_lives import VersionLife


@click.group(short_help="Add, list, show, check and trust model cards.")
@common_options
def model() -> None:
    """Add, list, show, check and trust model cards."""


@model.command(short_help="Infer a card from a reference table.")
@click.argument("name")
@click.option("--reference", metavar="FILE", help="Labelled rows, held out from training.")
@click.option(
    "--from-log", "log", metavar="FILE", help="An export of the log: proposes how it is read."
)
@click.option("--task", type=click.Choice(["binary", "multiclass", "regression"]))
@click.option("--train", metavar="FILE", help="The table the champion was trained on.")
@click.option("--artifact", metavar="FILE", help="The champion: a .skops or .onnx file.")
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    reference: str | None,
    log: str | None,
    task: str | None,
    train: str | None,
    artifact: str | None,
) -> None:
    """Infers a card for NAME from a reference table and writes it for you to edit.

    With --from-log the card also says how the serving system's own log is read: its format, and
    names for values and classes that the log does not name. The reference is needed all the same.
    """
    from workbench.cli.printing import note

    if reference is None:
        because = " A log alone cannot be judged: it takes rows to compare it with." if log else ""
        raise click.UsageError(f"Missing option '--reference'.{because}")

    with session_of(ctx).workspace() as ws:
        path = ws.add_model(name, reference, task, train, artifact, log)
        click.echo(shown(path.relative_to(ws.root)))
        note(
            "Read it through: what was inferred says why. Then: workbench ingest PATH --model "
            + shlex.quote(name)
        )


@model.command("list", short_help="The models of the workspace.")
@json_option
@common_options
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """Lists the models with their task, version and owner; exits 1 when a card is broken."""
    from workbench.cli.printing import print_json

    cards, broken = [], []
    with session_of(ctx).workspace() as ws:
        for name in ws.names():
            try:
                cards.append(ws.card(name))
            except WorkbenchError as error:
                broken.append(error)
    if as_json:
        keys = ("name", "task", "version", "owner", "description")
        print_json({"models": [{key: getattr(card.model, key) for key in keys} for card in cards]})
    else:
        _print_cards(cards)
    for problem in broken:
        click.echo(f"error: {shown(problem.message)}", err=True)
        click.echo(f"hint: {shown(problem.hint)}", err=True)
    sys.exit(1 if broken else 0)


def _print_cards(cards: list[ModelCard]) -> None:
    from workbench.cli.printing import print_table

    if not cards:
        click.echo("no models yet: workbench model add NAME --reference FILE", err=True)
        return
    print_table(
        ("model", "task", "version", "owner", "description"),
        [
            (
                shown(c.name, 40),
                c.model.task,
                shown(c.model.version),
                shown(c.model.owner, 20),
                shown(c.model.description, 40),
            )
            for c in cards
        ],
    )


@model.command(short_help="One card, with the defaults filled in.")
@click.argument("name")
@json_option
@common_options
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Shows the card of NAME with every default filled in."""
    from workbench.cli.printing import print_json
    from workbench.domain.card_text import card_toml

    with session_of(ctx).workspace() as ws:
        card = ws.card(name)
    if as_json:
        document: dict[str, Any] = dataclasses.asdict(card)
        document["named"] = sorted(card.named)
        print_json(document)
        return
    for line in card_toml(card).splitlines():
        click.echo(shown(line))


@model.command(short_help="Promotions, rollbacks and flags, and how long versions lasted.")
@click.argument("name")
@json_option
@common_options
@click.pass_context
def history(ctx: click.Context, name: str, as_json: bool) -> None:
    """Shows what was decided about NAME, oldest first, and how long each version kept its gain."""
    from workbench.cli.printing import note, print_json, print_table, print_text, when
    from workbench.workspace import promoting
    from workbench.workspace.versions import champion_version

    with session_of(ctx).workspace() as ws:
        decisions = promoting.history(ws, name)
        lives, problem = promoting.lives(ws, name)
        champion = champion_version(ws.root, ws.card(name))
    if as_json:
        print_json(
            {
                "model": name,
                "champion": champion,
                "decisions": [one.document for one in decisions],
                "lives": [one.document for one in lives],
                "reason": problem,
            }
        )
        return
    print_text(f"champion of {shown(name)}: version {shown(champion)}")
    print_table(
        ("when", "what", "version", "was", "who"),
        [
            (
                when(one.at), one.kind, shown(one.version or "", 24), shown(one.previous or "", 24),
                shown(one.author, 24),
            )
            for one in decisions
        ],
        shrink=(4,),
        below=[shown(one.reason) for one in decisions],
    )  # fmt: skip
    for life in lives:
        print_text(f"version {shown(life.version, 24)}, since {when(life.born)}: {_lasted(life)}")
    if problem is not None:
        note(f"how long versions lasted is not known: {problem}")


def _lasted(life: VersionLife) -> str:
    since = life.gone_at or life.half_at
    if since is not None:
        lost = "all" if life.gone_at else "half"
        days = (since - life.born).total_seconds() / 86400
        return f"{lost} of its gain was gone {days:.1f} days after it took over"
    return "no gain is recorded" if life.gain is None else "its gain is not gone"


@model.command(short_help="Can the cards be used?")
@click.argument("name", required=False)
@json_option
@common_options
@click.pass_context
def check(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Checks one card or all of them with their references; exits 1 when one cannot be used."""
    from workbench.cli.printing import print_json

    with session_of(ctx).workspace() as ws:
        findings = ws.check_cards(name)
    if as_json:
        print_json(
            {
                "cards": [
                    {
                        "name": f.name,
                        "ok": f.problem is None,
                        "problem": f.problem,
                        "hint": f.hint or None,
                        "notes": list(f.notes),
                    }
                    for f in findings
                ]
            }
        )
    for finding in () if as_json else findings:
        click.echo(f"{shown(finding.name)}: {shown(finding.problem or 'ok')}")
        for text in (finding.hint, *finding.notes):
            if text:
                click.echo(f"  {shown(text)}")
    sys.exit(1 if any(finding.problem for finding in findings) else 0)


@model.command(short_help="The JSON Schema of a card.")
@common_options
def schema() -> None:
    """Prints the JSON Schema of a model card; needs no workspace."""
    from workbench.cli.printing import print_json
    from workbench.domain.card_schema import card_json_schema

    print_json(card_json_schema())


@model.command(short_help="Let the code that a card names run.")
@click.argument("name")
@author_option
@json_option
@common_options
@click.pass_context
def trust(ctx: click.Context, name: str, author: str | None, as_json: bool) -> None:
    """Lets the code that the card of NAME names run: its `cmd:` artifact, and a recipe of its own.

    Read it first. It is trusted word for word, by this account, in this folder.
    """
    from workbench.cli.printing import note, print_json
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        made = ws.trust(name, author_of(author))
    if as_json:
        print_json({"model": made.model, "trusted": list(made.code)})
        return
    for text in made.code:
        click.echo(f"trusted: {shown(text)}")
    if not made.code:
        note("the card names no code of its own: there is nothing to trust")
