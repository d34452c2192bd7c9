"""What do the rows of a model let expect? Made when asked for, and remembered beside the counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from workbench.domain.classes import class_name
from workbench.domain.estimates import RowEstimate
from workbench.domain.period import Period, bucket_end
from workbench.performance.completeness import law_from_ages
from workbench.store.connections import reading, writing
from workbench.store.label_ages import label_ages
from workbench.store.measured import Choice
from workbench.store.remembered_estimates import (
    read_estimates,
    write_delays,
    write_estimates,
)
from workbench.store.sampled_rows import sampled_reference, sampled_rows
from workbench.workspace.estimating import whole_buckets
from workbench.workspace.fitting import one_thread
from workbench.workspace.subjects import Subject
from workbench.workspace.versions import chosen_versions

MOST_BUCKETS = 62
"""More are not estimated at once: the newest come first."""
_REFERENCE_ROWS = 30_000
_BUCKET_ROWS = 10_000
_CELLS = 20_000_000
"""Rows times columns that are held at once."""
_SEED = 20_240_101
_GONE = "rows are gone (`store retain`)"


def make_estimates(
    subject: Subject,
    root: Path,
    now: datetime,
    period: str | None = None,
    by: str | None = None,
    version: str | None = None,
) -> tuple[RowEstimate, ...]:
    """Estimates a period and its buckets from their rows, and remembers them.

    Takes seconds: a sample of the reference and of the period is read, and two small models
    are fitted a bucket. What is remembered and still holds is not made again. As of an earlier
    moment, or where the store cannot be written, nothing is remembered. When labels come is
    measured too, where their times are known.

    Args:
        subject: the model.
        root: the workspace.
        now: the machine's clock.
        period: as for `measure_performance`.
        by: likewise.
        version: likewise.

    Returns:
        Those that were made or remembered; none without rows in the period.

    Raises:
        ReferenceTableError: the reference cannot be read.
    """
    store, card = subject.store, subject.card
    asked = subject.period(period)
    width = by or store.own_by
    with store.counts(asked, width) as counts:
        present = counts.groups(Choice(asked), "model_version")
        versions, answered = chosen_versions(version, subject.champion, present)
        outcomes = counts.outcomes(Choice(asked, versions), by=width, start=asked.start)
    places = whole_buckets([o for o in outcomes if o.counts.rows > 0], asked)
    if places[0].rows == 0:
        return ()
    with reading(store.home, f"reading {card.name}") as catalog:
        kept = read_estimates(catalog, store.baseline, versions, asked)
    held = [kept[p.start, p.end] for p in places if _holds(kept.get((p.start, p.end)), p)]
    missing = [p for p in places if not _holds(kept.get((p.start, p.end)), p)]
    missing = [*missing[:1], *missing[1:][-MOST_BUCKETS:]]
    if not missing:
        return tuple(held)
    made = _made(subject, root, now, versions, answered, missing)
    if store.as_of is None and os.access(store.home.folder, os.W_OK):
        _remember(subject, versions, made, now)
    return (*held, *made)


def _holds(known: RowEstimate | None, place: RowEstimate) -> bool:
    if known is None or known.rows != place.rows:
        return False
    return known.has_labels(place.labelled, place.bad)


def _made(
    subject: Subject,
    root: Path,
    now: datetime,
    versions: tuple[str, ...] | None,
    answered: tuple[str, ...],
    places: Sequence[RowEstimate],
) -> list[RowEstimate]:
    from workbench.performance.row_estimation import row_estimate, row_model

    store, card = subject.store, subject.card
    shape, rules = store.baseline.shape, store.baseline.rules
    judged_on = subject.own_baseline(answered)
    reference = sampled_reference(
        store.home, root, card, store, now, most=_REFERENCE_ROWS,
        table=judged_on.path if judged_on is not None else None,
    )  # fmt: skip
    with one_thread():
        model = row_model(reference.frame, shape.feature_names, _scores(subject), rules, seed=_SEED)
    if isinstance(model, str):
        return [replace(place, reason=model, weighted_reason=model) for place in places]
    most = min(_BUCKET_ROWS, _CELLS // max(len(shape.features), 1))
    made = []
    for place in places:
        if store.before is not None and place.start < store.before:
            made.append(replace(place, reason=_GONE, weighted_reason=_GONE))
            continue
        own = Period(place.start, place.end)
        rows = sampled_rows(store, own, versions=versions, most=most).frame
        with one_thread():
            made.append(row_estimate(model, rows, place))
    return made


def _scores(subject: Subject) -> list[tuple[str, str]]:
    """The class and the column of each score; none unless every class has one."""
    baseline, prefix = subject.store.baseline, subject.card.columns.score
    shape, rules = baseline.shape, baseline.rules
    if rules.task == "binary":
        return [(rules.positive_class, "wb_score")] if shape.scores else []
    if rules.task != "multiclass":
        return []
    named = {class_name(column[len(prefix) + 1 :]): column for column in shape.scores}
    if not shape.classes or any(name not in named for name in shape.classes):
        return []
    return [(name, named[name]) for name in shape.classes]


def _remember(
    subject: Subject, versions: tuple[str, ...] | None, made: Sequence[RowEstimate], now: datetime
) -> None:
    store = subject.store
    shares = _label_shares(subject)
    with writing(store.home, f"remembering estimates of {subject.card.name}") as catalog:
        write_estimates(catalog, store.baseline, versions, made, now)
        if shares:
            version = store.segments.labels_version
            write_delays(catalog, store.baseline, shares, version, now)


def _label_shares(subject: Subject) -> dict[int, float]:
    """The usual share of labels by age, from the labels' times; empty where they have none."""
    if subject.extent is None:
        return {}
    ages = label_ages(subject.store)
    if ages is None:
        return {}
    now = bucket_end(subject.extent.newest, subject.bucket)
    return dict(law_from_ages(ages.labelled, ages.rows, now=now, width=subject.bucket).shares)
