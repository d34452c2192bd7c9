"""What does every test that we know say about one column?

`drift` reports one p-value a column (`values`); here are all, for who wants to compare. Each is
calibrated at the actual sizes. They are answers to nearly one question: adjust for the columns
looked at, not for these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.profile import ColumnProfile
from workbench.drift.distances import kolmogorov_smirnov
from workbench.drift.divergence import coarse_counts, hellinger, jensen_shannon, psi
from workbench.drift.divergence_null import divergence_p_values, divergence_table
from workbench.drift.homogeneity import (
    pearson,
    permutation_p_value,
    table_p_value,
    two_proportions_p_value,
)
from workbench.drift.ks_null import ks_p_value
from workbench.drift.laws import normal_tails
from workbench.drift.location import rank_scores, rank_z, superiority
from workbench.drift.pooling import Table, plain_table, profile_table
from workbench.drift.unseen import unseen_test
from workbench.drift.values import values_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

TESTS = (
    "values", "pearson", "g", "psi", "js", "hellinger", "ks", "location", "missing", "unseen",
)  # fmt: skip
"""What `column_tests` can give, in its order."""


@dataclass(frozen=True)
class TestResult:
    """One test of one column."""

    __test__ = False  # pytest: this is no test

    name: str
    """One of `TESTS`."""
    effect: float | None
    """In the test's own unit: Cramer's V for `values`, `pearson` and `g`, the rise of the share for
    `missing`, the share for `unseen`, P(current > reference) for `location`, else the distance."""
    p_value: float | None
    """None when there is nothing to test: one bin, or rows that are all or never missing."""
    law: str
    """`law`: the limit law, or one of the exact moments; `exact`; `permutation`."""
    bound: float = 0.0
    """How far `effect` can lie below the one on raw values (`ks` only)."""


def column_tests(
    reference: ColumnProfile,
    current: ColumnProfile,
    *,
    seed: int = 0,  # not a test of pytest's
) -> tuple[TestResult, ...]:
    """All tests of a column, rows taken as independent, in the order of `TESTS`.

    `ks` and `location` are of numbers only, `unseen` of categories only. `pearson`, `g`, `psi`,
    `js` and `hellinger` are tested over tables in which bins have been put together until five
    rows of the smaller sample are expected in each (ten for the latter four); their effects are
    of all bins. Where fewer than two such bins are left, they share one exact or permutation
    p-value of Pearson's statistic.

    Args:
        reference: counts of the one side.
        current: of the other, over the same bins.
        seed: of the permutation test.

    Returns:
        Nothing when a side has no rows; `missing` alone when one has no value.
    """
    if not reference.rows or not current.rows:
        return ()
    missing = _missing(reference, current)
    if not reference.present or not current.present:
        return (missing,)
    table = profile_table(reference, current)
    fair = table.fair()
    whole = values_test(reference, current, seed=seed)
    found = [
        TestResult("values", cramers_v(fair), whole.p_value if whole else None, _law(table, fair)),
        *_bin_tests(reference, current, table, fair, seed),
    ]
    if reference.bins.kind == "numeric":
        found += _number_tests(reference, current, len(fair.pairs) > 1, seed)
    found.append(missing)
    unseen = unseen_test(reference, current)
    if unseen is not None:
        share = unseen.rows / current.present
        found.append(TestResult("unseen", share, unseen.p_value, "exact"))
    return tuple(found)


def cramers_v(table: Table) -> float:
    """How strongly bin and sample go together: 0 not at all, 1 the samples share no bin.

    The square root of Pearson's statistic over the rows (Cramer, 1946). It is one over the
    pooled bins.
    """
    n, m = table.sizes
    return min(math.sqrt(pearson(table.pairs) / (n + m)), 1.0)


def _law(table: Table, fair: Table) -> str:
    if len(fair.pairs) > 1:
        return "law"
    return "exact" if len(table.pairs) <= 2 else "permutation"


def _bin_tests(
    reference: ColumnProfile, current: ColumnProfile, table: Table, fair: Table, seed: int
) -> list[TestResult]:
    before, after = coarse_counts(reference), coarse_counts(current)
    plain = None if len(table.pairs) < 2 else table_p_value(table, seed=seed)
    law = _law(table, fair)
    p_values: dict[str, float | None] = dict.fromkeys(("g", "psi", "js", "hellinger"), plain)
    if len(fair.pairs) > 1:
        import numpy as np

        a, b = np.array(divergence_table(table).pairs, dtype=np.float64).T
        p_values.update({name: p[0] for name, p in divergence_p_values(a, b).items()})
    effect = cramers_v(fair)
    return [
        TestResult("pearson", effect, plain, law),
        TestResult("g", effect, p_values["g"], law),
        TestResult("psi", psi(before, after), p_values["psi"], law),
        TestResult("js", jensen_shannon(before, after), p_values["js"], law),
        TestResult("hellinger", hellinger(before, after), p_values["hellinger"], law),
    ]


def _number_tests(
    reference: ColumnProfile, current: ColumnProfile, is_fair: bool, seed: int
) -> list[TestResult]:
    fine = plain_table(reference.counts, current.counts, is_ordered=True)
    distance = kolmogorov_smirnov(reference, current)
    p_ks = p_location = None
    law = "law"
    if len(fine.pairs) > 1 and is_fair:
        p_ks = ks_p_value(reference.counts, current.counts)
        p_location = normal_tails(rank_z(fine.pairs))
    elif len(fine.pairs) > 1:
        law = "permutation"
        p_ks = permutation_p_value(fine, _ks_of_draws, seed=seed)
        p_location = permutation_p_value(fine, _location_of_draws, seed=seed)
    return [
        TestResult(
            "ks",
            distance.value if distance else None,
            p_ks,
            law,
            distance.bound if distance else 0.0,
        ),
        TestResult("location", superiority(fine.pairs), p_location, law),
    ]


def _ks_of_draws(draws: NDArray[Any], both: NDArray[Any], small: int) -> NDArray[Any]:
    import numpy as np

    expected = np.cumsum(both) * (small / both.sum())
    return np.asarray(np.abs(np.cumsum(draws, axis=1) - expected).max(axis=1))


def _location_of_draws(draws: NDArray[Any], both: NDArray[Any], _small: int) -> NDArray[Any]:
    import numpy as np

    return np.asarray(np.abs(draws @ np.array(rank_scores(both.tolist()))))


def _missing(reference: ColumnProfile, current: ColumnProfile) -> TestResult:
    was, now = reference.missing / reference.rows, current.missing / current.rows
    hits, rows = reference.missing + current.missing, reference.rows + current.rows
    if not 0 < hits < rows:
        return TestResult("missing", now - was, None, "exact")
    p_value = two_proportions_p_value(
        reference.missing, reference.rows, current.missing, current.rows
    )
    least = min(hits, rows - hits) * min(reference.rows, current.rows) / rows
    return TestResult("missing", now - was, p_value, "law" if least >= 5 else "exact")
