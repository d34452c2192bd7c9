"""The command `performance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
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
    from workbench.domain.rates import PerformanceReport, RateBucket


@click.command(short_help="Bad-prediction rate over time.")
@click.argument("name")
@period_option
@click.option(
    "--by", type=click.Choice(["1h", "1d", "7d", "month", "all"]), help="Length of a bucket."
)
@click.option("--segment", metavar="COL", help="Break the rates down by a column.")
@version_option
@click.option(
    "--estimate",
    is_flag=True,
    help="Also estimate from the rows (takes a minute or so); it is remembered.",
)
@json_option
@common_options
@click.pass_context
def performance(
    ctx: click.Context, name: str, period: str | None, by: str | None, segment: str | None,
    version: str | None, estimate: bool, as_json: bool,
) -> None:  # fmt: skip
    """Shows how many predictions of NAME were bad, over time, with intervals."""
    from workbench.cli.documents import performance_document
    from workbench.cli.printing import note, print_json

    if estimate:
        note("estimating from the rows what is not remembered yet: a minute or so")
    with session_of(ctx).workspace() as ws:
        report = ws.performance_report(name, period, by, segment, version, estimate)
        card = ws.card(name)
    if segment is not None and card.privacy.is_sensitive(segment):
        note(f"{segment} is sensitive: its values are numbered")
    if card.privacy.is_sensitive(card.columns.experiment):
        report = replace(report, by_arm=())
    if as_json:
        print_json(performance_document(report))
    else:
        _print_report(report, is_segmented=segment is not None)


def _print_report(report: PerformanceReport, is_segmented: bool) -> None:
    from workbench.cli.printing import note, print_text, rate, when

    start, end = when(report.period.start), when(report.period.end)
    print_text(f"{shown(report.model)} {shown(', '.join(report.versions))}  {start} to {end}")
    click.echo(
        f"reference {rate(report.reference_rate)}  warning from {rate(report.warning_rate)}"
        f"  critical from {rate(report.critical_rate)}"
    )
    if not report.buckets:
        note("no predictions of these versions in this period")
    starts = _starts(report.buckets)
    _print_buckets(report.buckets, starts, is_segmented)
    for line in (*reason_lines(report.buckets, starts), *_estimated_lines(report)):
        print_text(line)
    _print_groups(report)
    for text in report.notes:
        note(text)


def _print_buckets(
    buckets: Sequence[RateBucket], starts: Mapping[datetime, str], is_segmented: bool
) -> None:
    from workbench.cli.printing import interval, print_table, rate, word

    known = ("rows", "labelled", "bad", "95 %")
    expected = () if is_segmented else ("estimated", "95 %")
    headers = ("from", *(("segment",) if is_segmented else ()), *known, *expected, "status")
    print_table(
        headers,
        [
            (
                starts[bucket.start], *((_value(bucket),) if is_segmented else ()),
                f"{bucket.rows:,}", f"{bucket.labelled:,}", rate(bucket.bad_rate),
                interval(bucket.low, bucket.high),
                *(() if is_segmented else _estimate(bucket)),
                word(bucket.status),
            )
            for bucket in buckets
        ],
        "llrrrrl" if is_segmented else "lrrrrrrl",
        shrink=(1,) if is_segmented else (),
    )  # fmt: skip


def _starts(buckets: Sequence[RateBucket]) -> dict[datetime, str]:
    """The start of each bucket in words; days alone where all start at midnight."""
    from workbench.cli.printing import when

    starts = {bucket.start for bucket in buckets}
    is_days = all((s.hour, s.minute, s.second, s.microsecond) == (0, 0, 0, 0) for s in starts)
    return {start: start.date().isoformat() if is_days else when(start) for start in starts}


def _value(bucket: RateBucket) -> str:
    value = next(iter(bucket.segment.values())) if bucket.segment else None
    return shown(value if value is not None else "(missing)", 24)


def reason_lines(buckets: Sequence[RateBucket], starts: Mapping[datetime, str]) -> list[str]:
    """Why the buckets have their statuses: a line a reason, those that differ in figures as one.

    Args:
        buckets: as they are listed.
        starts: what each is called.
    """
    alike: dict[tuple[str, str], list[RateBucket]] = {}
    for bucket in buckets:
        if bucket.reason:
            key = (bucket.status, "".join(c for c in bucket.reason if not c.isdigit()))
            alike.setdefault(key, []).append(bucket)
    lines = []
    for same in alike.values():
        first, more = same[0], len(same) - 1
        named = starts[first.start] + (f" {_value(first)}" if first.segment else "")
        named += f" and {more:,} more like it" if more else ""
        lines.append(f"{named}: {shown(first.reason or '')}")
    return lines


def _print_groups(report: PerformanceReport) -> None:
    """The rates by version, role and arm, where there are several."""
    from workbench.cli.printing import interval, print_table, rate

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
                shrink=(0,),
            )  # fmt: skip


def _estimate(bucket: RateBucket) -> tuple[str, str]:
    """The rate to be expected without labels, and its interval."""
    from workbench.cli.printing import interval, rate

    return rate(bucket.estimated_bad_rate), interval(bucket.estimated_low, bucket.estimated_high)


def _estimated_lines(report: PerformanceReport) -> list[str]:
    """What the whole period's rate would be without labels, and how far labels differ from it."""
    from workbench.cli.printing import interval, rate, word

    whole = report.whole
    lines = []
    if whole.estimated_bad_rate is not None:
        shown_interval = interval(whole.estimated_low, whole.estimated_high)
        lines.append(f"estimated  {rate(whole.estimated_bad_rate)} {shown_interval}")
    else:
        lines.append(f"estimated  - ({whole.estimated_reason})")
    if whole.weighted_bad_rate is not None:
        shown_interval = interval(whole.weighted_low, whole.weighted_high)
        lines.append(f"weighted   {rate(whole.weighted_bad_rate)} {shown_interval}")
    gap = whole.concept
    if gap is not None:
        points = (
            f"{100 * gap.difference:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"
        )
        lines.append(
            f"concept    {points}: {rate(gap.realised)} realised, {rate(gap.estimated)} estimated on "
            f"{gap.labelled:,} labelled rows  {word(gap.status)}"
        )
    return lines
