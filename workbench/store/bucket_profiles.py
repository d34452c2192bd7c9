"""What did every column look like in each bucket of the reference? From the stored counts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workbench.domain.bins import coarser
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.store.connections import Connection
from workbench.store.measured import CountSource

MOST_BUCKETS = 60
"""Of a longer reference so many buckets are read, chosen without regard to the calendar."""


@dataclass(frozen=True)
class BucketProfiles:
    """The profiles of some of a reference's buckets."""

    buckets: int
    """How many buckets have rows, read or not."""
    profiles: tuple[tuple[ColumnProfile, ...], ...]
    """One tuple a bucket that was read, in the order of the bins: numbers over the bins that are
    tested (`domain.bins.coarser`), without sums and extremes; categories without unseen names."""


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
    if not chosen:
        return BucketProfiles(0, ())
    where = "WHERE bins_id = ? AND list_contains(?, bucket)"
    values = [source.bins_id, chosen]
    counts: defaultdict[tuple[datetime, int], dict[int, int]] = defaultdict(dict)
    for bucket, number, place, n in connection.execute(
        f"SELECT bucket, counted.column_no, {_placed(bins)} AS place, sum(n)::BIGINT FROM ("
        f"SELECT bucket, column_no, bin, n FROM profile_counts {where}) AS counted {_places(bins)} "
        "GROUP BY ALL",
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
    tested = [coarser(column) for column in bins]
    return BucketProfiles(
        len(named),
        tuple(
            tuple(
                ColumnProfile(
                    column,
                    tuple(counts[bucket, number].get(i, 0) for i in range(column.size)),
                    missing.get((bucket, number), 0),
                )
                for number, column in enumerate(tested)
            )
            for bucket in sorted(chosen)
        ),
    )


def _starts(bins: Sequence[ColumnBins]) -> list[tuple[int, int, int]]:
    """(column, first fine bin, tested bin) of the numeric columns."""
    found = []
    for number, column in enumerate(bins):
        if column.kind == "numeric":
            ends = [bisect_left(column.edges, edge) for edge in coarser(column).edges]
            found += [
                (number, first, place) for place, first in enumerate([0, *(e + 1 for e in ends)])
            ]
    return found


def _placed(bins: Sequence[ColumnBins]) -> str:
    return "coalesce(place, bin)" if _starts(bins) else "bin"


def _places(bins: Sequence[ColumnBins]) -> str:
    starts = _starts(bins)
    if not starts:
        return ""
    listed = ", ".join(str(start) for start in starts)
    return (
        f"ASOF LEFT JOIN (VALUES {listed}) AS starts(column_no, first, place) "
        "ON counted.column_no = starts.column_no AND counted.bin >= starts.first"
    )
