"""What would the labels of a model say? From the store's counts and remembered estimates to its rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.domain.estimates import RowEstimate
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period
from workbench.domain.rates import RateBucket
from workbench.performance.estimated_rates import (
    ScoreModel,
    score_model,
    scored_rows,
    with_row_estimate,
    with_score_estimate,
)
from workbench.performance.timeline import pooled
from workbench.store.baseline_record import Baseline
from workbench.store.connections import reading
from workbench.store.counted import Counts
from workbench.store.measured import Choice
from workbench.store.remembered_estimates import read_estimates
from workbench.workspace.subjects import Subject, reference_outcomes

_OTHER_BINS = "scores were counted in other bins for a part of it"

Scores = Mapping[datetime, tuple[int, tuple[int, ...]]]
"""By start of the bucket: the place of its part of the period, and its rows by score bin. A
bucket of two parts has the place -1."""


@dataclass(frozen=True)
class Estimates:
    """What the buckets of one answer are estimated from."""

    subject: Subject
    counts: Counts
    choice: Choice
    start: datetime
    """Of the period."""
    models: tuple[ScoreModel | str, ...]
    """One a part of the period: the model of its scores, or why there is none."""
    remembered: Mapping[tuple[datetime, datetime], RowEstimate]

    def scores(self, by: str) -> Scores:
        """The rows of every bucket by score bin; must be asked for while the counts are open."""
        found: dict[datetime, tuple[int, tuple[int, ...]]] = {}
        for place, (stretch, model) in enumerate(
            zip(self.counts.stretches, self.models, strict=True)
        ):
            if isinstance(model, str):
                continue
            number = _score_column(stretch.baseline)
            counted = self.counts.column_counts(
                stretch, self.choice, number, by=by, start=self.start
            )
            for begin, counts in counted.items():
                found[begin] = (-1, ()) if begin in found else (place, counts)
        return found

    def by_bucket(
        self, rates: Sequence[RateBucket], outcomes: Sequence[OutcomeBucket], scores: Scores
    ) -> tuple[RateBucket, ...]:
        """Each bucket with its estimate; `outcomes` are of the same buckets in the same order."""
        return tuple(
            self._remembered(self._estimated(rate, [outcome], scores))
            for rate, outcome in zip(rates, outcomes, strict=True)
        )

    def of_all(
        self, whole: RateBucket, days: Sequence[OutcomeBucket], scores: Scores
    ) -> RateBucket:
        """All of some days as one, with its estimate."""
        return self._remembered(self._estimated(whole, days, scores))

    def _estimated(
        self, rate: RateBucket, parts: Sequence[OutcomeBucket], scores: Scores
    ) -> RateBucket:
        if not parts:
            return replace(rate, estimated_reason="no predictions")
        own = [scores[part.start] for part in parts if part.start in scores]
        places = {place for place, _ in own}
        if len(places) > 1 or -1 in places:
            return replace(rate, estimated_reason=_OTHER_BINS)
        place = places.pop() if places else -1
        model = self.models[place] if self.models else "no predictions"
        if isinstance(model, str):
            return replace(rate, estimated_reason=model)
        if not own:
            return replace(rate, estimated_reason="no row has a score")
        counts = [sum(column) for column in zip(*(counts for _, counts in own), strict=True)]
        whole = parts[0] if len(parts) == 1 else pooled(parts)
        rows = scored_rows(counts, whole)
        return with_score_estimate(rate, rows, model, parts, self.subject.card.thresholds)

    def _remembered(self, rate: RateBucket) -> RateBucket:
        found = self.remembered.get((rate.start, rate.end))
        return with_row_estimate(rate, found, self.subject.card.thresholds)


def estimates_of(
    subject: Subject,
    counts: Counts,
    choice: Choice,
    period: Period,
    models: dict[tuple[str, str], ScoreModel | str],
    made: Sequence[RowEstimate] = (),
) -> Estimates:
    """What the buckets of an answer can be estimated from.

    Args:
        subject: the model.
        counts: open.
        choice: the versions.
        period: what is asked about.
        models: what is known of scores already, by the identity of the baseline; it grows.
        made: estimates from rows, beside those that are remembered.
    """
    store = subject.store
    for stretch in counts.stretches:
        if stretch.baseline.ids not in models:
            reference = reference_outcomes(subject, baseline=stretch.baseline)
            models[stretch.baseline.ids] = model_of_scores(stretch.baseline, reference)
    own = tuple(models[stretch.baseline.ids] for stretch in counts.stretches)
    found: dict[tuple[datetime, datetime], RowEstimate] = {}
    with reading(store.home, f"reading {subject.card.name}") as catalog:
        found |= read_estimates(catalog, store.baseline, choice.versions, period)
    found |= {(estimate.start, estimate.end): estimate for estimate in made}
    return Estimates(subject, counts, choice, period.start, own, found)


def whole_buckets(outcomes: Sequence[OutcomeBucket], period: Period) -> tuple[RowEstimate, ...]:
    """The stretches to be estimated: the period itself and each of its buckets, cut at its ends."""
    total = sum(bucket.counts.rows for bucket in outcomes)
    labelled = sum(bucket.counts.labelled for bucket in outcomes)
    bad = math.fsum(bucket.counts.bad for bucket in outcomes)
    places = [RowEstimate(period.start, period.end, round(total), round(labelled), bad)]
    for bucket in outcomes:
        start, end = max(bucket.start, period.start), min(bucket.end, period.end)
        counts = bucket.counts
        place = RowEstimate(start, end, round(counts.rows), round(counts.labelled), counts.bad)
        if (start, end) != (period.start, period.end):
            places.append(place)
    return tuple(places)


def model_of_scores(baseline: Baseline, reference: Sequence[OutcomeBucket]) -> ScoreModel | str:
    """The model of a baseline's scores, or why there is none.

    Args:
        baseline: the bins and the rules.
        reference: the labelled buckets of its reference.
    """
    number = _score_column(baseline)
    if baseline.rules.task != "binary" or number < 0:
        return score_model((), (), baseline.rules)
    bins = baseline.bins[number]
    return score_model(reference, bins.edges, baseline.rules, is_discrete=bins.is_discrete)


def _score_column(baseline: Baseline) -> int:
    """The place of the score among the bins; -1 without one."""
    places = [number for number, bins in enumerate(baseline.bins) if bins.role == "score"]
    return places[0] if places else -1
