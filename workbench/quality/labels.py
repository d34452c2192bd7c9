"""Do the labels still come as they did, and do they still mean the same?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.period import Period
from workbench.quality.findings import Finding, times_of
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_BEFORE = 5
_LEAST_FALL = 0.1
_SURE = 6.0
_STEP = 0.05


def coverage_change(
    starts: Sequence[datetime],
    rows: NDArray[Any],
    labelled: NDArray[Any],
    period: Period,
    known_until: datetime | None,
    bucket: timedelta,
) -> Finding | None:
    """The stretch of buckets that got far fewer labels than those before.

    Args:
        starts: the buckets.
        rows: live rows of each.
        labelled: those with a label.
        period: what was asked.
        known_until: buckets that end later may still get theirs; None: all may.
        bucket: the model's.
    """
    import numpy as np

    if known_until is None:
        return None
    ripe = np.array([start + bucket <= known_until for start in starts])
    found = _fall(rows[ripe], labelled[ripe])
    if found is None:
        return None
    run, usual, now = found
    kept = [start for start, is_ripe in zip(starts, ripe, strict=True) if is_ripe]
    asked = np.array([period.start <= start < period.end for start in kept])
    if not asked[slice(*run)].any():
        return None
    since, until = times_of(kept, run, bucket)
    inside = rows[ripe][slice(*run)][asked[slice(*run)]].sum()
    return Finding(
        "", "label_coverage", f"{now:.0%} of the rows have a label, {usual:.0%} before", since, until,
        share=float(inside * (1 - now / usual) / max(rows[_asked(starts, period)].sum(), 1)),
        status="critical" if now < 0.5 * usual else "warning",
        repair="look at the feed of labels; rates of this time are of a part of the rows",
    )  # fmt: skip


def delay_change(
    starts: Sequence[datetime],
    rows: NDArray[Any],
    in_time: NDArray[Any],
    labelled: NDArray[Any],
    medians: Sequence[float | None],
    usual: float,
    period: Period,
    now: datetime,
    bucket: timedelta,
) -> Finding | None:
    """The stretch whose labels come, but later than they used to.

    Compared is the share of rows that had their label within the usual time, of buckets for
    which that time is over; so a bucket that is still waiting is not taken for a late one.

    Args:
        starts: the buckets.
        rows: live rows of each.
        in_time: those whose label came within `usual`.
        labelled: those that have a label by now.
        medians: seconds from prediction to label.
        usual: seconds.
        period: what was asked.
        now: the newest moment that the store knows of.
        bucket: the model's.
    """
    import numpy as np

    ripe = np.array([start + bucket + timedelta(seconds=usual) <= now for start in starts])
    found = _fall(rows[ripe], in_time[ripe])
    if found is None:
        return None
    run, _, _ = found
    kept = np.flatnonzero(ripe)[slice(*run)]
    asked = _asked(starts, period)
    # Labels that never came are another fault; those that came must be late.
    came = labelled[kept].sum()
    if not asked[kept].any() or not came or in_time[kept].sum() > 0.7 * came:
        return None
    first = int(kept[0])
    before = [m for m in medians[:first] if m is not None]
    after = [m for i in kept if (m := medians[i]) is not None]
    if not before or not after:
        return None
    was, is_ = sorted(before)[len(before) // 2], sorted(after)[len(after) // 2]
    since, until = times_of([s for s, r in zip(starts, ripe, strict=True) if r], run, bucket)
    late = float((labelled[kept] - in_time[kept])[asked[kept]].sum())
    return Finding(
        "", "label_delay_change", f"half of the labels come within {_length(is_)}, before within {_length(was)}",
        since, until, share=late / max(float(rows[asked].sum()), 1.0), status="warning",
        repair="set [labels] delay in the card, or look at the feed of labels",
    )  # fmt: skip


def definition_change(
    starts: Sequence[datetime],
    labelled: NDArray[Any],
    observed: NDArray[Any],
    expected: NDArray[Any],
    period: Period,
) -> Finding | None:
    """A jump, from one bucket to the next, of the labels' rate that the scores do not expect.

    Compared is observed minus expected (by the score's usual rate) per labelled row. It must
    jump by 5 points, by six times what buckets differ otherwise, and be flat on both sides: a
    step is a decision of somebody; a world that changes does so gradually, or says so in the
    inputs. What else may step on one day is said in the note.

    Args:
        starts: the buckets.
        labelled: labelled rows of each.
        observed: those with the positive label.
        expected: how many the scores would have had.
        period: what was asked.
    """
    import numpy as np

    use = np.flatnonzero(labelled >= 20)
    if use.size < _LEAST_BEFORE + 2:
        return None
    n = labelled[use]
    gap = (observed[use] - expected[use]) / n
    within, cut, step = _best_step(gap, n)
    spread = math.sqrt(within / max(use.size - 2, 1) / float(n.mean()))
    total = float((n * (gap - np.average(gap, weights=n)) ** 2).sum())
    is_step = within <= 0.35 * total
    error = spread * math.sqrt(1 / cut + 1 / (use.size - cut))
    if abs(step) < _STEP or not is_step or abs(step) < max(_SURE * error, 2 * spread):
        return None
    start = starts[int(use[cut])]
    asked = _asked(starts, period)
    late = np.array([s >= start for s in starts])
    if not (late & asked).any():
        return None
    was = float(observed[use[:cut]].sum() / n[:cut].sum())
    now = float(observed[use[cut:]].sum() / n[cut:].sum())
    # The labels must have moved; that only the scores have is a fault of the inputs.
    if abs(now - was) < 0.7 * abs(step) or (now - was) * step < 0:
        return None
    return Finding(
        "", "label_definition",
        f"{now:.1%} positive labels, {was:.1%} before; the scores expect a change of {now - was - step:+.1%}",
        since=start, share=float(labelled[late & asked].sum() / max(labelled[asked].sum(), 1)),
        status="critical" if abs(step) >= 0.2 else "warning",
        repair="ask who makes the labels; keep these rows out of training until it is known",
        note="inputs and scores are as before; a step of the world itself would look the same",
    )  # fmt: skip


def _best_step(gap: NDArray[Any], n: NDArray[Any]) -> tuple[float, int, float]:
    """(squares left within both sides, where the right one begins, how far it is above the left).

    There must be more than `_LEAST_BEFORE` + 1 buckets.
    """
    import numpy as np

    found = []
    for cut in range(_LEAST_BEFORE, gap.size - 1):
        left, right = gap[:cut], gap[cut:]
        a, b = np.average(left, weights=n[:cut]), np.average(right, weights=n[cut:])
        within = float((n[:cut] * (left - a) ** 2).sum() + (n[cut:] * (right - b) ** 2).sum())
        found.append((within, cut, float(b - a)))
    return min(found)


def inverted_labels(
    starts: Sequence[datetime],
    labelled: NDArray[Any],
    right: NDArray[Any],
    expected: NDArray[Any],
    period: Period,
) -> Finding | None:
    """From which bucket on the labels are the opposite of what the scores say.

    Args:
        starts: the buckets.
        labelled: labelled rows of each.
        right: those whose label is the likelier one by the score.
        expected: how many those would be.
        period: what was asked.
    """
    import numpy as np

    use = labelled >= 10
    if not use.any() or expected[use].sum() < 0.6 * labelled[use].sum():
        return None
    shares = right / np.maximum(labelled, 1)
    usual = expected / np.maximum(labelled, 1)
    # The mirror image of the usual share, with as much room as lies between it and a half.
    wrong = use & (shares < 0.5 - 0.5 * (usual - 0.5))
    first = len(starts)
    while first > 0 and (wrong[first - 1] or not use[first - 1]):
        first -= 1
    while first < len(starts) and not wrong[first]:
        first += 1
    asked = _asked(starts, period)
    if first == len(starts) or not asked[first:].any():
        return None
    n = float(labelled[first:].sum())
    now, was = float(right[first:].sum()) / n, float(expected[first:].sum()) / n
    if (0.5 - now) * math.sqrt(n) < _SURE / 2:
        return None
    inside = asked & (np.arange(len(starts)) >= first)
    return Finding(
        "", "label_definition",
        f"labels are the opposite of what they were: {now:.1%} agree with the scores, {was:.1%} usually",
        since=starts[first] if first else None,
        share=float(labelled[inside].sum() / max(labelled[asked].sum(), 1)), status="critical",
        repair="exchange the two labels; keep these rows out of training until it is known",
    )  # fmt: skip


def _fall(rows: NDArray[Any], hits: NDArray[Any]) -> tuple[tuple[int, int], float, float] | None:
    """(run, usual share, share in the run) where a share has fallen; None when it has not."""
    import numpy as np

    if len(rows) < _LEAST_BEFORE + 1 or not rows.sum():
        return None
    shares = hits / np.maximum(rows, 1)
    usual = float(np.median(shares[rows > 0]))
    early = shares[: max(len(shares) // 2, _LEAST_BEFORE)]
    usual = max(usual, float(np.median(early)))
    if usual < _LEAST_FALL:
        return None
    run = affected_run(rows - hits, rows, 1 - usual, _LEAST_FALL)
    if run is None or run[0] < _LEAST_BEFORE:
        return None
    inside = slice(*run)
    now = float(hits[inside].sum() / rows[inside].sum())
    others = np.delete(shares, np.arange(*run))
    spread = float(others.std()) if others.size else 0.0
    n = float(rows[inside].sum())
    error = math.sqrt(max(usual * (1 - usual), 1 / n) / n) + spread / math.sqrt(run[1] - run[0])
    if usual - now < max(_LEAST_FALL, _SURE * error):
        return None
    return run, usual, now


def _asked(starts: Sequence[datetime], period: Period) -> NDArray[Any]:
    import numpy as np

    return np.array([period.start <= start < period.end for start in starts], dtype=bool)


def _length(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
