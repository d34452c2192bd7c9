"""Where does an answer come from: the stored counts, or the rows themselves?

Stored counts answer for whole buckets at the catalog's newest state. A period that cuts a
bucket, a finer bucket, or an earlier moment (`--as-of`) is counted from the rows, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, is_whole_buckets
from workbench.domain.profile import ColumnProfile
from workbench.store.baseline_record import Baseline
from workbench.store.catalog import ModelSegments, Segment, model_segments
from workbench.store.connections import Connection, StoreHome, reading, scratch
from workbench.store.counting import make_empty_counts
from workbench.store.eras import Era, first_counted, read_eras
from workbench.store.extent import is_cut
from workbench.store.judging import make_judged_view, own_bucket
from workbench.store.measured import (
    FRESH,
    WIDTHS,
    Choice,
    CountSource,
    read_column_counts,
    read_groups,
    read_outcomes,
    read_profiles,
)
from workbench.store.rebuilding import count_judged
from workbench.store.staging import spill_folder
from workbench.store.stretches import (
    Stretch,
    added_groups,
    added_outcomes,
    segment_number,
    stretch_width,
    stretches_of,
)


@dataclass(frozen=True)
class Counts:
    """An open connection and which of its counts to read."""

    connection: Connection
    is_from_rows: bool
    stretches: tuple[Stretch, ...]
    """The parts of the period that stored counts answer for; for rows one, of all that is left."""

    @property
    def source(self) -> CountSource:
        """The counts over the newest baseline of the period."""
        return FRESH if self.is_from_rows or not self.stretches else self.stretches[-1].source

    def outcomes(
        self,
        choice: Choice,
        *,
        by: str,
        start: datetime,
        group: str | None = None,
        segment: str | None = None,
        pooled: bool = False,
    ) -> list[OutcomeBucket]:
        """The outcomes of a period, a bucket each; see `stretches.added_outcomes`."""
        if self.is_from_rows:
            number = segment_number(self.stretches[0].baseline, segment) or 0
            return read_outcomes(
                self.connection, FRESH, choice, by=by, start=start, group=group, segment_no=number
            )
        return added_outcomes(
            self.connection, self.stretches, choice, by=by, start=start, group=group,
            segment=segment, pooled=pooled,
        )  # fmt: skip

    def groups(self, choice: Choice, column: str) -> list[str | None]:
        """The values of `model_version`, `role` or `arm` that a period has rows of."""
        if self.is_from_rows:
            return read_groups(self.connection, FRESH, choice, column)
        return added_groups(self.connection, self.stretches, choice, column)

    def profiles(self, stretch: Stretch, choice: Choice) -> tuple[ColumnProfile, ...]:
        """The profile of every column over one part of the period."""
        source = FRESH if self.is_from_rows else stretch.source
        own = choice if self.is_from_rows else replace(choice, period=stretch.period)
        return read_profiles(self.connection, source, stretch.baseline.bins, own)

    def column_counts(
        self, stretch: Stretch, choice: Choice, column_no: int, *, by: str, start: datetime
    ) -> dict[datetime, tuple[int, ...]]:
        """The rows in each bin of one column over one part of the period, by bucket."""
        source = FRESH if self.is_from_rows else stretch.source
        own = choice if self.is_from_rows else replace(choice, period=stretch.period)
        size = stretch.baseline.bins[column_no].size
        found = read_column_counts(
            self.connection, source, own, column_no, by=stretch_width(stretch, by), start=start
        )
        return {
            begin: tuple(counts.get(place, 0) for place in range(size))
            for begin, counts in found.items()
        }


@dataclass(frozen=True)
class ModelStore:
    """A model's baseline and committed rows, at one version of the catalog."""

    home: StoreHome
    baseline: Baseline
    segments: ModelSegments
    as_of: datetime | None = None
    eras: tuple[Era, ...] = ()
    """The times whose rows retention took."""
    counted_from: datetime | None = None
    """The start of the oldest bucket that is counted and has no rows; None without one."""
    is_outdated: bool = False
    """Whether another process is just counting the rows over a changed reference or card."""

    @property
    def own_by(self) -> str:
        """The card's bucket, as `--by` names it."""
        return own_bucket(self.baseline.rules)

    @property
    def stored(self) -> CountSource:
        """The model's own counts in the catalog."""
        return CountSource(*self.baseline.ids)

    @property
    def reference(self) -> CountSource:
        """The reference's counts in the catalog."""
        return reference_source(self.baseline)

    @property
    def before(self) -> datetime | None:
        """Rows older than this are gone."""
        return self.segments.before

    def stretches(self, period: Period) -> tuple[Stretch, ...]:
        """The parts of a period by the baseline that its stored counts are over."""
        return stretches_of(period, self.baseline, self.eras, self.before)

    def needs_rows(self, period: Period, by: str) -> bool:
        """Whether the stored counts cannot answer for this period and bucket, and rows can."""
        if self.segments.up_to is not None or is_cut(self.segments, self.as_of):
            return True
        if self.before is not None and period.end <= self.before:
            return False
        bucket = self.baseline.rules.bucket
        finer = by in WIDTHS and WIDTHS[by] < bucket
        # Months and weeks are not made of each other: a week that a month cuts is split by rows.
        split = by == "month" and bucket > timedelta(days=1)
        return finer or split or not is_whole_buckets(period, bucket)

    @contextmanager
    def counts(self, period: Period, by: str) -> Iterator[Counts]:
        """The counts that answer for a period, for the length of the block."""
        if not self.needs_rows(period, by):
            with reading(self.home, f"reading {self.baseline.model}") as catalog:
                yield Counts(catalog, False, self.stretches(period))
            return
        finer = by if by in WIDTHS and WIDTHS[by] <= self.baseline.rules.bucket else self.own_by
        if by == "month":
            finer = "1d" if WIDTHS[self.own_by] > WIDTHS["1d"] else self.own_by
        with self._row_counts(period, finer) as connection:
            yield Counts(connection, True, (Stretch(period, self.baseline, True),))

    @contextmanager
    def _row_counts(self, period: Period, by: str) -> Iterator[Connection]:
        with (
            spill_folder(self.home) as spill,
            scratch(self.home, spill) as connection,
        ):
            inside = self.segments.of(s for s in self.segments.predictions if overlaps(s, period))
            make_empty_counts(connection)
            if inside.predictions:
                make_judged_view(
                    connection, inside, self.baseline.rules, self.baseline.shape, by=by,
                    start=period.start, end=period.end, as_of=self.as_of,
                )  # fmt: skip
                count_judged(connection, self.baseline.rules, self.baseline.bins)
            yield connection


def reference_source(baseline: Baseline) -> CountSource:
    """The counts of a baseline's reference in the catalog."""
    return CountSource(baseline.reference_bins_id, baseline.reference_rules_id)


def read_model_store(
    home: StoreHome,
    baseline: Baseline,
    as_of: datetime | None,
    *,
    is_outdated: bool = False,
    up_to: int | None = None,
) -> ModelStore:
    """A model's committed rows as they are now, or as they were at an earlier version."""
    with reading(home, f"reading {baseline.model}") as catalog:
        segments = model_segments(catalog, baseline.model, home.segments, up_to)
        if segments.before is None:
            return ModelStore(home, baseline, segments, as_of, is_outdated=is_outdated)
        eras = read_eras(catalog, baseline.model)
        first = first_counted(catalog, eras)
        return ModelStore(home, baseline, segments, as_of, eras, first, is_outdated)


def overlaps(segment: Segment, period: Period) -> bool:
    """Whether a segment may have rows of a period."""
    return (
        segment.start is not None
        and segment.end is not None
        and segment.start < period.end
        and segment.end >= period.start
    )
