"""Which columns moved? The figures of one column and of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.domain.period import Period
from workbench.domain.profile import ColumnProfile


@dataclass(frozen=True)
class ColumnDrift:
    """How far one column moved between two periods."""

    name: str
    role: str
    """`feature`, `prediction`, `score` or `label`."""
    kind: str
    """`numeric` or `categorical`."""
    status: str
    reason: str | None = None
    """Why a figure is missing, or why the status is what it is."""
    psi: float | None = None
    js: float | None = None
    hellinger: float | None = None
    ks: float | None = None
    wasserstein: float | None = None
    ks_bound: float | None = None
    """How far the binned `ks` can lie below the exact one."""
    wasserstein_bound: float | None = None
    """How far the binned `wasserstein` can lie from the exact one, either way."""
    ks_exact: float | None = None
    """Of raw values, where they were asked for; of a sample, where a note says so."""
    ks_exact_p_value: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    null: str = "rows"
    """What the p-values are measured against: `rows`, chance with independent rows; or `days`, how
    the reference's own buckets differ from one another."""
    missing_reference: float | None = None
    missing_current: float | None = None
    unseen: tuple[str, ...] = ()
    """Categories that the reference does not have, most frequent first."""
    unseen_share: float | None = None
    reference: ColumnProfile | None = None
    current: ColumnProfile | None = None


@dataclass(frozen=True)
class ReconstructionDrift:
    """How much worse (or better) the reference's main directions describe the current rows."""

    effect: float | None
    """Rise of the mean reconstruction error, in the reference's standard deviations of one row."""
    p_value: float | None
    basis: str
    """What was taken as independent: `days` or `rows`."""
    components: int
    """How many directions were kept."""
    reason: str | None = None
    """Why there are no figures."""


@dataclass(frozen=True)
class MultivariateDrift:
    """Can current rows be told from the reference's by all their inputs together?"""

    domain_auc: float | None = None
    """Probability that a current row looks more current than a reference row does; 0.5: no."""
    p_value: float | None = None
    top_columns: tuple[str, ...] = ()
    """The columns that tell them apart, most first; empty where nothing does."""
    reference_rows: int = 0
    """Rows of the sample."""
    current_rows: int = 0
    pca: ReconstructionDrift | None = None
    excluded: tuple[tuple[str, str], ...] = ()
    """Columns that were left out, each with the reason."""
    reason: str | None = None
    """Why there are no figures."""
    seed: int = 0
    seconds: float = field(default=0.0, compare=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftReport:
    """All columns of a model, worst first."""

    model: str
    reference: Period | None
    """None when the reference table has no timestamps."""
    reference_rows: int
    current: Period
    current_rows: int
    versions: tuple[str, ...]
    columns: tuple[ColumnDrift, ...]
    status: str
    against: str = "reference"
    level: float = 0.05
    """Adjusted p-values below this are significant."""
    notes: tuple[str, ...] = ()
    multivariate: MultivariateDrift | None = None
    """All inputs together; None unless asked for, since it takes rows and some seconds."""
