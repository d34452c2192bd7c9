"""Did the values of one column change, as far as one p-value can say?

Pearson's homogeneity test alone spreads its power over all bins: a shift of 0.05 standard
deviations in 20,000 rows, or one new category among twenty, is lost in it. So a column is asked
several questions, whose statistics are independent under no change (nearly), and the smallest p
counts, paid for as Tippett and Sidak do: 1 - product of (1 - F(w p)), w being a question's weight
and F(x) the probability that its p-value is at most x.

Numbers: the rank-sum test over the fine bins; what is left of Pearson's statistic over the coarse
ones once the part along the ranks is taken out (one degree less); and, with a weight of a fifth
each, values below and above the reference's range, exact. Categories: homogeneity, and rows of
names that the reference lacks, exact. F(x) is x, but for the exact ones less: where they cannot
reach a small p-value they cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from workbench.domain.profile import ColumnProfile
from workbench.drift.beyond import BeyondTest, beyond_tests
from workbench.drift.day_null import Buckets, Dispersion, Variation, values_dispersions
from workbench.drift.homogeneity import pearson, table_p_value
from workbench.drift.laws import chi_square_survival
from workbench.drift.location import rank_z
from workbench.drift.pooling import Table, profile_table
from workbench.drift.unseen import UnseenTest, unseen_test

Exact: TypeAlias = UnseenTest | BeyondTest

_BEYOND_WEIGHT = 0.2
"""What lies beyond the range has p-values so small that a fifth of the level is enough."""


@dataclass(frozen=True)
class ValuesTest:
    """The p-value of one column's values, and what it was measured against."""

    p_value: float
    null: str = "rows"
    """`rows`: chance, with rows independent; `days`: the reference's variation by bucket."""


def values_test(
    reference: ColumnProfile,
    current: ColumnProfile,
    *,
    variation: Variation | None = None,
    buckets: Buckets | None = None,
    seed: int = 0,
) -> ValuesTest | None:
    """The test of two profiles over the same bins, missing values left out.

    With fewer than two bins in which enough rows are expected of the smaller sample, Pearson's is
    exact for two bins (Fisher) and a permutation test for more, and takes the ranks' place too.

    Args:
        reference: the one side.
        current: the other.
        variation: how the reference's buckets differ; None: rows are taken as independent.
        buckets: what the two sides span; needed with `variation`.
        seed: of the permutation test.

    Returns:
        None when either side has no value; p 1 when all are in one bin.
    """
    if not reference.present or not current.present:
        return None
    table = profile_table(reference, current)
    fair = table.fair()
    exact: list[Exact] = [test for test in (unseen_test(reference, current),) if test]
    weight = 1.0
    if table.is_ordered:
        exact, weight = list(beyond_tests(reference, current) or ()), _BEYOND_WEIGHT
    if len(fair.pairs) < 2:
        return ValuesTest(_smallest([table_p_value(table, seed=seed)], exact, weight))
    dispersions = None
    if variation is not None and buckets is not None:
        dispersions = values_dispersions(variation, fair, buckets)
    rest = dispersions.rest if dispersions else None
    degrees = len(fair.pairs) - 1
    if not table.is_ordered:
        p_values = [_p_value(pearson(fair.pairs), degrees, rest)]
    else:
        z = rank_z(list(zip(reference.counts, current.counts, strict=True)))
        p_values = [_p_value(z * z, 1, dispersions.location if dispersions else None)]
        if degrees > 1:
            p_values.append(_p_value(rest_statistic(fair), degrees - 1, rest))
    return ValuesTest(_smallest(p_values, exact, weight), "days" if dispersions else "rows")


def rest_statistic(table: Table) -> float:
    """Pearson's statistic without its part along the ranks of the bins; at least 0.

    That part is z^2 N / (N - 1), with z the rank-sum statistic over the same bins.
    """
    n, m = table.sizes
    z = rank_z(table.pairs)
    return max(pearson(table.pairs) - z * z * (n + m) / (n + m - 1), 0.0)


def _p_value(statistic: float, degrees: int, dispersion: Dispersion | None) -> float:
    if dispersion is None:
        return chi_square_survival(statistic, degrees)
    return dispersion.p_value(statistic, degrees)


def _smallest(p_values: Sequence[float], exact: Sequence[Exact], weight: float) -> float:
    """The p-value of the smallest, exact ones over their weight."""
    least = min([*p_values, *(test.p_value / weight for test in exact)])
    kept = (1 - min(least, 1.0)) ** len(p_values)
    lost = 0.0
    for test in exact:
        lost += test.attained(min(least * weight, 1.0))
    if least < 1e-6:
        # 1 - (1 - p)^k would lose its digits.
        return len(p_values) * least + lost
    return min(1 - kept * max(1 - lost, 0.0), 1.0)
