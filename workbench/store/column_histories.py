"""How did every column look in each bucket of a period? The stored counts, bucket by bucket."""

from __future__ import annotations

import numpy as np

from workbench.domain.history import ColumnHistory
from workbench.store.bucket_counts import read_fine_counts
from workbench.store.catalog import aware
from workbench.store.counted import Counts
from workbench.store.measured import FRESH, Choice, profile_conditions
from workbench.store.stretches import Stretch


def read_histories(counts: Counts, stretch: Stretch, choice: Choice) -> tuple[ColumnHistory, ...]:
    """The profiles of every column, bucket by bucket, in the order of the bins.

    Args:
        counts: what answers for the period.
        stretch: the part of it whose counts are over one set of bins.
        choice: which rows; its period is cut to the stretch's.
    """
    source = FRESH if counts.is_from_rows else stretch.source
    fine = read_fine_counts(counts.connection, source, choice)
    where, values = profile_conditions(source, choice)
    unseen = counts.connection.execute(
        f"SELECT column_no, bucket, name, sum(n)::BIGINT FROM {source.prefix}profile_unseen {where} "
        "GROUP BY ALL HAVING sum(n) > 0",
        values,
    ).fetchall()
    place = {start: number for number, start in enumerate(fine.starts)}
    names_of: dict[int, list[dict[str, int]]] = {}
    for number, bucket, name, n in unseen:
        listed = names_of.setdefault(number, [{} for _ in fine.starts])
        moment = aware(bucket)
        if moment is not None:
            listed[place[moment]][name] = n
    return tuple(
        ColumnHistory(
            bins,
            fine.starts,
            fine.table(number, np.arange(bins.size)),
            fine.moment(number, "missing", 0).astype(np.int64),
            fine.moment(number, "failures", 0).astype(np.int64),
            fine.moment(number, "low", np.nan),
            fine.moment(number, "high", np.nan),
            tuple(names_of.get(number, [{} for _ in fine.starts])),
        )
        for number, bins in enumerate(stretch.baseline.bins)
    )
