"""Where are the bad predictions? Values of one column, and slices by several conditions."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.period import Period


@dataclass(frozen=True)
class Condition:
    """One condition on one column: a value, a range of numbers, or that nothing is there."""

    column: str
    value: str | None = None
    """The category; None for a range and for a missing value."""
    above: float | None = None
    """The range's lower end, not included; None: open."""
    up_to: float | None = None
    """The range's upper end, included; None: open."""
    place: str = ""
    """For a range, which of the column's ranges it is: `range 2 of 4`."""
    hidden: str | None = None
    """What stands in the place of the value of a sensitive column; value and ends are gone then."""

    @property
    def is_missing(self) -> bool:
        """Whether it asks for rows without a value."""
        return self.value is None and not self.place and self.hidden is None

    @property
    def words(self) -> str | None:
        """The value or the range; None for a missing value."""
        if self.hidden is not None or self.value is not None:
            return self.hidden if self.hidden is not None else self.value
        ends = [
            f"{sign} {end:.6g}"
            for sign, end in ((">", self.above), ("<=", self.up_to))
            if end is not None
        ]
        return ", ".join(ends) if self.place else None

    @property
    def text(self) -> str:
        """The whole condition, as a person would say it."""
        if self.is_missing:
            return f"{self.column} missing"
        if self.place and self.hidden is None:
            if self.above is None or self.up_to is None:
                return f"{self.column} {self.words}"
            return f"{self.above:.6g} < {self.column} <= {self.up_to:.6g}"
        return f"{self.column} = {self.words}"


@dataclass(frozen=True)
class Slice:
    """Rows that meet some conditions, as they are on rows that the slice was not found on."""

    where: tuple[Condition, ...]
    rows: int
    """Of the rows that slices are measured on; all of them are labelled."""
    share: float
    """Share of those rows."""
    bad_rate: float
    low: float
    """95 % interval of `bad_rate`, for independent rows."""
    high: float
    reference_rows: int
    reference_bad_rate: float | None
    """Of the same slice in the reference; None where that has no labels, or none of its rows."""
    lift: float | None
    """`bad_rate` over that of all rows; None when none is bad."""
    share_of_bad: float | None
    """Share of all bad predictions that are in the slice; None when none is bad."""
    share_of_rise: float | None
    """The slice's contribution to the rise (as `SegmentPart.contribution`) over the rise; None
    where nothing rose for sure. Of a slice that the reference has no rows of: share x (bad rate
    - the reference's of all rows) over the rise."""
    p_value: float
    p_adjusted: float
    reference_reason: str | None = None
    """Why there is no `reference_bad_rate`."""

    @property
    def excess(self) -> float | None:
        """How far the bad rate lies above the reference's of the same slice."""
        return None if self.reference_bad_rate is None else self.bad_rate - self.reference_bad_rate


@dataclass(frozen=True)
class SliceSearch:
    """The slices that stand out, and what they were looked for in."""

    slices: tuple[Slice, ...]
    looked_at: int
    """Combinations of conditions with enough rows."""
    searched_on: int
    """Current rows that slices were found on."""
    measured_on: int
    """Current rows that they were measured on."""
    reference_searched_on: int
    reference_measured_on: int
    bad_rate: float | None
    """Of the rows that slices are measured on."""
    reference_bad_rate: float | None
    level: float
    """Adjusted p-values of the slices are below this."""
    reason: str | None = None
    """Why nothing could be looked for."""
    rise_reason: str | None = None
    """Why no share of the rise is given."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SegmentPart:
    """What the rows of one value contribute to the rise of the bad rate."""

    value: str | None
    """None for a missing value."""
    reference_labelled: float
    labelled: float
    reference_share: float
    """Share of the reference's labelled rows."""
    share: float
    reference_bad_rate: float | None
    """None where the reference has no labelled row of it."""
    bad_rate: float | None
    contribution: float
    """share x bad rate now, less the same of the reference: `mix` + `rate`."""
    mix: float
    """The part due to its share: change of the share x mean of the two rates."""
    rate: float
    """The part due to its rate: change of the rate x mean of the two shares."""


@dataclass(frozen=True)
class SegmentTable:
    """The rise of the bad rate by the values of one column; the parts add up to it."""

    column: str
    parts: tuple[SegmentPart, ...]
    """Largest contribution first."""
    rise: float | None
    """Current less reference bad rate."""
    mix: float | None
    rate: float | None
    reason: str | None = None
    """Why there are no parts."""


@dataclass(frozen=True)
class SliceReport:
    """Where a model's bad predictions are."""

    model: str
    reference: Period | None
    """None when the reference table has no timestamps."""
    period: Period
    versions: tuple[str, ...]
    search: SliceSearch
    labelled: int
    """Labelled rows of the period."""
    sampled: int
    """How many of them were drawn for the search."""
    reference_labelled: int
    reference_sampled: int
    segments: tuple[SegmentTable, ...]
    """One a segment column, from the stored outcomes of all rows."""
    notes: tuple[str, ...] = ()
