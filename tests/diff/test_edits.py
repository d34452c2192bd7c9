"""For any table and any edits of it, exactly these edits are reported, in both directions."""

from __future__ import annotations

import math
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diff.tables import frames_difference

TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "whole": pl.Int64,
    "small": pl.Int16,
    "real": pl.Float64,
    "text": pl.String,
    "truth": pl.Boolean,
    "day": pl.Date,
    "moment": pl.Datetime("us"),
    "zoned": pl.Datetime("us", "UTC"),
    "money": pl.Decimal(12, 2),
    "listed": pl.List(pl.Float64),
    "packed": pl.Struct({"x": pl.Int64, "y": pl.String}),
}
NESTED = ("listed", "packed")
START = datetime(2024, 1, 1)


def value(rng: random.Random, kind: str) -> Any:
    """A value of a kind; often null, and among the numbers the awkward ones."""
    if rng.random() < 0.2:
        return None
    n = rng.randrange(6)
    makers: dict[str, Callable[[], Any]] = {
        "whole": lambda: n * 10 ** rng.randrange(3),
        "small": lambda: n,
        "real": lambda: rng.choice([0.0, -0.0, math.nan, n + 0.5, float(n), 1e300]),
        "text": lambda: rng.choice(["a", "B", "ü", "[/b]", "x,y", '"q"', "7"]) + str(n),
        "truth": lambda: n % 2 == 0,
        "day": lambda: date(2024, 1, 1) + timedelta(days=n),
        "moment": lambda: START + timedelta(hours=n, microseconds=n),
        "zoned": lambda: START.replace(tzinfo=UTC) + timedelta(hours=n),
        "money": lambda: Decimal(n * 125) / 100,
        "listed": lambda: [float(i) for i in range(n % 3)] + ([None] if n == 5 else []),
        "packed": lambda: {"x": n, "y": f"v{n}"},
    }
    return makers[kind]()


def comparable(given_value: Any) -> Any:
    """What stands for a value where null equals null, NaN equals NaN and -0.0 equals 0.0."""
    if isinstance(given_value, float):
        return "nan" if math.isnan(given_value) else given_value + 0.0
    if isinstance(given_value, list):
        return ("list", *map(comparable, given_value))
    if isinstance(given_value, dict):
        return ("dict", *((k, comparable(v)) for k, v in sorted(given_value.items())))
    return given_value


@dataclass
class Edited:
    """A table before and after, with what was done to it."""

    a: list[dict[str, Any]]
    b: list[dict[str, Any]]
    types_a: dict[str, Any]
    types_b: dict[str, Any]
    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    cells: Counter[str] = field(default_factory=Counter)
    retyped: set[str] = field(default_factory=set)
    renamed: tuple[str, str] | None = None

    def frames(self, rng: random.Random) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Both tables, their rows in any order."""
        rows = [list(self.a), list(self.b)]
        for one in rows:
            rng.shuffle(one)
        return (
            pl.DataFrame(rows[0], schema=self.types_a, orient="row"),
            pl.DataFrame(rows[1], schema=self.types_b, orient="row"),
        )


def edited(rng: random.Random, kinds: list[str], *, flat: bool) -> Edited:
    """A random table, and some edits of it."""
    kinds = [kind for kind in kinds if not flat or kind not in NESTED]
    types = {"id": pl.Int64, **{kind: TYPES[kind] for kind in kinds}}
    ids = rng.sample(range(1000), rng.randrange(3, 25))
    a = [{"id": i, **{kind: value(rng, kind) for kind in kinds}} for i in ids]
    found = Edited(a, [dict(row) for row in a], dict(types), dict(types))
    for row in list(found.b):
        if kinds and rng.random() < 0.25:
            for kind in rng.sample(kinds, rng.randrange(1, len(kinds) + 1)):
                was = row[kind]
                row[kind] = value(rng, kind)
                if comparable(was) != comparable(row[kind]):
                    found.cells[kind] += 1
        elif rng.random() < 0.15:
            found.b.remove(row)
            found.removed.add(row["id"])
    for _ in range(rng.randrange(4)):
        new = rng.randrange(1000, 2000)
        if new not in found.added:
            found.added.add(new)
            found.b.append({"id": new, **{kind: value(rng, kind) for kind in kinds}})
    return found


def repeat_keys(rng: random.Random, found: Edited) -> None:
    """Repeats rows of some keys: those keys' rows are multisets from then on."""
    for row in rng.sample(found.a, min(2, len(found.a))):
        found.a.append(dict(row))
    if found.b and rng.random() < 0.5:
        found.b.append(dict(rng.choice(found.b)))


def retype(rng: random.Random, found: Edited) -> None:
    """Holds the values of B's columns in wider types, or in such as hold the same values."""
    wider = {
        "whole": pl.Float64,
        "small": pl.Int64,
        "money": pl.Decimal(20, 4),
        "day": pl.Datetime("us"),
        "moment": pl.Datetime("ns"),
    }
    for kind, type_ in wider.items():
        if kind in found.types_b and rng.random() < 0.5:
            found.types_b[kind] = type_
            found.retyped.add(kind)
            for row in found.b:
                if row[kind] is not None and kind == "whole":
                    row[kind] = float(row[kind])
                if row[kind] is not None and kind == "day":
                    row[kind] = datetime.combine(row[kind], datetime.min.time())


def rename(rng: random.Random, found: Edited) -> None:
    """Gives a column of B another name: its cells are compared no more."""
    kind = rng.choice([name for name in found.types_b if name != "id"])
    found.types_b = {n if n != kind else "other name": t for n, t in found.types_b.items()}
    for row in found.b:
        row["other name"] = row.pop(kind)
    found.renamed = (kind, "other name")
    found.cells.pop(kind, None)
    found.retyped.discard(kind)


def changed_ids(found: Edited) -> set[int]:
    """The ids of the rows of both with another value in a column of both, none repeated."""
    names = [name for name in found.types_a if name in found.types_b]
    before = {row["id"]: [_plain(row[name]) for name in names] for row in found.a}
    after = {row["id"]: [_plain(row[name]) for name in names] for row in found.b}
    return {i for i, values in before.items() if i in after and after[i] != values}


def expected_multisets(found: Edited) -> tuple[int, int, int, int, set[int]]:
    """Added, removed, changed, unchanged and repeated keys, by brute force."""
    columns = [name for name in found.types_a if name in found.types_b]

    def whole(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(_plain(row[name]) for name in columns)

    counts = [Counter(row["id"] for row in rows) for rows in (found.a, found.b)]
    many = {i for one in counts for i, n in one.items() if n > 1}
    ones = [{r["id"]: whole(r) for r in rows if r["id"] not in many} for rows in (found.a, found.b)]
    sets = [Counter(whole(r) for r in rows if r["id"] in many) for rows in (found.a, found.b)]
    both = set(ones[0]) & set(ones[1])
    changed = sum(ones[0][i] != ones[1][i] for i in both)
    added = len(set(ones[1]) - set(ones[0])) + (sets[1] - sets[0]).total()
    removed = len(set(ones[0]) - set(ones[1])) + (sets[0] - sets[1]).total()
    unchanged = len(both) - changed + (sets[0] & sets[1]).total()
    return added, removed, changed, unchanged, many


def _plain(given_value: Any) -> Any:
    if isinstance(given_value, date) and not isinstance(given_value, datetime):
        return datetime.combine(given_value, datetime.min.time())
    return comparable(given_value)


@given(
    seed=st.integers(0, 2**32),
    kinds=st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=6, unique=True),
    formats=st.tuples(
        st.sampled_from([".parquet", ".csv", ".jsonl", ".arrow"]),
        st.sampled_from([".parquet", ".csv", ".jsonl", ".arrow"]),
    ),
    repeats=st.booleans(),
    retypes=st.booleans(),
    renames=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_exactly_the_edits_are_reported(
    seed: int,
    kinds: list[str],
    formats: tuple[str, str],
    repeats: bool,
    retypes: bool,
    renames: bool,
) -> None:
    rng = random.Random(seed)
    is_text = any(one in (".csv", ".jsonl") for one in formats)
    found = edited(rng, kinds, flat=is_text)
    if repeats:
        repeat_keys(rng, found)
    if retypes and not is_text:
        retype(rng, found)
    if is_text:
        for row in (*found.a, *found.b):  # a file without types holds no empty list or -0.0 apart
            if (
                isinstance(row.get("real"), float)
                and math.isnan(row["real"])
                and ".jsonl" in formats
            ):
                row["real"] = None
    if renames and len(found.types_b) > 1:
        rename(rng, found)
    added, removed, changed, unchanged, many = expected_multisets(found)
    frames = found.frames(rng)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = frames_difference(folder, frames[0], frames[1], formats, key=("id",), limit=1000)
        back = frames_difference(
            folder, frames[1], frames[0], (formats[1], formats[0]), key=("id",)
        )

    assert there.rows.added == back.rows.removed == added
    assert there.rows.removed == back.rows.added == removed
    assert there.rows.changed == back.rows.changed == changed
    assert there.rows.unchanged == back.rows.unchanged == unchanged
    assert there.rows.duplicate_keys == back.rows.duplicate_keys == len(many)
    assert there.differing.height == there.total_differing
    cells = {column.name: column.changed for column in there.columns}
    assert cells == {column.name: column.changed for column in back.columns}
    renamed = found.renamed or ()
    assert there.schema.removed == back.schema.added == renamed[:1]
    assert there.schema.added == back.schema.removed == renamed[1:]
    if not is_text:
        assert {one.column for one in there.schema.retyped} == found.retyped
    if not repeats and not (is_text and ".jsonl" in formats):
        assert {n: c for n, c in cells.items() if c} == dict(found.cells)
        whole = there.differing
        changes = whole.filter(pl.col("change") == "changed")["id"].to_list()
        assert set(changes) == changed_ids(found)
        assert set(whole.filter(pl.col("change") == "removed")["id"]) == found.removed
        assert set(whole.filter(pl.col("change") == "added")["id"]) == found.added


@given(
    seed=st.integers(0, 2**32),
    kinds=st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5, unique=True),
)
@settings(max_examples=15, deadline=None)
def test_without_a_key_whole_rows_are_multisets(seed: int, kinds: list[str]) -> None:
    rng = random.Random(seed)
    found = edited(rng, kinds, flat=False)
    repeat_keys(rng, found)
    rows = [
        [tuple(comparable(row[k]) for k in kinds) for row in side] for side in (found.a, found.b)
    ]
    counts = [Counter(side) for side in rows]
    frames = [frame.drop("id") for frame in found.frames(rng)]

    with tempfile.TemporaryDirectory() as name:
        there = frames_difference(Path(name), frames[0], frames[1])

    if there.key.columns:
        return  # by chance a column of so few rows identifies them
    assert there.rows.added == (counts[1] - counts[0]).total()
    assert there.rows.removed == (counts[0] - counts[1]).total()
    assert there.rows.unchanged == (counts[0] & counts[1]).total()
    assert there.rows.changed == 0
