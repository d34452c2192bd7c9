"""What is a figure as the rules read it: as it is, or as it would have come out from other rows?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE_SIDED = 0.839
"""z_.95 / z_.975."""


class Drawn(Protocol):
    """A figure with an interval and what it would be from other rows."""

    @property
    def value(self) -> float:
        """The figure."""

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval."""

    @property
    def high(self) -> float:
        """The upper end."""

    @property
    def draws(self) -> NDArray[Any] | None:
        """What it would be when rows are drawn again; None: not known."""


@dataclass(frozen=True)
class Reading:
    """A figure and its interval, as they are or as they would be from other rows."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether it is surely above 0."""
        return self.low > 0

    @property
    def most(self) -> float:
        """What it is surely not above, in 95 of 100: the upper end of a one-sided interval."""
        return self.value + ONE_SIDED * (self.high - self.value)


def read(figure: Drawn | None, draw: int | None) -> Reading | None:
    """A figure as it is, or as draw number `draw` has it: moved, its interval with it."""
    if figure is None:
        return None
    moved = 0.0
    if draw is not None and figure.draws is not None and len(figure.draws):
        moved = float(figure.draws[draw % len(figure.draws)]) - figure.value
    return Reading(figure.value + moved, figure.low + moved, figure.high + moved)
