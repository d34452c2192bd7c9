"""How far do a model's rows reach? First and newest prediction, rows and label times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.store.catalog import ModelSegments, aware, naive
from workbench.store.connections import StoreHome, scratch
from workbench.store.rows import make_rows_view


@dataclass(frozen=True)
class Extent:
    """The stretch of time that a model's stored predictions cover."""

    first: datetime
    """Oldest prediction."""
    newest: datetime
    """Newest prediction: now, for this model."""


def model_extent(home: StoreHome, segments: ModelSegments, as_of: datetime | None) -> Extent | None:
    """The extent of a model's rows; None without rows.

    Args:
        home: the store, for the segments that `as_of` cuts.
        segments: what is committed.
        as_of: later predictions do not exist.
    """
    known = [s for s in segments.predictions if s.start is not None]
    if as_of is not None:
        known = [s for s in known if s.start is not None and s.start <= as_of]
    if not known:
        return None
    first = min(s.start for s in known if s.start is not None)
    cut = [s for s in known if as_of is not None and s.end is not None and s.end > as_of]
    ends: list[datetime | None] = [s.end for s in known if s not in cut]
    if cut and as_of is not None:
        with scratch(home) as connection:
            make_rows_view(connection, "cut_rows", cut, {"wb_timestamp": "TIMESTAMP"})
            newest = connection.execute(
                "SELECT max(wb_timestamp) FROM cut_rows WHERE wb_timestamp <= ?", [naive(as_of)]
            ).fetchall()[0][0]
        if newest is not None:
            ends.append(aware(newest))
    return Extent(first, max(end for end in ends if end is not None))


def is_cut(segments: ModelSegments, as_of: datetime | None) -> bool:
    """Whether `as_of` hides any committed row or label, so that stored counts do not hold."""
    if as_of is None:
        return False
    return any(
        s.end is not None and s.end > as_of for s in (*segments.predictions, *segments.labels)
    )
