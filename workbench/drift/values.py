"""Did the values of one column change, as far as one p-value can say?

Pearson's homogeneity test alone spreads its power over all bins: a shift of 0.05 standard
deviations in 20,000 rows, or one new category among twenty, is lost in it. So each column has
two questions, answered by statistics that are independent under no change, and the smaller p
counts, paid for by Tippett's (Sidak's) 1 - (1 - p)^2.

Numbers: the rank-sum test over the fine bins, and what is left of Pearson's statistic over the
coarse ones once the part along the ranks is taken out (one degree less). Categories: rows of
names that the reference lacks, exact, and homogeneity among the others. Where the exact test
cannot reach a p-value as small as the other's, it costs nothing: 1 - (1 - p)(1 - F(p)), F(p) being
the probability that it does.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.profile import ColumnProfile
from workbench.drift.day_null import Buckets, Dispersion, Variation, values_dispersions
from workbench.drift.homogeneity import pearson, table_p_value
from workbench.drift.laws import chi_square_survival
from workbench.drift.location import rank_z
from workbench.drift.pooling import Table, profile_table
from workbench.drift.unseen import UnseenTest, unseen_test


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

    With fewer than two bins in which enough rows are expected of the smaller sample, the part
    that is Pearson's is exact for two bins (Fisher) and a permutation test for more, and numbers
    have only that.

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
    unseen = unseen_test(reference, current)
    if len(fair.pairs) < 2:
        return ValuesTest(_with_unseen(table_p_value(table, seed=seed), unseen))
    dispersions = None
    if variation is not None and buckets is not None:
        dispersions = values_dispersions(variation, fair, buckets)
    null = "days" if dispersions else "rows"
    rest = dispersions.rest if dispersions else None
    degrees = len(fair.pairs) - 1
    if not table.is_ordered:
        p_value = _p_value(pearson(fair.pairs), degrees, rest)
        return ValuesTest(_with_unseen(p_value, unseen), null)
    z = rank_z(list(zip(reference.counts, current.counts, strict=True)))
    p_location = _p_value(z * z, 1, dispersions.location if dispersions else None)
    if degrees == 1:
        return ValuesTest(p_location, null)
    p_rest = _p_value(rest_statistic(fair), degrees - 1, rest)
    least = min(p_location, p_rest)
    return ValuesTest(least * (2 - least), null)


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


def _with_unseen(p_value: float, unseen: UnseenTest | None) -> float:
    if unseen is None:
        return p_value
    least = min(p_value, unseen.p_value)
    attained = unseen.attained(least)
    return least + attained - least * attained
