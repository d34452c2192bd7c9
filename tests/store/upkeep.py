"""A workspace for tests of housekeeping, and what its answers must be, counted from the exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.clock import FixedClock
from workbench.store import steps
from workbench.store.connections import reading
from workbench.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CARD = '[model]\nname = "m"\ntask = "{task}"\n[reference]\ndata = "data/reference.parquet"\n'


def make_workspace(folder: Path, card: str = "", task: str = "binary") -> Workspace:
    """A workspace with a model named m, whose clock stands in June 2024."""
    made = Workspace.create(folder / "ws")
    reference = binary_log(2000, seed=99, first_id=10**6, hours=480)
    if task == "regression":
        reference = as_regression(reference)
    reference.write_parquet(made.root / "data" / "reference.parquet")
    (made.root / "models" / "m.toml").write_text(CARD.format(task=task) + card)
    return replace(made, clock=FixedClock(NOW))


def as_regression(log: pl.DataFrame) -> pl.DataFrame:
    """The same log with numbers for prediction and label."""
    return log.with_columns(
        prediction=pl.col("x") * 2, label=pl.col("x") * 2 + pl.col("label") * pl.col("score")
    ).drop("score")


def later(ws: Workspace, **length: float) -> Workspace:
    """The same workspace when that much time has passed."""
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(**length)))


def ingest(ws: Workspace, name: str, frame: pl.DataFrame) -> Any:
    """Ingests a frame as a file of that name."""
    path = ws.root.parent / name
    if name.endswith(".csv"):
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    result = ws.ingest(path, model="m")
    assert not result.failed, result.failed
    return result


Day = tuple[int, int, int]
"""Rows, labelled rows, bad rows."""


def days_of(log: pl.DataFrame) -> dict[date, Day]:
    """Per day of a log with labels, by Polars alone."""
    wrong = (pl.col("prediction").cast(pl.Int64) != pl.col("label").cast(pl.Int64)).sum()
    found = log.group_by(pl.col("timestamp").dt.date().alias("day")).agg(
        pl.len().alias("n"), pl.col("label").count().alias("k"), wrong.alias("b")
    )
    return {day: (n, k, int(b)) for day, n, k, b in found.iter_rows()}


def answered(ws: Workspace, period: str = "all", by: str = "1d") -> dict[date, Day]:
    """Per day as the workspace says; `by` of an hour is counted from the rows."""
    found: dict[date, Day] = {}
    for bucket in ws.performance_report("m", period, by, version="all").buckets:
        n, k, b = found.get(bucket.start.date(), (0, 0, 0))
        found[bucket.start.date()] = (
            n + bucket.rows, k + bucket.labelled, b + round(bucket.bad),
        )  # fmt: skip
    return found


def profiles(ws: Workspace, period: str = "all") -> dict[str, tuple[Any, ...]]:
    """The current side of every column's profile over a period."""
    report = ws.drift("m", period, version="all")
    found = {}
    for column in report.columns:
        profile = column.current
        assert profile is not None
        found[column.name] = (
            profile.counts, profile.missing, profile.parse_failures, profile.minimum,
            profile.maximum, dict(profile.unseen), pytest.approx(profile.total, rel=1e-9, abs=1e-9),
            pytest.approx(profile.total_squares, rel=1e-9, abs=1e-9),
        )  # fmt: skip
    return found


def query(ws: Workspace, statement: str) -> list[tuple[Any, ...]]:
    """Rows of the catalog."""
    with reading(ws.store) as catalog:
        return list(catalog.execute(statement).fetchall())


def live_segments(ws: Workspace, kind: str = "predictions") -> list[str]:
    """The paths of the segments that stand."""
    rows = query(
        ws,
        f"SELECT path FROM segments WHERE kind = '{kind}' AND removed_version IS NULL ORDER BY path",
    )
    return [row[0] for row in rows]


def version(ws: Workspace) -> int:
    """The newest version of the catalog."""
    return int(query(ws, "SELECT max(version) FROM commits")[0][0])


def at_step(
    monkeypatch: pytest.MonkeyPatch, step: str, action: Callable[[], object], times: int = 1
) -> list[str]:
    """Does something when the process reaches a step, that many times; says when it did."""
    done: list[str] = []

    def reached(name: str) -> None:
        if name == step and len(done) < times:
            done.append(name)
            action()

    monkeypatch.setattr(steps, "reached", reached)
    return done
