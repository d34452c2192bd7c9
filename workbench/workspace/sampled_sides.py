"""Which rows stand for a period and for what it is compared with? A sample of either side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.store.sampled_rows import MOST_ROWS, RowSample, sampled_reference, sampled_rows
from workbench.workspace.subjects import Subject


@dataclass(frozen=True)
class SampledSides:
    """The rows of a comparison."""

    reference: RowSample
    """Of the reference, or of the other period."""
    current: RowSample

    def notes(self, what: str) -> tuple[str, ...]:
        """How much of each side was looked at, where that is not all.

        Args:
            what: the question, as the notes begin.
        """
        sides = (("reference", self.reference), ("current", self.current))
        return tuple(
            f"{what}: {sample.frame.height:,} of {sample.rows:,} {name} rows"
            for name, sample in sides
            if not sample.is_whole
        )


def sampled_sides(
    subject: Subject,
    root: Path,
    now: datetime,
    *,
    period: str | None,
    against: str,
    versions: tuple[str, ...] | None,
    most: int = MOST_ROWS,
) -> SampledSides:
    """Rows of a period, and of the reference or another period.

    Args:
        subject: the model.
        root: the workspace, which the card's paths are relative to.
        now: the machine's clock.
        period: the card's window by default.
        against: another period, or `reference`.
        versions: versions whose rows count; None: all.
        most: rows of a side at most.

    Raises:
        NoRowsError: there are no rows at all.
        PeriodError: a period cannot be read.
        ReferenceTableError: the reference is not there any more, or cannot be read.
    """
    store = subject.store
    current = sampled_rows(store, subject.period(period), versions=versions, most=most)
    if against == "reference":
        other = sampled_reference(store.home, root, subject.card, store, now, most=most)
    else:
        other = sampled_rows(store, subject.period(against), versions=versions, most=most)
    return SampledSides(other, current)
