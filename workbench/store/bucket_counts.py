"""How were a column's rows spread over its bins in each bucket? For many buckets at once.

Fine bins are put together here, on the way: a reference of many hours has millions of counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
    where, values = profile_conditions(source, choice)
    found = connection.execute(
        f"SELECT epoch_us(bucket) AS t, column_no, bin, sum(n)::DOUBLE AS n "
        f"FROM {source.prefix}profile_counts {where} GROUP BY ALL",
        values,
    ).fetchnumpy()
    moments = connection.execute(
        f"SELECT epoch_us(bucket) AS t, column_no, sum(missing)::DOUBLE AS n "
        f"FROM {source.prefix}profile_moments {where} GROUP BY ALL",
        values,
    ).fetchnumpy()
    times = np.union1d(np.asarray(found["t"]), np.asarray(moments["t"]))
    counts_at = np.searchsorted(times, np.asarray(found["t"]))
    missing_at = np.searchsorted(times, np.asarray(moments["t"]))
    columns = []
    for number, column in enumerate(bins):
        cells, psi_starts = _cells(column)
        counts = np.zeros((len(times), int(cells.max()) + 1))
        own = np.asarray(found["column_no"]) == number
        place = (counts_at[own], cells[np.asarray(found["bin"])[own]])
        np.add.at(counts, place, np.asarray(found["n"])[own])
        missing = np.zeros(len(times))
        own = np.asarray(moments["column_no"]) == number
        np.add.at(missing, missing_at[own], np.asarray(moments["n"])[own])
        columns.append(BucketCounts(column, counts, missing, psi_starts))
    return tuple(_moment(int(t)) for t in times), tuple(columns)


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
