"""Is there harm? Yes, no, or unknown: the rise of the bad rate against the smallest that matters.

Rates come from all labelled rows, bucket by bucket. Rows of one day are alike, so that the interval
of the rise has two parts: Wilson's for the rows, and what days differ by for the number of days
(`performance.intervals.spread_between`), joined as Newcombe (1998, method 10) joins the intervals of
two rates. Where the period is not of whole weeks and the reference knows its weekdays, the
reference's rate is that of the same weekdays, as far as weekdays differ by more than days do.

Unknown is an answer: with 36 labels and a true rise of 0.10 the interval covers 0 in 78 % of draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.verdict import Evidence
from workbench.performance.blocks import DRAWS
from workbench.performance.judgement import threshold_rates_of
from workbench.performance.quantiles import normal_quantile
from workbench.triage.case import Case
from workbench.triage.day_rates import concentration, day_spread, rate_of, usual_rate, wilson_of
from workbench.triage.figures import Figure
from workbench.triage.newest_rise import LEAST_LABELS, newest_rise
from workbench.triage.since import without_passed
from workbench.triage.unjudged import measure_unjudged

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = "harm"

_MOSTLY = 2 / 3
"""Of the period's rows: with more without labels, a calm of the others says nothing of the period."""

_RULED_OUT = 1.75
"""Harm is ruled out when the interval ends below this many floors. At one floor exactly a healthy model
would need several times the labels that show a harm of two; at two, a harm of two would be ruled out
in one case of forty. Here 4,000 labels on either side tell 96 % of healthy models (rate 0.23, floor
0.02), and take a harm of two floors for none in 0.6 %."""

_LONGEST = timedelta(days=28)
"""Of the time that is judged where the rate since the onset is below the reference's."""


@dataclass(frozen=True)
class Harm:
    """The rise of the bad rate, and whether it matters."""

    state: str
    """`yes`, `no` or `unknown`."""
    rise: float | None
    low: float | None
    high: float | None
    floor: float | None
    """The smallest rise that matters: the card's warning."""
    is_critical: bool
    reference_rate: float | None
    """Of the same weekdays, where that is known."""
    current_rate: float | None
    labelled: int
    deviation: float
    """Standard error of the rise."""
    basis: str
    """`days`, when what days differ by is allowed for, or `rows`."""
    reason: str
    labels_needed: int | None = None
    """In the period, to tell a rise of the floor with 80 % power; None where the state is known."""
    settled_on: datetime | None = None
    """When so many labels will be there; None where that cannot be said."""
    draws: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(draws,) the rise as it could have come out, normal; None where there is none."""
    unjudged: tuple[str, ...] = ()
    """What moved in the newest rows, whose labels are still to come, or that they are most of all:
    harm is not ruled out there."""
    newer: str = ""
    """The newest buckets, where they look worse by what matters though the whole does not; in words."""
    longer: int | None = None
    """Labels of the time that the rise is of, where that begins before the onset; None: it does not."""

    critical: float | None = None
    """The rise that is critical by the card."""

    @property
    def is_surely_critical(self) -> bool:
        """Whether all of the interval is critical."""
        return self.low is not None and self.critical is not None and self.low >= self.critical

    @property
    def figure(self) -> Figure | None:
        """The rise with its interval and draws; None where there is none."""
        if self.rise is None or self.low is None or self.high is None:
            return None
        n = self.longer or self.labelled
        return Figure(self.rise, self.low, self.high, n, self.basis, self.draws)

    def evidence(self) -> tuple[Evidence, ...]:
        """What the operator is told of it."""
        supports = {"yes": None, "no": "no_action", "unknown": "wait"}[self.state]
        found = [
            Evidence(
                STEP, "rise", self.rise, self.reason, self.low, self.high,
                self.longer or self.labelled, self.floor, supports,
                "no_action" if self.state == "yes" else None,
            )
        ]  # fmt: skip
        if self.newer:
            found.append(
                Evidence(
                    STEP, "newest", None, f"The whole is calm, and its end is not: {self.newer}.",
                    supports="wait", against="no_action",
                )
            )  # fmt: skip
        if self.unjudged:
            when = f", about {self.settled_on:%Y-%m-%d}" if self.settled_on else ""
            found.append(
                Evidence(
                    STEP, "unjudged", None,
                    f"The newest rows have no labels yet, and those before do not speak for them "
                    f"({'; '.join(self.unjudged[:3])}): their labels decide{when}.",
                    supports="wait", against="no_action",
                )
            )  # fmt: skip
        if self.labels_needed is not None:
            when = f", about {self.settled_on:%Y-%m-%d}" if self.settled_on else ""
            found.append(
                Evidence(
                    STEP, "labels_needed", float(self.labels_needed),
                    f"{self.labels_needed:,} labels would settle whether the rise matters{when}",
                    n=self.labelled, supports="wait",
                )
            )  # fmt: skip
        return tuple(found)


def measure_harm(
    case: Case, *, unripe: Sequence[OutcomeBucket] = (), ripe_on: datetime | None = None
) -> Harm:
    """The rise since the onset over the reference, and what is to be made of it.

    Args:
        case: with `counted` and `reference_counted`.
        unripe: buckets of the period whose labels are still to come.
        ripe_on: when those will be in; None where it is not known.
    """
    now = [b for b in case.counted if b.counts.labelled > 0]
    then = [b for b in case.reference_counted if b.counts.labelled > 0]
    labelled = round(sum(b.counts.labelled for b in now))
    if not then:
        return _unknown("the reference has no labels: there is no rate to compare with", labelled)
    plain = rate_of(then)
    if not now:
        late = f"; those of {len(unripe)} buckets are still to come" if unripe else ""
        return _unknown(f"no labels since the onset{late}", 0, plain, ripe_on)
    usual = usual_rate(then, now)
    rate = rate_of(now)
    floor, critical = (limit - usual for limit in threshold_rates_of(usual, case.card.thresholds))
    rise = rate - usual
    before = without_passed(case.before_counted)
    spread, basis = day_spread(then, before, now)
    z = normal_quantile(0.975)
    days = math.sqrt(spread**2 * (concentration(now) + concentration(then)))
    own, other = wilson_of(now), wilson_of(then)
    low = rise - math.hypot(rate - own[0], other[1] - plain, z * days)
    high = rise + math.hypot(own[1] - rate, plain - other[0], z * days)
    deviation = (high - low) / (2 * z)
    told = (
        f"{rate:.1%} bad of {labelled:,} labelled since the onset, {usual:.1%} in the reference: "
        f"a rise of {100 * rise:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), "
        f"{100 * floor:.1f} matter"
    )
    state = state_of(rise, low, high, floor, labelled)
    signs = () if state == "yes" else _unjudged(case, unripe, state)
    newer = ""
    if state == "no":
        newer = newest_rise(case.before_counted, then, now, day_spread(then, before, ())[0], floor)
    is_open = state == "no" and bool(signs or newer)
    if is_open:
        state = "unknown"
    harm = Harm(
        state, rise, low, high, floor, state == "yes" and rise >= critical, usual, rate, labelled,
        deviation, basis, told, draws=_drawn(rise, deviation, case.seed), unjudged=signs,
        newer=newer, critical=critical,
    )  # fmt: skip
    if is_open and not newer:
        return replace(harm, settled_on=ripe_on)
    if state != "unknown":
        return harm
    by_rows = rise + math.hypot(own[1] - rate, plain - other[0])
    if rise <= -floor and state_of(rise, low, by_rows, floor, labelled) == "no":
        calm = _calm_of_longer(case, harm)
        if calm is not None:
            return calm
    needed = _needed(usual, floor)
    settled = _date(now, needed - labelled, case.bucket) if needed > labelled else ripe_on
    return replace(harm, labels_needed=max(needed, LEAST_LABELS), settled_on=settled)


def _unjudged(case: Case, unripe: Sequence[OutcomeBucket], state: str) -> tuple[str, ...]:
    """Why the labels that are in do not speak for the rows that wait for theirs, in words."""
    moved = measure_unjudged(case)
    late = _mostly_late(case, unripe) if state == "no" else ""
    return (*(moved.signs if moved is not None else ()), *((late,) if late else ()))


def _mostly_late(case: Case, unripe: Sequence[OutcomeBucket]) -> str:
    """That most rows of the period wait for their labels, in words; "" if most do not.

    Since a known onset those that are labelled do speak for the rest.
    """
    late = sum(b.counts.rows for b in unripe)
    rows = late + sum(b.counts.rows for b in case.counted)
    if case.onset is not None or late <= _MOSTLY * rows:
        return ""
    return f"most of the period's: {late:,.0f} of {rows:,.0f}"


def _calm_of_longer(case: Case, harm: Harm) -> Harm | None:
    """No harm, by the days before the onset as well; None where they do not show that either.

    The time is cut at the onset so that its harm is not diluted by the days before. Where the rate
    since is as far below the reference's as would matter above it, and by its rows alone harm is ruled
    out, there is none to dilute: a low rate went back towards the usual one. What keeps it open is
    that few days are seen of a model whose days differ much, and those that were cut off are days of
    the same model. What keeps a calm whole open (newest buckets, rows without labels) still does. Of
    five days that differ by 7 points and follow days well below the reference, a true harm of two
    floors is taken for none in 0.2 % of draws.
    """
    if harm.rise is None or not case.before_counted:
        return None
    begin = case.counted[-1].end - _LONGEST
    whole = (*(b for b in case.before_counted if b.start >= begin), *case.counted)
    found = measure_harm(replace(case, counted=whole, before_counted=()))
    if found.state != "no":
        return None
    reason = found.reason.replace("since the onset", f"since {whole[0].start:%Y-%m-%d}")
    return replace(
        found, reason=f"{reason}; since the onset {harm.rise * 100:+.1f} points",
        current_rate=harm.current_rate, reference_rate=harm.reference_rate,
        labelled=harm.labelled, longer=found.labelled,
    )  # fmt: skip


def state_of(rise: float, low: float, high: float, floor: float, labelled: float) -> str:
    """`yes`, `no` or `unknown`: what a rise with this interval says.

    Harm is a rise that is significant, and as large as what matters: a lower end beyond the floor as
    well would ask for four times the labels that the alarm itself needs.
    """
    if labelled < LEAST_LABELS:
        return "unknown"
    if low > 0 and rise >= floor:
        return "yes"
    return "no" if high < _RULED_OUT * floor else "unknown"


def _drawn(rise: float, deviation: float, seed: int) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = rise + deviation * np.random.default_rng(seed).normal(size=DRAWS)
    return found


def _unknown(
    reason: str, labelled: int, usual: float | None = None, settled: datetime | None = None
) -> Harm:
    return Harm(
        "unknown", None, None, None, None, False, usual, None, labelled, 0.0, "rows", reason,
        LEAST_LABELS if usual is not None else None, settled,
    )  # fmt: skip


def _needed(rate: float, floor: float) -> int:
    """N = (z_.975 + z_.8)^2 2 p (1 - p) / floor^2."""
    z = normal_quantile(0.975) + normal_quantile(0.8)
    p = min(max(rate, 0.001), 0.999)
    return math.ceil(z * z * 2 * p * (1 - p) / max(floor, 1e-6) ** 2)


def _date(now: Sequence[OutcomeBucket], missing: float, bucket: timedelta) -> datetime | None:
    a_bucket = sum(b.counts.labelled for b in now) / len(now)
    if a_bucket <= 0 or missing / a_bucket > 1000:
        return None
    return max(b.end for b in now) + math.ceil(missing / a_bucket) * bucket
