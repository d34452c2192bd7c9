"""The command `quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from workbench.domain.fault import Fault, QualityReport


@click.command(short_help="Data-format faults, and what would undo them.")
@click.argument("name")
@period_option
@version_option
@json_option
@common_options
@click.pass_context
def quality(
    ctx: click.Context, name: str, period: str | None, version: str | None, as_json: bool
) -> None:
    """Shows what is wrong with the data of NAME against its reference, worst first."""
    from workbench.cli.printing import note, print_json, print_table, print_text, rate, when, word

    with session_of(ctx).workspace() as ws:
        report = ws.quality(name, period, version)
    if as_json:
        print_json(quality_document(report))
        return
    print_text(
        f"{shown(name)} {shown(', '.join(report.versions))}  {when(report.period.start)} to "
        f"{when(report.period.end)}  {word(report.status)}"
    )
    if not report.faults:
        seen = report.status != "unknown"
        click.echo("no faults found" if seen else "no rows of these versions in this period")
    else:
        print_table(
            ("column", "kind", "status", "since", "share", "where"),
            [
                (
                    shown(f.column or "(log)", 28),
                    f.kind,
                    word(f.status),
                    when(f.since) if f.since else "always",
                    rate(f.share),
                    _where(f),
                )
                for f in report.faults
            ],
            "llllrl",
            shrink=(0, 5),
            below=[shown(_sentence(fault)) for fault in report.faults],
        )
    for text in report.notes:
        note(text)


def quality_document(report: QualityReport) -> dict[str, Any]:
    """The document of `quality --json`."""
    return {
        "model": report.model,
        "versions": list(report.versions),
        "period": {"start": report.period.start, "end": report.period.end},
        "status": report.status,
        "faults": [
            {
                "column": fault.column,
                "kind": fault.kind,
                "since": fault.since,
                "since_reason": None if fault.since else "so for all that is stored",
                "until": fault.until,
                "until_reason": None if fault.until else "it lasts",
                "share": fault.share,
                "detail": fault.detail,
                "repair": fault.repair,
                "status": fault.status,
                "note": fault.note,
                "segment": dict([fault.segment]) if fault.segment else None,
                "columns": [name for name in (fault.column, *fault.also) if name],
            }
            for fault in report.faults
        ],
        "notes": list(report.notes),
    }


def _where(fault: Fault) -> str:
    return f"{shown(fault.segment[0], 20)} {shown(fault.segment[1], 20)}" if fault.segment else ""


def _sentence(fault: Fault) -> str:
    parts = [fault.told]
    if fault.repair:
        parts.append(f"to undo: {fault.repair}")
    if fault.note:
        parts.append(fault.note)
    return "; ".join(parts)
