"""How far apart are the raw values of numbers, not their bins? From rows, when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.drift.ks_null import ks_exact
from workbench.errors import ReferenceTableError
from workbench.store.sampled_rows import MOST_ROWS, sampled_reference
from workbench.workspace.compared import OUTPUTS
from workbench.workspace.sampled_sides import sampled_sides
from workbench.workspace.subjects import Subject
from workbench.workspace.versions import chosen_versions

if TYPE_CHECKING:
    import polars as pl

_MOST_WORK = 100_000_000
"""About a second a column; the limit law is right to three digits long before."""

_OURS = {"prediction": "wb_prediction", "score": "wb_score", "label": "wb_label"}


def with_exact_ks(
    subject: Subject,
    root: Path,
    now: datetime,
    report: DriftReport,
    period: str | None,
    version: str | None,
) -> DriftReport:
    """A comparison by column, with the Kolmogorov-Smirnov test of raw values for each number.

    Rows are samples where there are many, which a note says. Without rows on a side the columns
    stay as they are, and the note gives the reason.

    Args:
        subject: the model.
        root: the workspace.
        now: the machine's clock.
        report: the comparison by column.
        period: as it was asked for there.
        version: likewise.

    Raises:
        NoRowsError, PeriodError: as the comparison.
    """
    versions, answered = chosen_versions(version, subject.champion, report.versions)
    try:
        sides = sampled_sides(
            subject, root, now, period=period, against=report.against, versions=versions
        )
        outputs = sides.reference.frame
        own = subject.own_baseline(answered) if report.against == "reference" else None
        if own is not None:
            store = subject.store
            outputs = sampled_reference(
                store.home, root, subject.card, store, now, most=MOST_ROWS, table=own.path
            ).frame
    except ReferenceTableError as error:
        return replace(report, notes=(*report.notes, f"raw values: {error.message}"))
    before, after = sides.reference.frame, sides.current.frame
    columns = tuple(
        _tested(column, outputs if column.role in OUTPUTS else before, after)
        for column in report.columns
    )
    return replace(report, columns=columns, notes=(*report.notes, *sides.notes("raw values")))


def _tested(column: ColumnDrift, reference: pl.DataFrame, current: pl.DataFrame) -> ColumnDrift:
    name = _OURS.get(column.role, column.name)
    if name not in current.columns:
        name = column.name  # the score of one class
    if column.kind != "numeric" or name not in current.columns or name not in reference.columns:
        return column
    import polars as pl

    before, after = (
        frame[name].cast(pl.Float64, strict=False).drop_nulls().to_numpy()
        for frame in (reference, current)
    )
    found = ks_exact(before, after, most_work=_MOST_WORK)
    if found is None:
        return column
    return replace(column, ks_exact=found.distance, ks_exact_p_value=found.p_value)
