"""What does Evidently say of the test data? Its PSI, and the bins and shares behind it.

    PYTHON benchmarks/peers/evidently_figures.py FOLDER

PYTHON is an interpreter that has `evidently==0.7.23 "pandas<3" pyarrow` (with pandas 3 it does
not start). FOLDER holds the data sets, each in a folder of its own. Written is
`tests/peers/evidently_<data set>.json`: by column, the PSI of all monitored rows (`all`) and of
the first 200 of them (`few`, which leave bins empty) against the reference, as a report of
`ValueDrift(method="psi")` gives it, with its bins. Figures are to 12 digits: beyond these they
differ from run to run, since Evidently adds up categories in the order of a set.

How Evidently bins: numbers with more than 20 distinct values in the reference by Sturges' rule
over reference and monitored rows together (`edges`; a bin holds its lower edge and not its upper
one, but for the last, which holds both); otherwise one bin for every value of either (`values`).
Shares are counts / rows. A share of 0 is made 0.0001, or, if the smallest other share of that
side is at most 0.0001, a millionth of it; the shares are not brought back to a sum of 1. This
script asserts that this rule gives the figures that the report gives.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any, Self

os.environ["DO_NOT_TRACK"] = "1"

import numpy as np
import pandas as pd
from data_sets import DATA_SETS, DataSet, rounded, write_figures
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import psi as evidently_psi
from evidently.legacy.core import ColumnType
from evidently.metrics import ValueDrift

FEW_ROWS = 200
FEW_VALUES = 20
SMALL = 1e-4


class Watch:
    """Keeps what Evidently's PSI was given and which shares it took, while a report runs."""

    def __init__(self) -> None:
        self.seen: list[tuple[pd.Series, pd.Series, Any, np.ndarray, np.ndarray]] = []
        self._own = evidently_psi.get_binned_data

    def __enter__(self) -> Self:
        evidently_psi.get_binned_data = self._watched
        return self

    def __exit__(self, *_: object) -> None:
        evidently_psi.get_binned_data = self._own

    def _watched(
        self, reference: pd.Series, current: pd.Series, kind: Any, *more: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        shares = self._own(reference, current, kind, *more)
        self.seen.append((reference, current, kind, *shares))
        return shares


def filled(counts: np.ndarray) -> np.ndarray:
    """Shares in which none is 0, by the rule above."""
    shares = counts / counts.sum()
    least = shares[shares > 0].min()
    return np.where(shares > 0, shares, SMALL if least > SMALL else least / 1e6)


def bins_of(reference: pd.Series, current: pd.Series, kind: Any) -> dict[str, list[Any]]:
    """The bins, by the rule above."""
    if kind == ColumnType.Numerical and reference.nunique() > FEW_VALUES:
        both = np.concatenate([reference.to_numpy(), current.to_numpy()])
        return {"edges": np.histogram_bin_edges(both, bins="sturges").tolist()}
    return {"values": sorted({*reference.unique().tolist(), *current.unique().tolist()})}


def counted(values: pd.Series, bins: dict[str, list[Any]]) -> np.ndarray:
    """Rows in each bin."""
    if "edges" in bins:
        return np.histogram(values, bins["edges"])[0]
    found = values.value_counts().to_dict()
    return np.array([found.get(value, 0) for value in bins["values"]])


def column_psi(
    name: str, kind: str, reference: pd.DataFrame, monitored: pd.DataFrame
) -> dict[str, Any]:
    """One column's PSI with its bins; stops when the rule does not explain the figure."""
    definition = DataDefinition(**{f"{kind}_columns": [name]})
    old, new = (
        Dataset.from_pandas(frame[[name]], data_definition=definition)
        for frame in (reference, monitored)
    )
    with Watch() as watch:
        report = Report([ValueDrift(column=name, method="psi")]).run(new, old)
    value = float(report.dict()["metrics"][0]["value"])
    before, after, column_kind, was, now = watch.seen[0]
    bins = bins_of(before, after, column_kind)
    counts = [counted(before, bins), counted(after, bins)]
    p, q = (filled(c) for c in counts)
    by_rule = float(np.sum((p - q) * np.log(p / q)))
    if not (np.allclose(sorted(p), sorted(was)) and np.allclose(sorted(q), sorted(now))):
        raise SystemExit(f"{name}: other shares than by the rule")
    if abs(by_rule - value) > 1e-12:
        raise SystemExit(f"{name}: {value}, but {by_rule} by the rule")
    empty = [int((c == 0).sum()) for c in counts]
    return {**bins, "psi": rounded(value), "empty_reference": empty[0], "empty": empty[1]}


def figures_of(data: DataSet, folder: Path) -> dict[str, Any]:
    """All figures of one data set."""
    frame = pd.read_parquet(data.file(folder))
    reference, monitored = data.split(frame)
    numbers = reference.select_dtypes("number").columns
    columns = {}
    for name in [*data.features(frame), data.score, data.prediction]:
        kind = "numerical" if name in numbers else "categorical"
        columns[name] = {
            "kind": kind,
            "all": column_psi(name, kind, reference, monitored),
            "few": column_psi(name, kind, reference, monitored[:FEW_ROWS]),
        }
    return {
        "data": data.described(folder, frame),
        "drift": {
            "method": "psi",
            "settings": 'ValueDrift(column, method="psi"), numbers as numerical_columns',
            "few_rows": FEW_ROWS,
            "columns": columns,
        },
    }


def main(folder: Path) -> None:
    """Writes the figures of every data set."""
    source = {n: importlib.metadata.version(n) for n in ("evidently", "numpy", "pandas", "scipy")}
    source["python"] = platform.python_version()
    for data in DATA_SETS:
        write_figures(f"evidently_{data.name}", {"source": source, **figures_of(data, folder)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
