"""What does NannyML say of the test data? Its estimates without labels, and its distances.

    PYTHON benchmarks/peers/nannyml_figures.py FOLDER

PYTHON is an interpreter that has `nannyml==0.13.1 "numpy<2.4" "pandas<3" statsmodels pyarrow`
(statsmodels is imported and not required by it; with pandas 3 it does not run). FOLDER holds
the data sets, each in a folder of its own. Written is `tests/peers/nannyml_<data set>.json`:

- `performance`: by chunk, CBPE's estimate of accuracy and ROC AUC (from scores only, fitted on
  the labelled reference), and both as realised on the labels;
- `drift`: by column, the Jensen-Shannon distance of all monitored rows and of every chunk from
  the reference, with the bins it was taken on. Numbers: `edges`, where a bin holds its lower
  edge and not its upper one, but for the last, which holds both. Otherwise `values`. Missing
  values are left out; values in none of the bins are one more, which the reference has empty.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml
import pandas as pd
from data_sets import CHUNK_ROWS, DATA_SETS, DataSet, rounded, write_figures
from nannyml.drift.univariate.methods import ContinuousJensenShannonDistance

METRICS = ("accuracy", "roc_auc")
METHOD = "jensen_shannon"


def performance(data: DataSet, reference: pd.DataFrame, monitored: pd.DataFrame) -> dict[str, Any]:
    """Estimated and realised performance by chunk."""
    columns = {"y_true": data.label, "y_pred": data.prediction, "y_pred_proba": data.score}
    common = {
        **columns,
        "problem_type": "classification_binary",
        "metrics": list(METRICS),
        "chunk_size": CHUNK_ROWS,
    }
    estimator = nannyml.CBPE(**common).fit(reference)
    estimated = estimator.estimate(monitored.drop(columns=data.label))
    estimated = estimated.filter(period="analysis").to_df()
    calculator = nannyml.PerformanceCalculator(**common).fit(reference)
    realised = calculator.calculate(monitored).filter(period="analysis").to_df()
    chunks = []
    for place in range(len(estimated)):
        first, last = (int(estimated["chunk"][k].iloc[place]) for k in ("start_index", "end_index"))
        chunks.append(
            {
                "first_row": first,
                "rows": last - first + 1,
                "estimated": {m: rounded(estimated[m]["value"].iloc[place]) for m in METRICS},
                "realised": {m: rounded(realised[m]["value"].iloc[place]) for m in METRICS},
            }
        )
    return {
        "method": "CBPE",
        "settings": f"chunk_size={CHUNK_ROWS}, all else by default",
        "is_calibrated": bool(estimator.needs_calibration),
        "chunks": chunks,
    }


def distances(
    names: list[str], reference: pd.DataFrame, monitored: pd.DataFrame, **chunking: int
) -> tuple[dict[str, list[float]], dict[str, dict[str, Any]]]:
    """Every column's distance by chunk, and the bins."""
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=names,
        continuous_methods=[METHOD],
        categorical_methods=[METHOD],
        **chunking,
    ).fit(reference)
    found = calculator.calculate(monitored).filter(period="analysis").to_df()
    values = {name: [rounded(v) for v in found[name][METHOD]["value"]] for name in names}
    bins = {}
    for name in names:
        (method,) = calculator._column_to_models_mapping[name]  # noqa: SLF001 - not told otherwise
        is_cut = isinstance(method, ContinuousJensenShannonDistance)
        bins[name] = {"edges" if is_cut else "values": method._bins.tolist()}  # noqa: SLF001
    return values, bins


def drift(data: DataSet, reference: pd.DataFrame, monitored: pd.DataFrame) -> dict[str, Any]:
    """Every column's distance as a whole and by chunk, with its bins."""
    names = [*data.features(reference), data.score, data.prediction]
    whole, bins = distances(names, reference, monitored, chunk_number=1)
    chunks, same_bins = distances(names, reference, monitored, chunk_size=CHUNK_ROWS)
    if bins != same_bins:
        raise SystemExit("the bins depend on the chunks")
    return {
        "method": METHOD,
        "settings": f"chunk_number=1 and chunk_size={CHUNK_ROWS}, all else by default",
        "columns": {
            name: {**bins[name], "whole": whole[name][0], "chunks": chunks[name]} for name in names
        },
    }


def main(folder: Path) -> None:
    """Writes the figures of every data set."""
    packages = ("nannyml", "numpy", "pandas", "scipy", "scikit-learn")
    source = {name: importlib.metadata.version(name) for name in packages}
    for data in DATA_SETS:
        frame = pd.read_parquet(data.file(folder))
        reference, monitored = data.split(frame)
        figures = {
            "source": {**source, "python": platform.python_version()},
            "data": data.described(folder, frame),
            "performance": performance(data, reference, monitored),
            "drift": drift(data, reference, monitored),
        }
        write_figures(f"nannyml_{data.name}", figures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
