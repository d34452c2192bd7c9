"""Does the model still decide? A prediction or score that has become one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from workbench.domain.history import ColumnHistory
from workbench.domain.period import Period
from workbench.domain.profile import ColumnProfile
from workbench.quality.findings import Finding, times_of

_USUAL = 0.95
_LEAST = 20


def constant_outputs(
    histories: Sequence[ColumnHistory],
    references: Mapping[tuple[str, str], ColumnProfile],
    period: Period,
    bucket: timedelta,
) -> Finding | None:
    """That a model gives one answer to everything; None while its scores still differ.

    Args:
        histories: all columns.
        references: their profiles in the reference, by (name, role).
        period: what was asked.
        bucket: the model's.
    """
    found: dict[str, list[Finding | None]] = {"prediction": [], "score": []}
    for history in histories:
        role = history.bins.role
        if role in found and history.counts.sum():
            reference = references[history.bins.name, role]
            found[role].append(constant_output(history, reference, period, bucket))
    predictions = [f for f in found["prediction"] if f is not None]
    scores = [f for f in found["score"] if f is not None]
    if scores and len(scores) == len(found["score"]):
        # Of several classes' scores the one that is constant for the shortest time decides.
        least = min(scores, key=lambda f: f.share or 0.0)
        return replace(least, column=predictions[0].column) if predictions else least
    if not predictions:
        return None
    if found["score"]:
        return replace(predictions[0], status="ok", note="its scores still differ")
    return predictions[0]


def constant_output(
    history: ColumnHistory, reference: ColumnProfile, period: Period, bucket: timedelta
) -> Finding | None:
    """The stretch of buckets up to the period's in which an output has one value only.

    None when the output is nearly constant in the reference (or in the buckets before), or
    when so few rows as there are would often be alike.

    Args:
        history: the prediction or a score, bucket by bucket.
        reference: its profile in the reference.
        period: what was asked.
        bucket: the model's.
    """
    import numpy as np

    usual = max(reference.counts) / reference.present if reference.present else 1.0
    rows = history.counts.sum(axis=1)
    top = history.counts.max(axis=1) if history.counts.size else rows
    is_one = (rows > 0) & (top == rows)
    if history.bins.kind == "numeric":
        is_one &= history.minimum == history.maximum
    asked = np.array([period.start <= start < period.end for start in history.starts])
    best: tuple[int, tuple[int, int]] | None = None
    place = 0
    while place < len(rows):
        if not is_one[place]:
            place += 1
            continue
        value = int(history.counts[place].argmax())
        end = place
        while end < len(rows) and is_one[end] and int(history.counts[end].argmax()) == value:
            end += 1
        size = int(rows[place:end].sum())
        if asked[place:end].any() and (best is None or size > best[0]):
            best = (size, (place, end))
        place = end
    if best is None:
        return None
    size, run = best
    before = history.counts[: run[0]].sum(axis=0)
    if before.sum() >= _LEAST:
        usual = max(usual, float(before.max() / before.sum()))
    # So many alike in a row by chance: usual ** size, over all buckets that were looked at.
    if size < _LEAST or usual > _USUAL or usual**size * max(len(rows), 1) > 1e-6:
        return None
    inside = np.zeros(len(rows), dtype=bool)
    inside[slice(*run)] = True
    share = float(rows[inside & asked].sum() / max(rows[asked].sum(), 1))
    since, until = times_of(history.starts, run, bucket)
    return Finding(
        history.bins.name, "constant_prediction",
        f"one value in all of {size:,} rows; the commonest has {usual:.0%} of the reference", since, until,
        share=share, status="critical" if until is None else "warning",
    )  # fmt: skip
