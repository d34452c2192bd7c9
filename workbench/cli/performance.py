"""The command `performance`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from workbench.cli.options import (
    common_options,
    json_option,
    period_option,
    session_of,
    version_option,
)
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.rates import RateBucket


@click.command(short_help="Bad-prediction rate over time.")
@click.argument("name")
@period_option
@click.option(
    "--by", type=click.Choice(["1h", "1d", "7d", "month", "all"]), help="Length of a bucket."
)
@click.option("--segment", metavar="COL", help="Break the rates down by a column.")
@version_option
@json_option
@common_options
@click.pass_context
def performance(
    ctx: click.Context, name: str, period: str | None, by: str | None, segment: str | None,
    version: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Shows how many predictions of NAME were bad, over time, with intervals."""
    from workbench.cli.documents import performance_document
    from workbench.cli.printing import interval, note, print_json, print_table, rate, when, word

    with session_of(ctx).workspace() as ws:
        report = ws.performance_report(name, period, by, segment, version)
        card = ws.card(name)
    if segment is not None and card.privacy.is_sensitive(segment):
        note(f"{segment} is sensitive: its values are numbered")
    if card.privacy.is_sensitive(card.columns.experiment):
        report = replace(report, by_arm=())
    if as_json:
        print_json(performance_document(report))
        return
    click.echo(
        f"{shown(name)} {shown(', '.join(report.versions))}  {when(report.period.start)} to {when(report.period.end)}"
        f"  reference {rate(report.reference_rate)}  warning from {rate(report.warning_rate)}"
        f"  critical from {rate(report.critical_rate)}"
    )
    headers = ("from", "segment", "rows", "labelled", "bad", "95 %", "status", "")
    kept = headers if segment else tuple(h for h in headers if h != "segment")

    def cells(bucket: RateBucket) -> tuple[str, ...]:
        value = next(iter(bucket.segment.values())) if bucket.segment else None
        first = (when(bucket.start),) + (
            (shown(value if value is not None else "(missing)", 24),) if segment else ()
        )
        return (
            *first, f"{bucket.rows:,}", f"{bucket.labelled:,}", rate(bucket.bad_rate),
            interval(bucket.low, bucket.high), word(bucket.status), shown(bucket.reason or ""),
        )  # fmt: skip

    if not report.buckets:
        note("no predictions of these versions in this period")
    print_table(
        kept, [cells(bucket) for bucket in report.buckets], "llrrrrll" if segment else "lrrrrll"
    )
    for title, groups in (
        ("version", report.by_version),
        ("role", report.by_role),
        ("arm", report.by_arm),
    ):
        if len(groups) > 1 or (title == "arm" and groups):
            click.echo("")
            print_table(
                (title, "rows", "labelled", "bad", "95 %"),
                [
                    (shown(next(iter((g.segment or {"": None}).values())) or "-"), f"{g.rows:,}", f"{g.labelled:,}",
                     rate(g.bad_rate), interval(g.low, g.high))
                    for g in groups
                ],
                "lrrrr",
            )  # fmt: skip
    for text in report.notes:
        note(text)
