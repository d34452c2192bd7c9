"""What does datacompy's Polars engine say of 100 random pairs of tables?

    PYTHON benchmarks/peers/datacompy_figures.py

PYTHON is an interpreter that has `datacompy==1.1.0`; it wants Polars before 1.45, and so does not
go into the project's own environment. Written is `tests/peers/datacompy_pairs.json`: for each
pair of `tests/peers/random_pairs.py` how many rows only B and only A have, how many of both differ, and
by column how many cells.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

from datacompy.polars import PolarsCompare

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Writes the figures."""
    sys.path.insert(0, str(ROOT))
    pairs = importlib.import_module("tests.peers.random_pairs")
    found: list[dict[str, Any]] = []
    for seed in range(pairs.PAIRS):
        a, b, keys = pairs.random_pair(seed)
        made = PolarsCompare(a, b, join_columns=keys)
        found.append(
            {
                "added": made.df2_unq_rows.height,
                "removed": made.df1_unq_rows.height,
                "changed": made.intersect_rows.height - made.count_matching_rows(),
                "cells": {one["column"]: one["unequal_cnt"] for one in made.column_stats},
            }
        )
    versions = {name: importlib.metadata.version(name) for name in ("datacompy", "polars")}
    target = ROOT / "tests" / "peers" / "datacompy_pairs.json"
    lines = ",\n".join(json.dumps(one) for one in found)
    target.write_text(
        f'{{"versions": {json.dumps(versions)}, "pairs": [\n{lines}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
