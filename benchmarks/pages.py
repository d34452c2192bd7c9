"""How many pages a month does a model give in which nothing changed, and how soon is a change paged?

    python benchmarks/pages.py [--months 500] [--runs 2000] [--seed 31]

Months of a binary model with 20 features and a bad rate of 20 % are drawn as counts over bins: 500
rows a day in daily buckets, and 20 rows an hour in hourly ones. Three rows in ten are positive; of the
bad predictions 45 % are missed positives. Rates and distributions follow a cycle of the week (and of
the day) and go up and down from day to day; missing values come in 2 % of the rows. The reference
is of 60 such days. In a restless world days differ four times as much, and the reference has 28.

Printed are the pages of a month without a change, with the upper 95 % bound of their mean (the months
after one reference count as one); and how often a change is paged within two buckets: a feature
that moves by a PSI of 0.3, a bad rate that rises by 0.05 on each day of the week in turn. Last,
how often a recall that falls from 0.7 to 0 is paged among 0.3 % of positives, and after how long.

The levels of `alerts/testing.py` were chosen with other seeds than those reported.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from workbench.alerts.history import ColumnHistory, Looks, ShareHistory
from workbench.alerts.looking import Rule, looked_at, pages
from workbench.alerts.usual import Array, usual_share, usual_spread

FEATURES = 20
BINS = 10
REFERENCE_DAYS = 60
MISSING = 0.02
POSITIVE = 0.3
MISSED = 0.45
"""How much of the bad rate is missed positives, the rest false alarms."""
WINDOW = timedelta(days=7)
RATES = ("bad_rate", "miss_rate")
"""Both are the alert `bad_rate`."""
KINDS = (*RATES, "drift", "missing_values")
MONTH = 30
RUN = 5
"""Months that follow one reference; what the bound of the mean counts as one."""
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """How a model's days differ when nothing changed."""

    bucket: timedelta
    rows: int
    """Of a bucket."""
    bad_rate: float = 0.2
    rate_day: float = 0.005
    """Standard deviation of the bad rate from day to day."""
    rate_week: float = 0.02
    """How much the weekend's bad rate is above the week's."""
    shift_day: float = 0.05
    """Standard deviation of a feature's mean from day to day, in its own."""
    shift_week: float = 0.3
    """How much the weekend's mean is above the week's."""
    reference_days: int = REFERENCE_DAYS

    @property
    def a_day(self) -> int:
        """Buckets a day."""
        return timedelta(days=1) // self.bucket


def starts_of(world: World, first: datetime, days: int) -> list[datetime]:
    """The starts of the buckets of some days."""
    return [first + i * world.bucket for i in range(days * world.a_day)]


def effects(
    world: World, starts: list[datetime], rng: np.random.Generator, day: float, week: float
) -> Array:
    """What a mean differs by in each bucket: weekend, night, and the day's own luck."""
    weekend = np.array([start.weekday() >= 5 for start in starts]) * week
    days = len(starts) // world.a_day
    found = weekend + np.repeat(rng.normal(scale=day, size=days), world.a_day)
    if world.a_day > 1:
        found += week * 0.5 * np.sin([2 * math.pi * start.hour / 24 for start in starts])
    return found


def cells(shifts: Array) -> Array:
    """Shares of the deciles of a normal variable whose mean is shifted: (buckets, bins)."""
    from statistics import NormalDist

    from scipy.special import ndtr

    edges = np.array([NormalDist().inv_cdf(i / BINS) for i in range(1, BINS)])
    inside = ndtr(edges[None, :] - shifts[:, None])
    return np.diff(
        np.concatenate([np.zeros((len(shifts), 1)), inside, np.ones((len(shifts), 1))], axis=1)
    )


@dataclass(frozen=True)
class Drawn:
    """Counts of some days."""

    starts: list[datetime]
    rows: Array
    positive: Array
    missed: Array
    bad: Array
    missing: Array
    """(features, buckets)"""
    counts: Array
    """(features, buckets, bins)"""


def draw(
    world: World, first: datetime, days: int, rng: np.random.Generator, *,
    rise: float = 0.0, shift: float = 0.0, changed: int = 0,
) -> Drawn:  # fmt: skip
    """Days of a model; the last `changed` buckets with a higher bad rate and a moved first feature."""
    starts = starts_of(world, first, days)
    rows = rng.poisson(world.rows, len(starts))
    rates = world.bad_rate + effects(world, starts, rng, world.rate_day, world.rate_week)
    if changed:
        rates[-changed:] += rise
    positive = rng.binomial(rows, POSITIVE)
    missed = rng.binomial(positive, np.clip(rates * MISSED / POSITIVE, 0, 1))
    alarms = rng.binomial(rows - positive, np.clip(rates * (1 - MISSED) / (1 - POSITIVE), 0, 1))
    counts = []
    for feature in range(FEATURES):
        shifts = effects(world, starts, rng, world.shift_day, world.shift_week)
        if feature == 0 and changed:
            shifts[-changed:] += shift
        counts.append(rng.multinomial(rows, cells(shifts)))
    return Drawn(
        starts, rows.astype(float), positive.astype(float), missed.astype(float),
        (missed + alarms).astype(float),
        rng.binomial(rows, MISSING, (FEATURES, len(starts))).astype(float),
        np.array(counts, dtype=float),
    )  # fmt: skip


def share_of(
    kind: str, before: Array, reference: Drawn, now: Array, rows: Array, rises: tuple[float, float],
    column: str | None = None,
) -> ShareHistory:  # fmt: skip
    """The history of a share of all rows, with the thresholds of a default card."""
    width = reference.starts[1] - reference.starts[0]
    usual = usual_share(before, reference.rows, reference.starts, width)
    if usual is None:
        raise ValueError("the reference has no rows")
    warning, critical = (usual.share + rise for rise in rises)
    return ShareHistory(kind, now, rows, usual, warning, critical, column)


def missed_of(reference: Drawn, current: Drawn) -> ShareHistory:
    """The history of the missed positives, likewise."""
    width = reference.starts[1] - reference.starts[0]
    usual = usual_share(reference.missed, reference.positive, reference.starts, width)
    if usual is None:
        raise ValueError("the reference has no positives")
    share = usual.share
    warning, critical = max(share + 0.02, share * 1.25), max(share + 0.05, share * 1.5)
    return ShareHistory("miss_rate", current.missed, current.positive, usual, warning, critical)


def month_of(
    world: World, reference: Drawn, current: Drawn, first: int, features: int = FEATURES
) -> tuple[Looks, list[ShareHistory], list[ColumnHistory]]:
    """The histories of a month, as `check` makes them of the store."""
    looks = Looks(tuple(current.starts), world.bucket, WINDOW, first)
    shares = [
        share_of("bad_rate", reference.bad, reference, current.bad, current.rows, (0.02, 0.05)),
        missed_of(reference, current),
    ]
    columns = []
    for number in range(features):
        shares.append(
            share_of(
                "missing_values", reference.missing[number], reference, current.missing[number],
                current.rows, (0.01, 0.05), f"f{number}",
            )
        )  # fmt: skip
        whole = reference.counts[number].sum(axis=0)
        spread = usual_spread(whole, reference.counts[number], reference.starts, world.bucket)
        columns.append(ColumnHistory(f"f{number}", "feature", True, current.counts[number], spread))
    return looks, shares, columns


def calm_months(world: World, months: int, seed: int) -> tuple[Array, dict[str, int]]:
    """The mean pages a month after each reference, `RUN` months each, and the pages of each kind."""
    rng = np.random.default_rng(seed)
    found, kinds = [], {}
    for _ in range(math.ceil(months / RUN)):
        reference = draw(world, START, world.reference_days, rng)
        first = START + timedelta(days=world.reference_days)
        current = draw(world, first, 7 + RUN * MONTH, rng)
        looks, shares, columns = month_of(world, reference, current, 7 * world.a_day)
        told = looked_at(looks, shares, columns, Rule())
        found.append(len(pages(told, looks)) / RUN)
        for kind in {one.kind for one in told}:
            own = [one for one in told if one.kind == kind]
            kinds[kind] = kinds.get(kind, 0) + len(pages(own, looks))
    return np.array(found, dtype=float), kinds


def shift_of(effect: float) -> float:
    """The shift of a normal variable's mean that gives this PSI on its deciles."""
    low, high = 0.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        moved = cells(np.array([0.0, middle]))
        psi = float(((moved[1] - moved[0]) * np.log(moved[1] / moved[0])).sum())
        low, high = (middle, high) if psi < effect else (low, middle)
    return low


def found_within_two(world: World, runs: int, seed: int, *, rise: float, shift: float) -> float:
    """How often a change is paged by the second bucket."""
    rng = np.random.default_rng(seed)
    hits = 0
    for number in range(runs):
        reference = draw(world, START, world.reference_days, rng)
        first = START + timedelta(days=world.reference_days + number % 7)
        current = draw(world, first, 9, rng, rise=rise, shift=shift, changed=2)
        first_look = len(current.starts) - 2
        # Features say nothing of a rise, and have their part of the budget all the same.
        many = 0 if rise else FEATURES
        looks, shares, columns = month_of(world, reference, current, first_look, many)
        told = looked_at(looks, shares, columns, Rule(), KINDS)
        hits += any(
            one.statuses.any() for one in told
            if (one.kind in RATES if rise else one.column == "f0" and one.kind == "drift")
        )  # fmt: skip
    return hits / runs


def days_until_lost_recall(rows: int, runs: int, seed: int) -> Array:
    """After how many days a recall that falls from 0.7 to 0 is paged; infinite after a month.

    Of the rows of a day 0.3 % are positive, and 1 % are false alarms.
    """
    rng = np.random.default_rng(seed)
    found = np.full(runs, math.inf)
    for number in range(runs):
        reference = rare(REFERENCE_DAYS, rows, rng)
        current = rare(7 + MONTH, rows, rng, lost=MONTH)
        looks = Looks(tuple(current.starts), timedelta(days=1), WINDOW, 7)
        shares = [
            share_of("bad_rate", reference.bad, reference, current.bad, current.rows, (0.0026, 0.0052)),
            missed_of(reference, current),
        ]  # fmt: skip
        told = looked_at(looks, shares, (), Rule(), KINDS)
        loud = np.flatnonzero(np.max([one.statuses for one in told], axis=0))
        if len(loud):
            found[number] = loud[0] + 1
    return found


def rare(days: int, rows: int, rng: np.random.Generator, lost: int = 0) -> Drawn:
    """Days of a model of rare positives; on the last `lost` all are missed."""
    starts = [START + i * timedelta(days=1) for i in range(days)]
    many = rng.poisson(rows, days)
    positive = rng.binomial(many, 0.003)
    missed = rng.binomial(positive, np.where(np.arange(days) < days - lost, 0.3, 1.0))
    bad = missed + rng.binomial(many - positive, 0.01)
    counted = [counts.astype(float) for counts in (many, positive, missed, bad)]
    nothing = np.zeros((0, days))
    return Drawn(starts, *counted, nothing, nothing)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=500)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=31)
    asked = parser.parse_args()
    daily = World(timedelta(days=1), 500)
    worlds = {
        "daily": daily,
        "hourly": World(timedelta(hours=1), 20),
        "restless": replace(daily, rate_day=0.02, shift_day=0.2, reference_days=28),
    }
    for name, world in worlds.items():
        began = time.process_time()
        found, kinds = calm_months(world, asked.months, asked.seed)
        bound = found.mean() + 1.645 * found.std(ddof=1) / math.sqrt(len(found))
        print(
            f"{name}: {found.mean():.3f} pages a month, upper 95 % bound {bound:.3f} "
            f"({len(found) * RUN} months, {time.process_time() - began:.0f} s) {kinds}", flush=True,
        )  # fmt: skip
    moved = found_within_two(daily, asked.runs, asked.seed, rise=0.0, shift=shift_of(0.3))
    print(f"a feature moves by PSI 0.3: paged within two buckets in {moved:.2%}")
    for base in (0.2, 0.1):
        world = replace(daily, bad_rate=base)
        risen = found_within_two(world, asked.runs, asked.seed, rise=0.05, shift=0.0)
        print(f"a bad rate of {base} rises by 0.05: paged within two buckets in {risen:.2%}")
    for rows in (500, 2000):
        days = days_until_lost_recall(rows, asked.runs // 4, asked.seed)
        print(
            f"recall falls to 0 among 0.3 % of {rows} rows a day: paged in {np.isfinite(days).mean():.2%}, "
            f"after {np.median(days):.0f} days (median), {np.quantile(days, 0.95):.0f} (95 %)"
        )  # fmt: skip


if __name__ == "__main__":
    main()
