"""What is wrong with the data of one model in one period? From the store to the faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.card import ModelCard
from workbench.domain.fault import Fault, QualityReport
from workbench.domain.history import ColumnHistory
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import (
    Period,
    bucket_end,
    bucket_start,
    is_whole_buckets,
    iso,
    parse_duration,
)
from workbench.domain.profile import ColumnProfile
from workbench.domain.rates import worst
from workbench.errors import ReferenceTableError
from workbench.quality.findings import Finding, judged, without_consequences, worst_first
from workbench.quality.missing import COMPLETE, missing_values, together, unread_values
from workbench.quality.outputs import constant_outputs
from workbench.quality.repeats import duplicate_rows
from workbench.quality.schema import Era, as_missing_column, changed_types, extra_columns
from workbench.quality.sides import Sides, make_sides
from workbench.quality.volume import silence, volume_changes
from workbench.store.column_histories import read_histories
from workbench.store.connections import reading
from workbench.store.log_columns import log_columns
from workbench.store.measured import Choice
from workbench.store.row_checks import repeated_rows, unread_texts
from workbench.store.sampled_rows import sampled_reference, sampled_rows
from workbench.workspace.compared import compared_profiles
from workbench.workspace.label_quality import label_findings
from workbench.workspace.masked_faults import masked
from workbench.workspace.remembering import compared_stretch, profile_notes
from workbench.workspace.subjects import Subject, reference_outcomes
from workbench.workspace.versions import chosen_versions

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 50_000
MOST_BEFORE = 30_000
_MOST_BUCKETS, _LEAST_BACK = 400, timedelta(weeks=8)
"""How far back from the period's end anything is looked at: the longer of buckets and of a time."""
_LOOKED_BACK = 3
"""How many periods before the asked one repeated rows are counted in, for what is usual."""


@dataclass(frozen=True)
class Counted:
    """What the stored counts say of the period and of the time before it."""

    asked: Period
    """The period in whole buckets."""
    everything: Period
    versions: tuple[str, ...] | None
    answered: tuple[str, ...]
    histories: tuple[ColumnHistory, ...]
    reference: tuple[ColumnProfile, ...]
    outcomes: tuple[OutcomeBucket, ...]
    reference_outcomes: tuple[OutcomeBucket, ...]
    notes: tuple[str, ...]


def measure_quality(
    subject: Subject,
    root: Path,
    now: datetime,
    *,
    period: str | None = None,
    version: str | None = None,
) -> QualityReport:
    """All data faults of a model in a period, without the values of sensitive columns.

    Args:
        subject: the model.
        root: the workspace.
        now: the machine's clock, or the moment of `--as-of`.
        period: what is asked; the card's window by default.
        version: whose rows; see `chosen_versions`.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: the period cannot be read.
    """
    report = find_faults(subject, root, now, period=period, version=version)
    card = subject.card
    own = card.columns
    shown = tuple(
        masked(fault, card.privacy, own.label, own.model_version) for fault in report.faults
    )
    return replace(report, faults=shown)


def find_faults(
    subject: Subject,
    root: Path,
    now: datetime,
    *,
    period: str | None = None,
    version: str | None = None,
    only_counts: bool = False,
) -> QualityReport:
    """As `measure_quality`, with what would undo a sensitive column's faults: not to be shown.

    With `only_counts` no row is read: quick at any size, blind for what lies in the values, and
    of what is found the harm is not known.
    """
    asked = subject.period(period)
    counted = _count(subject, asked, version)
    sides, notes = (
        (None, ("no row was looked at",))
        if only_counts
        else _sides(subject, root, now, asked, counted)
    )
    thresholds = subject.card.thresholds
    findings = [
        *_of_columns(subject, counted, sides),
        *_of_log(subject, counted, sides, now),
        *label_findings(subject, counted.outcomes, counted.reference_outcomes,
                        counted.asked, counted.everything, counted.versions,
                        only_counts=only_counts),
    ]  # fmt: skip
    if sides is not None:
        # What looks into values takes a while to import, and a check of a healthy model has none.
        from workbench.quality.looking import value_findings

        least = thresholds.missing_rate[0]
        findings += value_findings(sides, least, subject.bucket, subject.card.columns.timestamp)
    faults = worst_first(
        without_consequences([judged(finding, sides, thresholds) for finding in findings])
    )
    return QualityReport(
        model=subject.card.name,
        period=asked,
        versions=counted.answered,
        faults=faults,
        status=_overall(faults, counted),
        notes=(*counted.notes, *notes),
    )


def _overall(faults: Sequence[Fault], counted: Counted) -> str:
    """The loudest fault's status; without rows in the period nothing is known."""
    has_rows = any(counted.asked.contains(bucket.start) for bucket in counted.outcomes)
    if faults:
        return worst([fault.status for fault in faults])
    return "ok" if has_rows else "unknown"


def _count(subject: Subject, asked: Period, version: str | None) -> Counted:
    store, bucket = subject.store, subject.bucket
    whole = asked
    if not is_whole_buckets(asked, bucket):
        last = bucket_start(asked.end - timedelta(microseconds=1), bucket)
        whole = Period(bucket_start(asked.start, bucket), bucket_end(last, bucket))
    first = subject.extent.first if subject.extent is not None else whole.start
    oldest = min(bucket_start(first, bucket), whole.start)
    cut: tuple[str, ...] = ()
    back = max(_MOST_BUCKETS * bucket, _LEAST_BACK)
    if whole.end - oldest > back and oldest < whole.start:
        oldest = min(whole.end - back, whole.start)
        cut = (f"compared with what is stored since {iso(oldest)}, not with older rows",)
    everything = Period(oldest, whole.end)
    with store.counts(everything, store.own_by) as counts:
        stretch = compared_stretch(counts, everything)
        present = counts.groups(Choice(whole), "model_version")
        filtered, answered = chosen_versions(version, subject.champion, present)
        histories = read_histories(counts, stretch, Choice(stretch.period, filtered))
        outcomes = counts.outcomes(
            Choice(everything, filtered), by=store.own_by, start=everything.start
        )
        notes = profile_notes(store, counts, everything, stretch)
    own = stretch.baseline
    with reading(store.home, f"reading the baseline of {subject.card.name}") as catalog:
        reference = compared_profiles(catalog, subject, own, answered)
    return Counted(
        whole, everything, filtered, answered, histories, reference, tuple(outcomes),
        tuple(reference_outcomes(subject, baseline=own, versions=())), (*notes, *cut),
    )  # fmt: skip


def _sides(
    subject: Subject, root: Path, now: datetime, asked: Period, counted: Counted
) -> tuple[Sides | None, tuple[str, ...]]:
    """Both sides as rows; None, with the reason, where there are none to look at."""
    import polars as pl

    store = subject.store
    try:
        reference = sampled_reference(
            store.home, root, subject.card, store, now, most=MOST_ROWS
        ).frame
    except ReferenceTableError as error:
        return None, (f"values were not looked at: {error.message}",)
    current = sampled_rows(store, asked, versions=counted.versions, most=MOST_ROWS)
    if not current.frame.height:
        return None, ("values were not looked at: the period has no rows",)
    log = current.frame
    if counted.everything.start < asked.start:
        earlier = Period(counted.everything.start, asked.start)
        before = sampled_rows(store, earlier, versions=counted.versions, most=MOST_BEFORE)
        log = pl.concat([before.frame, log])
    shape = store.baseline.shape
    sides = make_sides(
        log, reference, shape.features, store.baseline.rules.segments, asked, subject.bucket
    )
    if current.is_whole:
        return sides, ()
    note = (
        f"values were looked at in {current.frame.height:,} of {current.rows:,} rows of the period"
    )
    return sides, (note,)


def _of_columns(subject: Subject, counted: Counted, sides: Sides | None) -> list[Finding]:
    """What is missing or unreadable, and outputs that are constant."""
    bucket, least = subject.bucket, subject.card.thresholds.missing_rate[0]
    profiles = {(p.bins.name, p.bins.role): p for p in counted.reference}
    eras = _eras(subject)
    gone: list[Finding] = []
    found: list[Finding] = []
    texts = _texts(subject, counted) if sides is not None else {}
    for history in counted.histories:
        reference = profiles[history.bins.name, history.bins.role]
        if history.bins.role == "feature":
            missing = missing_values(history, reference, counted.asked, sides, least, bucket)
            if missing is not None:
                gone.append(missing)
            unread = unread_values(
                history, counted.asked, sides, texts.get(history.bins.name, ()), least, bucket
            )
            found += [unread] if unread is not None else []
    constant = constant_outputs(counted.histories, profiles, counted.asked, bucket)
    found += [constant] if constant is not None else []
    whole = [f for f in gone if f.detail.startswith(COMPLETE)]
    absent = [as_missing_column(f, eras) for f in whole]
    if sides is not None:
        rest = together([f for f in gone if f not in whole])
        kept = together([f for f in absent if f.kind == "missing_values"])
        absent = [f for f in absent if f.kind != "missing_values"] + kept
    else:
        rest = [f for f in gone if f not in whole]
    shape = subject.store.baseline.shape
    columns = subject.card.columns
    known = {
        *shape.reference_columns, *shape.feature_names, *shape.segments, *shape.scores,
        columns.prediction_id, columns.timestamp, columns.prediction, columns.score, columns.label,
        columns.model_version, columns.role, columns.entity, columns.experiment,
        subject.card.decision.threshold_column, "label_timestamp",
    }  # fmt: skip
    unread_names = [f.column for f in found if f.kind == "parse_failure"]
    return [
        *absent, *rest, *found,
        *extra_columns(eras, known, counted.asked, bucket),
        *changed_types(eras, shape.features, unread_names, counted.asked, bucket),
    ]  # fmt: skip


def _of_log(
    subject: Subject, counted: Counted, sides: Sides | None, now: datetime
) -> list[Finding]:
    """Rows that repeat others, volume and freshness."""
    import numpy as np

    card, store, bucket = subject.card, subject.store, subject.bucket
    found: list[Finding] = []
    newest = subject.extent.newest if subject.extent is not None else counted.asked.end
    rows = {b.start: b.counts.rows for b in counted.outcomes}
    found += volume_changes(rows, counted.asked, min(newest, counted.asked.end), bucket)
    every = card.monitoring.expect_every
    silent = silence(newest, now, parse_duration(every) if every else None)
    if silent is not None and counted.asked.end > newest:
        found.append(silent)
    span = Period(
        max(counted.everything.start, counted.asked.start - _LOOKED_BACK * counted.asked.length),
        counted.asked.end,
    )
    if sides is not None:
        repeats = repeated_rows(store, span, counted.versions)
        names = list(store.baseline.shape.feature_names)
        repeat = duplicate_rows(
            [r.start for r in repeats],
            np.array([r.rows for r in repeats]),
            np.array([r.repeated for r in repeats]),
            np.array([r.exactly for r in repeats]),
            _reference_features(sides, names),
            counted.asked,
            bucket,
        )
        found += [repeat] if repeat is not None else []
    return found


def _reference_features(sides: Sides, names: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({name: sides.columns[name].reference for name in names})


def _texts(subject: Subject, counted: Counted) -> dict[str, Any]:
    """The texts of columns that have values nobody could read; of sensitive ones, none."""
    card: ModelCard = subject.card
    named = [
        h.bins.name
        for h in counted.histories
        if h.bins.role == "feature"
        and h.parse_failures.sum()
        and not card.privacy.is_sensitive(h.bins.name)
    ]
    if not named:
        return {}
    return unread_texts(subject.store, counted.asked, counted.versions, named)


def _eras(subject: Subject) -> list[Era]:
    return [
        Era(found.start, found.end, found.is_raw, dict(found.types))
        for found in log_columns(subject.store)
    ]


__all__ = ["Fault", "find_faults", "measure_quality"]
