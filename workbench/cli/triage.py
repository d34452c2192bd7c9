"""The command `triage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from workbench.cli.incident import author_option
from workbench.cli.options import (
    common_options,
    json_option,
    period_option,
    session_of,
    version_option,
)
from workbench.domain.names import shown
from workbench.domain.verdict import VERDICTS

if TYPE_CHECKING:
    from workbench.domain.verdict import Evidence, Verdict
    from workbench.store.verdicts import Overrule


@click.command(short_help="Retrain, redesign, mend the feed, or leave it alone?")
@click.argument("name", required=False)
@period_option
@version_option
@click.option("--replay", type=int, metavar="ID", help="Make a recorded verdict again.")
@click.option(
    "--overrule", type=int, metavar="ID",
    help="Decide otherwise than a recorded verdict: needs --verdict and --reason.",
)  # fmt: skip
@click.option("--verdict", "said", type=click.Choice(VERDICTS), help="What is decided instead.")
@click.option("--reason", help="Why.")
@author_option
@json_option
@common_options
@click.pass_context
def triage(
    ctx: click.Context,
    name: str | None,
    period: str | None,
    version: str | None,
    replay: int | None,
    overrule: int | None,
    said: str | None,
    reason: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Says what is to be done about NAME, with the evidence for and against.

    Serving, faults and versions are looked at first, then whether there is harm, and only then
    where it comes from and what would help. Each verdict is recorded with what it was made from.
    """
    from workbench.cli.printing import note, print_json
    from workbench.domain.verdict_document import verdict_document
    from workbench.workspace import triaging
    from workbench.workspace.incidents import author_of

    if overrule is not None:
        if said is None or not reason:
            raise click.UsageError("--overrule needs --verdict and --reason")
        with session_of(ctx).workspace() as ws:
            stored = triaging.overrule(ws, overrule, said, reason, author_of(author))
        newest = stored.overruled[-1]
        if as_json:
            print_json({**stored.document, "overruled": [_told(o) for o in stored.overruled]})
        else:
            click.echo(
                f"verdict {stored.id} said {stored.document['verdict']}; "
                f"{shown(newest.author)} decides {newest.verdict}: {shown(newest.reason)}"
            )
        return
    if (name is None) == (replay is None):
        raise click.UsageError("name a model, or --replay ID")

    def tell(step: str, evidence: Sequence[Evidence]) -> None:
        note(f"{step.replace('_', ' ')}: {evidence[0].reading if evidence else 'nothing'}")

    with session_of(ctx).workspace() as ws:
        if replay is not None:
            verdict = triaging.replayed(ws, replay, tell)
        else:
            verdict = ws.triage(str(name), period, version, told=tell)
    if as_json:
        print_json(verdict_document(verdict))
        return
    for line in lines(verdict):
        click.echo(line)


def _told(one: Overrule) -> dict[str, object]:
    return {"at": one.at, "author": one.author, "verdict": one.verdict, "reason": one.reason}


def lines(verdict: Verdict) -> list[str]:
    """The verdict in words, at most 80 columns: the summary, causes, evidence, what to do."""
    from workbench.cli.fitting import wrapped
    from workbench.cli.printing import when
    from workbench.triage.confidence import SURE

    sure = "" if verdict.confidence >= SURE else ", leaning"
    number = f"verdict {verdict.id}: " if verdict.id is not None else ""
    reason = f" ({verdict.redesign_reason.replace('_', ' ')})" if verdict.redesign_reason else ""
    said = verdict.verdict.upper().replace("_", " ")
    found = [
        f"{number}{said}{reason}  confidence {verdict.confidence:.0%}{sure}",
        *wrapped(verdict.summary, indent=0),
    ]
    if verdict.residual_verdict:
        found.append(f"once that is mended: {verdict.residual_verdict.replace('_', ' ')}")
    for heading, kept in (("for", verdict.pro), ("against", verdict.contra)):
        if kept:
            found += ["", heading]
            for one in kept:
                found += wrapped("  " + shown(one.reading, 400))
    if verdict.cannot_distinguish:
        found += ["", "the data cannot tell apart"]
        for text in verdict.cannot_distinguish:
            found += wrapped("  " + text)
    for out in verdict.exclude:
        where = " and ".join(f"{shown(c)} = {shown(v)}" for c, v in out.where) or "all rows"
        start = when(out.start) if out.start else "the start"
        end = when(out.end) if out.end else "now"
        found += ["", *wrapped(f"keep out of training: {where} from {start} to {end}")]
    found += ["", "next", *(f"  {shown(action, 200)}" for action in verdict.actions)]
    return found
