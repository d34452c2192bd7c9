"""How much more than chance do the reference's own buckets differ from one another?

Rows of one day are alike: a campaign, the weather, a weekday. Tests that take rows as
independent then alarm on any two days. Where the reference spans enough buckets, how much more
they differ is read off it, weekdays and all, and a difference to the reference is measured
against that. The model: the shares of a bucket vary about the reference's with variance tau^2
times the binomial one, independently from bucket to bucket.

For buckets of n_d rows, the dispersion phi of a statistic (Pearson's, over its degrees of
freedom; McCullagh and Nelder, 1989, 4.5) is 1 + tau^2 n0 on average, n0 = (N - sum n_d^2 / N) /
(D - 1). The difference between D buckets of n rows together and L buckets of m rows has the
dispersion 1 + (phi - 1) g, g = (1/D + 1/L) / ((1/n + 1/m) n0): more buckets average more of it
away. A phi below 1 is taken as 1. As phi is itself estimated, the law is F rather than
chi-square; the degrees below it follow from Satterthwaite's rule for 1 + (phi - 1) g, with a floor
of those of phi over sqrt(g): by the rule alone, little would ever be significant where the current
buckets are much larger than the reference's. The price, simulated: at g = 2.6 a level of 0.024 is
up to 0.03, at g = 5 up to 0.04, where phi is between 1.5 and 2.

What this does not see: variation slower than the reference is long, and that neighbouring
buckets are alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.domain.bins import FEW_CATEGORIES
from workbench.domain.profile import ColumnProfile
from workbench.drift.divergence import tested_counts
from workbench.drift.laws import f_survival
from workbench.drift.location import rank_scores
from workbench.drift.pooling import Table

FEWEST_BUCKETS = 10
"""With fewer buckets of the reference, rows are taken as independent: from eight, a shift of 0.05
standard deviations in 20,000 rows would be found in 94 % of draws only, from ten in 96 %."""


@dataclass(frozen=True)
class Variation:
    """One column in every bucket of the reference that has rows of it."""

    counts: tuple[tuple[int, ...], ...]
    """Rows in each tested bin (`divergence.tested_counts`), a bucket a tuple; the last of a
    categorical column holds all but the `FEW_CATEGORIES` most frequent."""
    missing: tuple[tuple[int, int], ...]
    """Rows without and with a value, a bucket a pair."""
    span: int | None = None
    """How many buckets this column's reference spans, where it has one of its own."""


@dataclass(frozen=True)
class Buckets:
    """How many buckets with rows the two sides of a comparison span."""

    reference: int
    current: int


@dataclass(frozen=True)
class Dispersion:
    """How much more than chance a figure varies, and how well that is known."""

    phi: float
    """At least 1."""
    degrees: float
    """Of the estimate."""
    share: float = 1.0
    """The degrees of freedom that a statistic is worth, as a share of its own: below 1 when few
    bins carry the variation, since a sum of few large terms spreads more."""

    def p_value(self, statistic: float, degrees: int) -> float:
        """Probability of a chi-square statistic at least this large under this dispersion."""
        worth = max(degrees * self.share, 1.0)
        return f_survival(statistic / (self.phi * degrees), worth, self.degrees)


@dataclass(frozen=True)
class Dispersions:
    """Those of the two parts of a homogeneity statistic: along the ranks, and the rest."""

    location: Dispersion
    rest: Dispersion


def variations(
    buckets: Sequence[Sequence[ColumnProfile]],
) -> dict[tuple[str, str], Variation]:
    """Every column that has rows in enough buckets, by name and role.

    Args:
        buckets: the reference's profiles, one sequence of columns a bucket, in any order.
    """
    found: dict[tuple[str, str], list[ColumnProfile]] = {}
    for bucket in buckets:
        for profile in bucket:
            if profile.rows:
                found.setdefault((profile.bins.name, profile.bins.role), []).append(profile)
    return {
        key: Variation(
            tuple(_counts(p) for p in profiles if p.present),
            tuple((p.missing, p.present) for p in profiles),
        )
        for key, profiles in found.items()
        if len(profiles) >= FEWEST_BUCKETS
    }


def _counts(profile: ColumnProfile) -> tuple[int, ...]:
    counts = tested_counts(profile)
    if profile.bins.kind == "numeric":
        return counts
    few = min(len(profile.bins.categories), FEW_CATEGORIES)
    return (*counts[:few], sum(counts[few:]))


def values_dispersions(variation: Variation, table: Table, buckets: Buckets) -> Dispersions | None:
    """The dispersions of a comparison over a table's bins; None where buckets are too few.

    Args:
        variation: the column's.
        table: the two samples, after pooling; at least two bins.
        buckets: what the two samples span.
    """
    groups = _told_apart(table, len(variation.counts[0]) - 1) if variation.counts else []
    days = [[sum(day[i] for i in group) for group in groups] for day in variation.counts]
    days = [day for day in days if sum(day)]
    if len(days) < FEWEST_BUCKETS:
        return None
    sizes = [sum(day) for day in days]
    rows, freedom = sum(sizes), len(days) - 1
    scale = _scale(sizes, table, _spanned(variation, buckets))
    shares = [sum(day[g] for day in days) / rows for g in range(len(groups))]
    excess = []
    for g, share in enumerate(shares):
        if 0 < share < 1:
            spread = sum((day[g] - n * share) ** 2 / n for day, n in zip(days, sizes, strict=True))
            excess.append((spread / (share * freedom), 1 - share))
    degrees = len(excess) - 1
    if degrees < 1:
        return None
    of_location = 0.0
    if table.is_ordered:
        of_location = _score_dispersion(days, sizes, shares)
        degrees -= 1
    location = _scaled(of_location, freedom, scale)
    if degrees < 1:
        return Dispersions(location, location)
    phi = max(sum(found for found, _ in excess) - of_location, 0.0) / degrees
    # Were all bins to vary by chance only, the mean square of `alike` would be 1 + 2 / freedom.
    alike = [found / expected for found, expected in excess]
    mean = sum(alike) / len(alike)
    square = sum(x * x for x in alike) / len(alike) / (1 + 2 / freedom)
    share = max(min(mean * mean / square, 1.0) if square > 0 else 1.0, 1 / degrees)
    return Dispersions(location, _scaled(phi, freedom * degrees * share, scale, share))


def missing_dispersion(variation: Variation, table: Table, buckets: Buckets) -> Dispersion | None:
    """The dispersion of the missing share; None where buckets are too few, or all rows are alike.

    Args:
        variation: the column's.
        table: rows without and with a value in the two samples.
        buckets: what the two samples span.
    """
    sizes = [missing + present for missing, present in variation.missing]
    rows, hits = sum(sizes), sum(missing for missing, _ in variation.missing)
    if len(sizes) < FEWEST_BUCKETS or not 0 < hits < rows:
        return None
    share, freedom = hits / rows, len(sizes) - 1
    spread = math.fsum(
        (missing - n * share) ** 2 / n
        for (missing, _), n in zip(variation.missing, sizes, strict=True)
    )
    scale = _scale(sizes, table, _spanned(variation, buckets))
    return _scaled(spread / (share * (1 - share) * freedom), freedom, scale)


def _spanned(variation: Variation, buckets: Buckets) -> Buckets:
    return buckets if variation.span is None else replace(buckets, reference=variation.span)


def _told_apart(table: Table, last: int) -> list[tuple[int, ...]]:
    """The table's bins as far as the buckets' counts tell them apart."""
    if table.is_ordered:
        return list(table.members)
    apart = [members for members in table.members if max(members) < last]
    rest = {min(i, last) for members in table.members for i in members if max(members) >= last}
    return [*apart, tuple(sorted(rest))] if rest else apart


def _scale(sizes: Sequence[int], table: Table, buckets: Buckets) -> float:
    """The part of the buckets' variation that is in a comparison: g of the module's text."""
    n, m = table.sizes
    rows = sum(sizes)
    typical = (rows - sum(size * size for size in sizes) / rows) / (len(sizes) - 1)
    spans = 1 / max(buckets.reference, 1) + 1 / max(buckets.current, 1)
    return spans / ((1 / n + 1 / m) * typical)


def _scaled(phi: float, degrees: float, scale: float, share: float = 1.0) -> Dispersion:
    held = max(phi, 1.0)
    whole = 1 + (held - 1) * scale
    known = max((whole / (scale * held)) ** 2, 1 / math.sqrt(max(scale, 1.0)))
    return Dispersion(whole, max(degrees * known, 1.0), share)


def _score_dispersion(
    days: Sequence[Sequence[int]], sizes: Sequence[int], shares: Sequence[float]
) -> float:
    """The dispersion of the buckets' mean rank."""
    rows = sum(sizes)
    scores = rank_scores([round(share * rows) for share in shares])
    variance = sum(p * s * s for p, s in zip(shares, scores, strict=True))
    if variance <= 0:
        return 0.0
    spread = sum(
        sum(x * s for x, s in zip(day, scores, strict=True)) ** 2 / n
        for day, n in zip(days, sizes, strict=True)
    )
    return spread / (variance * (len(days) - 1))
