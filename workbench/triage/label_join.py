"""Do the labels belong to other rows? They fit once they are moved by so many rows.

When a join is off by a row or a day, outputs and labels have nothing to do with each other, and all
at once everything again when the labels are moved back. A world that changed does not do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.performance.badness import badness
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.rescoring import badness_of, sampled, score_columns

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_LABELS = 100
FARTHEST = 30
"""Rows that labels are moved by, either way; besides that by a bucket's rows, and by 24 and 48."""
_COLLAPSED = 0.5
_RESTORED = 0.7
_SURE = 6.0
_STANDS_OUT = 1.5
_MOST_BEFORE = 0.65
"""Of the rows: what may have come before the fault. It begins in the first bucket, often of two."""


@dataclass(frozen=True)
class JoinShift:
    """By how many rows the labels are off."""

    rows: int
    """A row's label stands so many rows further on."""
    order: str
    """`time`, `id`, or `entity`: within each entity by time."""
    agreement: float
    """Correlation of outputs and labels as they are logged, -1 to 1."""
    restored: float
    """The same with the labels moved."""
    reference: float
    """The same in the reference."""
    n: int
    fall: Resampled = field(repr=False)
    """What moving them takes off the bad rate."""
    since: datetime | None = None
    """The first row whose label is off, where some before it in the period have their own; else None."""

    @property
    def is_restored(self) -> bool:
        """Whether the labels fit again as they do in the reference."""
        return self.restored >= _RESTORED * self.reference


def label_join(case: Case) -> JoinShift | None:
    """By how many rows the period's labels are off; None where they are not, or nothing can be told.

    They are when the agreement has fallen below half the reference's, and moving the labels by some
    number of rows brings back 0.7 of it, by six times what other moves differ, and 1.5 times as much
    as any other move. In a sample the next row is often not there: `case.stretch`, among whose rows
    none is missing, is looked at first; in the sample what is left must stand out just as clearly.
    """
    reference = _agreement(case, case.reference)
    if reference is None or reference <= 0.05:
        return None
    if case.stretch is not None:
        found = _join(replace(case, current=case.stretch), reference)
        if found is not None:
            return found
    return _join(case, reference)


def _join(case: Case, reference: float) -> JoinShift | None:
    """The move that puts the labels right, and from which of the rows on.

    The period begins with a bucket, and the fault perhaps later in it: where the rows as a whole show
    nothing, their newer half is asked, and what came before the moment from which on the labels fit
    better moved is not counted against either.
    """
    whole = _best_move(case, reference)
    if whole is not None and whole.is_restored:
        return whole
    found = whole if whole is not None else _newer_join(case, reference)
    if found is None:
        return None
    begun = _begun(case, found)
    if begun is None:
        return found
    later = replace(case, current=case.current.filter(case.current["wb_timestamp"] >= begun))
    own = _best_move(later, reference)
    if own is None or own.rows != found.rows:
        return found
    return replace(_of_a_part(own, later.current.height / case.current.height), since=begun)


def _newer_join(case: Case, reference: float) -> JoinShift | None:
    newer = _newer_half(case.current)
    found = _best_move(replace(case, current=newer), reference)
    return None if found is None else _of_a_part(found, newer.height / case.current.height)


def _of_a_part(join: JoinShift, share: float) -> JoinShift:
    """The same, with what it takes off the rate of all rows, where only a share of them is touched."""
    fall = replace(join.fall, value=share * join.fall.value, draws=share * join.fall.draws)
    return replace(join, fall=fall)


def _newer_half(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows from the middle one of those with a label on."""
    import numpy as np

    frame = frame.sort("wb_timestamp", "wb_id")
    labelled = np.flatnonzero(frame["wb_label"].is_not_null().to_numpy())
    if labelled.size < 2 * LEAST_LABELS:
        return frame.head(0)
    return frame[int(labelled[labelled.size // 2]) :]


def _begun(case: Case, join: JoinShift) -> datetime | None:
    """The row from which on the labels fit better moved, by the sum of agreements on both sides."""
    import numpy as np

    frame = case.current.sort("wb_timestamp", "wb_id")
    sides = _sides(case, frame)
    if sides is None or join.order != "time":
        return None
    out, labels, _ = sides
    moved = np.zeros_like(labels)
    k, n = join.rows, len(labels)
    moved[max(-k, 0) : n - max(k, 0)] = labels[max(k, 0) : n - max(-k, 0)]
    gain = (out * (labels - moved)).sum(axis=1)
    first = begins_at(gain)
    if not first:
        return None
    found: datetime = frame["wb_timestamp"][first]
    return found


def begins_at(gains: NDArray[Any]) -> int:
    """The row from which on a fault of the labels is; 0 where none is before it.

    What fits as logged must be the beginning, and not most of what there is.

    Args:
        gains: of each row in order of time, by how much it fits better as logged than mended.
    """
    import numpy as np

    sums = np.cumsum(gains)
    first = int(np.argmax(sums)) + 1 if len(sums) else 0
    return first if first and sums[first - 1] > 0 and first <= _MOST_BEFORE * len(sums) else 0


def _best_move(case: Case, reference: float) -> JoinShift | None:
    """The move that stands out, in the order in which it does most; None without one."""
    import numpy as np

    if case.current.height < LEAST_LABELS:
        return None
    best: JoinShift | None = None
    for order, frame in _orders(case):
        sides = _sides(case, frame)
        if sides is None:
            return None
        out, labels, known = sides
        n = int(known.sum())
        if n < LEAST_LABELS:
            return None
        here = _moved(out, labels, 0)
        if here > _COLLAPSED * reference:
            return None
        moves = _moves(case, frame)
        found = np.array([_moved(out, labels, k) for k in moves])
        place = int(np.argmax(found))
        rest = np.delete(found, place)
        noise = max(1.4826 * float(np.median(np.abs(found - np.median(found)))), 1 / np.sqrt(n))
        clear = found[place] - max(here, 0.0) > _SURE * noise
        if not clear or found[place] < _STANDS_OUT * max(float(rest.max()), 0.0):
            continue
        if best is not None and found[place] <= best.restored:
            continue
        best = JoinShift(
            moves[place], order, here, float(found[place]), reference, n,
            _fall(case, frame, moves[place]),
        )  # fmt: skip
    return best


def _fall(case: Case, frame: pl.DataFrame, move: int) -> Resampled:
    """Logged badness minus that with the labels moved, over rows that have both."""
    moved = frame["wb_label"].shift(-move)
    change = badness_of(case, frame, None) - badness(case.rules, frame["wb_prediction"], moved)
    return sampled(case, change, frame)


def _orders(case: Case) -> Iterator[tuple[str, pl.DataFrame]]:
    import polars as pl

    frame = case.current
    yield "time", frame.sort("wb_timestamp", "wb_id")
    numbers = frame["wb_id"].cast(pl.String).str.extract(r"(\d+)$").cast(pl.Int64, strict=False)
    keyed = frame.with_columns(numbers.alias("\0number"), pl.col("wb_id").alias("\0id"))
    own = keyed.sort("\0number", "\0id", nulls_last=True).drop("\0number", "\0id")
    yield "id", own
    entity = case.card.columns.entity
    if entity and entity in frame.columns:
        yield "entity", frame.sort(entity, "wb_timestamp", "wb_id")


def _moves(case: Case, frame: pl.DataFrame) -> list[int]:
    seconds = case.bucket.total_seconds()
    buckets = (frame["wb_timestamp"].dt.epoch("s") / seconds).floor().n_unique()
    day = max(round(frame.height / max(buckets, 1)), 1)
    far = {*range(1, FARTHEST + 1), day, 24, 48}
    far = {k for k in far if k < frame.height // 4}
    return sorted({*far, *(-k for k in far)}, key=lambda k: (abs(k), k < 0)) or [1]


def _agreement(case: Case, frame: pl.DataFrame) -> float | None:
    sides = _sides(case, frame)
    if sides is None or int(sides[2].sum()) < LEAST_LABELS:
        return None
    return _moved(sides[0], sides[1], 0)


def _moved(out: NDArray[Any], labels: NDArray[Any], move: int) -> float:
    """The correlation of outputs with the labels so many rows further on; rows without are 0."""
    import numpy as np

    n = len(out)
    if abs(move) >= n:
        return 0.0
    a, b = (out[: n - move], labels[move:]) if move >= 0 else (out[-move:], labels[:move])
    both = (np.abs(a).sum(axis=1) > 0) & (np.abs(b).sum(axis=1) > 0)
    spread = np.sqrt((a[both] ** 2).sum() * (b[both] ** 2).sum())
    return float((a[both] * b[both]).sum() / spread) if spread > 0 else 0.0


def _sides(
    case: Case, frame: pl.DataFrame
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """(outputs, labels, rows with both): centred, a column a class (or one), 0 where there is none."""
    import numpy as np
    import polars as pl

    if not frame.height or not {"wb_label", "wb_prediction"} <= set(frame.columns):
        return None
    known = (frame["wb_label"].is_not_null() & frame["wb_prediction"].is_not_null()).to_numpy()
    if not case.rules.is_classification:
        columns = [
            frame[c].cast(pl.Float64).rank().to_numpy().astype(float)[:, None]
            for c in ("wb_prediction", "wb_label")
        ]
    else:
        labels, said = (frame[c].cast(pl.String) for c in ("wb_label", "wb_prediction"))
        names = (
            [case.rules.positive_class]
            if case.rules.task == "binary"
            else sorted(set(labels.drop_nulls()) | set(said.drop_nulls()))
        )
        scores = dict(score_columns(case, frame))
        outputs = [
            frame[scores[name]].cast(pl.Float64)
            if name in scores and frame[scores[name]].null_count() < frame.height
            else (said == name).cast(pl.Float64)
            for name in names
        ]
        columns = [
            np.column_stack([s.to_numpy() for s in outputs]).astype(float),
            np.column_stack([(labels == n).cast(pl.Float64).to_numpy() for n in names]).astype(
                float
            ),
        ]
    centred = []
    for values in columns:
        there = np.isfinite(values).all(axis=1)
        mean = values[there].mean(axis=0) if there.any() else 0.0
        centred.append(np.where(there[:, None], values - mean, 0.0))
    return centred[0], centred[1], known
