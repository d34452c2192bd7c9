"""Which version is worse than which, and what speaks for going back? What comparisons show, in words.

In the order of how much they prove: one model's artifact asked about the very rows that the other
one served (`rescored`); rows that both served (`pairs`); a model of the older one's outputs asked about
them (`learnt`), where the artifact is gone; rows of the same time (`concurrent`), adjusted to the same
mix of segments; and, where no rows can be compared, that harm began with the version (`onset`). A
version is only gone back to if it is surely better, by more than half the floor, and no worse than it
was itself: where the old one has become as bad, the world has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence
from workbench.performance.blocks import Resampled
from workbench.triage.served_since import LIVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_OF_IT = 0.5
_SAME_ROWS = ("rescored", "pairs", "learnt")
_STEP = "version_comparison"


@dataclass(frozen=True)
class Comparison:
    """One version against another."""

    newer: str
    older: str
    role: str
    """The newer version's: live, canary or shadow."""
    how: str
    """`rescored`, `pairs`, `learnt`, `concurrent` or `onset`."""
    worse_by: Resampled
    """Bad rate of the newer minus the older."""
    floor: float
    older_rate: float | None = None
    older_reference: float | None = None
    """The older version's bad rate on the reference (or before the switch); None: not known."""
    since: datetime | None = None
    """When the newer version began to serve; None where that is not in the log."""
    share: float = 1.0
    """Of the live traffic that the newer version served."""
    losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(rows, 2), newer and older, where the comparison is paired."""

    @property
    def is_worse(self) -> bool | None:
        """Whether the newer is surely worse by half the floor; None where it cannot be told."""
        if self.worse_by.low > self.floor / 2:
            return True
        return False if self.worse_by.high < self.floor else None

    @property
    def is_older_well(self) -> bool | None:
        """Whether the older version is as good as it was; None where that is not known."""
        if self.older_rate is None or self.older_reference is None:
            return None
        return self.older_rate - self.older_reference < self.floor

    @property
    def rolls_back(self) -> bool:
        """Whether going back to the older version mends what the newer one does to live traffic."""
        return self.is_worse is True and self.is_older_well is not False and self.role != "shadow"


@dataclass(frozen=True)
class Versions:
    """All versions that could be compared."""

    skipped: str | None = None
    comparisons: tuple[Comparison, ...] = ()
    rise: float | None = None
    is_sensitive: bool = False

    @property
    def bad(self) -> Comparison | None:
        """The comparison that says to go back; the best proven one; None where none does."""
        kept = [c for c in self.comparisons if c.rolls_back and not self._is_contradicted(c)]
        return kept[0] if kept else None

    def _is_contradicted(self, by_time: Comparison) -> bool:
        """Whether the same rows, asked of both versions, say otherwise than rows of other times or rows.

        That harm began with a version is no proof when the version makes less than half of it on the
        very rows: the world changed in the same hour.
        """
        rows = [
            c for c in self.comparisons
            if c.how in _SAME_ROWS and c.newer == by_time.newer and c is not by_time
        ]  # fmt: skip
        if any(
            c.how == "rescored" and c.is_worse is False and c.older == by_time.older for c in rows
        ):
            return True
        part = _MOST_OF_IT * by_time.worse_by.value
        return by_time.how in ("concurrent", "onset") and any(c.worse_by.value < part for c in rows)

    @property
    def is_proven(self) -> bool:
        """Whether more than the time at which harm began speaks for going back."""
        return self.bad is not None and self.bad.how != "onset"

    @property
    def decides(self) -> bool:
        """Whether a version is to be rolled back."""
        return self.bad is not None

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        if self.skipped is not None:
            return (
                Evidence(_STEP, "versions", None, f"Versions were not compared: {self.skipped}."),
            )
        return tuple(
            Evidence(
                _STEP, f"version:{c.how}", c.worse_by.value, self._reading(c), c.worse_by.low, c.worse_by.high,
                c.worse_by.n, c.floor / 2, supports="roll_back" if c.rolls_back else None,
                against="roll_back" if c.is_worse is False or (c.is_worse and c.is_older_well is False) else None,
            )
            for c in self.comparisons
        )  # fmt: skip

    def causes(self) -> tuple[Cause, ...]:
        """The version that does the harm; none where none does."""
        bad = self.bad
        if bad is None:
            return ()
        share = None
        if self.rise is not None and self.rise > 0 and bad.role == LIVE:
            share = min(max(bad.share * bad.worse_by.value / self.rise, 0.0), 1.0)
        where = None if self.is_sensitive else ("model_version", bad.newer)
        repair = (
            "go back to the version before"
            if self.is_sensitive
            else f"go back to version {shown(bad.older, 40)}"
        )
        return (
            Cause("version", "version", "", where, bad.since, None, share, repair, "roll_back"),
        )  # fmt: skip

    def _reading(self, c: Comparison) -> str:
        newer, older = ("the newer version", "the older one") if self.is_sensitive else (
            f"version {shown(c.newer, 40)}", f"version {shown(c.older, 40)}"
        )  # fmt: skip
        ways = {
            "rescored": "on the same rows, asked anew",
            "pairs": "on the rows that both served",
            "learnt": "on the same rows, asked of a model of its outputs",
            "concurrent": "on rows of the same time",
            "onset": "going by the buckets before and after the switch",
        }
        points = 100 * c.worse_by.value
        side = "worse" if points > 0 else "better"
        words = f"{newer[0].upper()}{newer[1:]} ({c.role}) is {abs(points):.1f} points {side} than {older}"
        words = f"{words}, {ways[c.how]}"
        if c.is_worse and c.is_older_well is False:
            return f"{words}; but the older one has become worse than it was itself: going back does not mend it."
        if c.is_worse and c.role == "shadow":
            return f"{words}: do not promote it."
        return f"{words}."
