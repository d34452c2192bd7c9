"""What do the closed buckets of one model say? From the store to what is worth an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from workbench.alerts.causes import without_faulty
from workbench.alerts.history import ColumnHistory, Looks, ShareHistory
from workbench.alerts.looking import ROLE_KINDS, Rule, Told, looked_at
from workbench.alerts.usual import Array, usual_share, usual_spread
from workbench.domain.alert import Finding, ModelLooks
from workbench.domain.fault import OF_LABELS, Fault
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, bucket_end, bucket_start, iso, parse_duration
from workbench.drift.distances import wasserstein
from workbench.performance.judgement import threshold_rates_of
from workbench.performance.onset import onset
from workbench.store.bucket_counts import BucketCounts, read_bucket_counts
from workbench.store.connections import reading
from workbench.store.counted import Counts
from workbench.store.measured import FRESH, Choice, read_profiles
from workbench.store.stretches import Stretch
from workbench.workspace.compared import compared_counts, compared_profiles
from workbench.workspace.completing import label_law, without_unripe
from workbench.workspace.remembering import compared_stretch
from workbench.workspace.subjects import Subject, reference_outcomes
from workbench.workspace.versions import chosen_versions

SILENCE = "silence"

_LEAST_LOOKS = 12
_UNTIMED = datetime(1970, 1, 8, tzinfo=UTC)
"""Rows without a time are counted in the bucket in which 1970 began."""
_DISTANCES = 6
"""How many of the newest looks are measured for a distance, which costs a read each."""
_NEARLY = 20
"""A bucket is closed when its last twentieth has begun to fill, and the clock is past its end."""


def closed_end(newest: datetime, bucket: timedelta, now: datetime) -> datetime:
    """The end of the newest closed bucket.

    Args:
        newest: the newest prediction.
        bucket: the card's.
        now: the machine's clock.
    """
    end = bucket_end(newest, bucket)
    is_full = newest >= end - bucket / _NEARLY
    return end if is_full and end <= now else end - bucket


@dataclass(frozen=True)
class CountedLooks:
    """What the stored counts say of a model's newest closed buckets."""

    looks: ModelLooks
    told: tuple[Finding, ...]
    """What moved, a column each where it is of columns."""
    silent: tuple[Finding, ...]
    window: Period | None
    """The closed buckets of the card's window; None where nothing could be looked at."""
    is_trouble: bool
    """Whether something moved, or the counts alone show a fault: only then is reading the rows,
    which takes seconds, worth it."""


def look_at_counts(subject: Subject, root: Path, now: datetime) -> CountedLooks:
    """What the stored counts of the newest closed buckets of a model say.

    Args:
        subject: the model.
        root: the workspace.
        now: the machine's clock, or the moment of `--as-of`.
    """
    name = subject.card.name
    if subject.extent is None:
        looks = ModelLooks(name, (), None, "no predictions are stored yet")
        return CountedLooks(looks, (), (), None, False)
    silent = _silence(subject, now)
    end = closed_end(subject.extent.newest, subject.bucket, now)
    first = bucket_start(subject.extent.first, subject.bucket)
    if end <= first:
        why = f"no bucket of {subject.card.monitoring.bucket} is closed yet"
        return CountedLooks(ModelLooks(name, (SILENCE,), None, why), (), silent, None, False)
    length = max(parse_duration(subject.card.monitoring.window), subject.bucket)
    told, kinds, reason = _Looking(subject, first, end, length).told()
    window = Period(max(first, end - length), end)
    looks = ModelLooks(name, (SILENCE, *kinds), end, reason)
    is_trouble = bool(told) or _has_counted_fault(subject, root, now, window)
    return CountedLooks(looks, told, silent, window, is_trouble)


def _has_counted_fault(subject: Subject, root: Path, now: datetime, window: Period) -> bool:
    from workbench.workspace.quality import find_faults

    period = f"{iso(window.start)}/{iso(window.end)}"
    seen = find_faults(subject, root, now, period=period, only_counts=True).faults
    return any(fault.status != "ok" and fault.kind not in OF_LABELS for fault in seen)


def findings_of(
    subject: Subject, root: Path, now: datetime, counted: CountedLooks
) -> tuple[Finding, ...]:
    """What is raised, what moved because of a fault in the data left to that fault.

    The faults are those of inputs and outputs, without sensitive values. Those of labels are left
    to `quality`: what they do is in the bad rate, and labels that are only late would page
    somebody. A log that has stopped is raised as silence.
    """
    window = counted.window
    if window is None or not counted.is_trouble:
        return counted.silent
    from workbench.workspace.quality import measure_quality

    period = f"{iso(window.start)}/{iso(window.end)}"
    measured = measure_quality(subject, root, now, period=period).faults
    faults = tuple(fault for fault in measured if fault.kind not in OF_LABELS)
    found = without_faulty(counted.told, faults, subject.bucket)
    look = window.end - subject.bucket
    raised = tuple(_fault(subject, fault, look) for fault in faults if fault.status != "ok")
    return (*raised, *found, *counted.silent)


def _silence(subject: Subject, now: datetime) -> tuple[Finding, ...]:
    expected = subject.card.monitoring.expect_every
    if not expected or subject.extent is None:
        return ()
    newest = subject.extent.newest
    if now - newest <= parse_duration(expected):
        return ()
    what = f"no prediction since {newest:%Y-%m-%d %H:%MZ}: silent for longer than {expected}"
    return (Finding(SILENCE, "critical", newest, bucket_start(now, subject.bucket), (what,)),)


def _fault(subject: Subject, fault: Fault, look: datetime) -> Finding:
    since = fault.since or look
    where = f" ({' '.join(fault.segment)})" if fault.segment else ""
    detail = f"{fault.column or 'the log'}{where}: affects {fault.share:.1%} of the period's rows"
    if not subject.card.privacy.is_sensitive(fault.column):
        detail = f"{fault.column or 'the log'}{where}: {fault.told}"
        detail += f"; to undo: {fault.repair}" if fault.repair else ""
    columns = tuple(name for name in (fault.column, *fault.also) if name)
    return Finding(fault.kind, fault.status, since, look, (detail,), columns, since == look)


@dataclass(frozen=True)
class _Looking:
    """One model's closed buckets."""

    subject: Subject
    first: datetime
    end: datetime
    window: timedelta

    def told(self) -> tuple[tuple[Finding, ...], tuple[str, ...], str | None]:
        """What is raised, the kinds that were tested, and why others were not."""
        card, bucket = self.subject.card, self.subject.bucket
        wide = max(self.window // bucket, 1)
        most = wide + max(wide, _LEAST_LOOKS)
        recent = Period(max(self.first, self.end - most * bucket), self.end)
        limits = card.thresholds
        rule = Rule(limits.false_pages_per_month, limits.drift_effect, limits.drift_distance)
        labelled, versions = self._labelled()
        rates, rate_looks = self._rates(labelled, versions, wide) if labelled else ([], None)
        with self.subject.store.counts(recent, self.subject.store.own_by) as counts:
            stretch = compared_stretch(counts, recent)
            looks, columns, missing = self._inputs(counts, stretch, recent, wide)
            kinds = [*dict.fromkeys(share.kind for share in (*rates, *missing)), "drift"]
            ripe = [one for one in columns if one.role != "label"]
            inputs = looked_at(looks, missing, ripe, rule, kinds)
            labels = _until(looks, labelled[-1].start if labelled else None)
            of_labels = [
                replace(one, counts=one.counts[: len(labels.starts)])
                for one in columns
                if one.role == "label" and labels.places
            ]
            told = looked_at(labels, (), of_labels, rule, kinds)
        outcomes = looked_at(rate_looks, rates, (), rule, kinds) if rate_looks else ()
        found = [_finding(one, looks, missing) for one in inputs if one.is_raised]
        found += [_finding(one, labels, []) for one in told if one.is_raised]
        for one in outcomes:
            if one.is_raised and rate_looks is not None:
                made = _finding(one, rate_looks, rates)
                began = onset(labelled) if one.kind == "bad_rate" else None
                if began is not None and began < made.since:
                    made = Finding(
                        made.kind, made.status, began, made.look, made.details, (), made.is_fresh
                    )
                found.append(made)
        named = [_called(kind) for kind in kinds]
        tested = tuple(dict.fromkeys([*named, *(ROLE_KINDS[c.role] for c in (*ripe, *of_labels))]))
        return (
            tuple(found),
            tested,
            None if rates else "no bad rate: no labels, or none to compare with",
        )

    def _labelled(self) -> tuple[list[OutcomeBucket], tuple[str, ...]]:
        """The outcomes of every closed bucket that has labels, up to the newest judgeable one.

        And the versions whose outcomes they are.
        """
        everything = Period(self.first, self.end)
        store = self.subject.store
        with store.counts(everything, store.own_by) as counts:
            present = counts.groups(Choice(everything), "model_version")
            versions, answered = chosen_versions(None, self.subject.champion, present)
            choice = Choice(everything, versions, assumed_before=self.subject.assumed_before())
            found = counts.outcomes(choice, by=store.own_by, start=everything.start)
        labelled = [one for one in found if one.counts.labelled > 0]
        if labelled:
            labelled = list(without_unripe(self.subject, label_law(self.subject), labelled))
        return labelled, answered

    def _rates(
        self, labelled: list[OutcomeBucket], versions: tuple[str, ...], wide: int
    ) -> tuple[list[ShareHistory], Looks | None]:
        """The shares of bad predictions and missed positives up to the newest labelled bucket."""
        card, bucket = self.subject.card, self.subject.bucket
        reference = reference_outcomes(self.subject, versions=versions)
        if not reference:
            return [], None
        newest = labelled[-1].start
        many = min(wide + max(wide, _LEAST_LOOKS), (newest - self.first) // bucket + 1)
        starts = tuple(newest - back * bucket for back in reversed(range(many)))
        looks = Looks(starts, bucket, self.window, max(many - max(wide, _LEAST_LOOKS), 0))
        by_start = {one.start: one.counts for one in labelled}
        own = [by_start.get(start) for start in starts]
        before = [one.counts for one in reference]
        plain = sum(c.bad for c in before) / sum(c.labelled for c in before)
        timed = [reference[i] for i in _timed([one.start for one in reference])]
        times, before = [one.start for one in timed], [one.counts for one in timed]
        shares = []
        usual = usual_share([c.bad for c in before], [c.labelled for c in before], times, bucket)
        if usual is not None:
            warning, critical = threshold_rates_of(plain, card.thresholds)
            hits = np.array([c.bad if c else 0.0 for c in own])
            rows = np.array([c.labelled if c else 0.0 for c in own])
            shares.append(ShareHistory("bad_rate", hits, rows, usual, warning, critical))
        if card.model.task == "binary" and card.rule != "miss":
            missed = [c.false_negative for c in before]
            positive = [c.false_negative + c.true_positive for c in before]
            usual = usual_share(missed, positive, times, bucket)
            if usual is not None:
                # A rise of two points is nothing where a handful of positives are missed or not.
                warning, critical = (
                    max(usual.share + up, usual.share * ratio)
                    for up, ratio in zip(
                        card.thresholds.bad_rate, card.thresholds.bad_rate_ratio, strict=True
                    )
                )
                hits = np.array([c.false_negative if c else 0.0 for c in own])
                rows = np.array([c.false_negative + c.true_positive if c else 0.0 for c in own])
                shares.append(ShareHistory("miss_rate", hits, rows, usual, warning, critical))
        return shares, looks

    def _inputs(
        self, counts: Counts, stretch: Stretch, recent: Period, wide: int
    ) -> tuple[Looks, list[ColumnHistory], list[ShareHistory]]:
        """The histories of every column's values and of its missing share."""
        card, bucket, store = self.subject.card, self.subject.bucket, self.subject.store
        own = stretch.baseline
        present = counts.groups(Choice(stretch.period), "model_version")
        versions, answered = chosen_versions(None, self.subject.champion, present)
        source = FRESH if counts.is_from_rows else stretch.source
        choice = Choice(stretch.period, versions)
        times, found = read_bucket_counts(counts.connection, source, own.bins, choice)
        with reading(store.home, f"reading the baseline of {card.name}") as catalog:
            usual = compared_counts(catalog, self.subject, own, answered)
            whole = compared_profiles(catalog, self.subject, own, answered)
        many = (recent.end - recent.start) // bucket
        starts = tuple(recent.start + i * bucket for i in range(many))
        looks = Looks(starts, bucket, self.window, max(many - max(wide, _LEAST_LOOKS), 0))
        place = {start: i for i, start in enumerate(starts)}
        kept = [(place[t], i) for i, t in enumerate(times) if t in place]

        @lru_cache(maxsize=256)
        def measured(begin: int, end: int) -> tuple[float | None, ...]:
            period = Period(starts[begin], starts[end - 1] + bucket)
            now = read_profiles(counts.connection, source, own.bins, Choice(period, versions))
            moved = [wasserstein(a, b) for a, b in zip(whole, now, strict=True)]
            return tuple(one.value if one else None for one in moved)

        columns, missing = [], []
        for number, (now, (before, then)) in enumerate(zip(found, usual, strict=True)):
            if then.rows.sum() == 0:
                continue
            timed = _timed(before)
            days = tuple(before[i] for i in timed)
            spread = usual_spread(then.counts.sum(axis=0), then.counts[timed], days, bucket)
            is_number = now.bins.kind == "numeric"

            def distance(begin: int, end: int, number: int = number) -> float | None:
                if counts.is_from_rows or end <= len(starts) - _DISTANCES:
                    return None  # rows are counted for the whole stretch only
                return measured(begin, end)[number]

            columns.append(
                ColumnHistory(
                    now.bins.name, now.bins.role, is_number, _spread_out(now.counts, kept, many),
                    spread, now.psi_starts, distance if is_number else None,
                )
            )  # fmt: skip
            if now.bins.role == "feature":
                of_days = replace(then, counts=then.counts[timed], missing=then.missing[timed])
                missing.append(self._missing(now, of_days, days, kept, many))
        return looks, columns, [share for share in missing if share is not None]

    def _missing(
        self, now: BucketCounts, then: BucketCounts, before: tuple[datetime, ...],
        kept: list[tuple[int, int]], many: int,
    ) -> ShareHistory | None:  # fmt: skip
        bucket = self.subject.bucket
        usual = usual_share(list(then.missing), list(then.rows), before, bucket)
        if usual is None:
            return None
        share = float(then.missing.sum() / then.rows.sum())
        warning, critical = (share + up for up in self.subject.card.thresholds.missing_rate)
        return ShareHistory(
            "missing_values", _spread_out(now.missing, kept, many),
            _spread_out(now.rows, kept, many), usual, warning, critical, now.bins.name,
        )  # fmt: skip


def _until(looks: Looks, newest: datetime | None) -> Looks:
    """The looks up to a bucket; none without one."""
    kept = tuple(start for start in looks.starts if newest is not None and start <= newest)
    return replace(looks, starts=kept)


def _timed(starts: Sequence[datetime]) -> list[int]:
    """The places of a reference's buckets without that of rows without a time; all, if it is alone."""
    return [i for i, start in enumerate(starts) if start > _UNTIMED] or list(range(len(starts)))


def _spread_out(counts: Array, kept: list[tuple[int, int]], many: int) -> Array:
    """Counts of the buckets that have rows, in their places among all buckets."""
    found = np.zeros((many, *counts.shape[1:]))
    if kept:
        targets, sources = zip(*kept, strict=True)
        found[list(targets)] = counts[list(sources)]
    return found


def _finding(one: Told, looks: Looks, shares: list[ShareHistory]) -> Finding:
    span, look = one.loudest
    buckets = looks.spans[span]
    value = float(one.values[span, look])
    ended = looks.starts[looks.first + look] + looks.bucket
    stretch = _words(buckets * looks.bucket)
    share = next((s for s in shares if (s.kind, s.column) == (one.kind, one.column)), None)
    until = f"in the {stretch} to {ended:%Y-%m-%d %H:%MZ}"
    if share is None:
        what = f"{one.column}: PSI {value:.2f} {until}"
        if int(one.statuses[look]) and value < 0.1:
            what = f"{one.column}: moved by its scaled distance (PSI {value:.2f}) {until}"
    else:
        noun = {"bad_rate": "bad", "miss_rate": "of the positives missed"}.get(one.kind, "missing")
        usual = float(one.usuals[span, look])
        limit = usual - share.usual.share
        limit += share.critical if one.status == "critical" else share.warning
        what = (
            f"{value:.1%} {noun} {until}, {usual:.1%} in the reference's like days; "
            f"{one.status} from {limit:.1%}"
        )
        what = f"{one.column}: {what}" if one.column is not None else what
    onset_look = one.onset
    return Finding(
        _called(one.kind), one.status, looks.starts[looks.first + onset_look], looks.starts[-1], (what,),
        (one.column,) if one.column is not None else (), onset_look == len(one.statuses) - 1,
    )  # fmt: skip


def _called(kind: str) -> str:
    """What an alert is called: missed positives are bad predictions, seen where they show."""
    return "bad_rate" if kind == "miss_rate" else kind


def _words(length: timedelta) -> str:
    hours = round(length.total_seconds() / 3600)
    return f"{hours // 24} d" if hours % 24 == 0 else f"{hours} h"
