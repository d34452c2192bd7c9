"""Would a challenger make things worse for some of a case? Its gain in each of the card's segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.performance.segment_gains import SegmentGain, gains_by_segment

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

__all__ = ["SegmentGain", "segment_gains"]


def segment_gains(
    case: Case, judged: pl.DataFrame, gain: NDArray[Any], smallest: float = 0.0
) -> tuple[SegmentGain, ...]:
    """The gain in every segment of a case, the worst first; see `gains_by_segment`.

    Args:
        case: names the segments, and what must not be named.
        judged: the rows.
        gain: one a row, champion's badness minus challenger's.
        smallest: the smallest loss that matters.
    """
    return gains_by_segment(case.segments, case.card.privacy, judged, gain, smallest)
