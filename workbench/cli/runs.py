"""The commands of `runs`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from workbench.cli.incident import author_option
from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.domain.run import FitNote, Run, RunMetrics


@click.group(invoke_without_command=True, short_help="Retraining runs: how far, how good, why not.")
@click.option("--model", metavar="NAME", help="Only those of this model.")
@json_option
@common_options
@click.pass_context
def runs(ctx: click.Context, model: str | None, as_json: bool) -> None:
    """Lists the retraining runs, newest first."""
    from workbench.cli.printing import age, print_json, print_table, rate, when
    from workbench.domain.run import run_document

    if ctx.invoked_subcommand is not None:
        return
    with session_of(ctx).workspace() as ws:
        found, now = ws.retraining.all(model), ws.clock.now()
    if as_json:
        print_json({"runs": [run_document(one, now) for one in found]})
    elif not found:
        click.echo("no runs", err=True)
    else:
        print_table(
            ("run", "model", "state", "asked", "fits", "champion", "challenger", "took"),
            [
                (
                    one.id, shown(one.model, 24), one.state, when(one.requested_at),
                    f"{one.done}/{len(one.fits)}",
                    rate(one.result.metrics.champion_bad_rate if one.result else None),
                    rate(one.result.metrics.challenger_bad_rate if one.result else None),
                    age(one.seconds(now)),
                )
                for one in found
            ],
            right="    rrrr",
            shrink=(1,),
            below=[_said(one) for one in found],
        )  # fmt: skip


@runs.command()
@click.argument("run", metavar="ID")
@json_option
@common_options
@click.pass_context
def show(ctx: click.Context, run: str, as_json: bool) -> None:
    """Shows the run ID: its state, its challengers, and what came of it."""
    from workbench.cli.printing import print_json
    from workbench.domain.run import run_document

    with session_of(ctx).workspace() as ws:
        ws.retraining.find_dead()
        found, now = ws.retraining.run(run), ws.clock.now()
    if as_json:
        print_json(run_document(found, now))
        return
    for line in lines(found, now):
        click.echo(line)


@runs.command()
@click.argument("run", metavar="ID")
@json_option
@common_options
@click.pass_context
def logs(ctx: click.Context, run: str, as_json: bool) -> None:
    """Prints what the run ID has said."""
    from workbench.cli.printing import print_json

    with session_of(ctx).workspace() as ws:
        ws.retraining.find_dead()
        found = ws.retraining.log(run)
    if as_json:
        print_json({"run": run, "lines": list(found)})
        return
    for line in found:
        click.echo(shown(line))


@runs.command()
@click.argument("run", metavar="ID")
@author_option
@json_option
@common_options
@click.pass_context
def cancel(ctx: click.Context, run: str, author: str | None, as_json: bool) -> None:
    """Ends the run ID. The champion and the registry stay as they are."""
    from workbench.cli.printing import print_json
    from workbench.domain.run import run_document
    from workbench.workspace.incidents import author_of

    with session_of(ctx).workspace() as ws:
        ended, now = ws.retraining.cancel(run, author_of(author)), ws.clock.now()
    if as_json:
        print_json(run_document(ended, now))
    else:
        click.echo(f"{ended.id} is {ended.state}")


@dataclass
class Watching:
    """Tells of a run whenever it has gone further."""

    tell: Callable[[str], None]
    _last: str = field(default="")

    def look(self, run: Run) -> None:
        """Says how far it is, if that is news."""
        from workbench.cli.printing import rate

        text = run.phase
        if run.done:
            text += f": {run.done} of {len(run.fits)} fits done"
            if run.best is not None:
                text += f", the best {rate(run.best.bad_rate)} bad"
        if run.is_open and text and text != self._last:
            self._last = text
            self.tell(text)


def lines(run: Run, now: datetime | None = None) -> list[str]:
    """A run in words, as wide as the terminal, 80 columns without one."""
    from workbench.cli.fitting import wrapped
    from workbench.cli.printing import age, rate, when

    found = [f"{run.id} of {shown(run.model, 40)}: {run.state.upper()}"]
    asked = f"asked {when(run.requested_at)} by {shown(run.author, 40)}, on {run.backend}"
    found += wrapped(asked, indent=2)
    if run.window:
        found += wrapped(f"learns {shown(run.window)}: {run.train_rows:,} rows", indent=2)
    if run.phase:
        found += wrapped(f"now: {shown(run.phase)}", indent=2)
    if run.reason:
        found += wrapped(shown(run.reason), indent=2)
    left = run.seconds_left(now) if now is not None else None
    if run.fits:
        more = f", about {age(left)} left" if left is not None else ""
        found.append(f"{run.done} of {len(run.fits)} challengers{more}")
        found += [_fit_line(one, run) for one in run.fits]
    result = run.result
    if result is None:
        return found
    metrics = result.metrics
    found.append(f"on the {result.holdout_rows:,} newest labels")
    found.append(f"  champion {shown(run.champion, 20)}: {rate(metrics.champion_bad_rate)} bad")
    found.append(
        f"  challenger {shown(result.challenger, 20)}: {rate(metrics.challenger_bad_rate)} bad"
    )
    found.append(f"  gain {_gain(metrics)}")
    advised = "promote it" if result.recommend_promotion else "do not promote it"
    found += wrapped(f"{advised}: {shown(result.reason)}", indent=2)
    if result.is_redesign:
        found += wrapped("its recipe is not the card's: a candidate for a redesign", indent=2)
    found += wrapped(f"in {shown(result.artifact)}", indent=2)
    return found


def _gain(metrics: RunMetrics) -> str:
    """A gain with its interval; signs, since a hyphen between two of them is read as one."""
    if metrics.gain is None or metrics.gain_low is None or metrics.gain_high is None:
        return "-"
    return f"{metrics.gain:+.1%} ({metrics.gain_low:+.1%} to {metrics.gain_high:+.1%})"


def _fit_line(one: FitNote, run: Run) -> str:
    from workbench.cli.printing import rate

    is_chosen = run.result is not None and run.result.chosen == one.number
    mark = "*" if is_chosen else " "
    weight = f" x{one.weight:g}" if one.window == "all" else ""
    params = ", ".join(f"{key}={value}" for key, value in one.params.items())
    what = f"{one.window}{weight}{' ' if params else ''}{shown(params)}"
    said = rate(one.bad_rate) if one.bad_rate is not None else one.state
    reason = f" {shown(one.reason)}" if one.reason else ""
    return shown(f"{mark} {one.number:2d} {said:>8} {what}{reason}", 80)


def _said(run: Run) -> str:
    if run.result is not None:
        advised = "promote" if run.result.recommend_promotion else "do not promote"
        return f"{advised} {shown(run.result.challenger, 20)}: {shown(run.result.reason, 300)}"
    if run.reason:
        return shown(run.reason, 300)
    return shown(run.phase, 200)
