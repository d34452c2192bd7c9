"""Since when, and is there harm? What the stored counts say of it, before a single row is read."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.period import Period, bucket_start
from workbench.triage.case import Case, Models
from workbench.triage.harm import Harm, measure_harm
from workbench.triage.older_harm import onset_of_harm
from workbench.triage.since import Since, find_since
from workbench.workspace.gathering import CountedOutcomes
from workbench.workspace.subjects import Subject, reference_outcomes


@dataclass(frozen=True)
class FirstLook:
    """What is known at once. Faults, which may say more exactly when it began, are not."""

    since: Since
    harm: Harm


def look_first(subject: Subject, counted: CountedOutcomes, seed: int) -> FirstLook:
    """The onset by the outcomes, and the rise since then over the reference.

    Args:
        subject: the model.
        counted: its outcomes in the period and before.
        seed: of the draws.
    """
    import polars as pl

    asked, baseline = counted.asked, subject.store.baseline
    since = find_since(
        counted.ripe, asked=asked, bucket=subject.bucket, version_since=counted.version_since
    )
    usual = reference_outcomes(subject, versions=counted.versions)
    since = onset_of_harm(since, counted.ripe, usual, subject.card.thresholds)
    begun = since.onset is not None and since.onset < asked.end
    cut = bucket_start(since.onset, subject.bucket) if begun and since.onset else asked.start
    start = max(cut, asked.start)
    none = pl.DataFrame()
    case = Case(
        card=subject.card, rules=baseline.rules, features=baseline.shape.features,
        segments=baseline.rules.segments, period=Period(start, asked.end), onset=since.onset,
        reference=none, before=none, current=none, others=none, training=None, models=Models(),
        seed=seed, bucket=subject.bucket,
        counted=tuple(b for b in counted.ripe if b.start >= start),
        before_counted=tuple(b for b in counted.ripe if b.end <= cut),
        reference_counted=tuple(usual),
    )  # fmt: skip
    return FirstLook(since, measure_harm(case))
