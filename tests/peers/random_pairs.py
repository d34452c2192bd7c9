"""Random pairs of tables without repeated keys: the same ones whatever reads them.

Plain Python and Polars only, so that an interpreter with another tool makes them too.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import polars as pl

PAIRS = 100
TYPES: dict[str, Any] = {
    "n": pl.Int64, "x": pl.Float64, "t": pl.String, "b": pl.Boolean, "d": pl.Date,
}  # fmt: skip


def _value(rng: random.Random, kind: str) -> Any:
    if rng.random() < 0.15:
        return None
    n = rng.randrange(8)
    if kind == "n":
        return n
    if kind == "x":
        return n / 4
    if kind == "t":
        return "abcdefgh"[n]
    return n % 2 == 0 if kind == "b" else date(2024, 1, 1) + timedelta(days=n)


def random_pair(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Two tables and the columns of their key, which no row of either repeats."""
    rng = random.Random(seed)
    kinds = rng.sample(sorted(TYPES), rng.randrange(1, len(TYPES) + 1))
    keys = ["k"] if rng.random() < 0.6 else ["k", "l"]
    places = rng.sample(range(400), rng.randrange(5, 120))
    a = [
        {"k": i // 3 if len(keys) > 1 else i, "l": f"l{i % 3}"}
        | {kind: _value(rng, kind) for kind in kinds}
        for i in places
    ]
    b = [dict(row) for row in a if rng.random() > 0.1]
    for row in b:
        if rng.random() < 0.3:
            kind = rng.choice(kinds)
            row[kind] = _value(rng, kind)
    new = rng.sample(range(400, 500), rng.randrange(15))
    b += [
        {"k": i // 3 if len(keys) > 1 else i, "l": f"l{i % 3}"}
        | {kind: _value(rng, kind) for kind in kinds}
        for i in new
    ]
    rng.shuffle(b)
    types = {"k": pl.Int64, "l": pl.String} | {kind: TYPES[kind] for kind in kinds}
    return pl.DataFrame(a, schema=types), pl.DataFrame(b, schema=types), keys
