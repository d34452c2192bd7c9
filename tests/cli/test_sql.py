"""The command `sql`: tables that fit, JSON and CSV that programs read, an interrupt at once."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, make_workspace, workbench
from tests.logs import binary_log

COMMAND = [sys.executable, "-c", "from workbench.cli.main import run; run()"]
HOSTILE = "\x1b[31mred\x9b31m\u202e'[/b]\n\r\ttab"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("site"))
    log = binary_log(3, first_id=7000).with_columns(c=pl.lit(HOSTILE), wide=pl.lit("w" * 500))
    log.write_parquet(root / "hostile.parquet")
    done("-C", root, "ingest", root / "hostile.parquet", "--model", "m")
    return root


def test_the_document_has_columns_rows_and_whether_there_are_more(root: Path) -> None:
    query = (
        "SELECT prediction_id AS id, timestamp, x, label::INT AS label, NULL AS nothing, true AS yes, [1, NULL] AS l, "
        "{'a': 1} AS s, map {'k': 1.5} AS m, 'nan'::DOUBLE AS nan, "
        "2.50 AS d, sum(1) OVER () AS n, DATE '2024-01-02' AS day, "
        "INTERVAL 3 HOUR AS i, TIMESTAMPTZ '2024-01-01 00:00:00+02' AS z, TIMESTAMP 'infinity' AS far, 'a'::BLOB AS b "
        "FROM m ORDER BY timestamp, prediction_id LIMIT 2"
    )  # fmt: skip
    document = done("-C", root, "sql", query, "--json").document
    assert set(document) == {"columns", "rows", "truncated"}
    names = [column["name"] for column in document["columns"]]
    types = {column["name"]: column["type"] for column in document["columns"]}
    assert types["x"] == "DOUBLE"
    assert types["timestamp"] == "TIMESTAMP"
    row = dict(zip(names, document["rows"][0], strict=True))
    log = binary_log(500)
    assert row["x"] == log["x"][0]
    assert row["label"] == log["label"][0]
    assert {k: v for k, v in row.items() if k not in ("x", "label")} == {
        "id": "p0", "timestamp": "2024-02-01T00:00:00Z", "nothing": None, "yes": True, "l": [1, None], "s": {"a": 1},
        "m": {"k": 1.5}, "nan": None, "d": 2.5, "n": 503, "day": "2024-01-02", "i": "03:00:00",
        "z": "2023-12-31T22:00:00Z", "far": "infinity", "b": "a",
    }  # fmt: skip
    assert document["truncated"] is False


def test_programs_get_every_row_and_people_the_first(root: Path) -> None:
    many = "SELECT i FROM range(120000) t(i) ORDER BY i"
    document = done("-C", root, "sql", many, "--json").document
    assert [row[0] for row in document["rows"]] == list(range(120000))
    assert len(done("-C", root, "sql", many, "--csv").out.splitlines()) == 120001
    shown = done("-C", root, "sql", many)
    assert len(shown.out.splitlines()) == 201
    assert "there are more" in shown.err


@pytest.mark.parametrize(
    ("limit", "rows", "more"), [(0, 0, True), (2, 2, True), (3, 3, False), (4, 3, False)]
)
def test_a_limit_says_whether_there_are_more(root: Path, limit: int, rows: int, more: bool) -> None:
    query = "VALUES (1), (2), (3)"
    document = done("-C", root, "sql", query, "--limit", str(limit), "--json").document
    assert (len(document["rows"]), document["truncated"]) == (rows, more)
    ended = done("-C", root, "sql", query, "--limit", str(limit), "--csv")
    assert len(ended.out.splitlines()) == rows + 1
    assert ("there are more" in ended.err) is more


def test_csv_reads_back_as_what_was_stored(root: Path) -> None:
    ended = done(
        "-C",
        root,
        "sql",
        "SELECT c, prediction_id, NULL FROM m WHERE wide = repeat('w', 500) ORDER BY 2",
        "--csv",
    )
    rows = list(csv.reader(io.StringIO(ended.out, newline="")))
    assert rows[1:] == [[HOSTILE, f"p{i}", ""] for i in (7000, 7001, 7002)]


def test_a_hostile_cell_or_column_name_never_reaches_the_terminal(root: Path) -> None:
    name = HOSTILE.replace('"', '""')
    query = f'SELECT c, c AS "{name}" FROM m WHERE wide IS NOT NULL'
    for how in ([], ["--json"]):
        out = done("-C", root, "sql", query, *how).out
        assert not set(out) & set("\x1b\x9b\u202e\r\t")
    assert len(done("-C", root, "sql", query).out.splitlines()) == 4
    assert json.loads(done("-C", root, "sql", query, "--json").out)["rows"][0] == [HOSTILE, HOSTILE]


def on_a_terminal(root: Path, columns: int, *arguments: str) -> list[str]:
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=root, stdout=theirs, stderr=subprocess.PIPE,
        env=dict(os.environ) | {"COLUMNS": str(columns), "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(mine, 1 << 16)
        except OSError:
            break
        text += part
        if not part:
            break
    assert process.wait(30) == 0
    os.close(mine)
    return text.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_table_fits_the_terminal(root: Path, columns: int) -> None:
    from rich.cells import cell_len

    lines = on_a_terminal(root, columns, "sql", "SELECT * FROM m WHERE wide IS NOT NULL")
    assert len(lines) == 4
    assert max(cell_len(line) for line in lines) <= columns
    assert lines[0].startswith("predic")


def test_csv_on_a_terminal_is_harmless(root: Path) -> None:
    lines = on_a_terminal(root, 80, "sql", "SELECT c FROM m WHERE wide IS NOT NULL", "--csv")
    assert len(lines) == 4
    assert not set("".join(lines)) & set("\x1b\x9b\u202e\r\t")


def test_a_plan_is_printed_as_it_is_drawn(root: Path) -> None:
    out = done("-C", root, "sql", "EXPLAIN SELECT count(*) FROM m").out
    assert "Aggregate" in out
    assert len(out.splitlines()) > 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM '/etc/passwd'", "there is no view"),
        ("DROP TABLE m", "only reads"),
        ("SELECT nope FROM m", "nope"),
        ("SELECT * FROM n", "SHOW TABLES"),
        ("SELECT '\udcff'", "UTF-8"),
    ],
)
def test_a_refused_query_is_an_error_and_a_hint(root: Path, query: str, said: str) -> None:
    for how in ([], ["--json"], ["--csv"]):
        ended = workbench("-C", root, "sql", query, *how)
        ended.assert_refused(said)
        assert ended.out == ""


def test_json_and_csv_exclude_each_other(root: Path) -> None:
    workbench("-C", root, "sql", "SELECT 1", "--json", "--csv").assert_refused(code=2)
    workbench("-C", root, "sql", "SELECT 1", "--limit", "-1").assert_refused(code=2)


def test_others_write_during_a_long_query_and_an_interrupt_ends_it(
    root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root, tmp_path / "copy")
    copy = tmp_path / "copy"
    endless = "SELECT count(*) FROM m, range(100000000000) t(i) WHERE hash(i) = 7"
    process = subprocess.Popen(
        [*COMMAND, "sql", endless],
        cwd=copy,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    staging = copy / ".workbench" / "staging"
    deadline = time.monotonic() + 60
    while process.poll() is None and not list(staging.glob("spill-*/catalog.duckdb")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    (copy / "workbench.toml").write_text("[store]\nlock_timeout = 1\n")
    binary_log(5, first_id=8000).write_csv(copy / "x.csv")
    ingested = done("-C", copy, "ingest", copy / "x.csv", "--model", "m", "--json").document
    assert ingested["rows_stored"] == 5
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err.strip() == "interrupted"
    assert not list(staging.glob("spill-*"))
