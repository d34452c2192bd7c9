"""What does the recalibration say to an operator?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.domain.verdict import Evidence

if TYPE_CHECKING:
    from workbench.triage.recalibration import Recalibration

STEP = "recalibration"
RESTORED = 0.7
"""From this share of the way back on, a recalibration is as good as done with it."""


def recalibration_evidence(found: Recalibration) -> tuple[Evidence, ...]:
    """Its figures in words; why there are none, where it was skipped."""
    shift = found.shift.evidence() if found.shift is not None else ()
    if found.skipped:
        return (Evidence(STEP, "gain", None, f"Recalibration not judged: {found.skipped}."), *shift)
    some = (_gain(found), _recovery(found), _control(found), _positive(found), _harm(found))
    return (*(one for one in some if one is not None), *shift)


def _gain(found: Recalibration) -> Evidence | None:
    gain, champion, corrected = found.gain, found.champion, found.corrected
    if gain is None or champion is None or corrected is None:
        return None
    rates = f"{champion.value:.1%} bad as served, {corrected.value:.1%} so"
    if gain.low > 0:
        what = f"With {found.says}, fitted to {found.trained:,} older labels, fewer of the newest"
        reading = f"{what} are bad: {rates}. It counts only where no fault is left to mend."
    elif gain.high < 0:
        reading = f"{found.says} would make more of the newest predictions bad: {rates}."
    else:
        reading = f"{found.says} makes no sure difference on the newest labels: {rates}."
    return gain.evidence(
        STEP, "gain", reading[0].upper() + reading[1:], threshold=0.0,
        supports="recalibrate" if gain.low > 0 else None,
        against="recalibrate" if gain.low <= 0 else None,
    )  # fmt: skip


def _recovery(found: Recalibration) -> Evidence:
    back = found.recovery
    if back is None:
        return Evidence(
            STEP, "recovery", None,
            f"How much of the rise it takes back is undefined: {found.recovery_reason}.",
        )  # fmt: skip
    what = "what can be taken back" if found.is_attainable else "the rise over the reference"
    return back.evidence(
        STEP, "recovery",
        f"That takes back {back.value:.0%} of {what}.", threshold=RESTORED,
        supports="recalibrate" if back.low >= RESTORED else None,
        against="recalibrate" if found.is_attainable and back.high < RESTORED else None,
    )  # fmt: skip


def _control(found: Recalibration) -> Evidence | None:
    usual = found.control
    if usual is None:
        return None
    is_usual = found.gain_over_control is not None and found.gain_over_control.low <= 0
    points = f"{100 * usual.value:+.1f} points"
    reading = f"The same change gains {points} in the time before, when nothing had happened."
    if is_usual and found.gain is not None and found.gain.low > 0:
        reading += " So the gain is not surely due to the incident."
    return usual.evidence(STEP, "control", reading, against="recalibrate" if is_usual else None)


def _positive(found: Recalibration) -> Evidence | None:
    if found.positive is None:
        return None
    before, after = found.positive
    return Evidence(
        STEP, "positive_share", after,
        f"It would predict the positive class in {after:.1%} of cases instead of {before:.1%}.",
        n=found.gain.n if found.gain else None, threshold=before,
    )  # fmt: skip


def _harm(found: Recalibration) -> Evidence | None:
    if not found.segments:
        return None
    worst = found.segments[0]
    value = shown(worst.value) if worst.value is not None else "one value"
    where = f"{shown(worst.column)} = {value}"
    if not found.harmed:
        return Evidence(
            STEP, "worst_segment", worst.gain,
            f"No segment is surely worse off; {where} gains least.",
            worst.low, worst.high, worst.n, 0.0,
        )  # fmt: skip
    return Evidence(
        STEP, "worst_segment", worst.gain,
        f"It would harm {where}: {-100 * worst.gain:.1f} points more are bad there.",
        worst.low, worst.high, worst.n, 0.0, against="recalibrate",
    )  # fmt: skip
