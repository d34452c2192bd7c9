"""How did every column look in each bucket of a period? The stored counts, bucket by bucket."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.history import ColumnHistory
from workbench.domain.profile import ColumnBins
from workbench.store.catalog import aware
from workbench.store.counted import Counts
from workbench.store.measured import FRESH, Choice, profile_conditions
from workbench.store.stretches import Stretch

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_histories(counts: Counts, stretch: Stretch, choice: Choice) -> tuple[ColumnHistory, ...]:
    """The profiles of every column, bucket by bucket, in the order of the bins.

    Args:
        counts: what answers for the period.
        stretch: the part of it whose counts are over one set of bins.
        choice: which rows; its period is cut to the stretch's.
    """
    import numpy as np

    source = FRESH if counts.is_from_rows else stretch.source
    where, values = profile_conditions(source, choice)
    names = {
        "counts": f"SELECT column_no, bucket, bin, sum(n)::BIGINT AS n FROM {source.prefix}profile_counts "
        f"{where} GROUP BY ALL",
        "moments": "SELECT column_no, bucket, sum(missing)::BIGINT AS missing, "
        "sum(parse_failures)::BIGINT AS failures, min(minimum) AS low, max(maximum) AS high "
        f"FROM {source.prefix}profile_moments {where} GROUP BY ALL",
    }
    found: dict[str, dict[str, NDArray[Any]]] = {
        name: counts.connection.execute(query, values).fetchnumpy() for name, query in names.items()
    }
    unseen = counts.connection.execute(
        f"SELECT column_no, bucket, name, sum(n)::BIGINT FROM {source.prefix}profile_unseen {where} "
        "GROUP BY ALL HAVING sum(n) > 0",
        values,
    ).fetchall()
    buckets = np.unique(np.concatenate([found["counts"]["bucket"], found["moments"]["bucket"]]))
    starts = tuple(moment for b in buckets if (moment := aware(b.astype("M8[us]").item())))
    place = {start: number for number, start in enumerate(starts)}
    names_of: dict[int, list[dict[str, int]]] = {}
    for number, bucket, name, n in unseen:
        listed = names_of.setdefault(number, [{} for _ in starts])
        moment = aware(bucket)
        if moment is not None:
            listed[place[moment]][name] = n
    return tuple(
        _history(bins, number, buckets, starts, found, names_of.get(number, [{} for _ in starts]))
        for number, bins in enumerate(stretch.baseline.bins)
    )


def _history(
    bins: ColumnBins,
    number: int,
    buckets: NDArray[Any],
    starts: tuple[datetime, ...],
    found: dict[str, dict[str, NDArray[Any]]],
    unseen: list[dict[str, int]],
) -> ColumnHistory:
    """One column, by its number in what was found of all."""
    import numpy as np

    own = found["counts"]["column_no"] == number
    table = np.zeros((len(starts), bins.size), dtype=np.int64)
    at = np.searchsorted(buckets, found["counts"]["bucket"][own])
    np.add.at(table, (at, found["counts"]["bin"][own].astype(np.int64)), found["counts"]["n"][own])
    mine = found["moments"]["column_no"] == number
    at = np.searchsorted(buckets, found["moments"]["bucket"][mine])
    ends = []
    for what in ("low", "high"):
        placed = np.full(len(starts), np.nan)
        placed[at] = np.ma.filled(found["moments"][what][mine].astype(float), np.nan)
        ends.append(placed)
    sums = []
    for what in ("missing", "failures"):
        total = np.zeros(len(starts), dtype=np.int64)
        np.add.at(total, at, found["moments"][what][mine])
        sums.append(total)
    return ColumnHistory(bins, starts, table, sums[0], sums[1], ends[0], ends[1], tuple(unseen))
