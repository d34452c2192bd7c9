"""What does triage look at? The rows before and since the onset, from the store to a case.

The period is where harm is judged; onset, faults and labels to train on are followed back before it.
Labels of buckets that are not ripe yet (the first to come are seldom like the rest) are left out of
what is judged and trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.fault import Fault
from workbench.domain.outcomes import OutcomeBucket, bad_rate
from workbench.domain.period import (
    Period,
    bucket_end,
    bucket_start,
    is_whole_buckets,
    iso,
    parse_duration,
)
from workbench.errors import ReferenceTableError
from workbench.performance.badness import badness
from workbench.performance.completeness import DelayLaw
from workbench.performance.judgement import threshold_rates_of
from workbench.retrain.versions_on_disk import versions_on_disk
from workbench.store.connections import reading
from workbench.store.incidents import read_events
from workbench.store.log_columns import log_columns
from workbench.store.measured import Choice
from workbench.store.sampled_rows import sampled_reference, sampled_rows
from workbench.triage.case import Case, Models
from workbench.triage.half_life import Retraining
from workbench.triage.older_harm import onset_of_harm
from workbench.triage.season import a_year_before
from workbench.triage.since import Since, find_since
from workbench.triage.version_history import retrainings
from workbench.workspace.completing import overdue, read_label_law, without_early, without_unripe
from workbench.workspace.newest_stretch import newest_stretch
from workbench.workspace.subjects import Subject, reference_outcomes
from workbench.workspace.versions import chosen_versions

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 20_000
"""Rows of each frame at most; a sample where there are more."""

_BACK = timedelta(weeks=13)
"""How far before the period anything is looked at."""

_TIMES = ("time", "other")


@dataclass(frozen=True)
class Gathered:
    """A case, and what was learned on the way to it."""

    case: Case
    since: Since
    unripe: tuple[OutcomeBucket, ...]
    """Buckets of the period whose labels are still to come."""
    ripe_on: datetime | None
    """When they will be in, as far as the card or the past tell."""
    versions: tuple[str, ...]
    asked: Period
    history: tuple[Retraining, ...] = ()
    """What became of earlier retrainings."""
    year_before: pl.DataFrame | None = None
    """Live rows around the same time of the year before; None where the log is too short."""


@dataclass(frozen=True)
class CountedOutcomes:
    """The outcomes bucket by bucket of all that is looked at."""

    asked: Period
    everything: Period
    filtered: tuple[str, ...] | None
    versions: tuple[str, ...]
    outcomes: tuple[OutcomeBucket, ...]
    ripe: tuple[OutcomeBucket, ...]
    version_since: datetime | None
    overdue: tuple[OutcomeBucket, ...]
    """Those that are not ripe, and have fewer labels than is usual at their age."""
    by_version: tuple[OutcomeBucket, ...]


def gather(
    subject: Subject,
    root: Path,
    now: datetime,
    models: Models,
    faults: Sequence[Fault],
    *,
    period: str | None = None,
    version: str | None = None,
    seed: int = 0,
    most: int = MOST_ROWS,
    counted: CountedOutcomes | None = None,
) -> Gathered:
    """The case of one model in one period.

    Args:
        subject: the model.
        root: the workspace, which the card's paths are relative to.
        now: the machine's clock.
        models: what can score rows.
        faults: of the period, with what would undo them.
        period: the card's window by default.
        version: whose rows; the champion's by default.
        seed: of every fit and resampling.
        most: rows of each frame at most.
        counted: `count_outcomes(...)` of the same, where it is at hand.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: the period cannot be read.
    """
    counted = counted or count_outcomes(subject, period, version, read_label_law(subject))
    store, bucket = subject.store, subject.bucket
    everything, asked = counted.everything, counted.asked
    with reading(store.home, "reading events") as catalog:
        events = read_events(catalog, model=subject.card.name, period=everything)
    since = find_since(
        counted.ripe, asked=asked, bucket=bucket, faults=faults,
        version_since=counted.version_since, events=events,
    )  # fmt: skip
    reference_counted = reference_outcomes(subject, versions=counted.versions)
    since = onset_of_harm(since, counted.ripe, reference_counted, subject.card.thresholds)
    onset = since.onset if since.onset is not None and since.onset < asked.end else None
    cut = Period(bucket_start(onset, bucket), asked.end) if onset is not None else asked
    period_judged = Period(max(cut.start, asked.start), asked.end)
    ripe_end = counted.ripe[-1].end if counted.ripe else everything.start
    further = _further(subject)
    frames = _Frames(subject, root, now, models, counted.filtered, further, most, ripe_end)
    first = max(cut.start, everything.start)
    current = frames.live(Period(first, asked.end))
    before = frames.live(Period(everything.start, first))
    notes = list(frames.notes)
    reference, missing = _reference(subject, frames, counted.versions)
    training, why = _training(subject, root, frames)
    notes += [note for note in (missing, why) if note is not None]
    inside = [b for b in counted.outcomes if b.start >= period_judged.start]
    live = sum(b.counts.rows for b in counted.outcomes if b.start >= cut.start)
    ripe = [b for b in counted.ripe if b.start >= period_judged.start]
    stretch = newest_stretch(ripe, most // 2)
    case = Case(
        card=subject.card,
        rules=store.baseline.rules,
        features=store.baseline.shape.features,
        segments=store.baseline.rules.segments,
        period=period_judged,
        onset=onset,
        reference=current.head(0) if reference is None else reference,
        before=before,
        current=current,
        others=frames.others(everything),
        training=training,
        models=models,
        faults=tuple(faults),
        events=events,
        unused=tuple(further),
        seed=seed,
        bucket=bucket,
        counted=tuple(ripe),
        before_counted=tuple(b for b in counted.ripe if b.end <= cut.start),
        reference_counted=tuple(reference_counted),
        ripe_end=ripe_end if ripe_end < asked.end else None,
        overdue=counted.overdue,
        labels_as_of=max((b.end for b in counted.outcomes if b.counts.labelled > 0), default=None),
        notes=tuple(notes),
        stretch=frames.live(stretch) if stretch is not None and current.height < live else None,
    )
    unripe = tuple(b for b in inside if b.start >= ripe_end)
    return Gathered(
        case, since, unripe, _ripe_on(subject, unripe), counted.versions, asked,
        _history(subject, root, counted.by_version, ripe_end, reference_counted),
        _year_before(subject, frames, period_judged),
    )  # fmt: skip


def _reference(
    subject: Subject, frames: _Frames, versions: tuple[str, ...]
) -> tuple[pl.DataFrame | None, str | None]:
    """The rows that the asked versions are compared with, or why there are none."""
    own = subject.own_baseline(versions)
    try:
        return frames.of_table(None if own is None else own.path), None
    except ReferenceTableError as error:
        return None, error.message


def _history(
    subject: Subject,
    root: Path,
    by_version: Sequence[OutcomeBucket],
    ripe_end: datetime,
    reference: Sequence[OutcomeBucket],
) -> tuple[Retraining, ...]:
    """Earlier retrainings, with what the registry says that they gained."""
    recorded = {}
    for one in versions_on_disk(root, subject.card):
        metrics = one.metadata.get("metrics")
        gain = metrics.get("gain") if isinstance(metrics, dict) else None
        if isinstance(gain, int | float):
            recorded[one.version] = float(gain)
    usual = bad_rate(reference)
    alarm = None
    if usual is not None:
        alarm = threshold_rates_of(usual, subject.card.thresholds)[0]
    ripe = [b for b in by_version if b.end <= ripe_end]
    return retrainings(ripe, usual, alarm, recorded)


def _year_before(subject: Subject, frames: _Frames, period: Period) -> pl.DataFrame | None:
    """Live rows of the same time of the year before, where that is further back than other rows."""
    span = a_year_before(period)
    first = subject.extent.first if subject.extent is not None else None
    if first is None or first >= span.end or period.start - span.end < _BACK:
        return None
    return frames.live(span)


def count_outcomes(
    subject: Subject, period: str | None, version: str | None, law: DelayLaw
) -> CountedOutcomes:
    """What the stored counts say of a period and of the time before it; see `gather`."""
    store, bucket = subject.store, subject.bucket
    asked = subject.period(period)
    if not is_whole_buckets(asked, bucket):
        last = bucket_start(asked.end - timedelta(microseconds=1), bucket)
        asked = Period(bucket_start(asked.start, bucket), bucket_end(last, bucket))
    first = subject.extent.first if subject.extent is not None else asked.start
    oldest = min(
        max(bucket_start(first, bucket), bucket_start(asked.start - _BACK, bucket)), asked.start
    )
    everything = Period(oldest, asked.end)
    with store.counts(everything, store.own_by) as counts:
        present = counts.groups(Choice(asked), "model_version")
        filtered, versions = chosen_versions(version, subject.champion, present)
        choice = Choice(everything, filtered, assumed_before=subject.assumed_before())
        outcomes = counts.outcomes(choice, by=store.own_by, start=oldest)
        by_version = counts.outcomes(
            Choice(everything), by=store.own_by, start=oldest, group="model_version"
        )
    ripe = without_early(law, without_unripe(subject, law, outcomes)) if outcomes else []
    unripe = [b for b in outcomes if not ripe or b.start >= ripe[-1].end]
    return CountedOutcomes(
        asked, everything, filtered, versions, tuple(outcomes), tuple(ripe),
        _version_since(by_version, versions, oldest), overdue(subject, law, unripe),
        tuple(by_version),
    )  # fmt: skip


def _version_since(
    buckets: Sequence[OutcomeBucket], versions: tuple[str, ...], oldest: datetime
) -> datetime | None:
    """When the asked version was first seen; None when it has been there from the start."""
    own = [b.start for b in buckets if b.segment in versions and b.counts.rows > 0]
    other = [b.start for b in buckets if b.segment not in versions and b.counts.rows > 0]
    if len(versions) != 1 or not own or not other or min(own) <= min(other):
        return None
    return min(own) if min(own) > oldest else None


def _ripe_on(subject: Subject, unripe: Sequence[OutcomeBucket]) -> datetime | None:
    if not unripe:
        return None
    return unripe[0].end + parse_duration(subject.card.labels.delay) + subject.bucket


def _further(subject: Subject) -> dict[str, str]:
    """Logged columns that are no inputs, names or times, with the type to read them as."""
    shape, own = subject.store.baseline.shape, subject.card.columns
    known = {
        *shape.feature_names, *shape.segments, *shape.scores, own.prediction_id, own.timestamp,
        own.prediction, own.score, own.label, own.model_version, own.role, own.entity,
        own.experiment, subject.card.decision.threshold_column, "label_timestamp",
    }  # fmt: skip
    found: dict[str, str] = {}
    for era in log_columns(subject.store):
        for name, family in era.types:
            if name in known or name.startswith("wb_") or family in _TIMES:
                continue
            kind = "DOUBLE" if family in ("number", "boolean") else "VARCHAR"
            found[name] = "VARCHAR" if found.get(name, kind) != kind else kind
    return found


@dataclass
class _Frames:
    """Makes the frames of a case, and keeps what there is to say of them."""

    subject: Subject
    root: Path
    now: datetime
    models: Models
    versions: tuple[str, ...] | None
    further: dict[str, str]
    most: int
    ripe_end: datetime
    notes: tuple[str, ...] = ()

    def live(self, period: Period) -> pl.DataFrame:
        """Live rows of the asked version: labelled ones first, and some without a label."""
        import polars as pl

        if period.start >= period.end:
            return self._empty()
        store, has_arms = self.subject.store, bool(self.subject.card.columns.experiment)
        found = sampled_rows(
            store, period, versions=self.versions, most=self.most, further=self.further,
            with_arm=has_arms,
        )  # fmt: skip
        labelled = found.frame["wb_label"].count()
        if not found.is_whole and labelled < self.most // 2:
            more = sampled_rows(
                store, period, versions=self.versions, most=self.most, only_labelled=True,
                further=self.further, with_arm=has_arms,
            )  # fmt: skip
            rest = found.frame.filter(pl.col("wb_label").is_null())
            frame = pl.concat([more.frame, rest]).sort("wb_timestamp", "wb_id", "wb_version")
        else:
            frame = found.frame
        if not found.is_whole:
            self.notes += (
                f"{frame.height:,} of {found.rows:,} rows from {iso(period.start)} to {iso(period.end)}",
            )
        ripe = pl.col("wb_timestamp") < self.ripe_end
        return frame.with_columns(
            pl.when(ripe).then(pl.col("wb_label")).alias("wb_label"),
            pl.when(ripe).then(pl.col("wb_bad")).alias("wb_bad"),
        )

    def others(self, period: Period) -> pl.DataFrame:
        """Rows of other versions, and of other roles than live."""
        return sampled_rows(
            self.subject.store, period, roles=(), most=2 * self.most, but_live=self.versions,
            further=self.further,
        ).frame  # fmt: skip

    def of_table(self, table: str | None) -> pl.DataFrame:
        """The reference, or another table, with the champion's outputs where it has none itself."""
        found = sampled_reference(
            self.subject.store.home, self.root, self.subject.card, self.subject.store, self.now,
            most=self.most, table=table,
        ).frame  # fmt: skip
        if table is not None or self.models.champion is None or not found.height:
            return found
        if found["wb_prediction"].null_count() < found.height:
            return found
        import polars as pl

        names = list(self.subject.store.baseline.shape.feature_names)
        outputs = self.models.champion(found.select(names))
        scored = found.with_columns(outputs[name] for name in outputs.columns)
        bad = badness(
            self.subject.store.baseline.rules, scored["wb_prediction"], scored["wb_label"]
        )
        return scored.with_columns(wb_bad=pl.Series(bad).fill_nan(None))

    def _empty(self) -> pl.DataFrame:
        span = self.subject.period(None)
        none = Period(span.start, span.start)
        return sampled_rows(self.subject.store, none, most=1, further=self.further).frame


def _training(
    subject: Subject, root: Path, frames: _Frames
) -> tuple[pl.DataFrame | None, str | None]:
    """The table that the champion was trained on; None, with the reason if the card names one."""
    table = subject.card.training.data
    if not (root / table).exists():
        is_named = "training.data" in subject.card.named
        return None, f"the training table is not there: {table}" if is_named else None
    try:
        found = frames.of_table(table)
    except ReferenceTableError as error:
        return None, error.message
    labelled = found.filter(found["wb_label"].is_not_null())
    return (labelled, None) if labelled.height else (None, "the training table has no labels")
