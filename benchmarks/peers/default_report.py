"""How long does a peer take over a log, all by default? To be timed as a whole process.

    time PYTHON benchmarks/peers/default_report.py evidently|nannyml LOG.parquet

PYTHON is the peer's own interpreter, and README.md says how the log is made, as
`benchmarks/ingest.py` makes one; its first third is the reference. Evidently makes its preset for drift. NannyML makes
univariate drift of the features in ten chunks, its default, and estimates accuracy and ROC AUC.
"""

from __future__ import annotations

import os
import sys

os.environ["DO_NOT_TRACK"] = os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import pandas as pd

NOT_FEATURES = ["prediction_id", "timestamp", "score", "prediction", "label"]


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> int:
    """Evidently's preset; the number of figures."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    columns = reference.columns.difference(NOT_FEATURES)
    report = Report([DataDriftPreset()]).run(current[columns], reference[columns])
    return len(report.dict()["metrics"])


def nannyml(reference: pd.DataFrame, current: pd.DataFrame) -> int:
    """NannyML's distances and estimates; the number of figures."""
    import nannyml as nml

    features = list(reference.columns.difference(NOT_FEATURES))
    drift = nml.UnivariateDriftCalculator(column_names=features).fit(reference).calculate(current)
    estimator = nml.CBPE(
        problem_type="classification_binary",
        y_true="label",
        y_pred="prediction",
        y_pred_proba="score",
        metrics=["accuracy", "roc_auc"],
    ).fit(reference.dropna(subset=["label"]))
    return drift.to_df().size + estimator.estimate(current).to_df().size


def main(peer: str, path: str) -> None:
    """Reads the log and has the peer's figures made."""
    log = pd.read_parquet(path)
    third = len(log) // 3
    halves = log.iloc[:third].reset_index(drop=True), log.iloc[third:].reset_index(drop=True)
    print({"evidently": evidently, "nannyml": nannyml}[peer](*halves), "figures")


if __name__ == "__main__":
    main(*sys.argv[1:])
