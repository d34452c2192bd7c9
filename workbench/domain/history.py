"""How did a column look in each bucket? Its counts over time, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.profile import ColumnBins

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ColumnHistory:
    """The profile of one column in every bucket that has rows, oldest first."""

    bins: ColumnBins
    starts: tuple[datetime, ...]
    """Where each bucket begins; the other fields are in the same order."""
    counts: NDArray[Any]
    """Rows, buckets x bins."""
    missing: NDArray[Any]
    parse_failures: NDArray[Any]
    """Rows whose value could not be read; they are among the missing."""
    minimum: NDArray[Any]
    """Smallest finite value, NaN without one and for categories."""
    maximum: NDArray[Any]
    unseen: tuple[dict[str, int], ...]
    """Names that the reference does not have, with their rows; capped."""

    @property
    def rows(self) -> NDArray[Any]:
        """All rows of each bucket."""
        found: NDArray[Any] = self.counts.sum(axis=1) + self.missing
        return found
