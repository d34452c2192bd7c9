"""How are the values of a sensitive column told apart without a value? By a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from workbench.domain.rates import RateBucket

POOLED = ("(other)", "(unseen)")
"""Names that stand for many values, and are none."""


def value_numbers(rows: Mapping[str, float], known: Iterable[str] = ()) -> dict[str, str]:
    """What stands in the place of each value: `value 1`, `value 2` and so on.

    A value has the number of its place among the known ones, as in a profile without values;
    the others go on from there, those with most rows first. Pooled names stand for themselves.

    Args:
        rows: the values at hand, with their rows.
        known: the reference's categories, in their order.
    """
    listed = tuple(known)
    beyond = sorted(set(rows) - set(listed) - set(POOLED), key=lambda value: (-rows[value], value))
    numbers = {value: f"value {place}" for place, value in enumerate([*listed, *beyond], 1)}
    return numbers | {value: value for value in rows if value in POOLED}


def masked_groups(rates: Sequence[RateBucket], known: Iterable[str] = ()) -> tuple[RateBucket, ...]:
    """Rates by the values of a sensitive column, with numbers in the place of the values.

    A value has the number of its place among the known ones, as in a profile without values;
    the others go on from there, those with most rows first.

    Args:
        rates: each with one segment value.
        known: the reference's categories, in their order.
    """
    rows: dict[str, int] = {}
    for rate in rates:
        for value in (rate.segment or {}).values():
            if value is not None:
                rows[value] = rows.get(value, 0) + rate.rows
    number = value_numbers(rows, known)
    return tuple(
        replace(
            rate,
            segment={
                column: number.get(value, value) if value is not None else None
                for column, value in rate.segment.items()
            },
        )
        if rate.segment
        else rate
        for rate in rates
    )
