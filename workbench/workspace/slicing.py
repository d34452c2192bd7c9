"""Where are one model's bad predictions? From stored outcomes and a labelled sample of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.masking import value_numbers
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.slices import Condition, SegmentTable, Slice, SliceReport, SliceSearch
from workbench.errors import ReferenceTableError
from workbench.performance.segment_table import Outcome, segment_table
from workbench.performance.slices import find_slices
from workbench.store.counted import Counts
from workbench.store.measured import Choice
from workbench.store.sampled_rows import MOST_ROWS, RowSample, sampled_reference, sampled_rows
from workbench.workspace.measuring import reference_period
from workbench.workspace.remembering import compared_with, outcome_notes
from workbench.workspace.subjects import Subject, reference_outcomes
from workbench.workspace.versions import chosen_versions


def measure_slices(
    subject: Subject,
    root: Path,
    now: datetime,
    period: str | None = None,
    version: str | None = None,
    *,
    most: int = MOST_ROWS,
) -> SliceReport:
    """The contribution of each segment value to the rise, and the slices that stand out.

    Args:
        subject: the model.
        root: the workspace, which the card's paths are relative to.
        now: the machine's clock.
        period: the card's window by default.
        version: `champion`, `all` or a version.
        most: labelled rows of each side that slices are looked for in, at most.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: the period cannot be read.
    """
    card, store = subject.card, subject.store
    asked = subject.period(period)
    with store.counts(asked, store.own_by) as counts:
        present = counts.groups(Choice(asked), "model_version")
        filtered, answered = chosen_versions(version, subject.champion, present)
        choice = Choice(asked, filtered, assumed_before=subject.assumed_before())
        segments = _segments(subject, counts, choice, answered)
        notes = list(outcome_notes(store, counts, asked, "all", None))
    current = sampled_rows(store, asked, versions=filtered, most=most, only_labelled=True)
    reference = RowSample(current.frame.clear(), 0)
    try:
        own = subject.own_baseline(answered)
        table = own.path if own is not None else None
        reference = sampled_reference(store.home, root, card, store, now, most=most, table=table)
    except ReferenceTableError as error:
        notes.append(f"slices are not compared with the reference: {error.message}")
    if store.baseline.rules.missing_means is not None:
        notes.append("labels that never came are in the segments' rates, not in the slices'")
    names = {*store.baseline.shape.feature_names, *store.baseline.rules.segments}
    search = find_slices(reference.frame, current.frame, sorted(names & set(current.frame.columns)))
    known = {b.name: b.categories for b in store.baseline.bins if b.role == "feature"}
    return SliceReport(
        model=card.name,
        reference=reference_period(subject.own_baseline(answered) or store.baseline),
        period=asked,
        versions=answered,
        search=_told(search, card, known),
        labelled=current.rows,
        sampled=current.frame.height,
        reference_labelled=_labelled(subject, answered),
        reference_sampled=reference.frame["wb_bad"].count(),
        segments=tuple(
            _masked(table, known.get(table.column, ()))
            if card.privacy.is_sensitive(table.column)
            else table
            for table in segments
        ),
        notes=tuple(notes),
    )


def _segments(
    subject: Subject, counts: Counts, choice: Choice, versions: tuple[str, ...]
) -> list[SegmentTable]:
    """A table a segment column, those first in which one value contributes most."""
    judged_by = compared_with(subject.store, counts)
    tables = []
    for column in judged_by.rules.segments:
        found = counts.outcomes(
            choice, by="all", start=choice.period.start, segment=column
        ) if choice.period else []  # fmt: skip
        before = reference_outcomes(subject, column, judged_by, versions)
        tables.append(segment_table(column, _by_value(before), _by_value(found)))
    tables.sort(key=lambda table: -max((p.contribution for p in table.parts), default=-1.0))
    return tables


def _by_value(buckets: Sequence[OutcomeBucket]) -> dict[str | None, Outcome]:
    sums: dict[str | None, Outcome] = {}
    for bucket in buckets:
        n, bad = sums.get(bucket.segment, (0.0, 0.0))
        sums[bucket.segment] = (n + bucket.counts.labelled, bad + bucket.counts.bad)
    return sums


def _labelled(subject: Subject, versions: tuple[str, ...]) -> int:
    found = reference_outcomes(subject, versions=versions)
    return round(sum(bucket.counts.labelled for bucket in found))


def _told(search: SliceSearch, card: ModelCard, known: dict[str, tuple[str, ...]]) -> SliceSearch:
    """The slices with numbers in the place of the values of sensitive columns."""
    seen: dict[str, dict[str, float]] = {}
    for one in search.slices:
        for condition in one.where:
            if condition.value is not None:
                seen.setdefault(condition.column, {}).setdefault(condition.value, one.rows)

    def told(condition: Condition) -> Condition:
        if condition.is_missing or not card.privacy.is_sensitive(condition.column):
            return condition
        if condition.value is None:
            return replace(condition, above=None, up_to=None, hidden=condition.place)
        numbers = value_numbers(seen[condition.column], known.get(condition.column, ()))
        return replace(condition, value=None, hidden=numbers[condition.value])

    def of(one: Slice) -> Slice:
        return replace(one, where=tuple(told(condition) for condition in one.where))

    return replace(search, slices=tuple(of(one) for one in search.slices))


def _masked(table: SegmentTable, known: tuple[str, ...]) -> SegmentTable:
    rows = {part.value: part.labelled for part in table.parts if part.value is not None}
    numbers = value_numbers(rows, known)
    return replace(
        table,
        parts=tuple(
            part if part.value is None else replace(part, value=numbers[part.value])
            for part in table.parts
        ),
    )
