"""What does a log row of this model consist of? Its features and scores, with their types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureColumn:
    """One input of the model."""

    name: str
    kind: str
    """`numeric` or `categorical`: how it is compared."""
    storage: str
    """`number`, `text`, `boolean` or `time`: how the reference stores it, and so the segments.
    A time is compared as a number, seconds since 1970."""


@dataclass(frozen=True)
class LogShape:
    """The columns of a model's log that the card and the reference make known."""

    features: tuple[FeatureColumn, ...]
    segments: tuple[str, ...]
    """Columns that rates are broken down by; they may be unknown to the reference."""
    scores: tuple[str, ...] = ()
    """Binary: the score column; multiclass: score_<class> columns that the reference has."""
    classes: tuple[str, ...] = ()
    """The classes that the reference's labels and predictions name; empty for regression."""
    reference_columns: tuple[str, ...] = ()
    """Every column of the reference table."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in the reference's order."""
        return tuple(feature.name for feature in self.features)
