"""Where does an answer come from: the stored counts, or the rows themselves?

Stored counts answer for whole buckets at the catalog's newest state. A period that cuts a
bucket, a finer bucket, or an earlier moment (`--as-of`) is counted from the rows, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.period import Period, is_whole_buckets
from workbench.store.baseline import Baseline
from workbench.store.catalog import ModelSegments, Segment, model_segments
from workbench.store.connections import Connection, StoreHome, reading, scratch
from workbench.store.counting import make_empty_counts
from workbench.store.extent import is_cut
from workbench.store.judging import make_judged_view, own_bucket
from workbench.store.measured import FRESH, WIDTHS, CountSource
from workbench.store.rebuilding import count_judged
from workbench.store.staging import spill_folder


@dataclass(frozen=True)
class Counts:
    """An open connection and which of its counts to read."""

    connection: Connection
    source: CountSource
    is_from_rows: bool


@dataclass(frozen=True)
class ModelStore:
    """A model's baseline and committed rows, at one version of the catalog."""

    home: StoreHome
    baseline: Baseline
    segments: ModelSegments
    as_of: datetime | None = None

    @property
    def own_by(self) -> str:
        """The card's bucket, as `--by` names it."""
        return own_bucket(self.baseline.rules)

    @property
    def stored(self) -> CountSource:
        """The model's own counts in the catalog."""
        return CountSource(self.baseline.bins_id, self.baseline.rules_id)

    @property
    def reference(self) -> CountSource:
        """The reference's counts in the catalog."""
        return CountSource(self.baseline.reference_bins_id, self.baseline.reference_rules_id)

    def needs_rows(self, period: Period, by: str) -> bool:
        """Whether the stored counts cannot answer for this period and bucket."""
        bucket = self.baseline.rules.bucket
        finer = by in WIDTHS and WIDTHS[by] < bucket
        # Months and weeks are not made of each other: a week that a month cuts is split by rows.
        split = by == "month" and bucket > timedelta(days=1)
        return (
            is_cut(self.segments, self.as_of)
            or finer
            or split
            or not is_whole_buckets(period, bucket)
        )

    @contextmanager
    def counts(self, period: Period, by: str) -> Iterator[Counts]:
        """The counts that answer for a period, for the length of the block."""
        if not self.needs_rows(period, by):
            with reading(self.home, f"reading {self.baseline.model}") as catalog:
                yield Counts(catalog, self.stored, is_from_rows=False)
            return
        finer = by if by in WIDTHS and WIDTHS[by] <= self.baseline.rules.bucket else self.own_by
        if by == "month":
            finer = "1d" if WIDTHS[self.own_by] > WIDTHS["1d"] else self.own_by
        with self._row_counts(period, finer) as connection:
            yield Counts(connection, FRESH, is_from_rows=True)

    @contextmanager
    def _row_counts(self, period: Period, by: str) -> Iterator[Connection]:
        with (
            spill_folder(self.home) as spill,
            scratch(self.home, spill) as connection,
        ):
            inside = ModelSegments(
                self.segments.version,
                tuple(s for s in self.segments.predictions if _overlaps(s, period)),
                self.segments.labels,
            )
            make_empty_counts(connection)
            if inside.predictions:
                make_judged_view(
                    connection, inside, self.baseline.rules, self.baseline.shape, by=by,
                    start=period.start, end=period.end, as_of=self.as_of,
                )  # fmt: skip
                count_judged(connection, self.baseline.rules, self.baseline.bins)
            yield connection


def read_model_store(home: StoreHome, baseline: Baseline, as_of: datetime | None) -> ModelStore:
    """A model's committed rows as they are now."""
    with reading(home, f"reading {baseline.model}") as catalog:
        return ModelStore(
            home, baseline, model_segments(catalog, baseline.model, home.segments), as_of
        )


def _overlaps(segment: Segment, period: Period) -> bool:
    return (
        segment.start is not None
        and segment.end is not None
        and segment.start < period.end
        and segment.end >= period.start
    )
