"""What is loud at each look, and what is raised now?

An alert is raised by a look that is loud, and stays raised until `HOLD` looks in a row were
calm: a rate that hovers at its threshold pages once, not every other day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from workbench.alerts.history import ColumnHistory, Looks, Measured, ShareHistory
from workbench.alerts.moves import Limits, measure_move
from workbench.alerts.shares import measure_share
from workbench.alerts.testing import LOUD, adjusted, levels
from workbench.alerts.usual import Array

HOLD = 3
"""How many looks in a row must be calm before an alert is over."""

ROLE_KINDS = {
    "feature": "drift", "prediction": "prediction_drift", "score": "prediction_drift",
    "label": "label_drift",
}  # fmt: skip
"""What a move of a column of each role is called."""


@dataclass(frozen=True)
class Rule:
    """What of the card decides."""

    false_pages_per_month: float = 1.0
    drift_effect: Limits = (0.1, 0.25)
    drift_distance: Limits = (0.25, 1.0)


@dataclass(frozen=True)
class Told:
    """What all looks say of one share or column."""

    kind: str
    column: str | None
    statuses: Array
    """(looks,): 0 calm, 1 warning, 2 critical."""
    spans: Array
    """(looks,): the number of the span that says it, -1 where calm."""
    values: Array
    """(spans, looks): the share, or the corrected PSI."""
    usuals: Array
    """(spans, looks): the share that is usual for the phases of week and day."""

    @property
    def raised(self) -> Array:
        """(looks,): the status of the alert, which is held for a while after the last loud look."""
        held = self.statuses.copy()
        for back in range(1, HOLD):
            held[back:] = np.maximum(held[back:], self.statuses[: len(held) - back])
        return held

    @property
    def is_raised(self) -> bool:
        """Whether the alert is raised at the newest look."""
        return bool(len(self.statuses)) and bool(self.raised[-1])

    @property
    def status(self) -> str:
        """The status at the newest look."""
        return LOUD[int(self.raised[-1])]

    @property
    def onset(self) -> int:
        """The look from which on the alert of the newest look has been raised."""
        calm = np.flatnonzero(self.raised == 0)
        return int(calm[-1]) + 1 if len(calm) else 0

    @property
    def loudest(self) -> tuple[int, int]:
        """(span, look) of what is told of it: the newest of the loud looks that are held."""
        look = int(np.flatnonzero(self.statuses)[-1])
        return int(self.spans[look]), look


def looked_at(
    looks: Looks,
    shares: Sequence[ShareHistory],
    columns: Sequence[ColumnHistory],
    rule: Rule,
    kinds: Sequence[str] | None = None,
) -> tuple[Told, ...]:
    """What all looks say, a share or column each, in the order given.

    Args:
        looks: which buckets are looks.
        shares: bad predictions, missed positives, missing values.
        columns: whose distribution is watched.
        rule: thresholds and alarm budget.
        kinds: the kinds of tests that the model has, those of other calls included; None: these.
    """
    present = [*dict.fromkeys(share.kind for share in shares), *(["drift"] if columns else [])]
    if not present or not looks.places:
        return ()
    level = levels(rule.false_pages_per_month, looks.bucket, kinds or present, looks.spans)
    families: dict[str, list[tuple[str, str | None, Measured]]] = {}
    for share in shares:
        families.setdefault(share.kind, []).append(
            (share.kind, share.column, measure_share(share, looks))
        )
    for column in columns:
        # Adjusted for the other columns a p-value only grows.
        moved = measure_move(column, looks, rule.drift_effect, rule.drift_distance, level["drift"])
        families.setdefault("drift", []).append((ROLE_KINDS[column.role], column.name, moved))
    told = []
    for family, members in families.items():
        p_values = np.stack([found.p_values for _, _, found in members])
        significant = adjusted(p_values) < level[family][:, None]
        for (kind, name, found), sure in zip(members, significant, strict=True):
            loud = np.where(sure, found.sizes, 0.0)
            statuses = loud.max(axis=0)
            spans = np.where(statuses > 0, loud.argmax(axis=0), -1)
            told.append(Told(kind, name, statuses, spans, found.values, found.usuals))
    return tuple(told)


def pages(told: Sequence[Told], looks: Looks) -> tuple[datetime, ...]:
    """The looks at which an alert is newly raised.

    Columns that rise at one look are one page, and so are all bad and missed predictions.
    """
    raised: dict[tuple[str, str | None], Array] = {}
    for one in told:
        key = ("bad_rate" if one.kind == "miss_rate" else one.kind, one.column)
        raised[key] = np.maximum(raised.get(key, np.zeros(len(one.statuses))), one.raised)
    found: dict[tuple[str, int], None] = {}
    for (kind, _), status in raised.items():
        rises = (status > 0) & ~np.concatenate([[False], status[:-1] > 0])
        found |= {(kind, int(look)): None for look in np.flatnonzero(rises)}
    return tuple(looks.starts[looks.first + look] for _, look in sorted(found, key=lambda k: k[1]))
