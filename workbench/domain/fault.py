"""What is wrong with the data itself? A fault, with its onset, its share and what would undo it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.period import Period

KINDS = (
    "missing_column", "extra_column", "type_change", "parse_failure", "missing_values",
    "new_category", "renamed_category", "out_of_range", "sentinel_value", "unit_change",
    "clock_shift", "swapped_columns", "stale_value", "duplicate_rows", "volume_change",
    "late_data", "constant_prediction", "serving_mismatch", "label_delay_change",
    "label_coverage", "label_definition",
)  # fmt: skip
"""Every kind of fault that there is a name for."""

OF_LABELS = ("label_coverage", "label_definition", "label_delay_change", "late_data")
"""Kinds that `quality` lists and no check raises: what they do is in the bad rate."""


@dataclass(frozen=True)
class Transform:
    """What would undo a fault, so that a program can apply it to the affected rows."""

    kind: str
    """`affine`: (x - offset) / factor; `shift_hours`: x - hours, modulo `modulus` where that is
    given; `recode`: the mapping; `swap`: exchange with `other`; `to_missing`: these values mean
    that there is none; `unlog`: base ** x - offset, the base being `factor`."""
    factor: float = 1.0
    offset: float = 0.0
    hours: float = 0.0
    modulus: float | None = None
    mapping: tuple[tuple[str, str], ...] = ()
    """Value as logged, value as the reference has it."""
    other: str | None = None
    """The column to exchange with."""
    values: tuple[str, ...] = ()
    """The values that mean that there is none."""


@dataclass(frozen=True)
class Fault:
    """One fault of one column (or of the whole log, whose column is empty)."""

    column: str
    kind: str
    """One of `KINDS`."""
    status: str
    """`ok` (listed, with a note why it is no alarm), `warning` or `critical`."""
    since: datetime | None
    """The start of the first affected bucket; None when it has been so for all there is."""
    share: float
    """Of the affected rows among all of the period."""
    detail: str
    """What was seen, in a sentence."""
    repair: str | None = None
    """What would undo it, in words; None when nothing would."""
    transform: Transform | None = None
    """The same for a program."""
    segment: tuple[str, str] | None = None
    """(column, value) that the fault is confined to; None when it is everywhere."""
    until: datetime | None = None
    """The end of the last affected bucket; None while it lasts."""
    note: str | None = None
    """Why it is no alarm, or what to know about it."""
    also: tuple[str, ...] = ()
    """Further columns that the same cause spoilt."""
    also_in: tuple[str, ...] = ()
    """Further values of the segment's column whose rows have the same fault."""

    @property
    def told(self) -> str:
        """The detail, with what its shares and the fault's own are shares of."""
        stretch = "throughout" if self.since is None else "since it began"
        stretch = "while it lasted" if self.until is not None else stretch
        return f"affects {self.share:.1%} of the period's rows; {stretch}: {self.detail}"


@dataclass(frozen=True)
class QualityReport:
    """All faults of a model's log in a period, worst first."""

    model: str
    period: Period
    versions: tuple[str, ...]
    faults: tuple[Fault, ...]
    status: str
    """The loudest fault's; `ok` without any, `unknown` where nothing could be looked at."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""
