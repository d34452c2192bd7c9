"""What do all steps find, in order? Each later one is fooled by what an earlier one should have caught.

Serving, faults and versions need no labels and are always looked at. Harm comes next. Only where
there is some, and on rows without the faults that were proven, is it asked where the rise comes
from, what a change of outputs or a retraining would do, and what would remain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import bucket_end, bucket_start, parse_duration
from workbench.domain.verdict import Evidence, StepNote
from workbench.triage.arms import Arms, measure_arms
from workbench.triage.attainable import Attainable, measure_attainable
from workbench.triage.backtest import Backtest, measure_backtest
from workbench.triage.case import Case
from workbench.triage.challengers import choose_challenger
from workbench.triage.code_search import with_renamed_codes
from workbench.triage.decomposition import Decomposition, decompose
from workbench.triage.domain_model import measure_domain
from workbench.triage.half_life import HalfLife, Retraining, measure_half_life
from workbench.triage.harm import Harm, measure_harm
from workbench.triage.injection import Injections, measure_injections
from workbench.triage.label_faults import LabelFaults, measure_label_faults
from workbench.triage.learning_curve import LearningCurve, measure_learning_curve
from workbench.triage.outputs import Outputs, measure_outputs
from workbench.triage.overlap import Overlap, measure_overlap
from workbench.triage.potential import Potential, measure_potential
from workbench.triage.recalibration import Recalibration, measure_recalibration
from workbench.triage.remainder import repaired
from workbench.triage.remaining import Remaining, measure_remaining
from workbench.triage.repair import Repairs, measure_repairs
from workbench.triage.replay import Replay, measure_replay
from workbench.triage.season import Season, measure_season
from workbench.triage.segment_rise import SegmentRise, measure_segment_rise
from workbench.triage.selective import Selective, measure_selective
from workbench.triage.since import Since
from workbench.triage.version_comparison import measure_versions
from workbench.triage.versions import Versions
from workbench.triage.windows import split_windows

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

SHORT_CALM = 0.1
"""Of how long the rise lasted: days without it that are too few to say that it is over."""

Told = Callable[[str, Sequence[Evidence]], None]
"""Told the name of each step that is done, and what it found."""


@dataclass(frozen=True)
class Looked:
    """What is handed to an examination beside the case."""

    case: Case
    since: Since
    unripe: tuple[OutcomeBucket, ...] = ()
    """Buckets of the period whose labels are still to come."""
    ripe_on: datetime | None = None
    history: tuple[Retraining, ...] = ()
    """Earlier retrainings of the model."""
    year_before: pl.DataFrame | None = None
    """Rows around the same time of the year before, where `case.before` does not go so far back."""
    first_row: datetime | None = None
    """Of the log."""
    labels_per_day: float | None = None


@dataclass(frozen=True)
class Remainder:
    """What is found on rows without the proven faults."""

    overlap: Overlap
    decomposition: Decomposition
    attainable: Attainable
    backtest: Backtest
    recalibration: Recalibration
    curve: LearningCurve
    remaining: Remaining
    half_life: HalfLife
    segments: SegmentRise = field(default_factory=SegmentRise)
    potential: Potential = field(default_factory=Potential)

    def evidence(self) -> tuple[Evidence, ...]:
        """All of it, in the order of the steps."""
        parts = (
            self.overlap, self.decomposition, self.segments, self.recalibration, self.attainable,
            self.potential, self.backtest, self.curve, self.remaining, self.half_life,
        )  # fmt: skip
        return tuple(one for part in parts for one in part.evidence())


@dataclass(frozen=True)
class Findings:
    """What all steps found."""

    case: Case
    since: Since
    replay: Replay
    outputs: Outputs
    repairs: Repairs
    injections: Injections
    labels: LabelFaults
    versions: Versions
    harm: Harm
    harm_now: Harm
    """Since the rise ended, where it did; else the same."""
    selective: Selective
    season: Season
    clean: Case
    """Without the faults that were proven; the case itself where none were."""
    clean_harm: Harm
    remainder: Remainder | None
    """None where there is no harm to explain, or no telling."""
    steps: tuple[StepNote, ...] = ()
    arms: Arms = field(default_factory=Arms)

    @property
    def is_mended(self) -> bool:
        """Whether faults were taken out before the later steps."""
        return self.clean is not self.case

    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence, in the order of the steps."""
        parts = (
            self.since, self.replay, self.outputs, self.repairs, self.injections, self.labels,
            self.versions, self.harm, self.selective, self.season, self.arms,
        )  # fmt: skip
        found = [one for part in parts for one in part.evidence()]
        if self.is_mended:
            found += [replace(one, name=f"clean_{one.name}") for one in self.clean_harm.evidence()]
        if self.remainder is not None:
            found += self.remainder.evidence()
        return tuple(found)


def examine(
    looked: Looked, told: Told | None = None, tick: Callable[[], float] | None = None
) -> Findings:
    """Runs all steps that have something to look at.

    Args:
        looked: the case, and what goes with it.
        told: called after each step.
        tick: a clock in seconds, for how long the steps took.
    """
    run = _Run(told, tick)
    case = looked.case
    run.tell("since", looked.since)
    replay = run.step("replay", lambda: measure_replay(case))
    outputs = run.step("outputs", lambda: measure_outputs(case, replay))
    case = run.quietly("codes", lambda: with_renamed_codes(case))
    repairs = run.step("repair", lambda: measure_repairs(case))
    injections = run.step("injection", lambda: measure_injections(case))
    labels = run.step("label_faults", lambda: measure_label_faults(case))
    versions = run.step("versions", lambda: measure_versions(case))
    harm = run.step(
        "harm", lambda: measure_harm(case, unripe=looked.unripe, ripe_on=looked.ripe_on)
    )
    harm_now = _since_end(looked, harm)
    selective = run.step("selective", lambda: measure_selective(case))
    season = run.step("season", lambda: measure_season(case, looked.first_row, looked.year_before))
    arms = run.step("arms", lambda: measure_arms(case))
    clean = repaired(case, repairs, injections, labels)
    clean_harm = harm
    if clean is not case:
        clean = replace(
            clean,
            counted=counted_of(clean, clean.current.filter(_inside(clean))),
            before_counted=counted_of(clean, clean.before),
        )
        clean_harm = run.step("clean_harm", lambda: measure_harm(clean))
    is_served = not (replay.decides or outputs.verdict == "fix_serving" or versions.decides)
    remainder = None
    if is_served and clean_harm.state == "yes" and harm_now.state != "no":
        remainder = _remainder(run, looked, clean)
    return Findings(
        case, looked.since, replay, outputs, repairs, injections, labels, versions, harm, harm_now,
        selective, season, clean, clean_harm, remainder, tuple(run.steps), arms,
    )  # fmt: skip


def counted_of(case: Case, rows: pl.DataFrame) -> tuple[OutcomeBucket, ...]:
    """The outcomes of rows by the case's buckets, in order of time."""
    import polars as pl

    if not rows.height:
        return ()
    first: datetime = rows.select(pl.col("wb_timestamp").min()).item()
    origin = bucket_start(first, case.bucket)
    seconds = int(case.bucket.total_seconds())
    grouped = (
        rows.select(
            place=(pl.col("wb_timestamp") - origin).dt.total_seconds() // seconds,
            has=pl.col("wb_bad").is_not_null(),
            bad=pl.col("wb_bad").fill_null(0.0),
        )
        .group_by("place")
        .agg(
            n=pl.len(),
            labelled=pl.col("has").sum(),
            hits=pl.col("bad").sum(),
            squares=(pl.col("bad") ** 2).sum(),
        )
        .sort("place")
    )
    found = []
    for place, n, labelled, hits, squares in grouped.iter_rows():
        start = origin + place * case.bucket
        counts = OutcomeCounts(rows=n, labelled=labelled, bad=hits, bad_squares=squares)
        found.append(OutcomeBucket(start, bucket_end(start, case.bucket), counts))
    return tuple(found)


def _inside(case: Case) -> pl.Expr:
    import polars as pl

    return pl.col("wb_timestamp").is_between(case.period.start, case.period.end, closed="left")


def _since_end(looked: Looked, harm: Harm) -> Harm:
    """The harm since the rise ended; the same where it lasts.

    A calm that too few labels tell of, and that is short beside the rise, is no end yet.
    """
    ended, since, case = looked.since.ended, looked.since.onset, looked.case
    if ended is None:
        return harm
    after = tuple(b for b in case.counted if b.start >= ended)
    found = measure_harm(replace(case, counted=after), unripe=looked.unripe, ripe_on=looked.ripe_on)
    if found.state == "unknown" and since is not None:
        calm = case.period.end - ended
        return harm if calm < SHORT_CALM * (ended - since) else found
    return found


def _remainder(run: _Run, looked: Looked, case: Case) -> Remainder:
    windows = split_windows(case)
    domain = run.quietly("domain_model", lambda: measure_domain(case))
    overlap = run.step("overlap", lambda: measure_overlap(case, domain))
    decomposition = run.step("decomposition", lambda: decompose(case, domain, overlap))
    segments = run.step("segment_rise", lambda: measure_segment_rise(case))
    choice = run.quietly("challengers", lambda: choose_challenger(case, windows))
    attainable = run.step("attainable", lambda: measure_attainable(case, windows, choice))
    potential = run.step("potential", lambda: measure_potential(case, windows, choice, attainable))
    recalibration = run.step(
        "recalibration", lambda: measure_recalibration(case, windows, attainable)
    )
    backtest = run.step("backtest", lambda: measure_backtest(case, windows, choice, attainable))
    curve = run.step(
        "learning_curve", lambda: measure_learning_curve(case, backtest, looked.labels_per_day)
    )
    remaining = run.step("remaining", lambda: measure_remaining(case, attainable, backtest, curve))
    half_life = run.step(
        "half_life",
        lambda: measure_half_life(looked.history, parse_duration(case.card.labels.delay)),
    )
    return Remainder(
        overlap, decomposition, attainable, backtest, recalibration, curve, remaining, half_life,
        segments, potential,
    )  # fmt: skip


class _Run:
    """Runs steps one after the other, and keeps how they went."""

    def __init__(self, told: Told | None, tick: Callable[[], float] | None) -> None:
        self.steps: list[StepNote] = []
        self._told = told
        self._tick = tick

    def step(self, name: str, measure: Callable[[], T]) -> T:
        """Runs a step and tells of it."""
        found = self.quietly(name, measure)
        self.tell(name, found)
        return found

    def quietly(self, name: str, measure: Callable[[], T]) -> T:
        """Runs a step that has no evidence of its own."""
        started = self._tick() if self._tick else 0.0
        found = measure()
        taken = self._tick() - started if self._tick else 0.0
        self.steps.append(StepNote(name, getattr(found, "skipped", None), taken))
        return found

    def tell(self, name: str, found: object) -> None:
        """Tells what a step found."""
        if self._told is not None:
            evidence = getattr(found, "evidence", tuple)
            self._told(name, evidence())
