"""Are some rows all of one host, version or segment? The one value that holds them, and few others."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.quality.sides import VERSION
from workbench.triage.case import Case
from workbench.triage.undoing import in_time

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_LEAST_ROWS = 20
_NEARLY_ALL = 0.95
_MOSTLY = 0.9
_MOST_VALUES = 200
_DENSER = 10.0
"""How many times as frequent the rows must be there than elsewhere."""


def confined_rows(
    case: Case,
    rows: pl.DataFrame,
    hits: NDArray[Any],
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[str, str] | None:
    """The (column, value) that nearly all of some rows have, and elsewhere next to none are.

    Looked at are the version, the segments, the features that are categories, and logged texts that
    are no features, a host among them. Of several values the one of the fewest rows is named, since
    it says most.

    Args:
        case: for the columns.
        rows: live rows.
        hits: which of them.
        since: the start of the stretch that they are in.
        until: its end.
    """
    import polars as pl

    scope = in_time(rows, since, until)
    part, hit = rows.filter(scope), hits[scope]
    total = int(hit.sum())
    if total < _LEAST_ROWS or total >= _MOSTLY * part.height:
        return None
    best: tuple[int, str, str] | None = None
    for name in _columns(case, part):
        counted = (
            part.select(pl.col(name).cast(pl.String).alias("value"))
            .with_columns(pl.Series("hit", hit))
            .group_by("value").agg(pl.len().alias("rows"), pl.col("hit").sum().alias("hits"))
            .filter(pl.col("value").is_not_null())
        )  # fmt: skip
        if counted.height > _MOST_VALUES:
            continue
        for value, n, inside in counted.iter_rows():
            if inside < _NEARLY_ALL * total or n > _MOSTLY * part.height:
                continue
            elsewhere = (total - inside) / max(part.height - n, 1)
            if inside / n < _DENSER * elsewhere or inside / n < 0.1:
                continue
            candidate = (int(n), VERSION if name == "wb_version" else name, str(value))
            best = candidate if best is None or candidate < best else best
    return None if best is None else (best[1], best[2])


def is_hidden(case: Case, column: str) -> bool:
    """Whether values of a column (or of the version, under our name for it) must not be shown."""
    own = case.card.columns.model_version if column in (VERSION, "wb_version") else column
    return case.card.privacy.is_sensitive(own)


def _columns(case: Case, frame: pl.DataFrame) -> list[str]:
    import polars as pl

    texts = [
        n for n in (*case.feature_names, *case.unused)
        if n in frame.columns and frame[n].dtype in (pl.String, pl.Boolean)
    ]  # fmt: skip
    named = ["wb_version", *case.segments, *texts]
    return [n for n in dict.fromkeys(named) if n in frame.columns]
