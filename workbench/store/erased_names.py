"""Which names in the catalog are an erased entity's? Where it was counted by its own value.

Counts of its rows are made anew from what is left. Those of buckets whose rows retention took
cannot be: they stay, without the name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.store.connections import Connection
from workbench.store.expressions import OTHER

GONE = "(erased)"
"""Stands for a name among the reference's categories; its rows are in the user's own file."""


def forget_names(catalog: Connection, model: str, column: str, values: Sequence[str]) -> None:
    """Takes an entity's name out of a model's bins, unseen names and segment values.

    Args:
        catalog: the open transaction.
        model: whose counts.
        column: the entity column.
        values: the entity as it may be stored.
    """
    ids = catalog.execute(
        "SELECT bins_id, rules_id, rules FROM baselines WHERE model = ? "
        "UNION SELECT bins_id, rules_id, rules FROM kept_baselines WHERE model = ?",
        [model, model],
    ).fetchall()
    bins = sorted({str(row[0]) for row in ids})
    bins += [f"reference:{own}" for own in bins]
    segments = [
        (str(rules_id), number)
        for _, rules_id, rules in ids
        for number, name in enumerate(json.loads(rules or "{}").get("segments", ()), 1)
        if name.lower() == column.lower()
    ]
    gone = list(values)
    catalog.execute(
        "DELETE FROM profile_unseen u USING bins b WHERE list_contains(?, u.bins_id) "
        "AND b.bins_id = replace(u.bins_id, 'reference:', '') AND b.column_no = u.column_no "
        "AND lower(b.name) = lower(?) AND list_contains(?, u.name)",
        [bins, column, gone],
    )
    catalog.execute(
        "UPDATE bins SET "
        + ", ".join(
            f"{names} = list_transform({names}, lambda n: CASE WHEN list_contains(?, n) THEN ? ELSE n END)"
            for names in ("categories", "other")
        )
        + " WHERE list_contains(?, bins_id) AND lower(name) = lower(?)",
        [gone, GONE, gone, GONE, bins, column],
    )
    for rules_id, number in segments:
        catalog.execute(
            "UPDATE outcomes SET segment = ? WHERE list_contains(?, rules_id) AND segment_no = ? "
            "AND list_contains(?, segment)",
            [OTHER, [rules_id, f"reference:{rules_id}"], number, gone],
        )
