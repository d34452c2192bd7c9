"""Which data sets are the peers' figures of, and which rows of them are reference and monitored?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 5000
"""Monitored rows are cut into chunks of so many, in the file's order; the last may be shorter."""

FIGURES = Path(__file__).parents[2] / "tests" / "peers"
"""Where the figures are kept, for the tests."""


@dataclass(frozen=True)
class DataSet:
    """One data set whose rows hold a binary model's score, prediction and label."""

    name: str
    score: str
    prediction: str
    label: str
    not_features: tuple[str, ...]
    """Ids, times and the like."""
    reference_rows: int
    """The rows from the file's first on that are the reference; all others are monitored."""
    threshold: float = 0.5
    """The score from which the prediction is positive."""

    def file(self, folder: Path) -> Path:
        """Its file in the folder that holds all data sets."""
        return folder / self.name / f"{self.name}.parquet"

    def features(self, frame: pd.DataFrame) -> list[str]:
        """The names of its features, sorted."""
        others = {self.score, self.prediction, self.label, *self.not_features}
        return sorted(set(frame.columns) - others)

    def split(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Its reference and its monitored rows, each numbered from 0."""
        reference = frame.iloc[: self.reference_rows].reset_index(drop=True)
        return reference, frame.iloc[self.reference_rows :].reset_index(drop=True)

    def described(self, folder: Path, frame: pd.DataFrame) -> dict[str, Any]:
        """What a reader of the figures must know of it."""
        return {
            "name": self.name,
            "sha256": hashlib.sha256(self.file(folder).read_bytes()).hexdigest(),
            "rows": len(frame),
            "reference_rows": self.reference_rows,
            "chunk_rows": CHUNK_ROWS,
            "score": self.score,
            "prediction": self.prediction,
            "label": self.label,
            "threshold": self.threshold,
            "features": self.features(frame),
        }


DATA_SETS = (
    DataSet(
        "car_loan_synthetic",
        "y_pred_proba",
        "y_pred",
        "repaid",
        ("timestamp",),
        50_000,
        threshold=0.65,
    ),
    DataSet(
        "census_ma_employment",
        "predicted_probability",
        "prediction",
        "employed",
        ("id", "year"),
        68_785,  # all of 2015
    ),
)


def rounded(value: Any) -> float:
    """A figure to 12 significant digits."""
    return float(f"{float(value):.12g}")


def write_figures(name: str, figures: dict[str, Any]) -> None:
    """Writes one file of figures, small and readable: one line a column or chunk."""
    path = FIGURES / f"{name}.json"
    path.write_text(_text(figures) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")


def _text(value: Any, depth: int = 0) -> str:
    """JSON whose lowest tables and lists stand on one line each."""
    is_deep = isinstance(value, dict | list) and any(
        isinstance(v, dict) or (isinstance(v, list) and v and isinstance(v[0], dict | list))
        for v in (value.values() if isinstance(value, dict) else value)
    )
    if not is_deep:
        return json.dumps(value, ensure_ascii=False)
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(k)}: {_text(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(pad + _text(v, depth + 1) for v in value) + "\n" + " " * depth + "]"
