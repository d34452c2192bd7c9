"""How long does a verdict take, and how soon is the first evidence there?

    python benchmarks/triage_speed.py [--rows 20000 1000000] [--repeat 3] [--folder DIR]

For each number of rows a workspace is made (or used again, where `--folder` has one): a binary model
with ten inputs, three weeks of logs, and in the week that is judged so many rows, in which what one
input means turns round four days before the end. Each verdict is asked for in a process of its own,
from the import of the library on. Printed are medians of the wall time, of the processor time (which
a busy machine moves less; a second process that fits beside the first is counted too), of the time
to the first evidence, and the largest resident memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

NAME = "speed"
START = datetime(2026, 1, 1)  # noqa: DTZ001 - logs without a zone are in UTC
HISTORY, WINDOW, SINCE = 21, 7, 4
"""Days of logs before what is judged, days judged, and days since the onset."""
NUMBERS = tuple(f"num_{i}" for i in range(8))
TEXTS = ("region", "plan")
_MOST_HISTORY = 200_000

CARD = f"""
[model]
name = "{NAME}"
task = "binary"
version = "1"
artifact = "registry/{NAME}/1/model.skops"
[columns]
features = {json.dumps([*NUMBERS, *TEXTS])}
segments = ["region"]
[bad_prediction]
positive_class = "1"
[reference]
data = "data/reference.parquet"
[training]
recipe = "gradient_boosting"
data = "data/train.parquet"
"""


def cases(rows: int, random: np.random.Generator, *, is_turned: bool) -> pl.DataFrame:
    """Rows of inputs with their label."""
    x = random.normal(size=(rows, len(NUMBERS)))
    region = random.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2])
    plan = random.choice(["free", "basic", "pro"], rows)
    odds = 1.5 * x[:, 0] - x[:, 1] + 0.8 * x[:, 2] * (x[:, 0] > 0) + 0.6 * (region == "south")
    if is_turned:
        odds = np.where(x[:, 3] > 0.5, -odds, odds)
    label = random.random(rows) < 1 / (1 + np.exp(-odds))
    table = pl.DataFrame({name: x[:, i] for i, name in enumerate(NUMBERS)})
    return table.with_columns(
        region=pl.Series(region), plan=pl.Series(plan), label=pl.Series(label.astype(int))
    )


def make(root: Path, rows: int) -> None:
    """Writes a workspace with so many rows in the week that is judged, and ingests it."""
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    import workbench
    from workbench.domain.shape import FeatureColumn
    from workbench.retrain.pipelines import encoded_pipeline

    random = np.random.default_rng(6)
    for name in ("models", "data", f"registry/{NAME}/1", "exports"):
        (root / name).mkdir(parents=True)
    (root / "workbench.toml").write_text("")
    (root / "models" / f"{NAME}.toml").write_text(CARD)
    features = [FeatureColumn(name, "numeric", "number") for name in NUMBERS]
    features += [FeatureColumn(name, "categorical", "text") for name in TEXTS]
    train = cases(20_000, random, is_turned=False)
    trees = HistGradientBoostingClassifier(early_stopping=False, categorical_features=None)
    names = [*NUMBERS, *TEXTS]
    model = encoded_pipeline(features, trees, is_line=False).fit(train[names], train["label"])
    skops.io.dump(model, root / "registry" / NAME / "1" / "model.skops")
    train.write_parquet(root / "data" / "train.parquet")

    def served(table: pl.DataFrame) -> pl.DataFrame:
        score = model.predict_proba(table[names])[:, 1]
        return table.with_columns(score=score, prediction=(score > 0.5).astype(int))

    served(cases(20_000, random, is_turned=False)).write_parquet(root / "data/reference.parquet")
    for day in range(HISTORY + WINDOW):
        is_old = day < HISTORY
        many = min(rows, _MOST_HISTORY) // HISTORY if is_old else rows // WINDOW
        table = served(cases(many, random, is_turned=day >= HISTORY + WINDOW - SINCE))
        start = START + timedelta(days=day)
        moments = np.sort(random.integers(0, 86_400_000, many))
        table.with_columns(
            prediction_id=pl.Series([f"{day}-{i}" for i in range(many)]),
            timestamp=pl.lit(start) + pl.lit(pl.Series(moments).cast(pl.Duration("ms"))),
            model_version=pl.lit("1"),
        ).write_parquet(root / "exports" / f"{date(2026, 1, 1) + timedelta(days=day)}.parquet")
    with workbench.open(root) as ws:
        result = ws.ingest(root / "exports", model=NAME)
    if result.failed:
        raise RuntimeError(f"the logs could not be ingested: {result.failed}")


def measure(root: Path) -> dict[str, Any]:
    """One verdict in this process: seconds, processor seconds, to the first evidence, and megabytes."""
    began = time.perf_counter()
    told: list[float] = []
    import workbench
    from workbench.workspace.triaging import triage

    with workbench.open(root) as ws:
        verdict = triage(
            ws, NAME, told=lambda *_: told.append(time.perf_counter() - began),
            tick=time.process_time, record=False,
        )  # fmt: skip
    wall = time.perf_counter() - began
    spent, peak = time.process_time(), _peak(resource.RUSAGE_SELF)
    other = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "verdict": verdict.verdict, "wall": wall, "first": told[0],
        "cpu": spent + other.ru_utime + other.ru_stime,
        "megabytes": peak, "helper": _peak(resource.RUSAGE_CHILDREN),
        "steps": {s.step: round(s.seconds, 2) for s in verdict.steps if s.seconds >= 0.05},
    }  # fmt: skip


def _peak(whose: int) -> float:
    found = resource.getrusage(whose).ru_maxrss
    return found / 1024 if sys.platform != "darwin" else found / 1024**2


def main() -> None:
    """Makes the workspaces, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the workspaces are, and stay")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return
    with tempfile.TemporaryDirectory() as own:
        folder = options.folder or Path(own)
        for rows in options.rows:
            root = folder / f"rows_{rows}"
            if not root.exists():
                make(root, rows)
            command = [sys.executable, __file__, "--measure", str(root)]
            found = [
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                for _ in range(options.repeat)
            ]  # fmt: skip
            middle = {
                key: statistics.median(one[key] for one in found)
                for key in ("wall", "cpu", "first", "megabytes", "helper")
            }
            print(
                f"{rows:>9,} rows: {middle['wall']:.1f} s, {middle['cpu']:.1f} s of processor time, "
                f"first evidence after {middle['first']:.1f} s, {middle['megabytes']:.0f} MB"
                f" (and {middle['helper']:.0f} MB beside it): {found[0]['verdict']}"
            )
            print(f"          {found[0]['steps']}", flush=True)


if __name__ == "__main__":
    main()
