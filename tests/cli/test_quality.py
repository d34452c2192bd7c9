"""The command `quality`: its document, its table, and what it never shows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, make_workspace, workbench, write_card
from tests.logs import START, binary_log
from workbench.domain.fault import KINDS

KEYS = {"column", "kind", "since", "share", "detail", "repair", "status"}
VALUE = "Nowhere-on-Sea"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """500 good rows on the first of February, and 500 bad ones the day after."""
    root = make_workspace(tmp_path / "ws", monkeypatch)
    bad = binary_log(500, seed=4, first_id=1000, start=START + timedelta(days=1))
    bad = bad.with_columns(x=pl.col("x") * 1000, c=pl.lit(VALUE))
    bad.write_csv(root / "bad.csv")
    done("ingest", "bad.csv", "--model", "m")
    return root


def test_the_document_has_the_contracts_keys(site: Path) -> None:
    document = done("quality", "m", "--period", "24h", "--json").document
    assert document["model"] == "m"
    assert document["status"] == "critical"
    assert document["versions"] == ["1"]
    found = {fault["column"]: fault for fault in document["faults"]}
    for fault in document["faults"]:
        assert set(fault) >= KEYS
        assert fault["kind"] in KINDS
        assert 0 <= fault["share"] <= 1
    assert found["x"]["kind"] == "unit_change"
    assert found["x"]["repair"] == "divide by 1000"
    assert found["x"]["since"] == "2024-02-02T00:00:00Z"
    assert found["c"]["kind"] == "new_category"


def test_the_table_names_every_fault(site: Path) -> None:
    ended = done("quality", "m", "--period", "24h")
    assert "unit_change" in ended.out
    assert "divide by 1000" in ended.out
    assert VALUE in ended.out
    assert ended.out.count("of the period's rows; since it began: ") == 2
    assert "2024-02-02 00:00Z" in ended.out


def test_sensitive_columns_are_told_without_values(site: Path) -> None:
    write_card(site, '[privacy]\nsensitive = ["c", "x"]\n')
    for arguments in ((), ("--json",)):
        ended = done("quality", "m", "--period", "24h", *arguments)
        assert "new_category" in ended.out
        assert VALUE not in ended.out + ended.err
        assert "median" not in ended.out
        assert "1000" not in ended.out.replace("1000 of", "")


def test_a_clean_log_has_no_fault(site: Path) -> None:
    ended = done("quality", "m", "--period", "2024-02-01/2024-02-02")
    assert "no faults found" in ended.out
    document = done("quality", "m", "--period", "2024-02-01/2024-02-02", "--json").document
    assert document["faults"] == []
    assert document["status"] == "ok"


def test_what_is_unknown_is_refused(site: Path) -> None:
    workbench("quality", "nobody").assert_refused("nobody")
    workbench("quality", "m", "--period", "soon").assert_refused("soon")
    (site / "data" / "reference.parquet").rename(site / "elsewhere.parquet")
    ended = workbench("quality", "m", "--period", "24h")
    assert "Traceback" not in ended.err
