"""Which segments are worth putting together? Small ones that share a day, and of labels any.

They become one a day, or one of several days where days are more than segments: compaction
never makes more files. A large segment is left alone: to write it again costs more than a
file less can save.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workbench.store.catalog import Segment

LARGE_ROWS = 1_000_000
_ROWS_AT_ONCE = 2_000_000
_GROUPS_AT_ONCE = 400


@dataclass(frozen=True)
class Group:
    """Segments whose rows are written together, and the files that they become."""

    segments: tuple[Segment, ...]
    days: tuple[date, ...] = ()
    """One file each, when the segments lie across days; empty: all rows become one file."""

    @property
    def rows(self) -> int:
        """How many rows there are to be written."""
        return sum(segment.rows for segment in self.segments)

    @property
    def files(self) -> int:
        """How many segments there will be."""
        return max(len(self.days), 1)


def prediction_groups(segments: Sequence[Segment]) -> list[Group]:
    """The groups of prediction segments after which the rows of a day lie in one file."""
    small = sorted(
        (s for s in segments if s.rows < LARGE_ROWS and s.start is not None and s.end is not None),
        key=lambda s: (_days(s), s.sequence, str(s.path)),
    )
    groups: list[Group] = []
    for cluster in _clusters(small):
        days = sorted({day for segment in cluster for day in _days_between(segment)})
        if 1 < len(days) <= len(cluster):
            groups.append(Group(tuple(cluster), tuple(days)))
        elif len(days) > 1 and sum(segment.rows for segment in cluster) < LARGE_ROWS:
            groups.append(Group(tuple(cluster)))
        else:
            groups += _day_groups(cluster)
    return [group for group in groups if len(group.segments) > 1]


def label_groups(segments: Sequence[Segment]) -> list[Group]:
    """The groups of label segments that become one file each."""
    small = sorted((s for s in segments if s.rows < LARGE_ROWS), key=_commit_order)
    return [Group(tuple(part)) for part in _filled(small) if len(part) > 1]


def portions(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """The groups a commit's worth at a time, so that little is done again after a crash."""
    portion: list[Group] = []
    for group in groups:
        full = sum(g.rows for g in portion) + group.rows > _ROWS_AT_ONCE
        if portion and (full or len(portion) >= _GROUPS_AT_ONCE):
            yield portion
            portion = []
        portion.append(group)
    if portion:
        yield portion


def _day_groups(segments: Sequence[Segment]) -> list[Group]:
    """The groups of those segments that lie within a day."""
    by_day: dict[date, list[Segment]] = {}
    for segment in segments:
        first, last = _days(segment)
        if first == last:
            by_day.setdefault(first, []).append(segment)
    return [Group(tuple(part)) for day in by_day.values() for part in _filled(day)]


def _filled(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments in their order, in parts that end once they are large."""
    parts: list[list[Segment]] = [[]]
    rows = 0
    for segment in segments:
        parts[-1].append(segment)
        rows += segment.rows
        if rows >= LARGE_ROWS:
            parts.append([])
            rows = 0
    return [part for part in parts if part]


def _clusters(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Segments that share a day, directly or through others; they come in order of their days."""
    cluster: list[Segment] = []
    last: date | None = None
    for segment in segments:
        first, end = _days(segment)
        if last is not None and first > last:
            yield cluster
            cluster, last = [], None
        cluster.append(segment)
        last = end if last is None else max(last, end)
    if cluster:
        yield cluster


def _days(segment: Segment) -> tuple[date, date]:
    return _day(segment.start), _day(segment.end)


def _day(moment: datetime | None) -> date:
    return moment.date() if moment is not None else date.min


def _days_between(segment: Segment) -> Iterator[date]:
    first, last = _days(segment)
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _commit_order(segment: Segment) -> tuple[int, str]:
    return segment.sequence, str(segment.path)
