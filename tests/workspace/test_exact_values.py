"""Raw values of numbers are tested exactly, against scipy, when it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.drift.ks_null import ks_exact
from workbench.workspace import Workspace


def shifted() -> pl.DataFrame:
    return binary_log(700, hours=72).with_columns(x=pl.col("x") + 0.1)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path)
    ingest(made, "log.parquet", shifted())
    return made


def test_the_test_of_raw_values_is_that_of_scipy(ws: Workspace) -> None:
    report = ws.drift("m", "all", exact=True)
    log = shifted()["x"].drop_nulls().to_numpy()
    reference = pl.read_parquet(ws.root / "data" / "reference.parquet")["x"].drop_nulls().to_numpy()

    (x,) = (column for column in report.columns if column.name == "x")
    expected = stats.ks_2samp(reference, log)
    assert x.ks_exact == pytest.approx(expected.statistic, abs=1e-12)
    assert x.ks_exact_p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert x.ks is not None
    assert x.ks_bound is not None
    assert x.ks_exact is not None
    assert x.ks <= x.ks_exact <= x.ks + x.ks_bound + 1e-12


def test_categories_have_no_such_test_and_without_asking_there_is_none(ws: Workspace) -> None:
    asked = {c.name: c.ks_exact for c in ws.drift("m", "all", exact=True).columns}
    assert asked["c"] is None
    assert all(c.ks_exact is None for c in ws.drift("m", "all").columns)


def test_two_periods_are_compared_by_their_own_rows(ws: Workspace) -> None:
    report = ws.drift("m", "2024-02-02/2024-02-04", "2024-02-01/2024-02-02", exact=True)
    log = shifted().with_columns(day=pl.col("timestamp").dt.day() == 1)
    first, rest = (log.filter(pl.col("day") == side)["x"].to_numpy() for side in (True, False))
    (x,) = (column for column in report.columns if column.name == "x")
    assert x.ks_exact == pytest.approx(stats.ks_2samp(first, rest).statistic, abs=1e-12)


@pytest.mark.parametrize("kinds", [6, 100_000])
def test_beyond_what_is_followed_exactly_the_limit_law_is_close(kinds: int) -> None:
    rng = np.random.default_rng(5)
    for shift in (0.0, 0.03, 0.06):
        a = np.floor(rng.random(3000) * kinds)
        b = np.floor(np.minimum(rng.random(3000) + shift * rng.random(3000), 1) * kinds)
        exact, limit = ks_exact(a, b), ks_exact(a, b, most_work=0)
        assert exact is not None
        assert limit is not None
        assert exact.distance == limit.distance
        assert (exact.is_exact, limit.is_exact) == (True, False)
        assert limit.p_value == pytest.approx(exact.p_value, rel=0.12, abs=0.01)
