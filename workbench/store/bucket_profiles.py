"""What did every column look like in each bucket of the reference? From the stored counts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.domain.bins import coarser
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.store.connections import Connection
from workbench.store.measured import CountSource

MOST_BUCKETS = 35
"""Of a longer reference so many buckets are read, chosen without regard to the calendar."""

_Place = tuple[datetime, int]
"""A bucket and the number of a column."""


@dataclass(frozen=True)
class BucketProfiles:
    """The profiles of some of a reference's buckets."""

    buckets: int
    """How many buckets have rows, read or not."""
    profiles: tuple[tuple[ColumnProfile, ...], ...]
    """One tuple a bucket that was read, in the order of the bins: over fewer bins
    (`domain.bins.coarser`), without sums, extremes and unseen names."""


def read_bucket_profiles(
    connection: Connection,
    source: CountSource,
    bins: Sequence[ColumnBins],
    *,
    most: int = MOST_BUCKETS,
) -> BucketProfiles:
    """The profiles of a reference by bucket, rows without a timestamp left out.

    Args:
        connection: the catalog.
        source: the reference's counts.
        bins: what they are over.
        most: how many buckets are read at most.
    """
    named = connection.execute(
        "SELECT bucket FROM profile_moments WHERE bins_id = ? AND bucket > TIMESTAMP '1970-01-08' "
        "GROUP BY bucket ORDER BY md5(bucket::VARCHAR)",
        [source.bins_id],
    ).fetchall()
    chosen = [row[0] for row in named[:most]]
    if not chosen or not bins:
        return BucketProfiles(0, ())
    counts, missing = _counts(connection, [source.bins_id, chosen], bins)
    fewer = [coarser(column) for column in bins]
    return BucketProfiles(
        len(named),
        tuple(
            tuple(
                ColumnProfile(
                    column,
                    tuple(counts[bucket, number].get(i, 0) for i in range(column.size)),
                    missing.get((bucket, number), 0),
                )
                for number, column in enumerate(fewer)
            )
            for bucket in sorted(chosen)
        ),
    )


def _counts(
    connection: Connection, values: list[Any], bins: Sequence[ColumnBins]
) -> tuple[defaultdict[_Place, dict[int, int]], dict[_Place, int]]:
    """The rows a coarser bin, and the missing values, of some buckets' columns.

    Args:
        connection: the catalog.
        values: the identity of the bins, and the buckets.
        bins: of every column.
    """
    where = "WHERE bins_id = ? AND bucket IN (SELECT unnest(?::TIMESTAMP[]))"
    listed = ", ".join(
        f"({number}, {place}, {first}, {end})" for number, place, first, end in _starts(bins)
    )
    counts: defaultdict[_Place, dict[int, int]] = defaultdict(dict)
    for bucket, number, place, n in connection.execute(
        "WITH places AS (SELECT column_no, place, unnest(range(first_bin, end_bin)) AS bin FROM "
        f"(VALUES {listed}) AS starts(column_no, place, first_bin, end_bin)) "
        "SELECT bucket, column_no, place, sum(n)::BIGINT FROM "
        f"(SELECT bucket, column_no, bin, n FROM profile_counts {where}) "
        "JOIN places USING (column_no, bin) GROUP BY ALL",
        values,
    ).fetchall():
        counts[bucket, number][place] = n
    missing = {
        (bucket, number): n
        for bucket, number, n in connection.execute(
            f"SELECT bucket, column_no, sum(missing)::BIGINT FROM profile_moments {where} "
            "GROUP BY ALL",
            values,
        ).fetchall()
    }
    return counts, missing


def _starts(bins: Sequence[ColumnBins]) -> list[tuple[int, int, int, int]]:
    """(column, coarser bin, its first bin, the bin after its last) of every column."""
    found = []
    for number, column in enumerate(bins):
        fewer = coarser(column)
        if column.kind == "numeric":
            firsts = [0, *(bisect_left(column.edges, edge) + 1 for edge in fewer.edges)]
        else:
            firsts = [*range(len(fewer.categories) + 1), column.size - 1]
        ends = [*firsts[1:], column.size]
        found += [
            (number, place, first, end)
            for place, (first, end) in enumerate(zip(firsts, ends, strict=True))
        ]
    return found
