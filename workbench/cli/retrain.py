"""The command `retrain`."""

from __future__ import annotations

from typing import Any

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

_RESERVED = ("kubeflow", "vertex")


@click.command(short_help="Train and judge challengers of a model.")
@click.argument("name")
@click.option(
    "--data", metavar="PATH[@REV]",
    help="A table in the place of the stored rows from before the incident.",
)  # fmt: skip
@click.option("--window", metavar="P", help="Which rows are the incident's; else since the onset.")
@click.option(
    "--weights", metavar="W,…", help="For how many older rows one of the incident stands: 1,4,16."
)
@click.option("--recipe", metavar="R", help="Another than the card's: a candidate for a redesign.")
@click.option("--seeds", type=click.IntRange(1, 10), default=1, help="Fits of each kind (1).")
@click.option("--fits", type=click.IntRange(1, 200), default=12, help="Fits at most (12).")
@click.option(
    "--backend", type=click.Choice(("ray", "local", *_RESERVED)),
    help="Where the fits are done; else as the settings say.",
)  # fmt: skip
@click.option("--address", metavar="URL", help="The Jobs API of a Ray cluster.")
@click.option("--wait", is_flag=True, help="Stay until the run has ended.")
@click.option("--force", is_flag=True, help="Go over the budget; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the budget is overstepped.")
@author_option
@json_option
@common_options
@click.pass_context
def retrain(
    ctx: click.Context,
    /,
    name: str,
    wait: bool,
    force: bool,
    reason: str | None,
    author: str | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Fits challengers to NAME's newest labels, and judges the best one against the champion.

    The winner becomes a candidate in the registry; `promote` makes it the champion. The run goes on
    by itself: `workbench runs show ID` says how far it is.
    """
    from workbench.cli.printing import note, print_json
    from workbench.cli.runs import Watching, lines
    from workbench.domain.run import run_document
    from workbench.workspace.incidents import author_of
    from workbench.workspace.planning_runs import WEIGHTS, Asked

    if wanted["backend"] in _RESERVED:
        raise click.UsageError(f"--backend {wanted['backend']} is not there yet; take ray or local")
    if force and not (reason or "").strip():
        raise click.UsageError("--force needs --reason TEXT")
    if reason and not force:
        raise click.UsageError("--reason goes with --force")
    weights = wanted["weights"]
    asked = Asked(
        data=wanted["data"],
        window=wanted["window"],
        weights=_weights(weights) if weights is not None else WEIGHTS,
        recipe=wanted["recipe"],
        seeds=wanted["seeds"],
        most_fits=wanted["fits"],
        backend=wanted["backend"],
        address=wanted["address"],
        force=reason if force else None,
        author=author_of(author),
    )
    with session_of(ctx).workspace() as ws:
        runs = ws.retraining
        started = runs.start(name, asked, told=note)
        note(runs.budget(name).words)
        if not wait:
            if as_json:
                print_json(run_document(started, ws.clock.now()))
                return
            click.echo(f"{started.id} of {shown(name)} is started: {shown(started.window)}")
            click.echo(f"  workbench runs show {started.id}")
            return
        note(f"{started.id} is started; it goes on if this command is interrupted")
        ended = runs.wait(started.id, Watching(note).look)
    if as_json:
        print_json(run_document(ended, ended.ended_at))
    else:
        for line in lines(ended):
            click.echo(line)
    if ended.state != "succeeded":
        ctx.exit(1)


def _weights(text: str) -> tuple[float, ...]:
    try:
        found = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        found = ()
    if not found or not all(1 <= one <= 1000 for one in found):
        raise click.UsageError("--weights are numbers from 1 to 1000, as 1,4,16")
    return found
