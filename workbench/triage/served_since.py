"""Since when does the champion serve, and which version did before?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.triage.case import Case

if TYPE_CHECKING:
    import polars as pl

LIVE = "live"


def newly_live(case: Case) -> datetime | None:
    """The time of the champion's first live row, if another version was live before it; else None."""
    first = first_row(case)
    if first is None:
        return None
    return first if older_live(case).height else None


def first_row(case: Case) -> datetime | None:
    """The time of the champion's first row that the case holds."""
    times = [
        frame["wb_timestamp"].min() for frame in (case.before, case.current)
        if frame.height and "wb_timestamp" in frame.columns
    ]  # fmt: skip
    known = [time for time in times if isinstance(time, datetime)]
    return min(known) if known else None


def older_live(case: Case) -> pl.DataFrame:
    """The live rows of other versions from before the champion's first row; may have none."""
    import polars as pl

    first = first_row(case)
    if first is None or not case.others.height or "wb_timestamp" not in case.others.columns:
        return case.others.clear()
    return case.others.filter((pl.col("wb_role") == LIVE) & (pl.col("wb_timestamp") < first))
