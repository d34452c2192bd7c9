"""Is one and the same score given to a part of the rows, whatever they hold?

A host or a route whose model has hung answers with its last score. In the whole that is a small share,
but one exact score that the reference hardly has, in all rows of one segment for some time, is no
chance: their inputs differ, and so did the answers before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.triage.case import Case
from workbench.triage.confined import confined_rows
from workbench.triage.rescoring import score_columns

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 30
"""With the score; fewer may be the same case asked again."""
_OFTENER = 20.0
"""Than in the reference."""
_COMMONER = 5.0
"""Than the reference's commonest score is there."""
_NEARLY_ALL = 0.95
_VARIED = 0.5
"""Of the rows: how many must have inputs of their own."""


@dataclass(frozen=True)
class StuckPart:
    """Rows that all have one score."""

    segment: tuple[str, str] | None
    """(column, value) that they have; None: all rows of their time have the score."""
    since: datetime
    until: datetime
    """The last row with the score."""
    rows: int


def stuck_part(case: Case) -> StuckPart | None:
    """The part of the period's rows that got one score, as no part of the reference did.

    The score is the period's commonest. It must be in at least `LEAST_ROWS` rows of different
    inputs, 20 times as frequent as in the reference and 5 times as its commonest score there, and
    stand in at least 95 % of the rows of one segment, or of all, between its first and its last row.

    Args:
        case: its rows in order of time.

    Returns:
        None where there is none, or no score (classes alone repeat themselves).
    """
    import polars as pl

    found = _repeated(case)
    if found is None:
        return None
    now, is_it = found
    hits = now.filter(is_it)
    times = hits["wb_timestamp"]
    since, until = times.min(), times.max()
    features = [n for n in case.feature_names if n in hits.columns]
    is_varied = bool(features) and hits.select(features).n_unique() >= _VARIED * hits.height
    if not is_varied or not isinstance(since, datetime) or not isinstance(until, datetime):
        return None
    segment = confined_rows(case, now, now.select(it=is_it)["it"].to_numpy(), since)
    scope = now.filter(pl.col("wb_timestamp").is_between(since, until))
    if segment is not None:
        column = segment[0] if segment[0] in scope.columns else "wb_version"
        scope = scope.filter(pl.col(column).cast(pl.String) == segment[1])
    if _share(scope, is_it) < _NEARLY_ALL:
        return None
    return StuckPart(segment, since, until, hits.height)


def _repeated(case: Case) -> tuple[pl.DataFrame, pl.Expr] | None:
    """The period's rows with a score, and which of them have one that repeats itself; None without."""
    import polars as pl

    names = [name for _, name in score_columns(case, case.current)]
    names = names if case.rules.is_classification else ["wb_prediction"]
    both = (case.current, case.reference)
    if not names or any(not set(names) <= set(frame.columns) for frame in both):
        return None
    now, usual = (frame.drop_nulls(names) for frame in both)
    if not now.height or not usual.height:
        return None
    name = names[0]
    is_it = pl.col(name).eq(_commonest(now, name))
    most = _share(usual, pl.col(name).eq(_commonest(usual, name)))
    least = max(_OFTENER * _share(usual, is_it), _COMMONER * most) * now.height
    return None if now.filter(is_it).height < max(LEAST_ROWS, least) else (now, is_it)


def _commonest(frame: pl.DataFrame, name: str) -> float:
    counted = frame[name].value_counts().sort("count", name, descending=[True, False])
    return float(counted[name][0])


def _share(frame: pl.DataFrame, condition: pl.Expr) -> float:
    return frame.filter(condition).height / max(frame.height, 1)
