"""Which estimates were made from rows already? They are kept beside the counts they go with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from workbench.domain.estimates import RowEstimate
from workbench.domain.outcomes import LabelArrival
from workbench.domain.period import Period
from workbench.store.baseline_record import Baseline
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection

_KEY = "model = ? AND bins_id = ? AND rules_id = ?"
_PLACED = ("start", "end", "rows", "labelled", "bad")

Stretch = tuple[datetime, datetime]
"""Start and end."""


def read_estimates(
    catalog: Connection, baseline: Baseline, versions: tuple[str, ...] | None, period: Period
) -> dict[Stretch, RowEstimate]:
    """The remembered estimates that lie in a period, by their start and end.

    Args:
        catalog: open.
        baseline: the bins and rules that they must go with.
        versions: the versions that they are of; None: all.
        period: what is asked about.
    """
    rows = catalog.execute(
        f"SELECT start_time, end_time, rows, labelled, bad, figures FROM row_estimates "
        f"WHERE {_KEY} AND versions = ? AND start_time >= ? AND end_time <= ?",
        [baseline.model, *baseline.ids, _named(versions), naive(period.start), naive(period.end)],
    ).fetchall()
    found = {}
    for start, end, count, labelled, bad, figures in rows:
        begins, ends = aware(start), aware(end)
        if begins is not None and ends is not None:
            found[begins, ends] = RowEstimate(
                begins, ends, count, labelled, bad, **json.loads(figures)
            )
    return found


def write_estimates(
    catalog: Connection,
    baseline: Baseline,
    versions: tuple[str, ...] | None,
    estimates: Sequence[RowEstimate],
    now: datetime,
) -> None:
    """Puts estimates in the place of those of the same stretches, in the open transaction.

    What was remembered over an earlier reference or card goes: nothing asks for it again.
    """
    catalog.execute(
        f"DELETE FROM row_estimates WHERE model = ? AND NOT ({_KEY})",
        [baseline.model, baseline.model, *baseline.ids],
    )
    for estimate in estimates:
        place = [naive(estimate.start), naive(estimate.end)]
        catalog.execute(
            f"DELETE FROM row_estimates WHERE {_KEY} AND versions = ? AND start_time = ? AND end_time = ?",
            [baseline.model, *baseline.ids, _named(versions), *place],
        )
        figures = {name: v for name, v in asdict(estimate).items() if name not in _PLACED}
        catalog.execute(
            "INSERT INTO row_estimates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [baseline.model, *baseline.ids, _named(versions), *place, estimate.rows,
             estimate.labelled, estimate.bad, naive(now), json.dumps(figures)],
        )  # fmt: skip


def read_delays(catalog: Connection, baseline: Baseline, labels_version: int) -> dict[int, float]:
    """The remembered usual share of labelled rows by age in buckets; empty when there is none.

    Args:
        catalog: open.
        baseline: the bins and rules that it must go with.
        labels_version: the newest commit of labels; what was measured before it does not count.
    """
    rows = catalog.execute(
        f"SELECT age, share FROM label_delays WHERE {_KEY} AND labels_version = ? ORDER BY age",
        [baseline.model, *baseline.ids, labels_version],
    ).fetchall()
    return {int(age): float(share) for age, share in rows}


def write_delays(
    catalog: Connection,
    baseline: Baseline,
    shares: Mapping[int, float],
    labels_version: int,
    now: datetime,
) -> None:
    """Remembers the usual share by age in the place of what was known, in the open transaction.

    Args:
        catalog: open for writing.
        baseline: the bins and rules that it goes with.
        shares: by age in buckets.
        labels_version: the newest commit of the labels that it was measured on.
        now: the machine's clock.
    """
    catalog.execute("DELETE FROM label_delays WHERE model = ?", [baseline.model])
    for age, share in shares.items():
        catalog.execute(
            "INSERT INTO label_delays VALUES (?, ?, ?, ?, ?, ?, ?)",
            [baseline.model, *baseline.ids, age, share, labels_version, naive(now)],
        )


def read_arrivals(
    catalog: Connection, baseline: Baseline, since: datetime
) -> tuple[LabelArrival, ...]:
    """Which commit brought how many live rows and labels of each bucket.

    Compaction and rebuilds add up what several commits brought: their version is 0.

    Args:
        catalog: open.
        baseline: whose counts.
        since: earlier buckets are left out.
    """
    rows = catalog.execute(
        "SELECT o.bucket, coalesce(b.version, 0), sum(o.rows), sum(o.labelled) FROM outcomes o "
        "LEFT JOIN batches b USING (batch) WHERE o.rules_id = ? AND o.segment_no = 0 "
        "AND o.role = 'live' AND NOT o.is_assumed AND o.bucket >= ? GROUP BY 1, 2 ORDER BY 1, 2",
        [baseline.rules_id, naive(since)],
    ).fetchall()
    return tuple(
        LabelArrival(start, int(version), float(count), float(labelled))
        for bucket, version, count, labelled in rows
        if (start := aware(bucket)) is not None
    )


def _named(versions: tuple[str, ...] | None) -> str:
    return "*" if versions is None else json.dumps(sorted(versions), ensure_ascii=False)
