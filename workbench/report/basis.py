"""Which rows do the figures stand on? The data basis of a report."""

from __future__ import annotations

from workbench.domain.card import ModelCard
from workbench.domain.drift import DriftReport
from workbench.domain.period import iso
from workbench.domain.rates import PerformanceReport
from workbench.report.rates import WITHHELD
from workbench.report.sections import Cell, Column, Section, Table


def basis_section(
    card: ModelCard, performance: PerformanceReport, drift: DriftReport | None
) -> Section:
    """Rows, labels, reference and what the intervals are."""
    whole = performance.whole
    share = whole.labelled / whole.rows if whole.rows else None
    rows: list[tuple[Cell, ...]] = [
        ("live rows in the period", whole.rows),
        ("labelled among them", whole.labelled),
        ("versions", ", ".join(performance.versions) or "none"),
        ("rule for a bad prediction", _rule(card)),
        ("reference", _reference(card, drift)),
    ]
    if drift is not None:
        rows.append(("rows of the reference", drift.reference_rows))
        rows.append(("rows compared for drift", drift.current_rows))
    coverage = "no row is labelled" if not share else f"{share:.1%} of the rows are labelled"
    text = (
        f"Only live rows count, and rates are over labelled rows: {coverage}. The low and high "
        "of a rate are a 95 % interval for this sample, taking rows as independent."
    )
    table = Table("", (Column("what", "What"), Column("value", "Value", "count")), tuple(rows))
    return Section("basis", "Data basis", (text,), tables=(table,))


def _rule(card: ModelCard) -> str:
    if card.rule in ("absolute_error", "relative_error"):
        tolerance = card.bad_prediction.tolerance
        limit = f"{tolerance:g}" if tolerance else "the 90th percentile of the reference's errors"
        return f"{card.rule} larger than {limit}"
    if card.model.task == "binary":
        hides = card.privacy.is_sensitive
        is_hidden = hides(card.columns.label) or hides(card.columns.prediction)
        positive = WITHHELD if is_hidden else card.bad_prediction.positive_class
        return f"{card.rule}, positive class {positive}"
    return card.rule


def _reference(card: ModelCard, drift: DriftReport | None) -> str:
    source = card.reference.period or card.reference.data
    if drift is None or drift.reference is None:
        return source
    first, last = (at.replace(microsecond=0) for at in (drift.reference.start, drift.reference.end))
    return f"{source}, {iso(first)} to {iso(last)}"
