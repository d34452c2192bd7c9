"""Which columns moved, and how far? The drift section, without a sensitive value in it."""

from __future__ import annotations

from workbench.domain.card import ModelCard
from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.report.sections import Cell, Column, Section, Table

NAMED_UNSEEN = 10
"""Unseen names listed a column; the rest is counted."""

_COLUMNS = (
    Column("name", "Column"),
    Column("role", "Role"),
    Column("kind", "Kind"),
    Column("status", "Status"),
    Column("psi", "PSI", "figure"),
    Column("wasserstein", "Scaled distance", "figure"),
    Column("js", "Jensen-Shannon", "figure"),
    Column("ks", "KS", "figure"),
    Column("p_adjusted", "Adjusted p", "figure"),
    Column("missing_reference", "Missing before", "share"),
    Column("missing_current", "Missing now", "share"),
    Column("unseen_count", "Unseen", "count"),
    Column("unseen", "Unseen names"),
    Column("reason", "Reason"),
)


def drift_section(report: DriftReport, card: ModelCard) -> Section:
    """All columns, worst first, with reasons and unseen names."""
    rows = tuple(_row(column, card.privacy.is_sensitive(column.name)) for column in report.columns)
    note = f"A p-value is significant below {report.level:.3g}, after adjustment over all columns."
    table = Table("Columns, worst first", _COLUMNS, rows, note)
    against = f"The period is compared with {_against(report)}; drift is {report.status}."
    return Section("drift", "Which columns moved", (against, *report.notes), tables=(table,))


def no_drift_section(reason: str) -> Section:
    """The section of a model whose drift cannot be told, and why."""
    return Section("drift", "Which columns moved", (f"Drift is not known: {reason}.",))


def _against(report: DriftReport) -> str:
    name = "the reference" if report.against == "reference" else f"the period {report.against}"
    return f"{name} ({report.reference_rows:,} rows)"


def _row(column: ColumnDrift, is_sensitive: bool) -> tuple[Cell, ...]:
    return (
        column.name,
        column.role,
        column.kind,
        column.status,
        column.psi,
        column.wasserstein,
        column.js,
        column.ks,
        column.p_adjusted,
        column.missing_reference,
        column.missing_current,
        len(column.unseen),
        _unseen(column, is_sensitive),
        column.reason,
    )


def _unseen(column: ColumnDrift, is_sensitive: bool) -> str | None:
    if not column.unseen:
        return None
    if is_sensitive:
        return "(withheld: sensitive)"
    more = len(column.unseen) - NAMED_UNSEEN
    names = ", ".join(column.unseen[:NAMED_UNSEEN])
    return f"{names} and {more} more" if more > 0 else names
