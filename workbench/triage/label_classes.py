"""Do the labels carry other classes' names? Each stands where another one used to.

Of two classes that is exchanged labels; of more, a list of names that came in another order. By the
labels alone it looks like a concept that changed altogether. But named back, each class stands by
the predictions as it does in the reference, which a world that changed does not bring about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.triage.case import Case
from workbench.triage.label_join import begins_at

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_LABELS = 100
_LEAST_GAIN = 20.0
"""Nats by which the labels must be likelier under other names."""


def other_names(case: Case) -> dict[str, str] | None:
    """Which class each logged label rather is; None where they are what they say, or it cannot be told.

    A label is the class for which the predictions that it stands by are likeliest, going by what is
    predicted of each class in the reference. No two labels may be one class.

    The period begins with a bucket, and the fault perhaps later in it: where there are enough, the
    newer half of the labelled rows tells.

    Args:
        case: of a classification, its rows in order of time.
    """
    import numpy as np
    import polars as pl

    both = (case.reference, case.current)
    if any(not {"wb_prediction", "wb_label"} <= set(frame.columns) for frame in both):
        return None
    usual, now = (
        frame.select(pl.col("wb_prediction", "wb_label").cast(pl.String)).drop_nulls()
        for frame in both
    )
    now = now.tail(max(now.height // 2, LEAST_LABELS))
    if min(usual.height, now.height) < LEAST_LABELS:
        return None
    said = sorted({*usual["wb_prediction"], *now["wb_prediction"]})
    names = sorted({*usual["wb_label"], *now["wb_label"]})
    chances = _table(usual, said, names) + 0.5
    chances = np.log(chances / chances.sum(axis=0, keepdims=True))
    met = _table(now, said, names)
    fit = met.T @ chances  # (logged label, class)
    seen = met.sum(axis=0) > 0
    best = fit.argmax(axis=1)
    best[~seen] = np.flatnonzero(~seen)
    if len(set(best.tolist())) < len(names) or (best == np.arange(len(names))).all():
        return None
    if float((fit[np.arange(len(names)), best] - np.diagonal(fit)).sum()) < _LEAST_GAIN:
        return None
    return {names[i]: names[int(j)] for i, j in enumerate(best)}


def since_exchanged(frame: pl.DataFrame, mended: pl.Series, rows: NDArray[Any]) -> NDArray[Any]:
    """Those of some rows from which on the mended labels fit the predictions better than the logged ones.

    The time of a fault is known to the bucket. Where most of the rows came before, all are kept.
    A class fits as the one that was predicted, a number as it is nearer to it.

    Args:
        frame: in order of time.
        mended: the labels under their own names.
        rows: (rows,) of bool.
    """
    import numpy as np
    import polars as pl

    said, label = (frame[c].cast(mended.dtype) for c in ("wb_prediction", "wb_label"))
    if mended.dtype.is_numeric():
        gain = ((said - mended).abs() - (said - label).abs()).sign().cast(pl.Int8)
    else:
        gain = (said == label).cast(pl.Int8) - (said == mended).cast(pl.Int8)
    own = np.flatnonzero(rows)
    kept = rows.copy()
    kept[own[: begins_at(gain.fill_null(0).to_numpy()[own])]] = False
    return kept


def _table(frame: pl.DataFrame, said: list[str], names: list[str]) -> NDArray[Any]:
    """How often each label stands by each prediction: (predictions, labels)."""
    import numpy as np

    found = np.zeros((len(said), len(names)))
    rows = {name: place for place, name in enumerate(said)}
    columns = {name: place for place, name in enumerate(names)}
    for one, other, count in frame.group_by("wb_prediction", "wb_label").len().iter_rows():
        found[rows[one], columns[other]] = count
    return found
