"""How do the columns of two tables differ? Added, removed, retyped and reordered."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from workbench.diff.result import Retyped, SchemaDifference
from workbench.diff.text_columns import ReadColumn


def schema_difference(
    a: Sequence[str], b: Sequence[str], read: Mapping[str, tuple[ReadColumn, ReadColumn]]
) -> SchemaDifference:
    """The difference of two lists of columns.

    Args:
        a: the columns of A, in order.
        b: those of B.
        read: how the columns of both are read. A column of a file without types that can be read
            as what the other side holds is not retyped.
    """
    in_a, in_b = set(a), set(b)
    retyped = tuple(
        Retyped(name, read[name][0].told, read[name][1].told)
        for name in a
        if name in in_b and _is_retyped(*read[name])
    )
    return SchemaDifference(
        added=tuple(name for name in b if name not in in_a),
        removed=tuple(name for name in a if name not in in_b),
        retyped=retyped,
        reordered=moved_names(
            [name for name in a if name in in_b], [name for name in b if name in in_a]
        ),
    )


def _is_retyped(a: ReadColumn, b: ReadColumn) -> bool:
    return a.told != b.told and not (a.is_settled or b.is_settled)


def moved_names(a: Sequence[str], b: Sequence[str]) -> tuple[str, ...]:
    """The fewest names that must move for two orders of the same names to be one.

    All but a longest increasing subsequence of their places.

    >>> moved_names(["a", "b", "c", "d"], ["a", "d", "b", "c"])
    ('d',)
    """
    place = {name: number for number, name in enumerate(a)}
    places = [place[name] for name in b]
    at: list[int] = []
    before: list[int] = []
    for number, value in enumerate(places):
        spot = bisect_left([places[i] for i in at], value)
        before.append(at[spot - 1] if spot else -1)
        if spot == len(at):
            at.append(number)
        else:
            at[spot] = number
    stays = set()
    number = at[-1] if at else -1
    while number >= 0:
        stays.add(b[number])
        number = before[number]
    return tuple(name for name in b if name not in stays)
