"""How old are rows when their label comes? Counted from the times of the labels, where they have any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.store.catalog import aware
from workbench.store.connections import scratch
from workbench.store.counted import ModelStore
from workbench.store.judging import own_bucket
from workbench.store.outcome_sql import bucket_of
from workbench.store.rows import make_label_records, make_rows_view
from workbench.store.staging import spill_folder


@dataclass(frozen=True)
class LabelAges:
    """When the labels of each bucket came."""

    labelled: dict[tuple[datetime, int], float]
    """Rows by start of their bucket and whole buckets from its end to their first label; -1 for
    labels that came before the end or in the log itself."""
    rows: dict[datetime, float]
    """All live rows by start of the bucket."""


def label_ages(store: ModelStore) -> LabelAges | None:
    """The ages of a model's labels; None where label files hold no times.

    Args:
        store: the model's rows.
    """
    if not store.segments.labels or not store.segments.predictions:
        return None
    rules = store.baseline.rules
    width = rules.bucket_seconds
    with spill_folder(store.home) as spill, scratch(store.home, spill) as connection:
        make_label_records(connection, "timed_labels", store.segments.labels, rules, store.as_of)
        type_ = "VARCHAR" if rules.is_classification else "DOUBLE"
        make_rows_view(
            connection, "timed_rows", store.segments.predictions,
            {"wb_id": "VARCHAR", "wb_timestamp": "TIMESTAMP", "wb_role": "VARCHAR", "wb_label": type_},
        )  # fmt: skip
        bucket = bucket_of("wb_timestamp", own_bucket(rules))
        found = connection.execute(
            f"SELECT bucket, CASE WHEN is_own THEN -1 WHEN t IS NULL THEN NULL ELSE greatest(-1, floor("
            f"(epoch(t) - epoch(bucket) - {width}) / {width}))::INTEGER END AS age, "
            "is_own OR is_late AS is_labelled, count(*)::DOUBLE FROM (SELECT "
            f"{bucket} AS bucket, r.wb_label IS NOT NULL AS is_own, l.wb_id IS NOT NULL AS is_late, l.t "
            "FROM timed_rows r LEFT JOIN (SELECT wb_id, min(wb_label_timestamp) AS t FROM timed_labels "
            "GROUP BY 1) l USING (wb_id) WHERE wb_role = 'live') GROUP BY 1, 2, 3"
        ).fetchall()
    labelled: dict[tuple[datetime, int], float] = {}
    rows: dict[datetime, float] = {}
    untimed = timed = 0.0
    for begin, age, is_labelled, count in found:
        start = aware(begin)
        if start is None:
            continue
        rows[start] = rows.get(start, 0.0) + count
        if is_labelled and age is None:
            untimed += count
        elif is_labelled:
            timed += count
            labelled[start, int(age)] = labelled.get((start, int(age)), 0.0) + count
    return LabelAges(labelled, rows) if timed > 0 and untimed <= 0.05 * timed else None
