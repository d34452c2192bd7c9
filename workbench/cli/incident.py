"""The commands of `incident`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.incident import Incident

F = TypeVar("F", bound=Callable[..., Any])


class _Number(click.ParamType[int]):
    """An incident's number, as `INC-12` or `12`."""

    name = "incident"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text = str(value).upper().removeprefix("INC-")
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            self.fail(f"{value!r} is no incident; write it as INC-12", param, ctx)
        return int(text)


_id = click.argument("number", metavar="ID", type=_Number())
author_option = click.option("--author", metavar="WHO", help="Who writes; else the account's name.")


@click.group(short_help="Open, show, note, acknowledge and close incidents.")
@common_options
def incident() -> None:
    """The record of incidents. What is written once is never changed.

    With --as-of, what was written later does not exist.
    """


@incident.command(name="open")
@click.argument("name")
@click.argument("title")
@click.option("--since", metavar="TIME", help="When it began (UTC); else now.")
@author_option
@json_option
@common_options
@click.pass_context
def open_(
    ctx: click.Context, name: str, title: str, since: str | None, author: str | None, as_json: bool
) -> None:
    """Opens an incident of the model NAME by hand."""
    from workbench.cli.printing import when
    from workbench.domain.period import parse_time
    from workbench.workspace.incidents import author_of

    onset = parse_time(since) if since else None
    with session_of(ctx).workspace() as ws:
        made = ws.incidents.open(name, title, author_of(author), onset)
    _say(made, as_json, f"opened, since {when(made.onset)}")


@incident.command(name="list")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@json_option
@common_options
@click.pass_context
def list_(ctx: click.Context, name: str | None, everything: bool, as_json: bool) -> None:
    """Lists the incidents of NAME, or of every model: those that are not closed."""
    from workbench.cli.documents import incident_document
    from workbench.cli.printing import print_json, print_table, when
    from workbench.domain.alert import incident_name

    with session_of(ctx).workspace() as ws:
        found = [i for i in ws.incidents.all(name) if everything or i.state != "closed"]
    if as_json:
        print_json({"incidents": [incident_document(one) for one in found]})
    elif not found:
        then = " by then" if session_of(ctx).as_of else ""
        click.echo(
            f"no incidents{then}" if everything else f"no open incidents{then} (--all: closed too)",
            err=True,
        )
    else:
        print_table(
            ("incident", "model", "state", "since", "opened"),
            [
                (
                    incident_name(one.id), shown(one.model, 24), one.state, when(one.onset),
                    when(one.opened_at),
                )
                for one in found
            ],
            shrink=(1,),
            below=[shown(one.title, 200) for one in found],
        )  # fmt: skip


@incident.command()
@_id
@json_option
@common_options
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool) -> None:
    """Shows the incident ID: its state, and everything that happened in order."""
    from workbench.cli.documents import incident_document
    from workbench.cli.printing import print_json, print_table, print_text, when
    from workbench.domain.alert import incident_name

    with session_of(ctx).workspace() as ws:
        record = ws.incidents.record(number)
    one = record.incident
    if as_json:
        print_json(incident_document(one, record))
        return
    print_text(f"{incident_name(one.id)} {shown(one.model)}: {shown(one.title)}")
    click.echo(f"{one.state}, since {when(one.onset)}, opened {when(one.opened_at)}")
    if one.previous is not None:
        click.echo(f"came before: {incident_name(one.previous)}")
    print_table(
        ("when", "what", "who"),
        [(when(at), what, shown(who, 24)) for at, what, who, _ in record.timeline],
        shrink=(2,),
        below=[shown(text) for *_, text in record.timeline],
    )


@incident.command()
@_id
@click.argument("text")
@author_option
@json_option
@common_options
@click.pass_context
def note(ctx: click.Context, number: int, text: str, author: str | None, as_json: bool) -> None:
    """Adds the note TEXT to the incident ID."""
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        _say(ws.incidents.note(number, text, author_of(author)), as_json, "noted")


@incident.command()
@_id
@author_option
@json_option
@common_options
@click.pass_context
def ack(ctx: click.Context, number: int, author: str | None, as_json: bool) -> None:
    """Says that somebody looks after the incident ID."""
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        made = ws.incidents.acknowledge(number, author_of(author))
    before = shown(next(e.text for e in reversed(made.entries) if e.kind == "acknowledged"))
    _say(made, as_json, f"acknowledged ({before})" if before else "acknowledged")


@incident.command()
@_id
@click.option("--cause", metavar="TEXT", required=True, help="What it was.")
@author_option
@json_option
@common_options
@click.pass_context
def close(ctx: click.Context, number: int, cause: str, author: str | None, as_json: bool) -> None:
    """Closes the incident ID. Should its cause return, another incident is opened."""
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        _say(ws.incidents.close(number, cause, author_of(author)), as_json, "closed")


def _say(one: Incident, as_json: bool, done: str) -> None:
    from workbench.cli.documents import incident_document
    from workbench.cli.printing import print_json, print_text
    from workbench.domain.alert import incident_name

    if as_json:
        print_json(incident_document(one))
    else:
        print_text(f"{incident_name(one.id)} {done}: {shown(one.title)}")
