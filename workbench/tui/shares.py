"""How was a column spread before, and how now? Shares of rows, bin by bin, worth comparing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from workbench.domain.drift import ColumnDrift
from workbench.domain.profile import ColumnProfile
from workbench.tui.wording import figure

OTHER = "(other)"


@dataclass(frozen=True)
class Share:
    """One bin or category; shares are fractions of the rows that have a value."""

    label: str
    """For a category the name itself: hostile text."""
    reference: float
    current: float


def paired_shares(column: ColumnDrift, most: int) -> tuple[Share, ...]:
    """The shares of a column in the reference and now.

    Numbers are in the bins of PSI, in their order; categories by how much their share changed,
    then those left over as one, then the unseen ones as one.

    Args:
        column: without both profiles, or without rows in one, there is nothing to compare.
        most: how many lines there is room for; bins beyond it are left out.
    """
    before, now = column.reference, column.current
    if before is None or now is None or not before.present or not now.present or most < 3:
        return ()
    if before.bins.kind == "numeric":
        return _numeric(before, now)[:most]
    return _categorical(before, now, most)


def _numeric(before: ColumnProfile, now: ColumnProfile) -> tuple[Share, ...]:
    edges = before.bins.psi_edges or before.bins.edges
    if not edges or len(before.counts) != len(now.counts):
        return ()
    labels = [
        f"<= {figure(edges[0])}",
        *(f"{figure(a)} .. {figure(b)}" for a, b in itertools.pairwise(edges)),
        f"> {figure(edges[-1])}",
    ]
    wide = [0] * len(labels), [0] * len(labels)
    for index, counts in enumerate(zip(before.counts, now.counts, strict=True)):
        upper = before.bins.edges[index] if index < len(before.bins.edges) else None
        place = len(edges) if upper is None else sum(edge < upper for edge in edges)
        for side, number in zip(wide, counts, strict=True):
            side[place] += number
    return tuple(
        Share(label, a / before.present, b / now.present)
        for label, a, b in zip(labels, *wide, strict=True)
    )


def _categorical(before: ColumnProfile, now: ColumnProfile, most: int) -> tuple[Share, ...]:
    names = before.bins.categories
    if len(before.counts) != len(names) + 2 or len(now.counts) != len(names) + 2:
        return ()
    pairs = [
        Share(name, a / before.present, b / now.present)
        for name, a, b in zip(names, before.counts, now.counts, strict=False)
    ]
    pairs.sort(key=lambda s: (-abs(s.current - s.reference), -s.reference))
    kept, rest = pairs[: most - 2], pairs[most - 2 :]
    other = Share(
        OTHER,
        sum(s.reference for s in rest) + before.counts[-2] / before.present,
        sum(s.current for s in rest) + now.counts[-2] / now.present,
    )
    unseen = Share("(unseen)", before.counts[-1] / before.present, now.counts[-1] / now.present)
    return tuple(kept) + tuple(s for s in (other, unseen) if s.reference or s.current)
