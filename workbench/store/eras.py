"""Which baseline were the counts of a past time made over? Its own, where its rows are gone.

A changed reference remakes the counts of all rows. What retention took has none, and keeps
the counts that it had, over the bins and rules of then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.store.baseline_record import Baseline, keep_baseline, read_kept_baseline
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection


@dataclass(frozen=True)
class Era:
    """A stretch of time without rows, and the baseline that its counts are over."""

    start: datetime | None
    """Where it begins, aware; None: with the first counts."""
    end: datetime
    """Where it ends; not included."""
    baseline: Baseline


def record_retained(
    catalog: Connection, baseline: Baseline, before: datetime, version: int
) -> None:
    """Notes in the open transaction that a model's rows older than `before` are gone."""
    keep_baseline(catalog, baseline)
    catalog.execute(
        "INSERT INTO retained VALUES (?, ?, ?, ?, ?)",
        [baseline.model, naive(before), version, baseline.bins_id, baseline.rules_id],
    )


def read_eras(catalog: Connection, model: str) -> tuple[Era, ...]:
    """The stretches of time whose rows retention took, in order; neighbours differ in baseline."""
    eras: list[Era] = []
    start: datetime | None = None
    for before, bins_id, rules_id in catalog.execute(
        "SELECT before, bins_id, rules_id FROM retained WHERE model = ? ORDER BY before, version",
        [model],
    ).fetchall():
        end = aware(before)
        if eras and eras[-1].baseline.ids == (bins_id, rules_id) and end is not None:
            eras[-1] = Era(eras[-1].start, end, eras[-1].baseline)
        else:
            kept = read_kept_baseline(catalog, model, bins_id, rules_id)
            if kept is not None and end is not None:
                eras.append(Era(start, end, kept))
        start = end
    return tuple(eras)


def first_counted(catalog: Connection, eras: tuple[Era, ...]) -> datetime | None:
    """The start of the oldest bucket that has counts and no rows; None without one."""
    ids = [era.baseline.rules_id for era in eras]
    rows = catalog.execute(
        "SELECT min(bucket) FROM outcomes WHERE list_contains(?, rules_id)", [ids]
    ).fetchall()
    return aware(rows[0][0])
