"""Can a model's current rows be told from its reference by all inputs together? From samples."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from workbench.domain.drift import DriftReport, MultivariateDrift
from workbench.domain.shape import FeatureColumn
from workbench.drift.multivariate import multivariate_drift, rows_for
from workbench.errors import ReferenceTableError
from workbench.workspace.fitting import one_thread
from workbench.workspace.sampled_sides import sampled_sides
from workbench.workspace.subjects import Subject
from workbench.workspace.versions import chosen_versions


def measure_multivariate(
    subject: Subject,
    root: Path,
    now: datetime,
    *,
    period: str | None = None,
    against: str = "reference",
    versions: tuple[str, ...] | None = None,
    seed: int = 0,
) -> MultivariateDrift:
    """The comparison of all inputs together, on about 10,000 rows of either side.

    Args:
        subject: the model.
        root: the workspace, which the card's paths are relative to.
        now: the machine's clock.
        period: the card's window by default.
        against: another period, or `reference`.
        versions: versions whose rows count; None: all.
        seed: of halves and shuffles; the rows are always the same ones.

    Returns:
        Without figures, with the reason, where a side has too few rows, or the reference is
        not there any more.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: a period cannot be read.
    """
    started = time.perf_counter()
    columns, excluded = _inputs(subject)
    most = rows_for(len(columns))
    try:
        sides = sampled_sides(
            subject, root, now, period=period, against=against, versions=versions, most=most
        )
    except ReferenceTableError as error:
        return MultivariateDrift(reason=error.message, seed=seed)
    with one_thread():
        found = multivariate_drift(sides.reference.frame, sides.current.frame, columns, seed=seed)
    return replace(
        found,
        excluded=(*excluded, *found.excluded),
        notes=sides.notes("all inputs together"),
        seconds=time.perf_counter() - started,
    )


def with_all_inputs(
    subject: Subject,
    root: Path,
    now: datetime,
    report: DriftReport,
    period: str | None,
    version: str | None,
) -> DriftReport:
    """A comparison by column, with that of all inputs together beside it.

    Args:
        subject: the model.
        root: the workspace.
        now: the machine's clock.
        report: the comparison by column.
        period: as it was asked for there.
        version: likewise.

    Raises:
        NoRowsError, PeriodError: as `measure_multivariate`.
    """
    versions, _ = chosen_versions(version, subject.champion, report.versions)
    found = measure_multivariate(
        subject, root, now, period=period, against=report.against, versions=versions
    )
    return replace(report, multivariate=found, notes=(*report.notes, *found.notes))


def _inputs(subject: Subject) -> tuple[list[FeatureColumn], tuple[tuple[str, str], ...]]:
    """The features, and those that the card says are no inputs but names of rows."""
    own = subject.card.columns
    names = {own.prediction_id, own.timestamp, own.entity} - {""}
    features = subject.store.baseline.shape.features
    return (
        [feature for feature in features if feature.name not in names],
        tuple((f.name, "names the row") for f in features if f.name in names),
    )
