"""How often does the realised bad rate lie in the estimate's interval, when only the inputs move?

Run from the repository: `python benchmarks/estimation.py [BUCKETS]`. Prints, for worlds in which
the meaning of the inputs does not change, the share of buckets whose realised rate lies in the
95 % interval, the mean absolute error, and the mean half width. `plain` is calibrated on the
reference, `weighted` on the reference weighted to the bucket's inputs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from workbench.domain.estimates import RowEstimate
from workbench.domain.rules import OutcomeRules
from workbench.performance.row_estimation import row_estimate, row_model

ROWS = 2_000
REFERENCE = 20_000
START = datetime(2024, 1, 1, tzinfo=UTC)
DATA = Path(
    os.environ.get(
        "WORKBENCH_SHARED_DATA", Path(__file__).resolve().parents[1].parent / "shared" / "data"
    )
)


@dataclass(frozen=True)
class World:
    """A reference and buckets whose labels follow the same law as the reference's."""

    name: str
    features: tuple[str, ...]
    scores: tuple[tuple[str, str], ...]
    rules: OutcomeRules
    reference: pl.DataFrame
    bucket: Callable[[np.random.Generator], pl.DataFrame]


def rules(task: str, rule: str = "mismatch", tolerance: float = 0.0) -> OutcomeRules:
    """The rules of a card."""
    return OutcomeRules(task, rule, tolerance, "1", "0", 0.5, "", 1.0, 1.0, 86_400, (), None, 0)


def as_rows(frame: pl.DataFrame, days: int) -> pl.DataFrame:
    """Rows as the store samples them, spread evenly over some days."""
    step = timedelta(days=days) / max(frame.height, 1)
    return frame.with_columns(
        wb_timestamp=pl.lit(START) + pl.int_range(pl.len()) * step,
        wb_id=pl.int_range(pl.len()).cast(pl.String),
    )


def moved(random: np.random.Generator, rows: int, is_reference: bool) -> Any:
    """Four inputs; a bucket's have other means and spreads."""
    x = random.normal(size=(rows, 4))
    if is_reference:
        return x
    return x * random.uniform(0.6, 1.2, size=4) + random.normal(0, 0.4, size=4)


def binary_world() -> World:
    """The score knows two of the inputs; the label follows four, so that calibration moves with them."""

    def rows(random: np.random.Generator, n: int, is_reference: bool) -> pl.DataFrame:
        x = moved(random, n, is_reference)
        truth = 1.5 * x[:, 0] - x[:, 1] + 1.2 * x[:, 2] * (x[:, 0] > 0) + 0.8 * x[:, 3]
        label = random.random(n) < 1 / (1 + np.exp(-truth))
        score = 1 / (1 + np.exp(-1.3 * x[:, 0] + 0.8 * x[:, 1]))
        said = score >= 0.5
        return as_rows(
            pl.DataFrame({f"x{i}": x[:, i] for i in range(4)}).with_columns(
                wb_score=pl.Series(score),
                wb_prediction=pl.Series(said.astype(int)).cast(pl.String),
                wb_label=pl.Series(label.astype(int)).cast(pl.String),
                wb_bad=pl.Series((said != label).astype(float)),
            ),
            20 if is_reference else 1,
        )

    reference = rows(np.random.default_rng(1), REFERENCE, True)
    return World(
        "binary, inputs that the score does not know", ("x0", "x1", "x2", "x3"),
        (("1", "wb_score"),), rules("binary"), reference, lambda r: rows(r, ROWS, False),
    )  # fmt: skip


def multiclass_world() -> World:
    """Three classes; the scores know two of three terms."""

    def rows(random: np.random.Generator, n: int, is_reference: bool) -> pl.DataFrame:
        x = moved(random, n, is_reference)
        logits = np.column_stack(
            [x[:, 0] + 0.7 * x[:, 2], x[:, 1] - 0.7 * x[:, 2], 0.5 * x[:, 3] - 0.3 * x[:, 0]]
        )
        label = np.argmax(logits + random.gumbel(size=logits.shape), axis=1)
        known = np.column_stack([x[:, 0], x[:, 1], np.zeros(n)])
        score = np.exp(known) / np.exp(known).sum(axis=1, keepdims=True)
        said = np.argmax(score, axis=1)
        names = np.array(["a", "b", "c"])
        return as_rows(
            pl.DataFrame({f"x{i}": x[:, i] for i in range(4)}).with_columns(
                **{f"score_{name}": pl.Series(score[:, i]) for i, name in enumerate(names)},
                wb_prediction=pl.Series(names[said]),
                wb_label=pl.Series(names[label]),
                wb_bad=pl.Series((said != label).astype(float)),
            ),
            20 if is_reference else 1,
        )

    reference = rows(np.random.default_rng(2), REFERENCE, True)
    return World(
        "multiclass", ("x0", "x1", "x2", "x3"), tuple((c, f"score_{c}") for c in "abc"),
        rules("multiclass"), reference, lambda r: rows(r, ROWS, False),
    )  # fmt: skip


def regression_world() -> World:
    """The noise grows with one input, and the model is off where another is large."""

    def rows(random: np.random.Generator, n: int, is_reference: bool) -> pl.DataFrame:
        x = moved(random, n, is_reference)
        said = 2 * x[:, 0] + x[:, 1]
        label = said + 0.8 * np.maximum(x[:, 2], 0) + random.normal(size=n) * np.exp(0.5 * x[:, 3])
        return as_rows(
            pl.DataFrame({f"x{i}": x[:, i] for i in range(4)}).with_columns(
                wb_prediction=pl.Series(said),
                wb_label=pl.Series(label),
                wb_bad=pl.Series((np.abs(said - label) > 2).astype(float)),
            ),
            20 if is_reference else 1,
        )

    reference = rows(np.random.default_rng(3), REFERENCE, True)
    return World(
        "regression", ("x0", "x1", "x2", "x3"), (), rules("regression", "absolute_error", 2.0),
        reference, lambda r: rows(r, ROWS, False),
    )  # fmt: skip


def census_world() -> World | None:
    """Employment in Massachusetts: the later years' people, drawn with another mix of ages."""
    path = DATA / "census_ma_employment" / "census_ma_employment.parquet"
    if not path.exists():
        return None
    table = pl.read_parquet(path)
    features = tuple(c for c in table.columns if c[0].isupper())
    numbers = [c for c in features if table[c].dtype.is_numeric()]
    table = table.with_columns(
        *[pl.col(c).cast(pl.Float64) for c in numbers],
        *[pl.col(c).cast(pl.String) for c in features if c not in numbers],
        wb_score=pl.col("predicted_probability"),
        wb_prediction=pl.col("prediction").cast(pl.Int64).cast(pl.String),
        wb_label=pl.col("employed").cast(pl.Int64).cast(pl.String),
        wb_bad=(pl.col("prediction") != pl.col("employed")).cast(pl.Float64),
    )
    # One year's people in two halves: whatever differs between years is no matter of the mix.
    first = table.filter(pl.col("year") == 2015).sample(fraction=1.0, shuffle=True, seed=4)
    reference = as_rows(first.head(REFERENCE), 20)
    rest = first.slice(REFERENCE)
    age = rest["AGEP"].to_numpy()

    def bucket(random: np.random.Generator) -> pl.DataFrame:
        chance = np.exp(random.uniform(-1.2, 1.2) * (age - age.mean()) / age.std())
        chosen = random.choice(rest.height, ROWS, replace=False, p=chance / chance.sum())
        return as_rows(rest[chosen], 1)

    return World(
        "census, other mixes of ages", features, (("1", "wb_score"),), rules("binary"), reference,
        bucket,
    )  # fmt: skip


def measure(world: World, buckets: int) -> None:
    """Prints how the estimates of one world do."""
    began = time.perf_counter()
    model = row_model(world.reference, world.features, world.scores, world.rules, seed=5)
    if isinstance(model, str):
        raise SystemExit(model)
    figures: dict[str, list[tuple[bool, float, float]]] = {"plain": [], "weighted": []}
    refused = 0
    for number in range(buckets):
        rows = world.bucket(np.random.default_rng(100 + number))
        realised = float(rows["wb_bad"].to_numpy().mean())
        place = RowEstimate(START, START + timedelta(days=1), rows.height, 0)
        found = row_estimate(model, rows, place)
        if found.weighted_bad_rate is None:
            refused += 1
        for name, triple in {
            "plain": (found.bad_rate, found.low, found.high),
            "weighted": (found.weighted_bad_rate, found.weighted_low, found.weighted_high),
        }.items():
            rate, low, high = triple
            if rate is not None and low is not None and high is not None:
                figures[name].append(
                    (low <= realised <= high, abs(rate - realised), (high - low) / 2)
                )
    print(f"{world.name}: {buckets} buckets of {ROWS:,} rows, {refused} not weighted")
    for name, found_all in figures.items():
        inside, error, half = np.mean(np.array(found_all, dtype=float), axis=0)
        print(f"  {name:9} inside {inside:6.1%}  mean error {error:.4f}  half width {half:.4f}")
    print(f"  {time.perf_counter() - began:.0f} s")


def main() -> None:
    """Measures every world."""
    buckets = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    worlds = (binary_world(), census_world(), multiclass_world(), regression_world())
    for world in worlds:
        if world is None:
            print(f"no census data in {DATA}")
        else:
            measure(world, buckets)


if __name__ == "__main__":
    main()
