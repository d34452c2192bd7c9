"""What do the stored counts say about a period? Sums of small rows, never a scan of the log.

The same functions read the catalog's tables and the `new_` tables that `counting` makes of
rows, so that a period that cuts a bucket is answered exactly, and in the same shape.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period, bucket_end, calendar_month
from workbench.domain.profile import UNSEEN_CAP, ColumnBins, ColumnProfile
from workbench.errors import StoreError
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection
from workbench.store.expressions import OTHER, UNSEEN
from workbench.store.outcome_sql import COUNTS, bucket_of
from workbench.store.quoting import identifier

WIDTHS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
_POOLED = {OTHER: "(other)", UNSEEN: "(unseen)"}


@dataclass(frozen=True)
class CountSource:
    """Which counts are read: the catalog's under some identity, or those just made of rows."""

    bins_id: str | None = None
    rules_id: str | None = None

    @property
    def prefix(self) -> str:
        """What the table names begin with."""
        return "" if self.bins_id is not None or self.rules_id is not None else "new_"


@dataclass(frozen=True)
class Choice:
    """Which rows are asked about."""

    period: Period | None = None
    """None: all buckets."""
    versions: tuple[str, ...] | None = None
    """None: every version."""
    roles: tuple[str, ...] = ("live",)
    """Empty: every role."""
    assumed_before: datetime | None = None
    """Missing labels in buckets that end by then count as what the card says they mean."""


FRESH = CountSource()
"""The counts that `counting` has just made in this connection."""


def read_profiles(
    connection: Connection, source: CountSource, bins: Sequence[ColumnBins], choice: Choice
) -> tuple[ColumnProfile, ...]:
    """The profile of every column over a period, in the order of the bins.

    Raises:
        StoreError: the catalog lost bins that it has counts of.
    """
    where, values = profile_conditions(source, choice)
    counts: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for number, bin_, n in connection.execute(
        f"SELECT column_no, bin, sum(n)::BIGINT FROM {source.prefix}profile_counts {where} GROUP BY ALL",
        values,
    ).fetchall():
        counts[number][bin_] = n
    if counts and max(counts) >= len(bins):
        raise StoreError(
            "the store is damaged: the bins of some counts are gone from the catalog",
            "workbench doctor says which, and how to mend it.",
        )
    moments: dict[int, tuple[Any, ...]] = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT column_no, sum(missing)::BIGINT, sum(parse_failures)::BIGINT, sum(total), "
            f"sum(total_squares), min(minimum), max(maximum) FROM {source.prefix}profile_moments {where} "
            "GROUP BY column_no",
            values,
        ).fetchall()
    }
    unseen: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for number, name, n in connection.execute(
        "SELECT column_no, name, n FROM (SELECT column_no, name, sum(n)::BIGINT AS n FROM "
        f"{source.prefix}profile_unseen {where} GROUP BY column_no, name) WHERE n > 0 "
        "QUALIFY row_number() OVER (PARTITION BY column_no ORDER BY n DESC, name) "
        f"<= {UNSEEN_CAP} ORDER BY column_no, n DESC, name",
        values,
    ).fetchall():
        unseen[number].append((name, n))
    profiles = []
    for number, column in enumerate(bins):
        found = counts[number]
        missing, failures, total, squares, low, high = moments.get(
            number, (0, 0, 0.0, 0.0, None, None)
        )
        profiles.append(
            ColumnProfile(
                column, tuple(found.get(i, 0) for i in range(column.size)), missing, failures,
                total, squares, low, high, tuple(unseen[number]),
            )
        )  # fmt: skip
    return tuple(profiles)


def read_outcomes(
    connection: Connection,
    source: CountSource,
    choice: Choice,
    *,
    by: str,
    start: datetime,
    group: str | None = None,
    segment_no: int = 0,
) -> list[OutcomeBucket]:
    """The outcomes of a period, a bucket each, in time order.

    Args:
        connection: the catalog, or scratch for counts made of rows.
        source: which counts.
        choice: which rows.
        by: `1h`, `1d`, `7d`, `month`, or `all` for one bucket.
        start: the start of that one bucket.
        group: `model_version`, `role` or `arm` to break the buckets down by.
        segment_no: the place of the segment column to break them down by, from 1; 0 for none.
    """
    where, values = _outcome_conditions(source, choice)
    bucket = "NULL::TIMESTAMP" if by == "all" else bucket_of("bucket", by)
    value = identifier(group) if group else ("segment" if segment_no else "NULL::VARCHAR")
    sums = ", ".join(f"sum({identifier(name)})" for name in COUNTS)
    rows = connection.execute(
        f"SELECT {bucket} AS b, {value} AS g, {sums} FROM {source.prefix}outcomes {where} "
        f"AND segment_no = ? GROUP BY 1, 2 HAVING sum(rows) <> 0 OR sum(labelled) <> 0 ORDER BY 1, 2",
        [*values, segment_no],
    ).fetchall()
    scores: dict[tuple[Any, Any], list[tuple[float, float]]] = {}
    classes: dict[tuple[Any, Any], list[tuple[str, str, float]]] = {}
    if not segment_no:
        for b, g, bin_, positive, negative in connection.execute(
            f"SELECT {bucket} AS b, {value} AS g, bin, sum(positive), sum(negative) FROM "
            f"{source.prefix}outcome_scores {where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            values,
        ).fetchall():
            placed = scores.setdefault((b, g), [])
            placed += [(0.0, 0.0)] * (bin_ - len(placed))
            placed.append((positive, negative))
        for b, g, label, prediction, n in connection.execute(
            f"SELECT {bucket} AS b, {value} AS g, label, prediction, sum(n) FROM "
            f"{source.prefix}outcome_classes {where} GROUP BY 1, 2, 3, 4 "
            "HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4",
            values,
        ).fetchall():
            classes.setdefault((b, g), []).append((label, prediction, n))
    found = []
    for b, g, *sums_found in rows:
        begin = aware(b) or start
        end = choice.period.end if by == "all" and choice.period else _end(begin, by)
        found.append(
            OutcomeBucket(
                begin, end, OutcomeCounts(*sums_found), _POOLED.get(g, g),
                tuple(scores.get((b, g), ())), tuple(classes.get((b, g), ())),
            )
        )  # fmt: skip
    return found


def read_groups(
    connection: Connection, source: CountSource, choice: Choice, column: str
) -> list[str | None]:
    """The values of `model_version`, `role` or `arm` that a period has rows of."""
    where, values = _outcome_conditions(source, choice)
    rows = connection.execute(
        f"SELECT {identifier(column)} FROM {source.prefix}outcomes {where} AND segment_no = 0 "
        "GROUP BY 1 HAVING sum(rows) > 0 ORDER BY 1",
        values,
    ).fetchall()
    return [row[0] for row in rows]


def _end(start: datetime, by: str) -> datetime:
    if by == "month":
        return calendar_month(start).end
    return bucket_end(start, WIDTHS.get(by, WIDTHS["1d"]))


def profile_conditions(source: CountSource, choice: Choice) -> tuple[str, list[Any]]:
    """The WHERE clause of the profile tables for a choice of rows, and the values it binds."""
    conditions, values = _common(source, choice)
    if source.bins_id is not None:
        conditions.append("bins_id = ?")
        values.append(source.bins_id)
    return f"WHERE {' AND '.join(conditions)}", values


def _outcome_conditions(source: CountSource, choice: Choice) -> tuple[str, list[Any]]:
    conditions, values = _common(source, choice)
    if source.rules_id is not None:
        conditions.append("rules_id = ?")
        values.append(source.rules_id)
    if choice.roles:
        conditions.append(f"role IN ({', '.join('?' for _ in choice.roles)})")
        values += choice.roles
    if choice.assumed_before is None:
        conditions.append("NOT is_assumed")
    else:
        conditions.append("(NOT is_assumed OR bucket < ?)")
        values.append(naive(choice.assumed_before))
    return f"WHERE {' AND '.join(conditions)}", values


def _common(source: CountSource, choice: Choice) -> tuple[list[str], list[Any]]:
    conditions: list[str] = ["true"]
    values: list[Any] = []
    # Counts just made are of the period's rows only, whose first bucket may begin before it.
    if choice.period is not None and source != FRESH:
        conditions.append("bucket >= ? AND bucket < ?")
        values += [naive(choice.period.start), naive(choice.period.end)]
    if choice.versions is not None:
        conditions.append(f"model_version IN ({', '.join('?' for _ in choice.versions)})")
        values += choice.versions
    return conditions, values
