"""What would a retraining gain on the labels at hand, as far as the backtest and the cross-fit tell?"""

from __future__ import annotations

import math

from workbench.triage.attainable import Attainable
from workbench.triage.backtest import Backtest
from workbench.triage.potential import Potential
from workbench.triage.reading import Drawn, Reading, read

_TWO_LOOKS = 1.144
"""z_.9875 / z_.975."""


def gained_now(
    inside: Attainable, test: Backtest, own: Potential, draw: int | None
) -> Reading | None:
    """What a retraining on the labels at hand gains, beyond what any retraining would.

    By the challenger that was chosen, or by one that learns from rows of the incident alone: which of
    the two is better changes as labels come in, and the choice was made with fewer of them. Two are
    looked at, so that both must be the surer (Bonferroni).

    Args:
        inside: the cross-fit of the chosen kind of challenger.
        test: its backtest, with what it gains where nothing had happened.
        own: the same of rows of the incident alone.
        draw: a number of a resampling; None: the figures as they are.
    """
    usual = read(test.control.gain, draw) if test.control is not None else None
    found = [_gained(inside.excess, test.gain, usual, draw)]
    if test.kind != "incident" and own.own is not None:
        lost = read(own.cost, draw)
        usual = Reading(-lost.value, -lost.high, -lost.low) if lost is not None else None
        found.append(_gained(own.own, own.tested, usual, draw))
        found = [_wider(one, _TWO_LOOKS) for one in found]
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: (one.is_sure, one.value)) if known else None


def _gained(
    inside: Drawn | None, tested: Drawn | None, usual: Reading | None, draw: int | None
) -> Reading | None:
    """The gain by the backtest and the cross-fit, less what a retraining gains in calm times.

    The backtest alone judges by the newest labels only; the cross-fit judges by all of them, and counts
    where the backtest gains at least half as much: what is learned from the older ones still holds.
    """
    newest, whole = read(tested, draw), read(inside, draw)
    if newest is None:
        return None
    if whole is None or newest.value < whole.value / 2:
        return _over(newest, usual)
    low, high = max(newest.low, whole.low), min(newest.high, whole.high)
    return _over(Reading((newest.value + whole.value) / 2, low, high), usual)


def _over(gain: Reading, usual: Reading | None) -> Reading:
    """A gain less the one in calm times, each with its interval; a loss in calm times is no credit."""
    if usual is None or usual.high <= 0:
        return gain
    off = max(usual.value, 0.0)
    above, below = usual.high - off, off - max(usual.low, 0.0)
    low = gain.value - off - math.hypot(gain.value - gain.low, above)
    return Reading(
        gain.value - off, low, gain.value - off + math.hypot(gain.high - gain.value, below)
    )


def _wider(found: Reading | None, times: float) -> Reading | None:
    if found is None:
        return None
    value = found.value
    return Reading(value, value - times * (value - found.low), value + times * (found.high - value))
