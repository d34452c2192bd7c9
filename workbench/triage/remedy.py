"""What is a change of a model's outputs, short of the model itself, and what is it learned from?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

KINDS = ("prior", "threshold", "calibration", "offset", "scale")
"""The simplest first: on a tie it is chosen."""
LEAST_ROWS = 50
"""Labelled rows that a remedy is fitted to at least."""

Predict = Callable[["pl.DataFrame"], "pl.Series"]
"""New predictions for logged rows, in the type of `wb_prediction`; null where an output is missing."""


@dataclass(frozen=True)
class Remedy:
    """One change, ready to be applied."""

    kind: str
    """One of `KINDS`."""
    says: str
    """What to change, in words: `a threshold of 0.310 instead of 0.500`."""
    values: tuple[tuple[str, float], ...]
    """The new threshold, prior, offset and the like, by name."""
    predict: Predict = field(repr=False, compare=False)


@dataclass(frozen=True)
class Lessons:
    """What a remedy is fitted to."""

    base: pl.DataFrame = field(repr=False)
    """Labelled rows of the time before."""
    labelled: pl.DataFrame = field(repr=False)
    """Older labelled rows of the incident."""
    recent: pl.DataFrame = field(repr=False)
    """Older rows of the incident, labelled or not."""
