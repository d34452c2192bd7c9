"""What changed between two datasets? The answer, as frozen dataclasses that every front end uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.domain.period import Period
from workbench.domain.profile import ColumnProfile

if TYPE_CHECKING:
    import polars as pl

ADDED, REMOVED, CHANGED, UNCHANGED = "added", "removed", "changed", "unchanged"


@dataclass(frozen=True)
class ComparedSide:
    """One of the two datasets."""

    name: str
    """As the user named it."""
    rows: int
    """Rows that were compared: those that the condition kept."""
    digest: str
    """What tells its content: `sha256:` of a file, `md5:` of a version, `rows:` of stored rows."""
    columns: tuple[tuple[str, str], ...] = ()
    """(name, DuckDB type), in order."""
    period: Period | None = None
    """The time of stored rows."""


@dataclass(frozen=True)
class Retyped:
    """A column that has another type on the other side; its values may be the same."""

    column: str
    a: str
    b: str


@dataclass(frozen=True)
class Rename:
    """A column of A and one of B that hold the same values under two names, probably."""

    a: str
    b: str
    share: float
    """Share of rows (matched by key, else by value) on which both agree."""
    basis: str
    """`matched rows` or `values`."""


@dataclass(frozen=True)
class SchemaDifference:
    """How the columns differ."""

    added: tuple[str, ...] = ()
    """Only in B."""
    removed: tuple[str, ...] = ()
    """Only in A."""
    retyped: tuple[Retyped, ...] = ()
    reordered: tuple[str, ...] = ()
    """Columns of both whose place among the columns of both changed; the fewest that explain it."""
    renamed: tuple[Rename, ...] = ()
    """Pairs of `removed` and `added` that are probably one column."""

    @property
    def is_same(self) -> bool:
        """Whether both have the same columns of the same types; their order does not matter."""
        return not (self.added or self.removed or self.retyped)


@dataclass(frozen=True)
class KeyChoice:
    """By which columns rows were matched."""

    columns: tuple[str, ...]
    """Empty: whole rows are compared as multisets."""
    is_inferred: bool
    reason: str
    """Why these, in a few words."""
    is_unique: bool = False
    """Whether it is known already that no row of either side repeats it."""


@dataclass(frozen=True)
class RowDifference:
    """How many rows differ. rows of A = removed + changed + unchanged, of B with added."""

    added: int
    removed: int
    changed: int
    unchanged: int
    duplicate_keys: int
    """Keys that stand on more than one row of a side; their rows are only added or removed."""


@dataclass(frozen=True)
class ColumnDifference:
    """One column of both sides: its cells, and how its values are spread."""

    name: str
    type_a: str
    type_b: str
    is_key: bool = False
    changed: int = 0
    """Cells of matched rows that differ (by more than the tolerance)."""
    within_tolerance: int = 0
    """Cells that differ by no more than it."""
    missing_a: float | None = None
    """Share of rows without a value; None without rows."""
    missing_b: float | None = None
    profile_a: ColumnProfile | None = None
    profile_b: ColumnProfile | None = None
    reason: str | None = None
    """Why there is no distribution."""
    psi: float | None = None
    js: float | None = None
    wasserstein: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    status: str = "unknown"

    @property
    def missing_rise(self) -> float:
        """B's missing share less A's; 0 where one is not known."""
        if self.missing_a is None or self.missing_b is None:
            return 0.0
        return self.missing_b - self.missing_a


@dataclass(frozen=True)
class OutcomePart:
    """How bad the predictions of one kind of rows were."""

    change: str
    """`added`, `removed`, `changed` or `unchanged`."""
    labelled_a: int
    bad_a: float
    labelled_b: int
    bad_b: float
    share_of_bad_a: float | None
    """Share of A's bad predictions that these rows carry."""
    share_of_bad_b: float | None
    contribution: float | None
    """What these rows add to the rate of B minus the rate of A; the parts sum to that."""

    @property
    def rate_a(self) -> float | None:
        """Share of bad predictions in A; None without a label."""
        return self.bad_a / self.labelled_a if self.labelled_a else None

    @property
    def rate_b(self) -> float | None:
        """Share of bad predictions in B; None without a label."""
        return self.bad_b / self.labelled_b if self.labelled_b else None


@dataclass(frozen=True)
class OutcomeDifference:
    """How the rate of bad predictions changed, and which rows carry the change."""

    rate_a: float | None
    rate_b: float | None
    parts: tuple[OutcomePart, ...] = ()
    reason: str | None = None
    """Why there are no figures."""


@dataclass(frozen=True)
class DatasetDifference:
    """Everything that changed from A to B."""

    a: ComparedSide
    b: ComparedSide
    key: KeyChoice
    schema: SchemaDifference
    rows: RowDifference
    columns: tuple[ColumnDifference, ...]
    """Columns of both sides, the most moved first."""
    outcomes: OutcomeDifference
    differing: pl.DataFrame = field(compare=False)
    """Some of the differing rows: `change`, the key, and `NAME (a)`, `NAME (b)` a column."""
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)
    """How long `rows` (rows and cells) and `distributions` took."""

    @property
    def total_differing(self) -> int:
        """How many rows there are to show."""
        return self.rows.added + self.rows.removed + self.rows.changed

    @property
    def is_same(self) -> bool:
        """Whether nothing differs: neither the columns nor a row."""
        return self.schema.is_same and self.total_differing == 0
