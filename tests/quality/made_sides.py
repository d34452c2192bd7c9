"""Logs and references of a few columns, made in memory, as what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.quality.sides import Sides, make_sides

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def sides_of(
    log: Mapping[str, Any],
    reference: Mapping[str, Any],
    moments: Any,
    *,
    days: int,
    asked: int,
    segments: tuple[str, ...] = (),
    labels: tuple[Any, Any] | None = None,
    usual_moments: Any = None,
) -> Sides:
    """Both sides by the day.

    Args:
        log: the columns' values, in order of time.
        reference: the same of the reference.
        moments: days since the start, a row of the log.
        days: how many there are.
        asked: how many of them, the last, are of the period.
        segments: columns that a fault may be confined to.
        labels: of the log and of the reference; none by default.
        usual_moments: days since a month before, a row of the reference; one hour by default.
    """
    many, other = len(moments), len(next(iter(reference.values())))
    times = [START + float(moment) * DAY for moment in moments]
    old = [START - DAY + timedelta(seconds=place) for place in range(other)]
    if usual_moments is not None:
        old = [START - 30 * DAY + float(moment) * DAY for moment in usual_moments]

    def framed(columns: Mapping[str, Any], stamps: list[datetime], y: Any) -> pl.DataFrame:
        rows = len(stamps)
        return pl.DataFrame(dict(columns)).with_columns(
            wb_timestamp=pl.Series(stamps, dtype=pl.Datetime("us", "UTC")),
            wb_version=pl.lit("1"),
            wb_label=pl.Series([None] * rows if y is None else list(y), dtype=pl.String),
            wb_bad=pl.lit(None, dtype=pl.Float64),
        )

    frame = framed(log, times, labels[0] if labels else None)
    features = tuple(
        FeatureColumn(name, "numeric", "number")
        if np.issubdtype(np.asarray(values).dtype, np.number)
        else FeatureColumn(name, "categorical", "text")
        for name, values in reference.items()
        if name not in segments
    )
    period = Period(START + (days - asked) * DAY, START + days * DAY)
    assert frame.height == many
    return make_sides(
        frame,
        framed(reference, old, labels[1] if labels else None),
        features,
        segments,
        period,
        DAY,
    )
