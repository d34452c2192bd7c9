"""Which verdict do the findings give? The rules, in order; the first that holds decides.

Each rule reads figures with their intervals. The same rules are asked again with the figures as they
would have come out from other rows (`confidence`), so that they read everything through `Reading`.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.triage.effects import Effect, is_input
from workbench.triage.examining import Findings, Remainder
from workbench.triage.gained import gained_now
from workbench.triage.harm import Harm, state_of
from workbench.triage.reading import Drawn, Reading, read

GOOD_RECOVERY = 0.5
"""Of the rise: what a retraining with labels enough must surely stay below, to be of no use."""
WORTHWHILE = 0.4
"""Of the rise: what a retraining on the labels at hand, or a change of outputs, must gain to be worth it."""
PART = 1 / 3
"""Of the rise: what a gain that matters by itself may come to, for the rest to be left as it is."""
LEAST_ERRORS = 50
"""Wrong predictions among the newest labels: what fewer say of any remedy hangs on a handful of rows."""
NEARLY = 0.6
"""Of the rise: where a retraining with labels enough gains more, no other model is looked for."""
RESTORES = 0.7
"""What a change of outputs alone must recover of the excess."""
COINCIDENT_SHARE = 0.3
"""Of the rows that an input must have broken in, to stand in the way of every other remedy."""
TIE = 0.5
"""Floors by which a retraining must be better than the cheaper change of outputs."""


@dataclass(frozen=True)
class Decision:
    """What the rules say."""

    verdict: str
    why: str
    """Which rule: a word for the words to be made of."""
    redesign_reason: str | None = None


def decide(found: Findings, draw: int | None = None) -> Decision:
    """The verdict of everything that was found.

    Args:
        found: the findings.
        draw: a number of a resampling; None: the findings as they are.
    """
    for rule in (_serving, _faults, _version, _harm):
        decision = rule(found, draw)
        if decision is not None:
            return decision
    return residual(found, draw) or Decision("undecided", "nothing_measured")


def residual(found: Findings, draw: int | None = None) -> Decision | None:
    """What the rows without the proven faults say; None where nothing could be asked of them."""
    state = harm_state(found.clean_harm, draw)
    if found.is_mended and state == "no":
        return Decision("no_action", "gone_with_the_faults")
    if found.is_mended and state == "unknown":
        return Decision("wait", "remainder_unknown")
    if found.remainder is None:
        return None
    return _of_remainder(found, found.remainder, draw)


def harm_state(harm: Harm, draw: int | None) -> str:
    """`yes`, `no` or `unknown`, as the rise is or as it would be from other rows."""
    reading = read(harm.figure, draw)
    if draw is None or reading is None or harm.floor is None:
        return harm.state
    state = state_of(reading.value, reading.low, reading.high, harm.floor, harm.labelled)
    return "unknown" if state == "no" and (harm.unjudged or harm.newer) else state


def _serving(found: Findings, draw: int | None) -> Decision | None:
    replay = found.replay
    if replay.decides and not (draw is not None and _is_harmless(replay.harm, replay.floor, draw)):
        return Decision("fix_serving", "replay")
    if found.outputs.verdict == "fix_serving":
        return Decision("fix_serving", "outputs")
    return None


def _is_harmless(harm: Drawn | None, floor: float | None, draw: int) -> bool:
    reading = read(harm, draw)
    return reading is not None and floor is not None and reading.high < floor


def _faults(found: Findings, draw: int | None) -> Decision | None:
    if found.labels.decides:
        return Decision("fix_upstream", "labels")
    effects = [r.effect for r in found.repairs.harmful] + [
        i.effect for i in found.injections.harmful
    ]
    if any(_is_harmful(effect, draw) for effect in effects):
        return Decision("fix_upstream", "fault")
    unclear = [r.fault for r in found.repairs.unclear] + [i.fault for i in found.injections.unclear]
    if (
        any(fault.status == "critical" for fault in unclear)
        and harm_state(found.harm_now, draw) != "no"
    ):
        return Decision("fix_upstream", "suspected_fault")
    return None


def _is_harmful(effect: Effect | None, draw: int | None) -> bool:
    if effect is None or draw is None:
        return True  # judged when it was measured
    reading = read(effect.amount, draw)
    if reading is None:
        return True
    if effect.floor is not None and reading.high < effect.floor and not effect.is_part:
        return False
    return reading.low > 0


def _version(found: Findings, draw: int | None) -> Decision | None:
    bad = found.versions.bad
    if bad is not None:
        reading = read(bad.worse_by, draw)
        if reading is None or draw is None or reading.low > bad.floor / 2:
            return Decision("roll_back", "version")
    if found.outputs.verdict == "roll_back":
        return Decision("roll_back", "outputs")
    return None


def _is_version_open(found: Findings, draw: int | None) -> bool:
    """Whether a canary or new version may be worse by what matters, and too few rows tell."""
    for one in found.versions.comparisons:
        reading = read(one.worse_by, draw)
        if reading is not None and reading.value >= one.floor and not reading.is_sure:
            return True
    return False


def _harm(found: Findings, draw: int | None) -> Decision | None:
    state = harm_state(found.harm_now, draw)
    if state == "no" and _is_version_open(found, draw):
        return Decision("wait", "open_version")
    if state == "no":
        ended = found.since.ended is not None
        return Decision("no_action", "over" if ended else "no_harm")
    if state == "unknown":
        return Decision("wait", _why_unknown(found.harm_now))
    floor = found.harm.floor
    if (
        floor is not None
        and found.season.explains(floor) is not None
        and not found.harm.is_surely_critical
    ):
        return Decision("no_action", "season")
    return _split(found, floor, draw)


def _split(found: Findings, floor: float | None, draw: int | None) -> Decision | None:
    """Another split of an experiment moved the rate: nothing to be done, unless an arm got worse too."""
    rise = read(found.harm.figure, draw)
    within = read(found.arms.within, draw)
    if floor is None or rise is None or within is None:
        return None
    if not found.arms.is_split(floor, rise.value):
        return None
    if state_of(within.value, within.low, within.high, floor, found.harm.labelled) == "no":
        return Decision("no_action", "split")
    return Decision("wait", "split_unclear") if within.low <= 0 else None


def _why_unknown(harm: Harm) -> str:
    if harm.newer:
        return "newer_rise"
    return "unjudged" if harm.unjudged else "unknown_harm"


def _of_remainder(found: Findings, rest: Remainder, draw: int | None) -> Decision:
    floor = found.clean_harm.floor or 0.0
    refused = _refused(found, rest)
    if refused is not None:
        return refused
    rise = read(found.clean_harm.figure, draw)
    cheaper = _recalibration(rest, read(rest.backtest.gain, draw), floor, draw)
    without_retraining = cheaper or _wears_off(rest)
    if without_retraining is not None:
        return without_retraining
    matters = max(rise.value if rise is not None else 0.0, floor)
    now = gained_now(rest.attainable, rest.backtest, rest.potential, draw)
    later = read(rest.potential.gain, draw)
    if now is not None and now.is_sure:
        # What surely helps now, and will do more with more labels, need not wait for them.
        grows = later is not None and later.value >= GOOD_RECOVERY * matters
        if now.value >= WORTHWHILE * matters or (grows and now.value >= floor / 2):
            return Decision("retrain", "backtest")
    if later is None:
        return Decision("undecided", "no_backtest")
    is_part = now is not None and _is_part(now, later, floor, matters)
    if is_part and _another_model(rest, draw) is None:
        return Decision("retrain", "backtest")
    return _not_recovered(found, rest, later, matters, draw)


def _wears_off(rest: Remainder) -> Decision | None:
    """No retraining where the last ones helped, and each was worn off before the next could be ready.

    Also where the next one would not help yet: the champion learned from rows that no longer hold.
    """
    if not rest.half_life.is_short:
        return None
    return Decision("redesign", "half_life", "short_half_life")


def _is_part(now: Reading, later: Reading, floor: float, matters: float) -> bool:
    """Whether a retraining surely takes back what matters by itself, and it may be a third of the rise.

    Where classes become more alike in number, or cases harder besides, most of a rise is what nobody
    can know; the part that can be known is worth having, unless another model gets more. It matters by
    itself now, or once there are labels enough.
    """
    gained = max(now.value, later.value if later.is_sure else 0.0)
    return now.is_sure and gained >= floor and now.most >= PART * matters


def _not_recovered(
    found: Findings, rest: Remainder, later: Reading, matters: float, draw: int | None
) -> Decision:
    """No retraining on the labels at hand would do: would another model, more labels, or nothing?"""
    other = _another_model(rest, draw) if later.value < NEARLY * matters else None
    if other is not None:
        return Decision("redesign", "another_model", other)
    if later.most < GOOD_RECOVERY * matters or _never_enough(rest, matters, draw):
        return _no_excess(found, rest, read(found.clean_harm.figure, draw), draw)
    effects = [repair.effect for repair in found.repairs.repairs]
    if any(effect is not None and effect.amount.low > 0 for effect in effects):
        return Decision("fix_upstream", "small_fault")
    if later.is_sure and later.value >= GOOD_RECOVERY * matters:
        return Decision("wait", "more_labels")
    if _surely_helps(rest, matters, draw):
        return Decision("recalibrate", rest.recalibration.kind or "threshold")
    return Decision("undecided", "excess_not_recovered")


def _surely_helps(rest: Remainder, matters: float, draw: int | None) -> bool:
    """Whether a change of outputs surely takes back a worthwhile part, though not all, where nothing else does."""
    own = rest.recalibration
    cheap, over = read(own.gain, draw), read(own.gain_over_control, draw)
    if cheap is None or own.harmed or (over is not None and not over.is_sure):
        return False
    return cheap.is_sure and cheap.value >= WORTHWHILE * matters


def _never_enough(rest: Remainder, matters: float, draw: int | None) -> bool:
    """Whether three witnesses agree that no number of labels would take half of the rise back.

    The newest labels, the rows of the incident among themselves, and the learning curve, whose floor
    surely is above the target. What few rows cost in calm times is then no hope: where times differ
    much from one another it is large, and says little of how many rows there are.
    """
    newest, inside = read(rest.backtest.gain, draw), read(rest.attainable.excess, draw)
    return rest.curve.state == "never" and all(
        one is not None and one.high < GOOD_RECOVERY * matters for one in (newest, inside)
    )


def _refused(found: Findings, rest: Remainder) -> Decision | None:
    """Why no remedy is chosen by these rows, whatever it seems to gain; None where one may be."""
    if _coincident(found):
        return Decision("fix_upstream", "coincident_fault")
    if found.selective.censored_share:  # what is fitted to such labels learns the decision
        return Decision("undecided", "censored")
    if found.selective.is_selective:  # the rise may be that of the rows that still get a label
        return Decision("undecided", "chosen_labels")
    if found.labels.is_open:
        return Decision("undecided", "label_or_world")
    if rest.backtest.errors < LEAST_ERRORS:
        return Decision("wait", "few_errors")
    return None


def _coincident(found: Findings) -> bool:
    """Whether an input broke in many rows when the rise began, though undoing it as guessed is no help.

    Rows of a critical fault are predicted worse than others. The guess may be wrong (a sign that was
    turned as well cannot be told from a symmetric input), and a model must not learn from such rows.
    Values that only are somewhat larger, and that it is no help to make smaller, have drifted.
    """
    onset = found.since.onset
    drifts = [r.fault for r in found.repairs.repairs if r.may_be_drift]
    return onset is not None and any(
        fault.status == "critical"
        and fault not in drifts
        and fault.since is not None
        and abs(fault.since - onset) <= 2 * found.case.bucket
        and fault.share >= COINCIDENT_SHARE
        and is_input(found.clean, fault)
        for fault in found.clean.faults
    )


def _recalibration(
    rest: Remainder, gain: Reading | None, floor: float, draw: int | None
) -> Decision | None:
    """Whether a change of outputs does as well as retraining: on a tie the cheaper action wins."""
    own = rest.recalibration
    cheap, over = read(own.gain, draw), read(own.gain_over_control, draw)
    recovery = read(own.recovery or own.recovery_of_rise, draw)
    of_rise = read(own.recovery_of_rise, draw)
    if of_rise is not None and of_rise.value < WORTHWHILE:
        return None
    if cheap is None or recovery is None or not cheap.is_sure or own.harmed:
        return None
    if over is not None and not over.is_sure:
        return None
    is_tie = gain is None or cheap.value >= gain.value - TIE * floor
    if recovery.value >= RESTORES and is_tie and _is_all(rest, cheap, floor, draw):
        return Decision("recalibrate", own.kind or "threshold")
    return None


def _is_all(rest: Remainder, cheap: Reading, floor: float, draw: int | None) -> bool:
    """Whether a change of outputs takes the rise away, or as much of it as the recipe could.

    The rate that can be had from few rows is a high one: to come near it is not to restore.
    """
    of_rise = read(rest.recalibration.recovery_of_rise, draw)
    excess = read(rest.attainable.excess, draw)
    if of_rise is None or of_rise.value >= RESTORES:
        return True
    return excess is None or cheap.value >= excess.value - TIE * floor


def _another_model(rest: Remainder, draw: int | None) -> str | None:
    """Why another model would do what a retraining does not; None where nothing would."""
    unused = rest.remaining.unused.best
    stronger = rest.remaining.stronger_gain(draw)
    column = read(unused.gain, draw) if unused is not None else None
    if column is not None and column.is_sure and column.value >= rest.remaining.unused.smallest:
        if stronger is not None and stronger.value > column.value:
            return "model_class"
        return "missing_information"
    return "model_class" if stronger is not None else None


def _no_excess(
    found: Findings, rest: Remainder, rise: Reading | None, draw: int | None
) -> Decision:
    """The recipe does no better even on these very rows: what is there is all that there is.

    The rise is left alone where it is below what is critical. What another split of an experiment's
    arms surely makes of it is decided by whoever splits them, and no fault of the model's. Where people
    changed something at that moment (which decides nothing by itself), a team is not asked for another
    model before it is known what that was.
    """
    usual = rest.backtest.usual
    if rise is not None and usual is not None:
        if rise.value - _of_the_split(found, draw) < usual.critical - usual.reference.value:
            return Decision("no_action", "harder_mix")
    elif not found.clean_harm.is_critical:
        return Decision("no_action", "harder_mix")
    stronger = read(rest.remaining.stronger, draw)
    if stronger is not None and stronger.is_sure and stronger.value >= rest.remaining.smallest:
        return Decision("redesign", "no_excess", "model_class")
    if found.since.changes:
        return Decision("undecided", "changed_then")
    if _largest(rest, draw) == "meaning":
        return Decision("redesign", "no_excess", "missing_information")
    return Decision("redesign", "no_excess", "harder_cases")


def _of_the_split(found: Findings, draw: int | None) -> float:
    mix = read(found.arms.mix, draw)
    return mix.value if mix is not None and mix.low > 0 else 0.0


def _largest(rest: Remainder, draw: int | None) -> str | None:
    parts = rest.decomposition
    if draw is None or parts.draws is None or not parts.terms:
        return parts.largest
    row = parts.draws[draw % len(parts.draws)]
    moved = [
        (float(row[place]), name)
        for place, (name, term) in enumerate(parts.terms)
        if float(row[place]) - term.value + term.low > 0
    ]
    return max(moved)[1] if moved else None
