"""How often do the domain classifier and the slice search find something where nothing changed?

    python benchmarks/null_rates.py [--draws 400] [--rows 300]

Two samples of one law a draw: one column; two with a heavy-tailed category; eight that hang
together, some with missing values. Printed is how often the p-values are below 0.05 and 0.2,
and how often any slice is listed (its level is 0.01).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import polars as pl

from workbench.domain.shape import FeatureColumn
from workbench.drift.multivariate import multivariate_drift
from workbench.performance.slices import find_slices

SLICE_ROWS = 2_000


def sample(kind: str, seed: int, rows: int) -> pl.DataFrame:
    """Rows of one of the three kinds."""
    random = np.random.default_rng(seed)
    tail = [f"v{i}" for i in random.zipf(1.3, rows).clip(max=10**6)]
    if kind == "one column":
        return pl.DataFrame({"a": random.normal(size=rows)})
    if kind == "heavy tail":
        return pl.DataFrame({"a": tail, "b": random.lognormal(size=rows)})
    x = random.normal(size=(rows, 6))
    x[:, 1] += x[:, 0]
    columns: dict[str, Any] = {
        f"n{i}": np.where(random.random(rows) < 0.1, np.nan, x[:, i]) for i in range(6)
    }
    columns |= {"c": random.choice(["a", "b", "c"], rows), "t": tail}
    return pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))


def shape(frame: pl.DataFrame) -> list[FeatureColumn]:
    """The columns as the store would describe them."""
    return [
        FeatureColumn(name, "numeric", "number")
        if frame[name].dtype == pl.Float64
        else FeatureColumn(name, "categorical", "text")
        for name in frame.columns
    ]


def labelled(seed: int) -> pl.DataFrame:
    """Rows of the third kind, one in ten of them bad."""
    frame = sample("eight columns", seed, SLICE_ROWS)
    bad = np.random.default_rng(seed).random(SLICE_ROWS) < 0.1
    ids = pl.Series([f"{seed}-{i}" for i in range(SLICE_ROWS)])
    return frame.with_columns(wb_id=ids, wb_bad=pl.Series(bad.astype(float)))


def main() -> None:
    """Reads the arguments and prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--rows", type=int, default=300)
    chosen = parser.parse_args()
    for kind in ("one column", "heavy tail", "eight columns"):
        domain, pca = [], []
        for seed in range(chosen.draws):
            before, after = (sample(kind, 2 * seed + i, chosen.rows) for i in (0, 1))
            found = multivariate_drift(before, after, shape(before), seed=seed)
            domain.append(found.p_value)
            pca.append(found.pca.p_value if found.pca else None)
        for name, found_p in (("domain classifier", domain), ("reconstruction", pca)):
            p = np.array([value for value in found_p if value is not None])
            if p.size == chosen.draws:
                print(
                    f"{kind:<14} {name:<18} p < 0.05 in {(p < 0.05).mean():.3f}, p < 0.2 in "
                    f"{(p < 0.2).mean():.3f} of {p.size} draws",
                    flush=True,
                )
    names = sample("eight columns", 0, 1).columns
    listed = [
        len(find_slices(labelled(2 * seed), labelled(2 * seed + 1), names).slices)
        for seed in range(chosen.draws)
    ]
    print(f"slices listed in {np.mean([n > 0 for n in listed]):.3f} of {chosen.draws} draws")


if __name__ == "__main__":
    main()
