"""What are the figures of one column, before the tests of all columns are seen together?"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.profile import ColumnProfile
from workbench.drift.day_null import Buckets, Variation, missing_dispersion
from workbench.drift.distances import Distance, kolmogorov_smirnov, wasserstein
from workbench.drift.divergence import (
    coarse_counts,
    hellinger,
    jensen_shannon,
    psi,
    tested_counts,
)
from workbench.drift.homogeneity import pearson, two_proportions_p_value
from workbench.drift.pooling import plain_table
from workbench.drift.values import values_test


@dataclass(frozen=True)
class ColumnFigures:
    """How far one column's values and its missing share moved, and the p-values of both."""

    reference: ColumnProfile | None
    current: ColumnProfile | None
    trouble: str | None = None
    """Why the values cannot be compared; their figures are None then."""
    psi: float | None = None
    js: float | None = None
    hellinger: float | None = None
    ks: Distance | None = None
    wasserstein: Distance | None = None
    p_value: float | None = None
    """Of the values (`values.values_test`); 1 when all rows of both sides are in one bin."""
    missing_p: float | None = None
    """Of the missing share; None when nothing or everything is missing on both sides."""
    null: str = "rows"
    """What both p-values are measured against; see `ColumnDrift.null`."""

    @property
    def values_p(self) -> float | None:
        """`p_value` if it is a test at all: with all rows in one bin it could only be 1.

        The number of bins that have rows is fixed by both sides together, so leaving such
        columns out of the false-discovery control does not favour a difference.
        """
        if self.p_value is None or self.reference is None or self.current is None:
            return None
        both = zip(tested_counts(self.reference), tested_counts(self.current), strict=True)
        return self.p_value if sum(a + b > 0 for a, b in both) > 1 else None

    @property
    def missing_rise(self) -> float | None:
        """The current missing share minus the reference's; None without rows on a side."""
        was, now = _missing(self.reference), _missing(self.current)
        return None if was is None or now is None else now - was

    @property
    def unseen_share(self) -> float | None:
        """Share of the current values that are categories the reference lacks.

        None for numbers, without values, and when the reference's categories are too many to
        be listed.
        """
        current = self.current
        if current is None or current.bins.kind == "numeric" or current.bins.is_open:
            return None
        return current.counts[-1] / current.present if current.present else None

    @property
    def without_distance(self) -> str | None:
        """Why a numeric column that could be compared has no Wasserstein distance."""
        before = self.reference
        if self.trouble or self.wasserstein is not None or before is None:
            return None
        if before.bins.kind != "numeric":
            return None
        if before.minimum is not None and before.minimum == before.maximum:
            return "no distance in standard deviations: the reference is constant"
        return "no distance in standard deviations: values are not finite, or too large"


def measure_column(
    reference: ColumnProfile | None,
    current: ColumnProfile | None,
    *,
    variation: Variation | None = None,
    buckets: Buckets | None = None,
    seed: int = 0,
) -> ColumnFigures:
    """The figures of one column; without a profile, rows, values or like bins, why there are none.

    Args:
        reference: None when only the current side has the column.
        current: None when only the reference has it.
        variation: how the reference's buckets differ; None: rows are taken as independent.
        buckets: what the two sides span; needed with `variation`.
        seed: of the permutation test that small samples need.
    """
    if reference is None or current is None:
        side = "reference" if reference is None else "current period"
        return ColumnFigures(reference, current, f"the {side} does not have this column")
    if not reference.rows or not current.rows:
        side = "current period" if reference.rows else "reference"
        return ColumnFigures(reference, current, f"the {side} has no rows")
    if _layout(reference) != _layout(current):
        return ColumnFigures(reference, current, "the two periods were counted over different bins")
    missing_p, missing_null = _missing_p(reference, current, variation, buckets)
    if not reference.present or not current.present:
        side = "current period" if reference.present else "reference"
        return ColumnFigures(
            reference,
            current,
            f"the {side} has no value of it",
            missing_p=missing_p,
            null=missing_null,
        )
    before, after = coarse_counts(reference), coarse_counts(current)
    is_numeric = reference.bins.kind == "numeric"
    values = values_test(reference, current, variation=variation, buckets=buckets, seed=seed)
    return ColumnFigures(
        reference,
        current,
        psi=psi(before, after),
        js=jensen_shannon(before, after),
        hellinger=hellinger(before, after),
        ks=kolmogorov_smirnov(reference, current) if is_numeric else None,
        wasserstein=wasserstein(reference, current) if is_numeric else None,
        p_value=values.p_value if values else None,
        missing_p=missing_p,
        null=values.null if values else missing_null,
    )


def _missing_p(
    reference: ColumnProfile,
    current: ColumnProfile,
    variation: Variation | None,
    buckets: Buckets | None,
) -> tuple[float | None, str]:
    """The p-value of the missing share, and what it is measured against."""
    if not reference.missing + current.missing or not reference.present + current.present:
        return None, "rows"
    plain = two_proportions_p_value(
        reference.missing, reference.rows, current.missing, current.rows
    )
    if plain is None or variation is None or buckets is None:
        return plain, "rows"
    table = plain_table(
        (reference.missing, reference.present),
        (current.missing, current.present),
        is_ordered=True,
    )
    dispersion = missing_dispersion(variation, table, buckets)
    if dispersion is None:
        return plain, "rows"
    # Where the plain one is exact, it may be the larger.
    return max(plain, dispersion.p_value(pearson(table.pairs), 1)), "days"


def _missing(profile: ColumnProfile | None) -> float | None:
    return profile.missing_share if profile is not None else None


def _layout(profile: ColumnProfile) -> tuple[object, ...]:
    bins = profile.bins
    return (bins.kind, bins.edges, bins.psi_edges, bins.categories, bins.other, bins.is_open)
