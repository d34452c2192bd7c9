"""What can break in the feed of inputs? Units, names, clocks, gaps, defaults; in all rows or in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import polars as pl

from tests.triage.scenarios.champions import Setup
from tests.triage.scenarios.planting import Plant, Spoil
from tests.triage.scenarios.worlds import LEVELS, SEGMENTS, Random

c = pl.col
Change = Callable[[str], pl.Expr]
"""The expression of what is logged instead of a column."""

SHARES = (0.04, 0.07, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)


def places(*columns: str, whole: bool = True) -> list[tuple[str, tuple[str, str] | None]]:
    """Each column in all rows, and in those of each value of each segment."""
    found: list[tuple[str, tuple[str, str] | None]] = []
    for column in columns:
        if whole:
            found.append((column, None))
        found += [
            (column, (segment, value))
            for segment in SEGMENTS
            for value in LEVELS[segment][0]
            if segment != column
        ]
    return found


def spoilt(change: Change, column: str, segment: tuple[str, str] | None) -> Spoil:
    """Changes a column in the rows of a segment."""

    def spoil(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        new = change(column)
        if segment is not None:
            new = pl.when(c(segment[0]) == segment[1]).then(new).otherwise(c(column))
        return frame.with_columns(new.alias(column))

    return spoil


def everywhere(change: Change, *columns: str, whole: bool = True) -> list[Plant]:
    """A change of one of some columns, in all rows or in one segment's."""
    return [
        Plant((column,), segment, spoil=spoilt(change, column, segment))
        for column, segment in places(*columns, whole=whole)
    ]


def scattered(change: Change, *columns: str) -> list[Plant]:
    """A change of one of some columns in a share of the rows that nothing tells apart."""

    def spoil(column: str, share: float, frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        chosen = pl.Series(random.random(frame.height) < share)
        return frame.with_columns(
            pl.when(chosen).then(change(column)).otherwise(c(column)).alias(column)
        )

    return [
        Plant((column,), strength=share, spoil=partial(spoil, column, share))
        for column in columns
        for share in SHARES
    ]


def units(factor: float, *columns: str) -> Callable[[Setup], Sequence[Plant]]:
    """Another unit: so many times the value."""
    return lambda _: everywhere(lambda name: (c(name) * factor).round(6), *columns)


def fahrenheit(_: Setup) -> Sequence[Plant]:
    """A scale with another zero; of the delay, as if somebody took it for a temperature."""
    return everywhere(lambda name: (c(name) * 1.8 + 32).round(1), "delay", "amount")


def lower_case(_: Setup) -> Sequence[Plant]:
    """The carrier's code in another spelling."""
    return everywhere(lambda name: c(name).str.to_lowercase(), "carrier")


def permuted(_: Setup) -> Sequence[Plant]:
    """The carriers' codes interchanged in a circle, as after a new code table."""
    names = LEVELS["carrier"][0]
    mapping = dict(zip(names, (*names[1:], names[0]), strict=True))
    return everywhere(lambda name: c(name).replace(mapping), "carrier")


def clock(_: Setup) -> Sequence[Plant]:
    """The hour in another time zone."""
    return [
        plant
        for hours in (5, 8)
        for plant in everywhere(lambda name, by=hours: (c(name) + by) % 24, "hour")  # type: ignore[misc]
    ]


def swapped(_: Setup) -> Sequence[Plant]:
    """Amount and delay in each other's place."""

    def spoil(segment: tuple[str, str] | None, frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        mask = pl.lit(value=True) if segment is None else c(segment[0]) == segment[1]
        return frame.with_columns(
            pl.when(mask).then(c("delay")).otherwise(c("amount")).alias("amount"),
            pl.when(mask).then(c("amount")).otherwise(c("delay")).alias("delay"),
        )

    return [
        Plant(("amount", "delay"), segment, spoil=partial(spoil, segment))
        for _, segment in places("amount")
    ]


def stale(_: Setup) -> Sequence[Plant]:
    """One value again and again."""
    values = {"amount": 21.37, "delay": 38.12}
    return everywhere(lambda name: pl.lit(values[name]), "amount", "delay")


def sentinel(_: Setup) -> Sequence[Plant]:
    """-999 where there is no value."""
    return scattered(lambda name: pl.lit(-999.0), "amount", "delay")


def sentinel_of_producer(_: Setup) -> Sequence[Plant]:
    """-1 in the rows of one producer."""
    return everywhere(lambda name: pl.lit(-1.0), "amount", "delay", whole=False)


def default(_: Setup) -> Sequence[Plant]:
    """A usual value, after a look-up that fails in one segment."""
    values = {"amount": 33.0, "delay": 20.0}
    return everywhere(lambda name: pl.lit(values[name]), "amount", "delay", whole=False)


def nulls(_: Setup) -> Sequence[Plant]:
    """No value of the most important input in a share of the rows."""
    return scattered(lambda name: pl.lit(None, dtype=pl.Float64), "amount")


def lost_join(_: Setup) -> Sequence[Plant]:
    """No value of two inputs in the rows of one producer."""

    def spoil(segment: tuple[str, str], frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        mask = c(segment[0]) == segment[1]
        return frame.with_columns(
            pl.when(~mask).then(c(name)).alias(name) for name in ("amount", "delay")
        )

    return [
        Plant(("amount", "delay"), segment, spoil=partial(spoil, segment))
        for _, segment in places("amount", whole=False)
        if segment is not None
    ]


def unimportant_unit(setup: Setup) -> Sequence[Plant]:
    """The temperature, of which nothing depends, in Fahrenheit."""
    return [
        Plant(("temperature",), spoil=spoilt(lambda n: (c(n) * 1.8 + 32).round(1), "temperature", None))
    ]  # fmt: skip


def float32(_: Setup) -> Sequence[Plant]:
    """Values as 32-bit numbers."""

    def spoil(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        return frame.with_columns(c(pl.Float64).cast(pl.Float32).cast(pl.Float64))

    return [Plant(spoil=spoil)]


def harmless_schema(_: Setup) -> Sequence[Plant]:
    """A further column, whole numbers as integers, and the columns in another order."""

    def spoil(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
        more = frame.with_columns(
            c("hour").cast(pl.Int32), trace=pl.Series(random.integers(0, 10**6, frame.height))
        )
        return more.select(*reversed(more.columns))

    return [Plant(spoil=spoil)]
