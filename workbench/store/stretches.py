"""Over which bins and rules is each part of a period counted, and how are the parts added?

A period may reach back to where rows are gone and the reference was another one. Outcomes of
both add up; what was counted over other bins does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, bucket_start
from workbench.store.baseline_record import Baseline
from workbench.store.connections import Connection
from workbench.store.eras import Era
from workbench.store.judging import own_bucket
from workbench.store.measured import WIDTHS, Choice, CountSource, read_groups, read_outcomes


@dataclass(frozen=True)
class Stretch:
    """A part of a period whose counts are all over one baseline."""

    period: Period
    baseline: Baseline
    is_current: bool
    """Whether that is the model's baseline of now."""

    @property
    def source(self) -> CountSource:
        """The model's counts of then in the catalog."""
        return CountSource(*self.baseline.ids)

    @property
    def score_edges(self) -> tuple[float, ...]:
        """The bins that scores are counted in."""
        return next((b.edges for b in self.baseline.bins if b.role == "score"), ())


def stretches_of(
    period: Period, current: Baseline, eras: Sequence[Era], before: datetime | None
) -> tuple[Stretch, ...]:
    """The parts of a period, in order; none for a period that holds no whole bucket of its time.

    Args:
        period: what is asked about.
        current: the baseline of now.
        eras: the times without rows, in order.
        before: rows older than this are gone.
    """
    found: list[Stretch] = []
    for start, end, baseline in _times(eras, current, before):
        begins = period.start if start is None else max(period.start, start)
        ends = period.end if end is None else min(period.end, end)
        width = baseline.rules.bucket
        if end is not None:
            # Its rows are gone: only the buckets that lie inside whole can be told.
            begins, ends = _ceiling(begins, width), bucket_start(ends, width)
        elif start is not None and begins == start:
            begins = bucket_start(begins, width)
        if begins < ends:
            _add(found, Stretch(Period(begins, ends), baseline, baseline.ids == current.ids))
    return tuple(found)


def added_outcomes(
    connection: Connection,
    stretches: Sequence[Stretch],
    choice: Choice,
    *,
    by: str,
    start: datetime,
    group: str | None = None,
    segment: str | None = None,
    pooled: bool = False,
) -> list[OutcomeBucket]:
    """As `measured.read_outcomes`, over the counts of all parts.

    Args:
        connection: the catalog.
        stretches: the parts of the period.
        choice: which rows; its period is the whole one.
        by: the bucket; where counts are coarser they keep their own.
        start: the start of the one bucket of `all`.
        group: what to break the buckets down by.
        segment: the segment column to break them down by; parts that do not know it are left out.
        pooled: the buckets will be added up: scores that lie in different bins are left out.
    """
    found: dict[tuple[datetime, str | None], list[tuple[OutcomeBucket, Stretch]]] = {}
    for stretch in stretches:
        number = segment_number(stretch.baseline, segment)
        if number is None:
            continue
        for bucket in read_outcomes(
            connection, stretch.source, replace(choice, period=stretch.period),
            by=stretch_width(stretch, by), start=start, group=group, segment_no=number,
        ):  # fmt: skip
            found.setdefault((bucket.start, bucket.segment), []).append((bucket, stretch))
    mixed = (pooled or by == "all") and len({s.score_edges for s in stretches}) > 1
    ordered = found.items() if len(stretches) == 1 else sorted(found.items(), key=_place)
    buckets = [_sum(parts, mixed) for _, parts in ordered]
    if by == "all" and choice.period is not None:
        end = choice.period.end
        return [replace(bucket, end=end) for bucket in buckets]
    return buckets


def added_groups(
    connection: Connection, stretches: Sequence[Stretch], choice: Choice, column: str
) -> list[str | None]:
    """As `measured.read_groups`, over the counts of all parts."""
    found: set[str | None] = set()
    for stretch in stretches:
        found.update(
            read_groups(connection, stretch.source, replace(choice, period=stretch.period), column)
        )
    return sorted(found, key=lambda value: (value is None, value or ""))


def segment_number(baseline: Baseline, segment: str | None) -> int | None:
    """The place of a segment column in a baseline's outcomes, 0 for none; None if it has no such."""
    if segment is None:
        return 0
    segments = baseline.rules.segments
    return segments.index(segment) + 1 if segment in segments else None


def _times(
    eras: Sequence[Era], current: Baseline, before: datetime | None
) -> Iterator[tuple[datetime | None, datetime | None, Baseline]]:
    """All of time: the eras, and after them what has rows."""
    for era in eras:
        yield era.start, era.end, era.baseline
    yield before, None, current


def _add(found: list[Stretch], new: Stretch) -> None:
    last = found[-1] if found else None
    if last is None or last.baseline.ids != new.baseline.ids or last.period.end < new.period.start:
        found.append(new)
    else:
        found[-1] = replace(last, period=Period(last.period.start, new.period.end))


def _ceiling(moment: datetime, width: timedelta) -> datetime:
    start = bucket_start(moment, width)
    return start if start == moment else start + width


def stretch_width(stretch: Stretch, by: str) -> str:
    """The bucket that a part of a period is counted by: its own where that is coarser."""
    own = own_bucket(stretch.baseline.rules)
    return own if by in WIDTHS and WIDTHS[by] < WIDTHS[own] else by


def _sum(parts: Sequence[tuple[OutcomeBucket, Stretch]], mixed: bool) -> OutcomeBucket:
    total, first = parts[0]
    for bucket, stretch in parts[1:]:
        classes: dict[tuple[str, str], float] = {}
        for label, prediction, n in (*total.classes, *bucket.classes):
            classes[label, prediction] = classes.get((label, prediction), 0) + n
        alike = stretch.score_edges == first.score_edges
        total = replace(
            total,
            end=max(total.end, bucket.end),
            counts=total.counts + bucket.counts,
            scores=_added(total.scores, bucket.scores) if alike else (),
            classes=tuple((*pair, n) for pair, n in sorted(classes.items())),
        )
    return replace(total, scores=()) if mixed else total


def _added(
    some: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    length = max(len(some), len(others))
    padded = [(*part, *[(0.0, 0.0)] * (length - len(part))) for part in (some, others)]
    return tuple((a + c, b + d) for (a, b), (c, d) in zip(*padded, strict=True))


def _place(
    entry: tuple[tuple[datetime, str | None], object],
) -> tuple[datetime, bool, str]:
    start, segment = entry[0]
    return start, segment is None, segment or ""
