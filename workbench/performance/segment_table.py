"""Which values of a column does the rise of the bad rate come from: their share, or their rate?"""

from __future__ import annotations

import math
from collections.abc import Mapping

from workbench.domain.slices import SegmentPart, SegmentTable

Outcome = tuple[float, float]
"""Labelled rows, and how many of them were bad."""


def segment_table(
    column: str,
    reference: Mapping[str | None, Outcome],
    current: Mapping[str | None, Outcome],
) -> SegmentTable:
    """The rise D of the bad rate in parts that add up to it, two a value.

    With share s and bad rate L of value k, in the reference P and the current period Q:
    s_Q L_Q - s_P L_P = (s_Q - s_P) (L_P + L_Q) / 2 [mix] + (L_Q - L_P) (s_P + s_Q) / 2 [rate].
    A value that one side has no labelled rows of has the other side's rate there, so that all
    it contributes is mix.

    Args:
        column: the column.
        reference: the outcome of each value; None is the missing value.
        current: likewise.

    Returns:
        No parts, with the reason, where a side has no labelled rows.
    """
    before = math.fsum(n for n, _ in reference.values())
    after = math.fsum(n for n, _ in current.values())
    if before <= 0 or after <= 0:
        side = "reference" if before <= 0 else "period"
        return SegmentTable(column, (), None, None, None, f"the {side} has no labelled rows")
    parts = [
        _part(
            value, reference.get(value, (0.0, 0.0)), before, current.get(value, (0.0, 0.0)), after
        )
        for value in dict.fromkeys([*reference, *current])
        if reference.get(value, (0.0, 0.0))[0] > 0 or current.get(value, (0.0, 0.0))[0] > 0
    ]
    parts.sort(key=lambda p: (-p.contribution, p.value is None, p.value or ""))
    rise = (
        math.fsum(bad for _, bad in current.values()) / after
        - math.fsum(bad for _, bad in reference.values()) / before
    )
    return SegmentTable(
        column, tuple(parts), rise, math.fsum(p.mix for p in parts),
        math.fsum(p.rate for p in parts),
    )  # fmt: skip


def _part(
    value: str | None, reference: Outcome, before: float, current: Outcome, after: float
) -> SegmentPart:
    (n, bad), (m, bad_now) = reference, current
    share, share_now = n / before, m / after
    rate = bad / n if n > 0 else None
    rate_now = bad_now / m if m > 0 else None
    was = rate if rate is not None else rate_now or 0.0
    now = rate_now if rate_now is not None else was
    mix, own = (share_now - share) * (was + now) / 2, (now - was) * (share + share_now) / 2
    return SegmentPart(value, n, m, share, share_now, rate, rate_now, mix + own, mix, own)
