"""How is one model doing in one period? Performance and drift, from the store to the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from workbench.domain.card import ROLES, ModelCard
from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.estimates import RowEstimate
from workbench.domain.masking import masked_groups
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period, iso
from workbench.domain.profile import without_values
from workbench.domain.rates import PerformanceReport, RateBucket
from workbench.drift.compare import compare_columns, overall_status, significance_level
from workbench.drift.day_null import Buckets
from workbench.errors import MisuseError, PeriodError
from workbench.performance.estimated_rates import ONLY_BUCKETS, ScoreModel
from workbench.performance.onset import onset
from workbench.performance.timeline import rate_buckets, threshold_rates, whole_rate
from workbench.store.baseline_record import Baseline
from workbench.store.connections import reading
from workbench.store.counted import Counts, ModelStore
from workbench.store.judging import own_bucket
from workbench.store.measured import Choice
from workbench.store.stretches import Stretch
from workbench.store.version_records import VersionBaseline
from workbench.workspace.compared import (
    compared_profiles,
    compared_variation,
    comparison_notes,
)
from workbench.workspace.completing import complete, complete_whole, label_law
from workbench.workspace.estimating import estimates_of, model_of_scores
from workbench.workspace.remembering import (
    compared_stretch,
    compared_with,
    outcome_notes,
    profile_notes,
)
from workbench.workspace.subjects import Subject, reference_outcomes, subject
from workbench.workspace.versions import chosen_versions

__all__ = [
    "Subject", "measure_drift", "measure_performance", "reference_outcomes", "reference_period",
    "subject",
]  # fmt: skip

BY = ("1h", "1d", "7d", "month", "all")


def measure_performance(
    subject: Subject,
    *,
    period: str | None = None,
    by: str | None = None,
    segment: str | None = None,
    version: str | None = None,
    made: Sequence[RowEstimate] = (),
) -> PerformanceReport:
    """A model's bad-prediction rate over time, and by version, role and arm.

    Args:
        subject: the model.
        period: in the user's words; the card's window by default.
        by: the length of a bucket; the card's by default.
        segment: a column to break the buckets down by.
        version: as commands take it.
        made: estimates from rows, beside those that are remembered.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: the period or the bucket is unknown.
        MisuseError: there is no such segment column.
    """
    card, store = subject.card, subject.store
    asked = subject.period(period)
    width = _width(subject, by)
    _require_segment(subject, segment)
    with store.counts(asked, width) as counts:
        judged_by = compared_with(store, counts)
        present = counts.groups(Choice(asked), "model_version")
        filtered, answered = chosen_versions(version, subject.champion, present)
        baseline = reference_outcomes(subject, baseline=judged_by, versions=answered)
        choice = Choice(asked, filtered, assumed_before=subject.assumed_before())
        found = counts.outcomes(choice, by=width, start=asked.start, segment=segment)
        cluster = _cluster(width, store)
        days = counts.outcomes(choice, by=cluster, start=asked.start, pooled=True)
        models = {judged_by.ids: model_of_scores(judged_by, baseline)}
        estimates = estimates_of(subject, counts, choice, asked, models, made)
        scores = estimates.scores(width) if segment is None else {}
        day_scores = scores if cluster == width and segment is None else estimates.scores(cluster)
        everyone = replace(choice, versions=None)
        by_version = _versions(subject, counts, everyone, asked, judged_by)
        by_role = _groups(counts, replace(everyone, roles=()), asked, "role", card, baseline)
        has_arms = bool(card.columns.experiment)
        by_arm = _groups(counts, choice, asked, "arm", card, baseline) if has_arms else ()
        notes = (
            *subject.notes,
            *_notes(subject, counts, by_role),
            *outcome_notes(store, counts, asked, width, segment),
        )
    warning, critical = threshold_rates(card, baseline)
    began = onset(days)
    reference = whole_rate(baseline, card, baseline) if baseline else None
    buckets = _judged(subject, _cut(found, asked), baseline, segment, judged_by, answered)
    if segment is None:
        buckets = estimates.by_bucket(buckets, found, scores)
    whole = _whole(days, card, baseline, asked)
    since_onset = None
    if began is not None:
        later = [day for day in days if day.start >= began]
        rate = _whole(later, card, baseline, Period(max(began, asked.start), asked.end))
        since_onset = replace(
            estimates.of_all(rate, later, day_scores), weighted_reason=ONLY_BUCKETS
        )
    law = label_law(subject)
    return PerformanceReport(
        model=card.name,
        task=card.model.task,
        period=asked,
        versions=answered,
        reference_rate=reference.bad_rate if reference else None,
        reference_low=reference.low if reference else None,
        reference_high=reference.high if reference else None,
        warning_rate=warning,
        critical_rate=critical,
        whole=complete_whole(subject, law, estimates.of_all(whole, days, day_scores), days),
        onset=began,
        since_onset=since_onset,
        buckets=_told(subject, segment, complete(subject, law, buckets)),
        months=_months(subject, filtered, baseline, models),
        by_version=by_version,
        by_role=by_role,
        by_arm=_told(subject, card.columns.experiment, by_arm),
        by=width,
        notes=notes,
    )


def _told(
    subject: Subject, column: str | None, rates: tuple[RateBucket, ...]
) -> tuple[RateBucket, ...]:
    """Rates by a column's values, which are numbered where the card calls it sensitive."""
    if not column or not subject.card.privacy.is_sensitive(column):
        return rates
    bins = (b for b in subject.store.baseline.bins if b.role == "feature" and b.name == column)
    return masked_groups(rates, next((b.categories for b in bins), ()))


def measure_drift(
    subject: Subject,
    *,
    period: str | None = None,
    against: str = "reference",
    version: str | None = None,
) -> DriftReport:
    """How far every column moved between the reference (or another period) and a period.

    Raises:
        NoRowsError: a period has no rows.
        PeriodError: a period cannot be read.
    """
    card, store = subject.card, subject.store
    asked = subject.period(period)
    with store.counts(asked, store.own_by) as counts:
        stretch = compared_stretch(counts, asked)
        present = counts.groups(Choice(stretch.period), "model_version")
        filtered, answered = chosen_versions(version, subject.champion, present)
        current = counts.profiles(stretch, Choice(asked, filtered))
        rows, span = _rows(counts, stretch, filtered)
        notes = profile_notes(store, counts, asked, stretch)
    own = stretch.baseline
    with reading(store.home, f"reading the baseline of {card.name}") as catalog:
        compared = answered if against == "reference" else ()
        usual = compared_variation(catalog, subject, own, compared)
        reference = compared_profiles(catalog, subject, own, compared)
    if against == "reference":
        reference_time = reference_period(own)
        reference_rows, reference_span = own.rows, usual.buckets
    else:
        reference_time = subject.period(against)
        with store.counts(reference_time, store.own_by) as counts:
            other = compared_stretch(counts, reference_time, own)
            reference = counts.profiles(other, Choice(reference_time, filtered))
            reference_rows, reference_span = _rows(counts, other, filtered)
            notes += tuple(
                note
                for note in profile_notes(store, counts, reference_time, other)
                if note not in notes
            )
    level = significance_level(card.thresholds.false_pages_per_month, subject.bucket)
    columns = compare_columns(
        reference,
        current,
        card.thresholds,
        level,
        variations=usual.of_columns,
        buckets=Buckets(reference_span, span),
    )
    return DriftReport(
        model=card.name,
        reference=reference_time,
        reference_rows=reference_rows,
        current=asked,
        current_rows=rows,
        versions=answered,
        columns=tuple(_without_values(column, card) for column in columns),
        status=overall_status(columns),
        against=against,
        level=level,
        notes=(*notes, *comparison_notes(subject, own, columns, usual, compared)),
    )


def _without_values(column: ColumnDrift, card: ModelCard) -> ColumnDrift:
    """A sensitive column's figures without its values, whoever is to show them."""
    if not card.privacy.is_sensitive(column.name):
        return column
    return replace(
        column,
        unseen=(),
        reference=without_values(column.reference) if column.reference else None,
        current=without_values(column.current) if column.current else None,
    )


def _judged(
    subject: Subject,
    found: list[OutcomeBucket],
    baseline: list[OutcomeBucket],
    segment: str | None,
    judged_by: Baseline,
    versions: tuple[str, ...],
) -> tuple[RateBucket, ...]:
    """The buckets' rates; a segment's are judged against the same segment of the reference."""
    if segment is None:
        return rate_buckets(found, subject.card, baseline)
    own: dict[str | None, list[OutcomeBucket]] = {}
    for bucket in reference_outcomes(subject, segment, judged_by, versions):
        own.setdefault(bucket.segment, []).append(replace(bucket, segment=None))
    rated = []
    for bucket in found:
        rate = rate_buckets([bucket], subject.card, own.get(bucket.segment, []), segment)[0]
        if baseline and bucket.segment not in own:
            rate = replace(rate, reason="the reference has no labelled rows of this segment")
        rated.append(rate)
    return tuple(rated)


def _whole(
    days: Sequence[OutcomeBucket], card: ModelCard, baseline: list[OutcomeBucket], period: Period
) -> RateBucket:
    if not days:
        empty = OutcomeBucket(period.start, period.end, OutcomeCounts())
        return rate_buckets([empty], card, baseline)[0]
    found = whole_rate(days, card, baseline)
    return replace(found, start=period.start, end=period.end)


def _groups(
    counts: Counts,
    choice: Choice,
    period: Period,
    column: str,
    card: ModelCard,
    baseline: list[OutcomeBucket],
) -> tuple[RateBucket, ...]:
    """One rate a role or arm, each over the whole period."""
    label = card.columns.experiment if column == "arm" else "role"
    found = counts.outcomes(choice, by="all", start=period.start, group=column)
    rates = rate_buckets(found, card, baseline, label)
    if column != "role":
        return rates
    order = {role: place for place, role in enumerate(ROLES)}
    return tuple(
        sorted(rates, key=lambda r: order.get((r.segment or {}).get(label) or "", len(order)))
    )


def _versions(
    subject: Subject, counts: Counts, choice: Choice, period: Period, judged_by: Baseline
) -> tuple[RateBucket, ...]:
    """One rate a version over the whole period, each judged against what it is compared with."""
    found = counts.outcomes(choice, by="all", start=period.start, group="model_version")
    return tuple(
        rate_buckets(
            [one], subject.card,
            reference_outcomes(subject, baseline=judged_by, versions=(one.segment or "",)),
            "model_version",
        )[0]
        for one in found
    )  # fmt: skip


def _months(
    subject: Subject,
    versions: tuple[str, ...] | None,
    baseline: list[OutcomeBucket],
    models: dict[tuple[str, str], ScoreModel | str],
) -> tuple[RateBucket, ...]:
    everything = subject.period("all")
    if subject.store.needs_rows(everything, "month"):
        # Months of everything from the rows would scan the log for a figure beside the point.
        return ()
    with subject.store.counts(everything, "month") as counts:
        choice = Choice(everything, versions, assumed_before=subject.assumed_before())
        found = counts.outcomes(choice, by="month", start=everything.start)
        estimates = estimates_of(subject, counts, choice, everything, models)
        scores = estimates.scores("month")
    return estimates.by_bucket(rate_buckets(found, subject.card, baseline), found, scores)


def _cut(buckets: list[OutcomeBucket], period: Period) -> list[OutcomeBucket]:
    """Buckets that reach beyond the period end where it ends."""
    return [
        replace(bucket, start=max(bucket.start, period.start), end=min(bucket.end, period.end))
        for bucket in buckets
    ]


def _cluster(by: str, store: ModelStore) -> str:
    """Rows of one day are alike: the unit of the interval is the card's bucket, at least a day."""
    own = store.own_by
    return "1d" if own == "1h" and by != "7d" else own


def _rows(counts: Counts, stretch: Stretch, versions: tuple[str, ...] | None) -> tuple[int, int]:
    """How many rows the profiles of a part of the period are of, and in how many buckets."""
    own = replace(counts, stretches=(stretch,))
    found = [
        bucket.counts.rows
        for bucket in own.outcomes(
            Choice(stretch.period, versions),
            by=own_bucket(stretch.baseline.rules),
            start=stretch.period.start,
        )
        if bucket.counts.rows > 0
    ]
    return round(sum(found)), len(found)


def _width(subject: Subject, by: str | None) -> str:
    """The length of a bucket that was asked for; the card's own by default."""
    width = by or subject.store.own_by
    if width not in BY:
        raise PeriodError(f"cannot count by {width!r}", f"Known: {', '.join(BY)}.")
    return width


def _require_segment(subject: Subject, segment: str | None) -> None:
    segments = subject.store.baseline.rules.segments
    if segment is not None and segment not in segments:
        raise MisuseError(
            f"{subject.card.name} has no segment column {segment!r}",
            f"Known: {', '.join(segments) or 'none'}. Others: add them under [columns] segments.",
        )


def reference_period(baseline: Baseline | VersionBaseline) -> Period | None:
    """The time of the rows of a reference or of a version's baseline; None when they have no times."""
    if baseline.start is None or baseline.end is None:
        return None
    return Period(baseline.start, baseline.end + timedelta(microseconds=1))


def _notes(subject: Subject, counts: Counts, roles: Sequence[RateBucket]) -> tuple[str, ...]:
    notes = []
    if counts.is_from_rows:
        notes.append(
            "counted from the rows: the period, the bucket or --as-of cuts a stored bucket"
        )
    odd = [
        str((rate.segment or {}).get("role"))
        for rate in roles
        if (rate.segment or {}).get("role") not in ROLES
    ]
    if odd:
        notes.append(f"rows of unknown roles are kept out of the rates: {', '.join(odd)}")
    if subject.store.as_of is not None:
        notes.append(f"as of {iso(subject.store.as_of)}")
    return tuple(notes)
