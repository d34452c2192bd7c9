"""All inputs together, for a stored model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.workspace import Workspace
from workbench.workspace.multivariate import measure_multivariate


def linked(log: pl.DataFrame, seed: int, link: float) -> pl.DataFrame:
    """The log with a number more that hangs together with x, and an id among the features."""
    noise = np.random.default_rng(seed).normal(size=log.height)
    return log.with_columns(
        z=link * pl.col("x") + np.sqrt(1 - link**2) * pl.Series(noise),
        customer="k" + pl.int_range(pl.len()).cast(pl.String),
    )


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path, '[columns]\nentity = "customer"\n')
    path = made.root / "data" / "reference.parquet"
    linked(pl.read_parquet(path), 1, 0.0).write_parquet(path)
    ingest(made, "log.parquet", linked(binary_log(3000, seed=3, hours=72), 2, 0.8))
    return made


def test_what_no_column_shows_is_seen_when_asked_for(ws: Workspace) -> None:
    assert ws.drift("m", "all").multivariate is None
    report = ws.drift("m", "all", multivariate=True)
    assert all(c.status == "ok" for c in report.columns if c.name in ("x", "z"))
    found = report.multivariate
    assert found is not None
    assert found.domain_auc is not None
    assert found.domain_auc > 0.6
    assert set(found.top_columns) == {"x", "z"}
    assert (found.reference_rows, found.current_rows) == (2000, 3000)
    assert 0 < found.seconds < 60
    again = ws.drift("m", "all", multivariate=True).multivariate
    assert again == found


def test_two_periods_of_one_kind_cannot_be_told_apart(ws: Workspace) -> None:
    halves = ("2024-02-01/2024-02-02", "2024-02-02/2024-02-04")
    found = ws.drift("m", halves[1], halves[0], multivariate=True).multivariate
    assert found is not None
    assert found.p_value is not None
    assert found.p_value > 0.01
    assert (found.reference_rows, found.current_rows) == (1000, 2000)


def test_names_of_rows_are_left_out(ws: Workspace) -> None:
    card = ws.root / "models" / "m.toml"
    listed = 'entity = "customer"\nfeatures = ["x", "z", "c", "customer"]'
    card.write_text(card.read_text().replace('entity = "customer"', listed))
    found = measure_multivariate(ws._subject("m"), ws.root, ws.clock.now(), period="all")
    assert dict(found.excluded) == {"customer": "names the row"}


def test_without_the_reference_file_there_is_a_reason(ws: Workspace) -> None:
    one = ws._subject("m")
    (ws.root / "data" / "reference.parquet").rename(ws.root / "data" / "elsewhere.parquet")
    found = measure_multivariate(one, ws.root, ws.clock.now(), period="all")
    assert found.domain_auc is None
    assert found.reason is not None
    assert "reference" in found.reason


def test_all_versions_of_another_period_count(tmp_path: Path) -> None:
    made = make_workspace(tmp_path)
    log = binary_log(2000, seed=3, hours=48).with_columns(
        model_version=pl.when(pl.int_range(pl.len()) < 1000)
        .then(pl.lit("1"))
        .otherwise(pl.lit("2"))
    )
    ingest(made, "log.parquet", log)
    days = ("2024-02-01/2024-02-02", "2024-02-02/2024-02-03")
    found = made.drift("m", days[1], days[0], "all", multivariate=True).multivariate
    assert found is not None
    assert (found.reference_rows, found.current_rows) == (1000, 1000)
    own = made.drift("m", days[1], days[0], "2", multivariate=True)
    assert own.multivariate is not None
    assert own.multivariate.reason == "fewer than 100 rows on a side"
