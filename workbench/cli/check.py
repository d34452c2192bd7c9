"""The command `check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.options import Session, common_options, json_option, session_of
from workbench.domain.alert import EXIT_CODES

if TYPE_CHECKING:
    from workbench.domain.alert import Alert, CheckReport


@click.command(short_help="What is worth a page; for cron and CI.")
@click.argument("name", required=False)
@json_option
@click.option("--junit", metavar="FILE", help="Write the answer as a JUnit report too.")
@click.option("--openmetrics", metavar="FILE", help="Write the answer as OpenMetrics text too.")
@click.option(
    "--since-last", is_flag=True,
    help="Only what no earlier check has said: else print nothing and end with 0.",
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
    """
    Session.failure_code = 3
    from workbench.cli.documents import check_document
    from workbench.cli.junit import junit_text
    from workbench.cli.metrics_text import openmetrics_text
    from workbench.cli.printing import note, print_json
    from workbench.cli.report import require_writable, write_report
    from workbench.workspace.watching import exit_code

    for path in (junit, openmetrics):
        if path is not None:
            # What a check has told counts as said: it must not be told to nobody.
            require_writable(Path(path))
    with session_of(ctx).workspace() as ws:
        report = ws.check(name)
        now = ws.clock.now()
    whole = report
    if since_last:
        alerts = tuple(alert for alert in report.alerts if not alert.is_said)
        said = {alert.model for alert in report.alerts}
        others = [s for s in report.statuses if s.name not in said]
        code = exit_code(alerts, others) if report.statuses and (others or alerts) else 0
        report = replace(report, alerts=alerts, exit_code=code if report.statuses else 3)
    if as_json:
        print_json(check_document(report))
    else:
        for line in lines(report) if not since_last or report.exit_code else ():
            click.echo(line)
    for text in report.notes:
        note(text)
    # The files tell the state, whatever was said before: a metric that is gone is an alarm over.
    if junit is not None:
        write_report(Path(junit), junit_text(whole, now))
    if openmetrics is not None:
        write_report(Path(openmetrics), openmetrics_text(whole))
    ctx.exit(report.exit_code)


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
