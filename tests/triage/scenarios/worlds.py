"""What is a made-up model's world like? Its inputs, and the law that labels follow given them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[Any]
Random = np.random.Generator

NUMBERS = ("amount", "delay", "temperature", "distance", *(f"v{i:02d}" for i in range(5, 16)))
"""Numeric inputs; a narrow world has the first three."""

LEVELS: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "carrier": (("AA", "DL", "UA", "WN", "ZB"), (0.34, 0.26, 0.2, 0.13, 0.07)),
    "plan": (("free", "basic", "pro", "team"), (0.4, 0.3, 0.2, 0.1)),
    "region": (("north", "south", "east", "west"), (0.4, 0.3, 0.18, 0.12)),
    "app": (("1.0", "1.1", "1.2"), (0.25, 0.45, 0.3)),
}
"""Categories of each text column, and their shares."""

SEGMENTS = ("carrier", "region", "app")

_NARROW = (1.4, -1.0, 0.0)
_WIDE = (1.2, -0.9, 0.0, 0.7, -0.5, 0.4, 0.3, -0.3, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0)
_CARRIER = np.array([0.9, -0.9, 0.5, -1.3, 1.3])
_PLAN = np.array([0.5, -0.4, 0.2, -0.6])


@dataclass(frozen=True)
class World:
    """A model and what it lives in, apart from any incident."""

    name: str
    task: str = "binary"
    positives: float = 0.5
    """Share of the positive class, of a binary task."""
    form: str = "linear"
    """How inputs act on the label: `linear`, `interacting`, or `ring` (of the last family only)."""
    is_wide: bool = False
    """20 inputs instead of 5."""
    correlation: float = 0.0
    """Of any two numeric inputs."""
    has_tails: bool = False
    """Numeric inputs have Student's t with 4 degrees of freedom instead of a normal law."""
    rows_a_day: int = 600
    history_days: int = 21
    """Of logs before the onset."""
    day_spread: float = 0.05
    """Standard deviation, from day to day, of the logarithm of how much inputs say of the label."""
    weekend: float = 0.0
    """How much other the weekends are; 1: much."""
    delay_days: float = 0.0
    """How late labels are, in the mean."""
    is_early: bool = False
    """Positive labels come at once, the others after the whole delay."""
    has_artifact: bool = True
    has_training: bool = True
    recipe: str = "gradient_boosting"
    bucket: str = "1d"
    luck: int = 0
    """What decides how its days go."""
    arm_share: float = 0.0
    """Share of the traffic in the arm `B` of an experiment, whose rows are harder; 0: no experiment."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numeric inputs."""
        return NUMBERS if self.is_wide else NUMBERS[:3]

    @property
    def texts(self) -> tuple[str, ...]:
        """The categorical inputs."""
        return ("carrier", "plan", "region", "app") if self.is_wide else ("carrier",)

    @property
    def features(self) -> tuple[str, ...]:
        """All inputs of the model."""
        return (*self.numbers, "hour", *self.texts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the label; none for a regression."""
        return {"binary": ("0", "1"), "multiclass": ("bus", "car", "train")}.get(self.task, ())

    @property
    def costs(self) -> tuple[float, float]:
        """Cost of a false positive and of a false negative; equal: every mistake is as bad."""
        if self.task != "binary" or self.positives > 0.2:
            return 1.0, 1.0
        return (1.0, 10.0) if self.positives > 0.02 else (1.0, 50.0)

    @property
    def threshold(self) -> float:
        """The score from which the cheaper answer is the positive class."""
        false_positive, false_negative = self.costs
        return false_positive / (false_positive + false_negative)


@dataclass(frozen=True)
class Rows:
    """Cases as they are in truth, before anything is logged of them."""

    moments: Array
    """datetime64[us], ascending."""
    z: Array
    """(rows, numeric inputs): each input in its own standard deviations."""
    codes: Mapping[str, Array]
    """Of each text column: places in `LEVELS`; and `arm` in a world with an experiment."""
    hour: Array
    hidden: Array
    """Something that no input knows of, though it is logged as `humidity`."""
    day: Array
    """How much more than usual the inputs say of the label on that day."""

    def __len__(self) -> int:
        return len(self.hour)

    def changed(self, **columns: Any) -> Rows:
        """The same rows with some other columns."""
        return replace(self, **columns)


@dataclass(frozen=True)
class Law:
    """What labels follow: shares of the classes, or a normal law, a row."""

    shares: Array | None = None
    """(rows, classes)."""
    mean: Array = field(default_factory=lambda: np.empty(0))
    spread: Array = field(default_factory=lambda: np.empty(0))

    def draw(self, random: Random) -> Array:
        """A label a row: the class's place, or a number."""
        if self.shares is None:
            return random.normal(self.mean, self.spread)
        below = random.random(len(self.shares))[:, None] > np.cumsum(self.shares, axis=1)
        return np.asarray(np.minimum(below.sum(axis=1), self.shares.shape[1] - 1))

    def where(self, mask: Array, other: Law) -> Law:
        """The other law in the masked rows."""
        if self.shares is None or other.shares is None:
            return Law(
                mean=np.where(mask, other.mean, self.mean),
                spread=np.where(mask, other.spread, self.spread),
            )
        return Law(np.where(mask[:, None], other.shares, self.shares))


def moments_between(world: World, start: datetime, end: datetime, random: Random) -> Array:
    """When predictions are made: at random times, fewer of them at weekends."""
    span = (end - start) / timedelta(days=1)
    many = int(random.poisson(world.rows_a_day * span))
    begin = np.datetime64(start, "us")
    found = begin + (random.random(many) * span * 86_400e6).astype("timedelta64[us]")
    if world.weekend:
        found = found[~(is_weekend(found) & (random.random(many) < 0.35))]
    return np.sort(found)


def is_weekend(moments: Array) -> Array:
    """Whether it is Saturday or Sunday."""
    days = moments.astype("datetime64[D]").astype(np.int64)
    return np.asarray((days + 3) % 7 >= 5)


def draw_rows(world: World, moments: Array, random: Random, days: Array | None = None) -> Rows:
    """Cases at some moments.

    Args:
        world: theirs.
        moments: a row each.
        random: everything but the days' luck, which the moments' dates decide.
        days: the days' luck a row, where it is not to be that of the dates.
    """
    rows, width = len(moments), len(world.numbers)
    own = random.standard_t(4, (rows, width)) / math.sqrt(2) if world.has_tails else None
    own = random.normal(size=(rows, width)) if own is None else own
    common = random.normal(size=(rows, 1))
    z = math.sqrt(1 - world.correlation) * own + math.sqrt(world.correlation) * common
    codes = {
        name: random.choice(len(names), size=rows, p=shares)
        for name, (names, shares) in LEVELS.items()
    }
    hour = np.where(
        random.random(rows) < 0.6, random.normal(9, 2.5, rows), random.normal(18, 3, rows)
    )
    weekend = is_weekend(moments) * world.weekend
    z[:, 0] += 0.3 * weekend
    if world.arm_share:
        arm = random.random(rows) < world.arm_share
        codes["arm"] = arm.astype(int)
        z[arm, :2] *= 0.25
    day = _days(world, moments) if days is None else days
    return Rows(
        moments, z, codes, np.floor(hour) % 24, random.normal(size=rows), day - 0.12 * weekend
    )


def many_days(world: World, rows: int, random: Random) -> Rows:
    """So many cases of so many days that days make no difference: four weeks over and over."""
    start = np.datetime64("2024-01-01", "us")
    moments = np.sort(start + (random.random(rows) * 28 * 86_400e6).astype("timedelta64[us]"))
    return draw_rows(world, moments, random, random.normal(0, world.day_spread, rows))


def _days(world: World, moments: Array) -> Array:
    dates, place = np.unique(moments.astype("datetime64[D]").astype(np.int64), return_inverse=True)
    luck = [
        np.random.default_rng([world.luck, int(date), 77]).normal(0, world.day_spread)
        for date in dates
    ]
    return np.asarray(luck)[place] if len(dates) else np.empty(0)


def features_of(world: World, rows: Rows) -> pl.DataFrame:
    """What is logged of the cases when nothing is wrong: inputs, segments and `humidity`."""
    found: dict[str, Any] = {}
    for place, name in enumerate(world.numbers):
        z = rows.z[:, place]
        if name in ("amount", "delay", "distance"):
            level, slope = {"amount": (3.5, 0.7), "delay": (3.0, 0.6), "distance": (6.0, 0.5)}[name]
            found[name] = np.round(np.exp(np.minimum(level + slope * z, 20)), 2)
        elif name == "temperature":
            found[name] = np.round(15 + 8 * z, 1)
        else:
            found[name] = np.round(50 + 10 * z, 2)
    found["hour"] = rows.hour.astype(float)
    for name, (names, _) in LEVELS.items():
        if name in world.texts or name in SEGMENTS:
            found[name] = np.asarray(names)[rows.codes[name]]
    if "arm" in rows.codes:
        found["arm"] = np.array(["A", "B"])[rows.codes["arm"]]
    found["humidity"] = np.round(60 + 15 * rows.hidden, 1)
    return pl.DataFrame(found)


def weights_of(world: World) -> Array:
    """How much each numeric input says."""
    return np.array(_WIDE if world.is_wide else _NARROW)


def signal_of(world: World, rows: Rows, weights: Array | None = None, form: str = "") -> Array:
    """What the inputs together say of the label; its standard deviation is about 3."""
    z, carrier = rows.z, rows.codes["carrier"]
    by_hour = 0.9 * np.sin(2 * np.pi * (rows.hour - 3) / 24)
    w = weights_of(world) if weights is None else weights
    form = form or world.form
    if form == "linear":
        found = z @ w + _CARRIER[carrier] + by_hour
    elif form == "interacting":
        found = z @ (w * np.r_[0.5, 0.3, np.ones(len(w) - 2)])
        found += 1.5 * z[:, 0] * np.tanh(2 * z[:, 1]) * np.sign(w[0])
        found += _CARRIER[carrier] * np.where(z[:, 0] > 0, 1.3, -0.3) + by_hour
    else:
        found = 1.6 * np.sign(w[0]) * (np.minimum(z[:, 0] ** 2, 6) - 1 + 0.8 * z[:, 0])
        found += z[:, 1:] @ w[1:] + _CARRIER[carrier] + by_hour
    if world.is_wide:
        found += _PLAN[rows.codes["plan"]]
    return np.asarray(1.6 * found)


def law_of(world: World, rows: Rows, signal: Array | None = None) -> Law:
    """The labels' law of some cases.

    Args:
        world: theirs.
        rows: the cases.
        signal: what their inputs say, where that is something else than usual.
    """
    said = signal_of(world, rows) if signal is None else signal
    strength = np.exp(rows.day)
    if world.task == "regression":
        return Law(mean=50 + 5 * said, spread=5 / strength)
    said = said * strength
    if world.task == "binary":
        share = _logistic(said + intercept_of(replace(world, rows_a_day=1, luck=0)))
        return Law(np.column_stack([1 - share, share]))
    second = 2.0 * rows.z[:, 1] * strength - 0.6 * said
    logits = np.column_stack([said, second, np.full(len(said), 0.3)])
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    return Law(shares / shares.sum(axis=1, keepdims=True))


@lru_cache(maxsize=64)
def intercept_of(world: World) -> float:
    """What makes the positive class as frequent as the world says."""
    rows = many_days(world, 6000, np.random.default_rng(5))
    said = signal_of(world, rows) * np.exp(rows.day)
    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        if _logistic(said + middle).mean() < world.positives:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _logistic(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))
