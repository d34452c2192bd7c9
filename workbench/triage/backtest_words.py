"""What does a backtest mean to the one on call?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.domain.verdict import Evidence
from workbench.triage.challengers import WORDS

if TYPE_CHECKING:
    from workbench.triage.backtest import Backtest
    from workbench.triage.figures import Figure

STEP = "backtest"
GOOD_RECOVERY = 0.3
"""With the lower end of the recovery above this, retraining is worth it."""


def backtest_evidence(found: Backtest) -> tuple[Evidence, ...]:
    """The figures of a backtest with what they speak for."""
    gain = found.gain
    if found.skipped or gain is None or found.champion is None or found.challenger is None:
        return (Evidence(STEP, "gain of retraining", None, found.skipped or "not measured"),)
    rates = found.champion.value, found.challenger.value
    said = [_gain(found, gain, *rates), _recovery(found), _control(found)]
    said += [
        piece for piece in (_harm(found), _won(found), _forgetting(found), _recipe(found)) if piece
    ]
    return tuple(said)


def _gain(found: Backtest, gain: Figure, champion: float, challenger: float) -> Evidence:
    rates = f"{champion:.1%} bad with the champion, {challenger:.1%} with the challenger"
    return gain.evidence(
        STEP,
        "gain of retraining",
        f"on the newest labels, {rates}, which learned from {WORDS[found.kind]} "
        f"({found.trained:,} of them)",
        threshold=0.0,
        supports="retrain" if gain.low > 0 else None,
        against="retrain" if gain.low <= 0 else None,
    )


def _recovery(found: Backtest) -> Evidence:
    if found.recovery is None:
        return Evidence(STEP, "recovery", None, found.recovery_reason or "not measured")
    return found.recovery.evidence(
        STEP,
        "recovery",
        f"retraining makes good {found.recovery.value:.0%} of what lies between the champion and "
        f"{found.target:.1%}, the rate that can be had",
        threshold=GOOD_RECOVERY,
        supports="retrain" if found.recovery.low >= GOOD_RECOVERY else None,
        against="retrain" if found.recovery.high < GOOD_RECOVERY else None,
    )


def _control(found: Backtest) -> Evidence:
    over, control = found.gain_over_control, found.control
    if over is None or control is None or control.gain is None:
        reason = control.skipped if control and control.skipped else "not measured"
        return Evidence(STEP, "gain over a control retraining", None, reason)
    return over.evidence(
        STEP,
        "gain over a control retraining",
        f"the same retraining where nothing had happened gains {control.gain.value:+.1%} "
        f"({control.gain.low:+.1%} to {control.gain.high:+.1%}, {len(control.splits)} splits)",
        threshold=0.0,
        supports="retrain" if over.low > 0 else None,
        against="retrain" if over.high <= 0 else None,
    )


def _harm(found: Backtest) -> Evidence | None:
    if not found.segments:
        return None
    worst = found.segments[0]
    name = "a missing or withheld value" if worst.value is None else shown(worst.value)
    where = f"{shown(worst.column)} = {name}"
    reading = (
        f"retraining makes it worse for {where}"
        + (f" and {len(found.harmed) - 1} more segments" if len(found.harmed) > 1 else "")
        if found.harmed
        else f"no segment is surely worse off; least is gained for {where}"
    )
    return Evidence(
        STEP, "gain in the worst segment", worst.gain, reading, worst.low, worst.high, worst.n, 0.0,
        None, "retrain" if found.harmed else None,
    )  # fmt: skip


def _won(found: Backtest) -> Evidence | None:
    share, windows = found.share_won, found.windows_won
    if share is None:
        return None
    worst = min(window.gain for window in windows)
    return Evidence(
        STEP,
        "windows won",
        share,
        f"the challenger of its day was better in {sum(w.gain > 0 for w in windows)} of "
        f"{len(windows)} windows; {worst:+.1%} in the worst",
        n=len(windows),
    )


def _forgetting(found: Backtest) -> Evidence | None:
    lost = found.forgetting
    if lost is None:
        return None
    if lost.low > 0:
        reading = "the challenger is worse on the reference: it has unlearned what held before"
    else:
        reading = "the challenger is no worse on the reference"
    return lost.evidence(STEP, "bad rate added on the reference", reading, threshold=0.0)


def _recipe(found: Backtest) -> Evidence | None:
    gap = found.recipe_against_champion
    if gap is None:
        return None
    if found.is_comparable:
        reading = "the card's recipe makes a model as good as the champion"
    else:
        reading = (
            "the card's recipe, fitted to the training table, is worse than the champion: a "
            "challenger of it is no fair test of retraining"
        )
    return gap.evidence(STEP, "recipe against the champion", reading)
