"""Which bins must be put together before the law of a test can be trusted?

Only the totals over both samples decide, so that pooling cannot favour a difference: given the
totals, no change makes every way of dealing the rows out to the two samples equally likely. What
one sample alone decides is not like that. A category that the reference happens to lack, or one
that is among the 200 most frequent of it, is there by chance too, and the other sample would
look different from it although nothing changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.profile import ColumnProfile
from workbench.drift.divergence import tested_counts

FAIR_COUNT = 5.0
"""The least expected count in a cell at which Pearson's law is trusted (Cochran, 1954)."""

_SURE = 3.5
"""Standard deviations by which a listed category's total clears what an unlisted one may have."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Table:
    """Two samples over bins that chance alone may be asked about."""

    pairs: tuple[Pair, ...]
    """Rows of the reference and of the current sample in each bin; no bin is empty."""
    members: tuple[tuple[int, ...], ...]
    """Of which of the tested bins of the profile each is made."""
    is_ordered: bool
    rest: int | None = None
    """Which bin holds categories that nothing is known of one by one; it is pooled first."""

    @property
    def sizes(self) -> Pair:
        """Rows of the two samples."""
        return sum(a for a, _ in self.pairs), sum(b for _, b in self.pairs)

    def fair(self, fair_count: float = FAIR_COUNT) -> Table:
        """The same with bins put together until the law of a test holds; maybe only one is left.

        Neighbours where bins are ordered, else the rarest with the next rarest: until the smaller
        sample is expected to have `fair_count` rows in each.
        """
        n, m = self.sizes
        least = fair_count * (n + m) / min(n, m)
        order = range(len(self.pairs)) if self.is_ordered else self._by_total()
        groups = _successive(self.pairs, order, least)
        return Table(
            tuple(
                (sum(self.pairs[i][0] for i in group), sum(self.pairs[i][1] for i in group))
                for group in groups
            ),
            tuple(tuple(j for i in group for j in self.members[i]) for group in groups),
            self.is_ordered,
        )

    def _by_total(self) -> list[int]:
        """The bins from the rarest on; ties in their own order."""
        rest = -1 if self.rest is None else self.rest
        return sorted(range(len(self.pairs)), key=lambda i: (i != rest, sum(self.pairs[i]), i))


def plain_table(reference: Sequence[int], current: Sequence[int], *, is_ordered: bool) -> Table:
    """Two samples over bins that were fixed beforehand, without the empty ones.

    Bins without an order of their own must come in one that has nothing to do with the samples:
    it decides which of equally rare ones are put together.
    """
    kept = [(i, a, b) for i, (a, b) in enumerate(zip(reference, current, strict=True)) if a + b]
    return Table(tuple((a, b) for _, a, b in kept), tuple((i,) for i, _, _ in kept), is_ordered)


def profile_table(reference: ColumnProfile, current: ColumnProfile) -> Table:
    """Two profiles of the same bins over what chance alone may be asked about.

    Numbers: the bins of `tested_counts`. Categories: one bin each, names that the reference lacks
    among them. Where some are not counted one by one (beyond the caps), those whose total over
    both samples is no more than what such a one may have are put together with them.
    """
    bins = reference.bins
    if bins.kind == "numeric":
        return plain_table(tested_counts(reference), tested_counts(current), is_ordered=True)
    listed, last = len(bins.categories), len(tested_counts(reference)) - 1
    before, after = dict(reference.unseen), dict(current.unseen)
    # By name, since the reference's own order is by its rows.
    named = [
        (name, i, reference.counts[i], current.counts[i]) for i, name in enumerate(bins.categories)
    ]
    named += [(name, last, before.get(name, 0), after.get(name, 0)) for name in {*before, *after}]
    found = [(i, x, y) for _, i, x, y in sorted(named)]
    a = reference.present - sum(rows for _, rows, _ in found)
    b = current.present - sum(rows for _, _, rows in found)
    if a + b <= 0:
        alone = [entry for entry in found if entry[1] + entry[2]]
        return Table(
            tuple((x, y) for _, x, y in alone), tuple((i,) for i, _, _ in alone), is_ordered=False
        )
    least = _most_unlisted(reference, current)
    alone = [entry for entry in found if entry[1] + entry[2] > least]
    pooled = [entry for entry in found if entry[1] + entry[2] <= least]
    a += sum(x for _, x, _ in pooled)
    b += sum(y for _, _, y in pooled)
    members = {last, *(i for i, _, _ in pooled)} | ({listed} if last > listed else set())
    return Table(
        (*((x, y) for _, x, y in alone), (a, b)),
        (*((i,) for i, _, _ in alone), tuple(sorted(members))),
        is_ordered=False,
        rest=len(alone),
    )


def _most_unlisted(reference: ColumnProfile, current: ColumnProfile) -> float:
    """The most rows over both samples that a category without a count of its own may well have.

    Beyond the reference's cap it has at most as many rows T there as the last listed one. Of a
    total t the reference has about t n / (n + m), with the deviation sqrt(t n m) / (n + m); the t
    at which `_SURE` of them fall short of T. An unseen one has at most the rows of the last named.
    """
    n, m = reference.present, current.present
    least = float(min((rows for _, rows in (*current.unseen, *reference.unseen)), default=0))
    if reference.counts[len(reference.bins.categories)] or reference.bins.other:
        fewest = min(reference.counts[: len(reference.bins.categories)], default=0)
        spread = _SURE * math.sqrt(n * m)
        root = (spread + math.sqrt(spread * spread + 4 * n * fewest * (n + m))) / (2 * n)
        least = max(least, root * root)
    return least


def _successive(pairs: Sequence[Pair], order: Sequence[int], least: float) -> list[list[int]]:
    groups: list[list[int]] = []
    held: list[int] = []
    total = 0
    for i in order:
        held.append(i)
        total += sum(pairs[i])
        if total >= least:
            groups.append(held)
            held, total = [], 0
    if held:
        groups.append([*(groups.pop() if groups else []), *held])
    return groups
