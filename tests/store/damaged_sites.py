"""A store with everything in it that ingests leave, and ways to damage it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

import workbench
from tests.logs import binary_log
from workbench.domain.health import OK, Check
from workbench.workspace import Workspace

SECOND_DAY = datetime(2024, 2, 2, tzinfo=UTC)


def regression_log(rows: int, seed: int, first_id: int = 0) -> pl.DataFrame:
    """A regression model's log; the label is the prediction with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    return pl.DataFrame(
        {
            "prediction_id": [f"r{first_id + i}" for i in range(rows)],
            "timestamp": [datetime(2024, 2, 1) + timedelta(minutes=7 * i) for i in range(rows)],
            "x": x, "kind": rng.choice(["a", "b"], rows), "prediction": 1e6 + 3e5 * x,
            "label": 1e6 + 3e5 * x + 1e4 * rng.normal(size=rows),
        }
    )  # fmt: skip


def whole_site(root: Path) -> Workspace:
    """A workspace with two models: copied and written segments, labels that match, wait and
    are revised, unseen categories, unreadable values and rows in quarantine."""
    ws = Workspace.create(root)
    binary_log(1000, seed=99, first_id=10**6).write_parquet(root / "m-reference.parquet")
    regression_log(1000, 99, 10**6).write_parquet(root / "r-reference.parquet")
    ws.add_model("m", root / "m-reference.parquet")
    ws.add_model("r", root / "r-reference.parquet", task="regression")
    _ingest_binary(ws)
    _ingest_regression(ws)
    return ws


def _ingest_binary(ws: Workspace) -> None:
    root = ws.root
    binary_log(400, hours=30).write_parquet(root / "copied.parquet")
    odd = binary_log(400, seed=1, first_id=400, start=SECOND_DAY, hours=60).with_columns(
        x=pl.when(pl.int_range(400) % 50 == 3).then(pl.lit("n. a. N")).otherwise(pl.col("x").cast(pl.String)),
        c=pl.when(pl.int_range(400) % 40 == 5).then(pl.lit("new")).otherwise(pl.col("c")),
        timestamp=pl.when(pl.int_range(400) % 100 == 7).then(pl.lit("never")).otherwise(
            pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S")
        ),
        label=None,
    )  # fmt: skip
    odd.write_csv(root / "odd.csv")
    ids = [f"p{i}" for i in range(350, 900)]
    labels = pl.DataFrame({"prediction_id": ids, "label": [i % 2 for i in range(len(ids))]})
    labels.with_columns(label_timestamp=pl.lit("2024-03-01")).write_csv(root / "labels.csv")
    labels.head(200).with_columns(label=pl.lit(1), label_timestamp=pl.lit("2024-03-05")).write_csv(
        root / "revised.csv"
    )
    for name in ("copied.parquet", "odd.csv", "labels.csv", "revised.csv", "copied.parquet"):
        result = ws.ingest(root / name, model="m")
        assert not result.failed, result.failed


def _ingest_regression(ws: Workspace) -> None:
    log = regression_log(600, 5)
    log.head(400).drop("label").write_csv(ws.root / "r1.csv")
    log.tail(300).drop("label").write_csv(ws.root / "r2.csv")
    log.select("prediction_id", "label").write_csv(ws.root / "r-labels.csv")
    log.select("prediction_id", pl.col("label") * 1.5).head(100).write_csv(
        ws.root / "r-revised.csv"
    )
    for name in ("r1.csv", "r-labels.csv", "r2.csv", "r-revised.csv"):
        result = ws.ingest(ws.root / name, model="r")
        assert not result.failed, result.failed


def copied_site(made: Path, target: Path) -> Workspace:
    """A copy of a workspace, to be damaged."""
    shutil.copytree(made, target, copy_function=shutil.copy2)
    return workbench.open(target)


def findings(ws: Workspace, *, deep: bool = False) -> list[Check]:
    """What is not well of the store and the cards; the machine's own state is not looked at."""
    machine = {"python", "packages", "locking", "file_system", "disk", "memory"}
    return [c for c in ws.doctor(deep=deep) if c.status != OK and c.name not in machine]


def segments(ws: Workspace, model: str = "m", kind: str = "predictions") -> list[Path]:
    """The files of a model's segments."""
    with duckdb.connect(str(ws.store.catalog), read_only=True) as catalog:
        rows = catalog.execute(
            "SELECT path FROM segments WHERE model = ? AND kind = ? AND removed_version IS NULL ORDER BY 1",
            [model, kind],
        ).fetchall()
    return [ws.store.segments / row[0] for row in rows]


def change(ws: Workspace, statement: str) -> None:
    """Changes the catalog behind the program's back."""
    with duckdb.connect(str(ws.store.catalog)) as catalog:
        catalog.execute(statement)


def put(ws: Workspace, path: Path, frame: pl.DataFrame) -> None:
    """Exchanges a segment, its size in the catalog with it."""
    frame.write_parquet(path)
    path.chmod(0o600)
    name = path.relative_to(ws.store.segments).as_posix()
    change(ws, f"UPDATE segments SET bytes = {path.stat().st_size} WHERE path = '{name}'")


def only(found: list[Check], name: str, status: str, *said: str) -> Check:
    """The one finding, which says all of this and how it is mended."""
    assert [check.name for check in found] == [name], found
    assert found[0].status == status
    for text in said:
        assert text in found[0].detail, found[0]
    assert found[0].hint
    return found[0]
