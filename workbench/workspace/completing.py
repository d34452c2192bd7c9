"""Are the labels of a model in that should be? What is usual comes from the store or the card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import bucket_end, parse_duration
from workbench.domain.rates import RateBucket
from workbench.performance.completeness import (
    NEWEST,
    USUAL,
    DelayLaw,
    is_short,
    law_from_ages,
    law_from_commits,
    whole_completeness,
    with_completeness,
)
from workbench.store.connections import reading
from workbench.store.label_ages import label_ages
from workbench.store.remembered_estimates import read_arrivals, read_delays
from workbench.workspace.subjects import Subject

_SURELY = 4.0
"""Standard errors of a number of labels: many buckets are looked at."""


def label_law(subject: Subject) -> DelayLaw:
    """The usual share of labels by age: from the labels' times where they were read, else from commits.

    Once labels came in since their times were read, commits tell it again.

    Nothing is known as of an earlier moment: it would know what came later.
    """
    store = subject.store
    if subject.extent is None or store.as_of is not None:
        return DelayLaw({})
    with reading(store.home, f"reading {subject.card.name}") as catalog:
        remembered = read_delays(catalog, store.baseline, store.segments.labels_version)
        if remembered:
            return DelayLaw(remembered)
        since = subject.extent.newest - NEWEST * subject.bucket
        return law_from_commits(read_arrivals(catalog, store.baseline, since), subject.bucket)


def read_label_law(subject: Subject) -> DelayLaw:
    """The usual share of labels by age, from the labels' times, which are read if they were not yet.

    A verdict must not depend on which command was asked before. Labels without times leave commits.
    """
    store = subject.store
    if subject.extent is None or store.as_of is not None:
        return DelayLaw({})
    with reading(store.home, f"reading {subject.card.name}") as catalog:
        is_read = bool(read_delays(catalog, store.baseline, store.segments.labels_version))
    ages = None if is_read else label_ages(store)
    if ages is None:
        return label_law(subject)
    now = bucket_end(subject.extent.newest, subject.bucket)
    return law_from_ages(ages.labelled, ages.rows, now=now, width=subject.bucket)


def complete(
    subject: Subject, law: DelayLaw, buckets: Sequence[RateBucket]
) -> tuple[RateBucket, ...]:
    """Buckets with their shares of labels, and which of them are not judgeable yet."""
    now = _now(subject)
    if now is None:
        return tuple(buckets)
    delay = _delay(subject)
    return tuple(
        with_completeness(bucket, law, now=now, width=subject.bucket, delay=delay)
        for bucket in buckets
    )


def without_unripe(
    subject: Subject, law: DelayLaw, outcomes: Sequence[OutcomeBucket]
) -> list[OutcomeBucket]:
    """Buckets of outcomes up to the newest whose labels are in as far as they should be."""
    now, delay = _now(subject), _delay(subject)
    kept = list(outcomes)
    while kept and now is not None:
        rows, labelled = kept[-1].counts.rows, kept[-1].counts.labelled
        if labelled > 0 and not is_short(
            labelled / rows, kept[-1].end, law, now=now, width=subject.bucket, delay=delay
        ):
            break
        kept.pop()
    return kept


def without_early(law: DelayLaw, outcomes: Sequence[OutcomeBucket]) -> list[OutcomeBucket]:
    """Buckets up to the newest that has nearly all labels that will come.

    The first labels are seldom like the rest: what is trained on them, or judged by them, is.
    """
    kept, final = list(outcomes), law.final or 0.0
    while kept and kept[-1].counts.labelled < USUAL * final * kept[-1].counts.rows:
        kept.pop()
    return kept


_UNFINISHED = 0.1
"""Of a bucket: how long before its end the last row may come of one that is whole."""


def overdue(
    subject: Subject, law: DelayLaw, outcomes: Sequence[OutcomeBucket]
) -> tuple[OutcomeBucket, ...]:
    """Buckets with fewer labels than is usual at their age: more than being late keeps them away.

    And by more than chance makes of so many rows, of which few have a label at that age.
    """
    if subject.extent is None:
        return ()
    found = []
    for bucket in outcomes:
        # By the newest row, not the end of its bucket: an unfinished day makes no label late.
        age = (subject.extent.newest - bucket.end) / subject.bucket + _UNFINISHED
        usual = law.usual(max(int(age), 0))
        rows, labelled = bucket.counts.rows, bucket.counts.labelled
        if usual is None or rows <= 0 or labelled >= USUAL * usual * rows:
            continue
        if usual * rows - labelled > _SURELY * math.sqrt(max(usual * (1 - usual) * rows, 1.0)):
            found.append(bucket)
    return tuple(found)


def complete_whole(
    subject: Subject, law: DelayLaw, whole: RateBucket, days: Sequence[OutcomeBucket]
) -> RateBucket:
    """A period with its share of labels, and whether it is judgeable yet."""
    now = _now(subject)
    if now is None:
        return whole
    return whole_completeness(whole, days, law, now=now, width=subject.bucket)


def _now(subject: Subject) -> datetime | None:
    return None if subject.extent is None else bucket_end(subject.extent.newest, subject.bucket)


def _delay(subject: Subject) -> timedelta | None:
    """What the card says; None where it does not say anything."""
    found = parse_duration(subject.card.labels.delay)
    return found if "labels.delay" in subject.card.named and found else None
