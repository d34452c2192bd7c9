"""How many pages a month does a model give in which nothing changed, and how soon is a change paged?

    python benchmarks/pages.py [--months 500] [--seed 1]

Months of a model with 20 features and a bad rate of 20 % are drawn as counts over bins: 500 rows
a day in daily buckets, and 20 rows an hour in hourly ones. Rates and distributions follow a cycle
of the week (and of the day) and go up and down from day to day; missing values come in 2 % of the
rows. The reference is of 60 such days. Printed are the pages of a month without a change, with the
upper 95 % bound of their mean; and how often a feature that moves by a PSI of 0.3, and a bad rate that
rises by 0.05, are paged within two buckets.
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
WINDOW = timedelta(days=7)
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
    counts = []
    for feature in range(FEATURES):
        shifts = effects(world, starts, rng, world.shift_day, world.shift_week)
        if feature == 0 and changed:
            shifts[-changed:] += shift
        counts.append(rng.multinomial(rows, cells(shifts)))
    return Drawn(
        starts, rows.astype(float), rng.binomial(rows, np.clip(rates, 0, 1)).astype(float),
        rng.binomial(rows, MISSING, (FEATURES, len(starts))).astype(float),
        np.array(counts, dtype=float),
    )  # fmt: skip


def month_of(
    world: World, reference: Drawn, current: Drawn, first: int
) -> tuple[Looks, list[ShareHistory], list[ColumnHistory]]:
    """The histories of a month, as `check` makes them of the store."""
    looks = Looks(tuple(current.starts), world.bucket, WINDOW, first)
    bad = usual_share(reference.bad, reference.rows, reference.starts, world.bucket)
    if bad is None:
        raise ValueError("the reference has no rows")
    shares = [
        ShareHistory("bad_rate", current.bad, current.rows, bad, bad.share + 0.02, bad.share + 0.05)
    ]
    columns = []
    for number in range(FEATURES):
        missing = usual_share(
            reference.missing[number], reference.rows, reference.starts, world.bucket
        )
        if missing is None:
            raise ValueError("the reference has no rows")
        shares.append(
            ShareHistory(
                "missing_values", current.missing[number], current.rows, missing,
                missing.share + 0.01, missing.share + 0.05, f"f{number}",
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


def found_within_two(world: World, months: int, seed: int, *, rise: float, shift: float) -> float:
    """How often a change is paged by the second bucket."""
    rng = np.random.default_rng(seed)
    hits = 0
    for number in range(months):
        reference = draw(world, START, world.reference_days, rng)
        first = START + timedelta(days=world.reference_days + number % 7)
        current = draw(world, first, 9, rng, rise=rise, shift=shift, changed=2)
        looks, shares, columns = month_of(world, reference, current, len(current.starts) - 2)
        told = looked_at(looks, shares, columns, Rule())
        hits += any(
            one.statuses.any() for one in told
            if (one.kind == "bad_rate" if rise else one.column == "f0" and one.kind == "drift")
        )  # fmt: skip
    return hits / months


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    worlds = {
        "daily": World(timedelta(days=1), 500),
        "hourly": World(timedelta(hours=1), 20),
    }
    for name, world in worlds.items():
        began = time.process_time()
        found, kinds = calm_months(world, asked.months, asked.seed)
        bound = found.mean() + 1.645 * found.std(ddof=1) / math.sqrt(len(found))
        print(
            f"{name}: {found.mean():.3f} pages a month, upper 95 % bound {bound:.3f} "
            f"({len(found) * RUN} months, {time.process_time() - began:.0f} s) {kinds}", flush=True,
        )  # fmt: skip
    daily = worlds["daily"]
    shift = shift_of(0.3)
    moved = found_within_two(daily, asked.months, asked.seed, rise=0.0, shift=shift)
    print(f"a feature moves by PSI 0.3: paged within two buckets in {moved:.1%}")
    for base in (0.2, 0.1):
        world = replace(daily, bad_rate=base)
        risen = found_within_two(world, asked.months, asked.seed, rise=0.05, shift=0.0)
        print(f"a bad rate of {base} rises by 0.05: paged within two buckets in {risen:.1%}")


if __name__ == "__main__":
    main()
