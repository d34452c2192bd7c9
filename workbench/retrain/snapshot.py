"""What may a run learn from, and what judges it? Labelled rows, cut by time, in the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.errors import NoRowsError

if TYPE_CHECKING:
    import polars as pl

LEAST_LABELLED = 200
"""With fewer labelled rows since the onset nothing is trained."""
HOLDOUT_SHARE = 1 / 3
"""Of the labelled rows since the onset, the newest are never seen until the end."""

_SHORT_GAP = (
    "the gap between what is learned from and what judges is shorter than the delay of labels"
)
_FOLDS = (0.5, 0.75)
"""Where the parts that choose begin, as shares of the rows that are learned from."""
_FEW = 600
"""With fewer rows there is one such part."""
_DAYS_TO_SNAP = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Snapshot:
    """The rows of a run."""

    train: pl.DataFrame = field(repr=False)
    """The features, `wb_time` (seconds since 1970, null without a time), `wb_side` (`incident` or
    `older`), `wb_fold` (0, or the part that chooses) and `wb_label`."""
    holdout: pl.DataFrame = field(repr=False)
    """The newest labelled rows, every column that they came with."""
    folds: tuple[float, ...]
    """When each part that chooses begins, in seconds since 1970."""
    gap: timedelta
    """How much older than what judges it a row must be to be learned from."""
    holdout_start: datetime
    holdout_end: datetime
    """Of the newest row."""
    notes: tuple[str, ...] = ()


def make_snapshot(
    incident: pl.DataFrame,
    older: pl.DataFrame | None,
    features: Sequence[str],
    delay: timedelta,
) -> Snapshot:
    """Cuts the rows of a run by time.

    The newest third of the labelled rows since the onset judges, once. Rows younger than the usual
    delay of labels before it are not learned from, as they could not be on the day (the gap is
    held to a tenth of the time there is). Of the rest the second half chooses, in one part or two.
    Cuts lie on the borders of days where there are days enough.

    Args:
        incident: rows with `wb_id`, `wb_timestamp`, `wb_label`, the features and whatever the
            judgement needs; rows without a label are left out.
        older: rows with the features and `wb_label`, and `wb_timestamp` and `wb_id` where they have
            them. Rows of the holdout, by id or by time, are left out.
        features: the model's inputs.
        delay: how late labels usually are.

    Raises:
        NoRowsError: there are fewer than `LEAST_LABELLED` labelled rows since the onset, or they
            are all of too few moments to be cut.
    """
    import numpy as np
    import polars as pl

    known = _labelled(incident)
    times = known["wb_timestamp"].dt.epoch("us").to_numpy()
    span = timedelta(microseconds=int(times[-1] - times[0]))
    snaps = span >= _DAYS_TO_SNAP * _DAY
    cut = _cut(times, 1 - HOLDOUT_SHARE, snaps=snaps)
    gap = min(delay, span / 10)
    newest = times >= cut
    learned = times < cut - int(gap / timedelta(microseconds=1))
    train = known.filter(learned)
    holdout = known.filter(newest)
    if holdout.height < LEAST_LABELLED / 4 or train.height < LEAST_LABELLED / 4:
        raise NoRowsError(
            "the labelled rows are of too few moments to learn from the older ones and judge on "
            "the newer",
            "Name a longer window: --window 60d.",
        )
    own = times[learned]
    borders = _borders(own, snaps=snaps)
    notes = [_SHORT_GAP] if gap < delay else []
    rows = _plain(train, features, "incident", np.searchsorted(borders, own, side="right"))
    start = known["wb_timestamp"].filter(newest)[0]
    if older is not None and older.height:
        side, left_out = _older_side(older, features, holdout, start - gap)
        if left_out:
            notes.append(f"{left_out:,} older rows are of the time that judges, and left out")
        rows = pl.concat([side, rows], how="vertical_relaxed")
    return Snapshot(
        rows, holdout, tuple(float(b) / 1e6 for b in borders), gap, start,
        holdout["wb_timestamp"][-1], tuple(notes),
    )  # fmt: skip


def _borders(times: Any, *, snaps: bool) -> Any:
    """Where what chooses is cut from what is learned from, in one part or two: (borders,)."""
    import numpy as np

    shares = _FOLDS if len(times) >= _FEW else _FOLDS[:1]
    found = np.unique([_cut(times, share, snaps=snaps) for share in shares])
    return found[(found > times[0]) & (found <= times[-1])]


def _labelled(incident: pl.DataFrame) -> pl.DataFrame:
    """The rows with a label, by time; a `NoRowsError` where they are too few."""
    import polars as pl

    known = incident.filter(pl.col("wb_label").is_not_null()).sort("wb_timestamp", "wb_id")
    if known.height < LEAST_LABELLED:
        raise NoRowsError(
            f"only {known.height:,} labelled rows to learn from and to judge on; "
            f"{LEAST_LABELLED} are needed",
            "Ingest labels, or name a longer window: --window 60d.",
        )
    return known


def _older_side(
    older: pl.DataFrame, features: Sequence[str], holdout: pl.DataFrame, start: datetime
) -> tuple[pl.DataFrame, int]:
    """The older rows that may be learned from, and how many may not."""
    import numpy as np

    kept = _without_holdout(older, holdout, start)
    side = _plain(kept, features, "older", np.zeros(kept.height, dtype=int))
    return side, older.height - kept.height


def _cut(times: Any, share: float, *, snaps: bool) -> int:
    """The moment before which that share of the rows lies, in microseconds."""
    day = 86_400_000_000
    at = int(times[min(int(len(times) * share), len(times) - 1)])
    return (at + day // 2) // day * day if snaps else at


def _plain(frame: pl.DataFrame, features: Sequence[str], side: str, folds: Any) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    found = frame.select(*features, "wb_label").with_columns(
        pl.lit(side).alias("wb_side"), pl.Series("wb_fold", folds, dtype=pl.Int64)
    )
    if "wb_timestamp" not in frame.columns:
        return found.with_columns(wb_time=pl.lit(None, dtype=pl.Float64))
    # Divided as the borders are: two ways of dividing differ in the last digit.
    moments = frame["wb_timestamp"].dt.epoch("us").cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found.with_columns(pl.Series("wb_time", moments / 1e6).fill_nan(None))


def _without_holdout(older: pl.DataFrame, holdout: pl.DataFrame, start: datetime) -> pl.DataFrame:
    import polars as pl

    found = older.filter(pl.col("wb_label").is_not_null())
    if "wb_id" in found.columns:
        ids = holdout["wb_id"].implode()
        found = found.filter(~pl.col("wb_id").is_in(ids).fill_null(value=False))
    if "wb_timestamp" in found.columns:
        early = (pl.col("wb_timestamp") < start).fill_null(value=True)
        found = found.filter(early)
    return found
