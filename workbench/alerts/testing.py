"""Which of the tests of a look count, having made all of them? And which level does a look have?

A look pages with about the probability of its level when nothing changed, so the level is the
alarm budget by the looks of a month. It is divided by `SHARES` over the kinds of tests that the
model has, within a kind over the spans, and within a span the false-discovery control
of Benjamini and Hochberg goes over the columns; when nothing changed it holds the probability of
any alarm at the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from workbench.alerts.usual import Array
from workbench.drift.compare import significance_level

SHARES = {"bad_rate": 16.0, "miss_rate": 2.0, "drift": 1.0, "missing_values": 1.0}
"""How much of a look's level each kind of test gets, in proportion: a rise of the bad rate is what
matters, and what is hardest to tell from chance."""

OVERLAP = 2.15
"""What the plain level of a look is multiplied by. Its tests see some of the same rows as one another and
as the look before, an alert is held, and a rise must also have an effect: there are fewer pages than tests
that fail by chance. `benchmarks/pages.py` measures that the budget is kept."""

LOUD = ("ok", "warning", "critical")
"""Statuses by the number that stands for them."""

NEWEST, NEWEST_TWO, NEWEST_DAY, WINDOW = 1.0, 10.0, 5.0, 0.5
"""How a kind's level is divided over the spans. A change is to be paged within two buckets; where these are
short and have few rows, within a day."""


def levels(
    false_pages_per_month: float, bucket: timedelta, kinds: Sequence[str], spans: Sequence[int]
) -> dict[str, Array]:
    """The level of each kind's tests at one look, a span each.

    Looks at a span of s buckets share all but 1/s of their rows, and fail together: with the same
    level they make fewer pages by about sqrt(s / 2), which a longer span gets back.

    Args:
        false_pages_per_month: the alarm budget.
        bucket: the width of a look.
        kinds: the kinds of tests that the model has.
        spans: the stretches of time that a look sees, in buckets.
    """
    level = OVERLAP * significance_level(false_pages_per_month, bucket)
    plain = np.array([_weight(span, bucket) for span in spans])
    weights = plain / plain.sum() * np.sqrt(np.maximum(np.array(spans) / 2, 1.0))
    whole = sum(SHARES[kind] for kind in kinds)
    return {kind: level * SHARES[kind] / whole * weights for kind in kinds}


def _weight(span: int, bucket: timedelta) -> float:
    if span <= 2:
        return NEWEST if span == 1 else NEWEST_TWO
    return NEWEST_DAY if span * bucket <= timedelta(days=1) else WINDOW


def adjusted(p_values: Array) -> Array:
    """P-values adjusted for all tests along the first axis (Benjamini and Hochberg, 1995).

    Those that are not a number are no tests: they stay 1 and cost nothing.
    """
    count = np.isfinite(p_values).sum(axis=0)
    filled = np.where(np.isfinite(p_values), p_values, 1.0)
    order = np.argsort(filled, axis=0)
    ranks = np.arange(1, len(filled) + 1).reshape(-1, *[1] * (filled.ndim - 1))
    scaled = np.take_along_axis(filled, order, axis=0) * count / ranks
    least = np.minimum.accumulate(scaled[::-1], axis=0)[::-1]
    found: Array = np.empty_like(filled)
    np.put_along_axis(found, order, np.minimum(least, 1.0), axis=0)
    found[~np.isfinite(p_values)] = 1.0
    return found
