"""Which columns could be behind the bad predictions, and why? A drift report in words."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.names import shown
from workbench.tui.wording import count, figure, p_value, percent

_LOUD = {"critical": 0, "warning": 1}
NOTABLE_MISSING = 0.005
"""A rise of the missing share that is worth naming beside a column that did not move."""


@dataclass(frozen=True)
class Suspect:
    """A column that moved, and the evidence in one line."""

    column: str
    """The name as it is in the data: hostile text."""
    role: str
    status: str
    why: str
    """Harmless text."""


def suspects(report: DriftReport, arrow: str = "->") -> tuple[Suspect, ...]:
    """The columns worth looking at, worst first.

    First those that moved, in the report's order; then those that did not but have unseen
    categories or more missing values; last those that could not be compared. Columns that
    agree with the reference are left out.
    """
    ranked = sorted(
        (c for c in report.columns if _is_suspect(c)),
        key=lambda c: _LOUD.get(c.status, 3 if c.status == "unknown" else 2),
    )
    return tuple(Suspect(c.name, c.role, c.status, evidence(c, arrow)) for c in ranked)


def _is_suspect(column: ColumnDrift) -> bool:
    return column.status != "ok" or bool(column.unseen) or _missing_rise(column) >= NOTABLE_MISSING


def _missing_rise(column: ColumnDrift) -> float:
    if column.missing_reference is None or column.missing_current is None:
        return 0.0
    return column.missing_current - column.missing_reference


def evidence(column: ColumnDrift, arrow: str = "->") -> str:
    """What speaks for a column having moved, most telling first, in one harmless line."""
    parts: list[str] = []
    means = mean_shift(column, arrow)
    if column.status in _LOUD:
        if means:
            parts.append(means)
        if column.psi is not None:
            parts.append(f"PSI {figure(column.psi)}")
        if column.wasserstein is not None:
            parts.append(f"shift {figure(column.wasserstein)} sd")
    if abs(_missing_rise(column)) >= NOTABLE_MISSING:
        parts.append(
            f"missing {percent(column.missing_reference)} {arrow} {percent(column.missing_current)}"
        )
    if column.unseen:
        parts.append(unseen_words(column))
    if column.reason and (column.status == "unknown" or not parts):
        parts.append(shown(column.reason))
    return ", ".join(parts)


def unseen_words(column: ColumnDrift, names: int = 3) -> str:
    """How many categories the reference does not have, their share of rows, and some names."""
    share = "" if column.unseen_share is None else f" ({percent(column.unseen_share)} of rows)"
    listed = ", ".join(shown(name, 24) for name in column.unseen[:names])
    more = ", ..." if len(column.unseen) > names else ""
    return f"{count(len(column.unseen))} unseen{share}: {listed}{more}"


def mean_shift(column: ColumnDrift, arrow: str = "->") -> str:
    """The mean before and now; empty for categories or where one is not known."""
    if column.reference is None or column.current is None:
        return ""
    before, now = column.reference.mean, column.current.mean
    return "" if before is None or now is None else f"mean {figure(before)} {arrow} {figure(now)}"


def distances(column: ColumnDrift) -> str:
    """Every distance that was measured for a column, with its p-value."""
    named = (
        ("PSI", column.psi),
        ("JS", column.js),
        ("Hellinger", column.hellinger),
        ("KS", column.ks),
        ("Wasserstein", column.wasserstein),
    )
    parts = [f"{name} {figure(value)}" for name, value in named if value is not None]
    if column.p_adjusted is not None:
        parts.append(f"p adjusted {p_value(column.p_adjusted)}")
    return "  ".join(parts)
