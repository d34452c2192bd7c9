"""Pairs of profiles between which nothing changed but what chance does, and their p-values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.drift.divergence_null import divergence_p_values, divergence_table
from workbench.drift.homogeneity import table_p_value, two_proportions_p_value
from workbench.drift.ks_null import ks_p_values
from workbench.drift.laws import normal_tails
from workbench.drift.location import rank_z
from workbench.drift.pooling import profile_table
from workbench.drift.unseen import unseen_test
from workbench.drift.values import values_test

Pair = tuple[ColumnProfile, ColumnProfile]

MISSING = 0.1
"""The share of missing values among the rows."""

_POISSON = np.array([3.0**k / math.factorial(k) for k in range(16)])
_POISSON /= _POISSON.sum()


def zipf(categories: int) -> np.ndarray:
    """Shares of 1, 1/2, 1/3 ...: a few common categories and a long tail."""
    shares = 1 / np.arange(1, categories + 1)
    return np.asarray(shares / shares.sum())


def even(categories: int) -> np.ndarray:
    """Equal shares."""
    return np.full(categories, 1 / categories)


def categories(
    random: np.random.Generator, shares: np.ndarray, n: int, m: int, draws: int, cap: int = 200
) -> Iterator[Pair]:
    """Profiles of a categorical column, its bins made from the reference of each draw."""
    gone = random.binomial([n, m], MISSING, size=(draws, 2))
    before = random.multinomial(n - gone[:, 0], shares)
    after = random.multinomial(m - gone[:, 1], shares)
    for a, b, missing in zip(before, after, gone.tolist(), strict=True):
        ranked = np.argsort(-a, kind="stable")
        known = ranked[a[ranked] > 0]
        listed, other = known[:cap], known[cap:]
        unseen = [(str(i), int(b[i])) for i in np.flatnonzero((a == 0) & (b > 0))]
        bins = ColumnBins(
            "c",
            "feature",
            "categorical",
            categories=tuple(map(str, listed)),
            other=tuple(map(str, other)),
        )
        unseen.sort(key=lambda item: -item[1])
        yield (
            ColumnProfile(bins, (*a[listed].tolist(), int(a[other].sum()), 0), missing[0]),
            ColumnProfile(
                bins,
                (*b[listed].tolist(), int(b[other].sum()), sum(count for _, count in unseen)),
                missing[1],
                unseen=tuple(unseen[:50]),
            ),
        )


def continuous(
    random: np.random.Generator, n: int, m: int, draws: int, atom: float = 0.0
) -> Iterator[Pair]:
    """Profiles of a numeric column that is continuous but for a share `atom` at its minimum.

    The bins end at order statistics of the reference, so that it has fixed counts in them, and
    the probability between two that are c values apart is a gamma variable of shape c over the
    sum of all, whatever the distribution: normal or heavy-tailed makes no difference.
    """
    for gone in random.binomial([n, m], MISSING, size=(draws, 2)).tolist():
        rows = n - gone[0]
        zeros = int(random.binomial(rows, atom))
        fine, deciles = _ends(rows, zeros, 250), _ends(rows, zeros, 10)
        ends = sorted({*fine, rows - 1})
        a = np.diff(ends, prepend=-1)
        gaps = a.astype(float)
        if zeros:
            gaps[0] = 0.0
        else:
            gaps[0] -= 1  # the smallest value itself ends the open bin below
        masses = random.gamma(np.concatenate([[0.0 if zeros else 1.0], gaps, [1.0]]))
        masses *= (1 - atom) / masses.sum()
        masses[1] += atom if zeros else 0.0
        b = random.multinomial(m - gone[1], masses / masses.sum())
        bins = ColumnBins(
            "x",
            "feature",
            "numeric",
            edges=(-0.5, *map(float, ends)),
            psi_edges=tuple(float(end) for end in deciles if end < rows - 1),
        )
        yield _numbers(bins, [0, *a.tolist(), 0], b.tolist(), gone)


def discrete(
    random: np.random.Generator, shares: np.ndarray, n: int, m: int, draws: int
) -> Iterator[Pair]:
    """Profiles of a column of the numbers 0, 1, 2 ... with these shares."""
    gone = random.binomial([n, m], MISSING, size=(draws, 2))
    before = random.multinomial(n - gone[:, 0], shares)
    after = random.multinomial(m - gone[:, 1], shares)
    for a, b, missing in zip(before, after, gone.tolist(), strict=True):
        values = np.flatnonzero(a)
        place = np.searchsorted(values, np.arange(len(shares)), side="left") + 1
        place[: values[0]] = 0
        counts = np.bincount(place, weights=b, minlength=len(values) + 2).astype(int)
        whole = np.cumsum(a)
        deciles = np.unique([np.searchsorted(whole * 10, whole[-1] * i) for i in range(1, 10)])
        kept = deciles[deciles < values[-1]]
        bins = ColumnBins(
            "x",
            "feature",
            "numeric",
            edges=(float(values[0]) - 0.5, *map(float, values)),
            psi_edges=tuple(map(float, kept if kept.size else values[-2:-1])),
            is_discrete=True,
        )
        yield _numbers(bins, [0, *a[values].tolist(), 0], counts.tolist(), missing)


def shifted(random: np.random.Generator, n: int, m: int, draws: int) -> Iterator[Pair]:
    """Normal numbers whose mean moved by 0.05 standard deviations."""
    for _ in range(draws):
        before, after = np.sort(random.normal(size=n)), random.normal(size=m) + 0.05
        ends = sorted({*_ends(n, 0, 250), n - 1})
        edges = [np.nextafter(before[0], -np.inf), *before[ends]]
        bins = ColumnBins(
            "x",
            "feature",
            "numeric",
            edges=tuple(map(float, edges)),
            psi_edges=tuple(float(before[end]) for end in sorted(_ends(n, 0, 10))),
        )
        a, b = (
            np.bincount(np.searchsorted(edges, side, "left"), minlength=bins.size).tolist()
            for side in (before, after)
        )
        yield _numbers(bins, a, b, [0, 0])


def with_a_new_one(
    random: np.random.Generator, shares: np.ndarray, n: int, m: int, draws: int
) -> Iterator[Pair]:
    """Categories of which one of 0.5 % is new."""
    bins = ColumnBins(
        "c", "feature", "categorical", categories=tuple(str(i) for i in range(len(shares)))
    )
    for _ in range(draws):
        before = random.multinomial(n, shares).tolist()
        *known, new = random.multinomial(m, [*(shares * 0.995), 0.005]).tolist()
        unseen = (("new", new),) if new else ()
        yield (
            ColumnProfile(bins, (*before, 0, 0)),
            ColumnProfile(bins, (*known, 0, new), unseen=unseen),
        )


@dataclass(frozen=True)
class Column:
    """A kind of column, and how its pairs of profiles are drawn."""

    draw: Callable[[np.random.Generator, int, int, int], Iterator[Pair]]
    is_asked: bool = True
    """False for kinds beyond those that the criterion is about."""


def _named(shares: np.ndarray) -> Callable[[np.random.Generator, int, int, int], Iterator[Pair]]:
    return lambda random, n, m, draws: categories(random, shares, n, m, draws)


COLUMNS = {
    "3 categories": Column(_named(zipf(3))),
    "20 categories": Column(_named(zipf(20))),
    "200 categories": Column(_named(zipf(200))),
    "20 even categories": Column(_named(even(20))),
    "200 even categories": Column(_named(even(200))),
    "1000 categories": Column(_named(zipf(1000)), is_asked=False),
    "normal numbers": Column(continuous),
    "heavy-tailed numbers": Column(continuous),
    "discrete numbers": Column(lambda random, n, m, draws: discrete(random, _POISSON, n, m, draws)),
    "zero-inflated numbers": Column(
        lambda random, n, m, draws: continuous(random, n, m, draws, atom=0.6)
    ),
}
"""What nothing changed in, by name."""

SIZES = ((1000, 50), (1000, 1000), (5000, 200), (100_000, 10_000))
"""Rows of the reference and of the current sample."""


def may_be_low(test: str, column: str, n: int, m: int) -> bool:
    """Whether a test is exact there, of counts that take few values, and so can only stay below."""
    if test == "unseen" or (test == "values" and column.startswith("1000")):
        return True
    return test == "missing" and min(n, m) * MISSING <= 5


def p_values(pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    """Every test's p-values, a comparison each; NaN where a test has nothing to say."""
    found: dict[str, list[float]] = {}
    tables = []
    for before, after in pairs:
        table = profile_table(before, after)
        whole = values_test(before, after)
        missing = two_proportions_p_value(before.missing, before.rows, after.missing, after.rows)
        assert whole is not None
        row = {
            "values": whole.p_value,
            "missing": missing,
            "pearson": table_p_value(table),
        }
        if before.bins.kind == "numeric":
            row["location"] = normal_tails(
                rank_z(list(zip(before.counts, after.counts, strict=True)))
            )
        unseen = unseen_test(before, after)
        if unseen is not None:
            row["unseen"] = unseen.p_value
        for name, value in row.items():
            found.setdefault(name, []).append(np.nan if value is None else value)
        tables.append(divergence_table(table).pairs)
    width = max(map(len, tables))
    filled = np.zeros((2, len(tables), width))
    for place, table_pairs in enumerate(tables):
        filled[:, place, : len(table_pairs)] = np.array(table_pairs).T
    found.update(divergence_p_values(*filled))
    if pairs[0][0].bins.kind == "numeric":
        size = max(before.bins.size for before, _ in pairs)
        fine = np.zeros((2, len(pairs), size))
        for place, pair in enumerate(pairs):
            for side, profile in enumerate(pair):
                fine[side, place, : len(profile.counts)] = profile.counts
        found["ks"] = list(ks_p_values(*fine))
    return {name: np.array(values) for name, values in found.items()}


def _ends(n: int, zeros: int, parts: int) -> set[int]:
    return {max(-(-n * i // parts) - 1, zeros - 1, 0) for i in range(1, parts)}


def _numbers(bins: ColumnBins, a: list[int], b: list[int], gone: list[int]) -> Pair:
    return ColumnProfile(bins, tuple(a), gone[0]), ColumnProfile(bins, tuple(b), gone[1])
