"""The command `check`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from workbench.cli.options import Session, common_options, json_option, session_of
from workbench.domain.alert import EXIT_CODES
from workbench.errors import StoreError, WorkbenchError

if TYPE_CHECKING:
    from workbench.domain.alert import Alert, CheckReport


@click.command(short_help="What is worth a page; for cron and CI.")
@click.argument("name", required=False)
@json_option
@click.option("--junit", metavar="FILE", help="Write the answer as a JUnit report too.")
@click.option("--openmetrics", metavar="FILE", help="Write the answer as OpenMetrics text too.")
@click.option(
    "--since-last", is_flag=True,
    help="Only what no earlier --since-last has said: else print nothing and end with 0.",
)  # fmt: skip
@common_options
@click.pass_context
def check(
    ctx: click.Context,
    name: str | None,
    as_json: bool,
    junit: str | None,
    openmetrics: str | None,
    since_last: bool,
) -> None:
    """Looks at the newest closed buckets of NAME, or of every model, within the alarm budget.

    Exit code as monitoring plugins have it: 0 ok, 1 warning, 2 critical, 3 unknown (also when the
    check itself fails; wrong usage is 2). A bucket is closed when the clock is past its end and
    predictions have come up to it; asking again within a bucket gives the same answer. An alert
    stays raised until three closed buckets were calm. Each new one opens an incident.

    With --since-last an alert counts until a call with --since-last has told of it; other checks
    change nothing there. FILE may be - for stdout, in the place of the text.
    """
    from workbench.cli.check_output import Destinations
    from workbench.cli.printing import note

    Session.failure_code = EXIT_CODES["unknown"]
    to = Destinations(as_json, junit, openmetrics)
    to.require_one_on_stdout()
    try:
        with session_of(ctx).workspace() as ws:
            report = ws.check(name)
            now = ws.clock.now()
    except Exception as error:
        # Whoever reads the answer must not take the one before for it.
        to.write_failure(*_reason(error))
        raise
    told = _since_last(report) if since_last else report
    problems = to.write_files(report, now)
    if problems:
        notes = (*report.notes, *(problem.message for problem in problems))
        told = replace(told, notes=notes, exit_code=EXIT_CODES["unknown"])
    is_said = not since_last or bool(told.exit_code)
    to.write_answer(report, told, lines(told) if is_said else (), now)
    for text in report.notes:
        note(text)
    for problem in problems:
        raise problem
    if since_last:
        try:
            ws.mark_said(told.alerts)
        except StoreError as error:
            note(f"could not record what was said, and will say it again: {error.message}")
    ctx.exit(told.exit_code)


def _since_last(report: CheckReport) -> CheckReport:
    """What no earlier `--since-last` has said, and the exit code of that."""
    from workbench.workspace.watching import exit_code

    alerts = tuple(alert for alert in report.alerts if not alert.is_said)
    said = {alert.model for alert in report.alerts}
    others = [s for s in report.statuses if s.name not in said]
    code = exit_code(alerts, others) if report.statuses and (others or alerts) else 0
    return replace(report, alerts=alerts, exit_code=code if report.statuses else 3, information=())


def _reason(error: Exception) -> tuple[str, str]:
    """What a failure is told as, and what to do about it; see `main.unexpected`."""
    if isinstance(error, WorkbenchError):
        return error.message, error.hint
    first = "" if Session.is_private() else (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {first}".rstrip(": "), ""


def lines(report: CheckReport) -> list[str]:
    """The answer in words: a line an alert, loudest first, then what cannot be judged."""
    raised = {alert.model for alert in report.alerts}
    unknown = [s for s in report.statuses if s.status == "unknown" and s.name not in raised]
    found = [alert_line(alert) for alert in report.alerts]
    if report.exit_code == EXIT_CODES["unknown"] or found:
        found += [_plain(f"UNKNOWN - {s.name}: {s.reason or 'cannot be judged'}") for s in unknown]
    if not report.statuses:
        return ["UNKNOWN - there is no model to check"]
    if not found:
        models = f"{len(report.statuses)} model{'s' if len(report.statuses) != 1 else ''}"
        found = [f"OK - {models}, no alert"]
    counts = {
        word: sum(a.status == word for a in report.alerts) for word in ("critical", "warning")
    }
    found[0] += (
        f" | critical={counts['critical']} warning={counts['warning']} unknown={len(unknown)}"
        f" models={len(report.statuses)}"
    )
    return found + [_plain(f"INFO - {a.model} {a.kind}: {a.message}") for a in report.information]


def alert_line(alert: Alert) -> str:
    """One alert on one line; `|` would end the text of a plugin."""
    from workbench.cli.printing import when
    from workbench.domain.alert import incident_name

    new = "new, " if alert.is_new and not alert.is_said else ""
    incident = f", {incident_name(alert.incident)}" if alert.incident is not None else ""
    incident += " is closed" if alert.is_closed else ""
    return _plain(
        f"{alert.status.upper()} - {alert.model} {alert.kind}: {alert.message} "
        f"({new}since {when(alert.since)}{incident})"
    )


def _plain(text: str) -> str:
    from workbench.domain.names import shown

    return shown(text).replace("|", "/")
