"""How were a column's rows spread over its bins in each bucket? For many buckets at once.

Fine bins are put together here, on the way: a reference of many hours has millions of counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.domain.profile import ColumnBins
from workbench.store.connections import Connection
from workbench.store.measured import Choice, CountSource, profile_conditions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BucketCounts:
    """One column's counts, a bucket each."""

    bins: ColumnBins
    counts: Array
    """(buckets, cells): the bins of `drift.divergence.tested_counts`."""
    missing: Array
    """(buckets,)"""
    psi_starts: tuple[int, ...] | None
    """Where each of the bins of `psi` starts among the cells; None: they are the same."""

    @property
    def rows(self) -> Array:
        """All rows of each bucket."""
        found: Array = self.counts.sum(axis=1) + self.missing
        return found


def read_bucket_counts(
    connection: Connection, source: CountSource, bins: Sequence[ColumnBins], choice: Choice
) -> tuple[tuple[datetime, ...], tuple[BucketCounts, ...]]:
    """The buckets that have rows, in order, and the counts of every column in them."""
    fine = read_fine_counts(connection, source, choice)
    columns = []
    for number, column in enumerate(bins):
        cells, psi_starts = _cells(column)
        counts = fine.table(number, cells).astype(np.float64)
        missing = fine.moment(number, "missing", 0.0)
        columns.append(BucketCounts(column, counts, missing, psi_starts))
    return fine.starts, tuple(columns)


@dataclass(frozen=True)
class FineCounts:
    """All columns' stored counts by bucket, as they are read."""

    starts: tuple[datetime, ...]
    counts: dict[str, npt.NDArray[Any]]
    """`place` among the buckets, `column_no`, `bin` and `n`, a row a cell that is not empty."""
    moments: dict[str, npt.NDArray[Any]]
    """`place`, `column_no`, `missing`, `failures`, `low` and `high`."""

    def table(self, number: int, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(buckets, cells) of one column's rows.

        Args:
            number: the column's place among the bins.
            cells: the cell of each of its bins.
        """
        own = self.counts["column_no"] == number
        found = np.zeros((len(self.starts), int(cells.max()) + 1), dtype=np.int64)
        place = (self.counts["place"][own], cells[self.counts["bin"][own]])
        np.add.at(found, place, self.counts["n"][own])
        return found

    def moment(self, number: int, name: str, empty: float) -> Array:
        """(buckets,) of one column's `missing`, `failures`, `low` or `high`.

        Args:
            number: the column's place among the bins.
            name: which.
            empty: what stands where a bucket has none.
        """
        own = self.moments["column_no"] == number
        found = np.full(len(self.starts), empty)
        values = np.ma.filled(self.moments[name][own].astype(np.float64), empty)
        found[self.moments["place"][own]] = values
        return found


def read_fine_counts(connection: Connection, source: CountSource, choice: Choice) -> FineCounts:
    """What is stored of the buckets that a choice means, in the order of time."""
    where, values = profile_conditions(source, choice)
    counts = connection.execute(
        "SELECT epoch_us(bucket) AS t, column_no, bin, sum(n)::BIGINT AS n "
        f"FROM {source.prefix}profile_counts {where} GROUP BY ALL",
        values,
    ).fetchnumpy()
    moments = connection.execute(
        "SELECT epoch_us(bucket) AS t, column_no, sum(missing)::BIGINT AS missing, "
        "sum(parse_failures)::BIGINT AS failures, min(minimum) AS low, max(maximum) AS high "
        f"FROM {source.prefix}profile_moments {where} GROUP BY ALL",
        values,
    ).fetchnumpy()
    times = np.union1d(np.asarray(counts["t"]), np.asarray(moments["t"]))
    for found in (counts, moments):
        found["place"] = np.searchsorted(times, np.asarray(found["t"]))
    return FineCounts(tuple(_moment(int(t)) for t in times), counts, moments)


def _cells(bins: ColumnBins) -> tuple[npt.NDArray[np.int64], tuple[int, ...] | None]:
    """The cell of each fine bin, and where the bins of `psi` start among the cells."""
    if bins.kind != "numeric":
        known = len(bins.categories)
        unseen = known + 1 if bins.other and not bins.is_open else known
        return np.array([*range(known), known, unseen]), None
    if not bins.edges:
        return np.zeros(1, dtype=np.int64), None
    ends = sorted({bins.edges[0], *bins.psi_edges, bins.edges[-1]})
    cells = [bisect_left(ends, edge) for edge in bins.edges]
    starts = (0, *(ends.index(edge) + 1 for edge in bins.psi_edges))
    return np.array([*cells, len(ends)]), starts


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
