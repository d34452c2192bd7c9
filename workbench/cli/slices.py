"""The command `slices`."""

from __future__ import annotations

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
    from workbench.domain.slices import SegmentTable, SliceReport

_TABLES = 3
"""How many segment columns are printed; `--json` has them all."""
_VALUES = 4


@click.command(short_help="Where the bad predictions are.")
@click.argument("name")
@period_option
@version_option
@json_option
@common_options
@click.pass_context
def slices(
    ctx: click.Context, name: str, period: str | None, version: str | None, as_json: bool
) -> None:
    """Shows where the bad predictions of NAME are.

    Slices of up to three conditions that got worse by more than the rest are found on one half
    of a labelled sample and measured on the other; beside them, what the values of the segment
    columns contribute to the rise, over all rows.
    """
    from workbench.cli.printing import note, print_json, print_text, when
    from workbench.cli.slice_document import slices_document

    with session_of(ctx).workspace() as ws:
        report = ws.slices(name, period, version)
        privacy = ws.card(name).privacy
    if as_json:
        print_json(slices_document(report))
        return
    print_text(
        f"{shown(name, 24)} {shown(', '.join(report.versions), 12)}  "
        f"{when(report.period.start)} to {when(report.period.end)}"
    )
    _print_slices(report)
    for table in report.segments[:_TABLES]:
        click.echo("")
        _print_segment(table)
    if len(report.segments) > _TABLES:
        click.echo(f"\n{len(report.segments) - _TABLES} more segment columns: --json has them")
    for text in (*report.notes, *report.search.notes):
        note(text)
    named = {c.column for one in report.search.slices for c in one.where}
    for column in sorted(named | {table.column for table in report.segments}):
        if privacy.is_sensitive(column):
            note(f"{shown(column)} is sensitive: its values are numbered")


def _print_slices(report: SliceReport) -> None:
    from workbench.cli.printing import print_table, print_text, rate

    search = report.search
    drawn = "all" if report.sampled == report.labelled else f"{report.sampled:,} of"
    click.echo(f"sample: {drawn} {report.labelled:,} labelled rows, halved")
    if search.reason:
        print_text(f"no slices: {search.reason}")
        return
    print_text(
        f"found on {search.searched_on:,} rows, measured on {search.measured_on:,} others: "
        f"bad {rate(search.bad_rate)}, was {rate(search.reference_bad_rate)}"
    )
    if not search.slices:
        print_text(f"no slice stands out among {search.looked_at:,} with enough rows")
        return
    rows = []
    for one in search.slices:
        figures = (
            rate(one.share), rate(one.bad_rate), rate(one.reference_bad_rate),
            "-" if one.lift is None else f"{one.lift:.1f}", _percent(one.share_of_bad),
            _percent(one.share_of_rise),
        )  # fmt: skip
        for place, condition in enumerate(one.where):
            words = shown(condition.text, 30 if place == 0 else 28)
            rows.append((words, *figures) if place == 0 else (f"& {words}", *[""] * 6))
    print_table(
        ("slice", "share", "bad", "was", "lift", "of bad", "of rise"), rows, "lrrrrrr", shrink=(0,)
    )
    for one in search.slices:
        if one.reference_reason and search.reference_bad_rate is not None:
            words = " and ".join(shown(condition.text, 30) for condition in one.where)
            print_text(
                f"{words}: {one.reference_reason}; its rise is that over all rows of the reference"
            )


def _print_segment(table: SegmentTable) -> None:
    from workbench.cli.printing import print_table, print_text, rate

    if table.rise is None or table.mix is None or table.rate is None:
        print_text(f"by {shown(table.column, 28)}: {table.reason}")
        return
    print_text(
        f"by {shown(table.column, 28)}: {_points(table.rise)} points of bad rate = "
        f"{_points(table.mix)} mix {_points(table.rate)} rate"
    )
    rows = [
        (
            shown("(missing)" if part.value is None else part.value, 24),
            rate(part.reference_share), rate(part.share), rate(part.reference_bad_rate),
            rate(part.bad_rate), _points(part.contribution), _points(part.mix), _points(part.rate),
        )
        for part in table.parts[:_VALUES]
    ]  # fmt: skip
    print_table(
        ("value", "share was", "now", "bad was", "now", "adds", "mix", "rate"),
        rows,
        "lrrrrrrr",
        shrink=(0,),
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
