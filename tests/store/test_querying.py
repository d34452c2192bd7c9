"""`sql` sees what was ingested, with the label that stands, locks nobody out and opens nothing else."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

import workbench
from tests.cli.command import make_workspace, write_card
from tests.logs import binary_log
from workbench.errors import QueryError, StoreError
from workbench.store import querying
from workbench.store.connections import StoreHome, writing
from workbench.store.query_guard import CheckedQuery
from workbench.store.viewing import make_views
from workbench.store.withholding import HIDDEN_TABLES, OPEN_TABLES, VEILED_TABLES
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 rows as text and 500 as a copied Parquet file with more columns, some relabelled."""
    tmp_path = tmp_path_factory.mktemp("site")
    ws = workbench.open(make_workspace(tmp_path))
    more = binary_log(500, seed=1, first_id=500, start=datetime(2024, 2, 2, tzinfo=UTC))
    more = more.with_columns(
        seen=pl.lit(7), Extra=pl.lit("kept"), model_version=pl.lit("2"), label=None
    )
    more.write_parquet(tmp_path / "more.parquet")
    ws.ingest(tmp_path / "more.parquet", model="m")
    pl.DataFrame(
        {
            "prediction_id": ["p1", "p1", "p600", "nobody"], "label": [1, 0, 1, 1],
            "label_timestamp": ["2024-03-02", "2024-03-01", None, "2024-03-01"],
        }
    ).write_csv(tmp_path / "labels.csv")  # fmt: skip
    ws.ingest(tmp_path / "labels.csv", model="m")
    return tmp_path


@pytest.fixture
def ws(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "copy", copy_function=shutil.copy2)
    return workbench.open(tmp_path / "copy")


def test_a_model_is_a_view_of_its_rows_in_the_columns_of_its_card(ws: Workspace) -> None:
    log = pl.concat(
        [
            binary_log(500),
            binary_log(500, seed=1, first_id=500, start=datetime(2024, 2, 2, tzinfo=UTC)),
        ]
    )
    found = ws.sql("SELECT * FROM m ORDER BY timestamp, prediction_id")
    assert found["prediction_id"].to_list() == log["prediction_id"].to_list()
    assert found["timestamp"].to_list() == log["timestamp"].to_list()
    assert found["prediction"].to_list() == log["prediction"].cast(pl.String).to_list()
    assert found["x"].to_list() == pytest.approx(log["x"].to_list())
    assert found["score"].to_list() == pytest.approx(log["score"].to_list())
    assert found["c"].to_list() == log["c"].to_list()
    assert found["model_version"].to_list() == ["1"] * 500 + ["2"] * 500
    assert found["role"].unique().to_list() == ["live"]
    assert found["seen"].to_list() == [None] * 500 + [7] * 500
    assert found["Extra"].to_list() == [None] * 500 + ["kept"] * 500
    assert found["wb_commit"].to_list() == [1] * 500 + [2] * 500
    labels = log["label"].cast(pl.String).to_list()[:500] + [None] * 500
    labels[1] = labels[600] = "1"
    assert found["label"].to_list() == labels
    assert found.filter(pl.col("label_timestamp").is_not_null())["prediction_id"].to_list() == [
        "p1"
    ]


def test_label_records_are_a_view_of_their_own_the_superseded_ones_too(ws: Workspace) -> None:
    rows = ws.sql("SELECT prediction_id, label FROM m_labels ORDER BY ALL").rows()
    assert rows == [("nobody", "1"), ("p1", "0"), ("p1", "1"), ("p600", "1")]


def test_as_of_hides_later_rows_and_labels(ws: Workspace) -> None:
    then = ws.as_of(datetime(2024, 2, 2, tzinfo=UTC))
    assert then.sql("SELECT count(*) AS n FROM m")["n"].to_list() == [501]
    march = ws.as_of(datetime(2024, 3, 1, tzinfo=UTC))
    assert march.sql("SELECT label FROM m WHERE prediction_id = 'p1'").rows() == [("0",)]


def test_set_aside_rows_are_a_view_with_their_model(ws: Workspace) -> None:
    bad = binary_log(3, first_id=5000).with_columns(
        timestamp=pl.Series(["never", "2024-02-01", "2024-02-01"])
    )
    bad.write_csv(ws.root / "bad.csv")
    ws.ingest(ws.root / "bad.csv", model="m")
    rows = ws.sql("SELECT model, position, reason, row_text FROM quarantine").rows()
    assert [row[:3] for row in rows] == [("m", 1, "unreadable_timestamp")]
    assert "p5000" in rows[0][3]


def test_the_catalog_can_be_joined_with_the_rows(ws: Workspace) -> None:
    rows = ws.sql(
        "SELECT parse_filename(path), f.rows_stored, count(*) AS n FROM m JOIN catalog.files f "
        "ON f.sha256[:16] = wb_file GROUP BY ALL ORDER BY ALL"
    ).rows()
    assert rows == [("log.csv", 500, 500), ("more.parquet", 500, 500)]


def test_every_table_of_the_catalog_is_shown_or_was_thought_about(ws: Workspace) -> None:
    with duckdb.connect(str(ws.store.catalog), read_only=True) as connection:
        tables = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    assert tables <= OPEN_TABLES | HIDDEN_TABLES | set(VEILED_TABLES)
    shown = tables - HIDDEN_TABLES
    listed = ws.sql("SHOW TABLES")
    assert {row[1] for row in listed.rows() if row[0] == "catalog"} == shown
    for table in shown:
        ws.sql(f"SELECT count(*) FROM catalog.{table}")


def test_models_whose_names_clash_have_views_of_their_own(ws: Workspace) -> None:
    for name in ("M", "m_labels", "quarantine", "odd \"na'me", "catalog"):
        write_card(ws.root, "", name.replace('"', '\\"'))
    (ws.root / "models" / "odd \\\"na'me.toml").rename(ws.root / "models" / "odd %22na'me.toml")
    views = {(row[2], row[1]) for row in ws.sql("SHOW TABLES").rows() if row[0] == "main"}
    assert len({view.lower() for _, view in views}) == len(views)
    owned = dict(views)
    assert owned["predictions of M"] == "M"
    assert owned["predictions of m"] == "m_"
    assert owned["predictions of m_labels"] == "m_labels"
    assert ws.sql("SELECT count(*) FROM m_").rows() == [(1000,)]
    assert ws.sql('SELECT count(*) FROM "odd ""na\'me"').rows() == [(0,)]
    labels = owned["label records of m"]
    assert ws.sql(f'SELECT count(*) FROM "{labels}"').rows() == [(4,)]
    assert ws.sql("SELECT count(*) FROM catalog.commits").rows() == [(3,)]


def test_types_that_no_frame_holds_come_as_text(ws: Workspace) -> None:
    frame = ws.sql(
        "SELECT 1 AS a, 2 AS a, interval 3 days AS i, sum(1) AS s, now() AS n, NULL AS z, "
        "1::UHUGEINT AS u, '1'::VARIANT AS v, {'t': timestamptz '2024-01-01'} AS nested"
    )
    assert frame.columns == ["a", "a_", "i", "s", "n", "z", "u", "v", "nested"]
    row = frame.row(0)
    assert row[:4] == (1, 2, "3 days", 1)
    assert row[6] == "1"
    assert abs((row[4] - datetime.now(UTC).replace(tzinfo=None)).total_seconds()) < 3600


def test_an_answer_without_rows_has_its_columns(ws: Workspace) -> None:
    assert ws.sql("SELECT x, c FROM m WHERE false").schema == {"x": pl.Float64, "c": pl.String}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nope FROM m", "nope"),
        ("SELECT * FROM nobody", "nobody"),
        ("SELECT error('mine')", "mine"),
        ("SELECT 'x'::INT", "x"),
        ("SELECT ?", "parameters"),
    ],
)
def test_what_duckdb_refuses_is_one_line_and_a_hint(ws: Workspace, query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        ws.sql(query)
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_query_too_large_for_the_memory_is_said(ws: Workspace) -> None:
    (ws.root / "workbench.toml").write_text('[store]\nmemory_limit = "20MB"\n')
    with pytest.raises(QueryError, match="memory"):
        workbench.open(ws.root).sql("SELECT list(i) AS l FROM range(20000000) t(i)")


def test_python_variables_and_files_stay_out_of_reach(ws: Workspace) -> None:
    frame = pl.DataFrame({"a": [1]})
    assert frame.height == 1
    for source in ("frame", "'" + str(ws.root / "log.csv") + "'", f"read_csv('{ws.root}/log.csv')"):
        with pytest.raises(QueryError):
            ws.sql(f"SELECT * FROM {source}")


def test_the_connection_opens_nothing_even_when_the_guard_fails(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querying, "check_query", lambda _, text, known: CheckedQuery(text, known))
    for query in (
        f"SELECT * FROM '{ws.root}/log.csv'", f"SELECT * FROM read_text('{ws.root}/workbench.toml')",
        f"SELECT * FROM glob('{ws.root}/*')", f"SELECT * FROM '{ws.root}/data/reference.parquet'",
    ):  # fmt: skip
        with pytest.raises(QueryError):
            ws.sql(query)


def test_an_ingest_commits_while_a_query_is_being_answered(ws: Workspace) -> None:
    (ws.root / "workbench.toml").write_text("[store]\nlock_timeout = 0.5\n")
    quick = workbench.open(ws.root)
    with quick.sql_answer("SELECT a.x FROM m a, m b") as answer:
        seen = next(answer.batches).height
        binary_log(10, first_id=9000).write_csv(ws.root / "new.csv")
        assert quick.ingest(ws.root / "new.csv", model="m").counts.rows_stored == 10
        seen += sum(batch.height for batch in answer.batches)
    assert seen == 1000 * 1000
    assert quick.sql("SELECT count(*) FROM m").rows() == [(1010,)]


def test_a_query_waits_for_no_writer_but_for_its_copy_of_the_catalog(ws: Workspace) -> None:
    entered = threading.Event()
    done: list[int] = []

    def ask() -> None:
        with ws.sql_answer("SELECT count(*) FROM m") as answer:
            entered.set()
            done.append(next(answer.batches).row(0)[0])

    with writing(ws.store, "holding on"):
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.2)
        assert not entered.is_set()
    thread.join(20)
    assert done == [1000]


def test_a_segment_taken_away_meanwhile_is_looked_up_again_once(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As compaction does: other files, the same rows, and the old file is gone."""
    real = make_views
    calls = []

    def moving(*arguments: object) -> list[Path]:
        calls.append(1)
        if len(calls) == 1:
            _exchange(ws.store)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(querying, "make_views", moving)
    assert ws.sql("SELECT count(*) FROM m").rows() == [(1000,)]
    assert len(calls) == 2


def test_a_segment_that_is_gone_for_good_is_said(ws: Workspace) -> None:
    next(ws.store.segments.rglob("*.copied.parquet")).unlink()
    with pytest.raises(StoreError, match="damaged") as caught:
        ws.sql("SELECT count(*) FROM m")
    assert "doctor" in caught.value.hint
    assert ws.sql("SELECT count(*) FROM catalog.segments").height == 1


def test_nothing_is_left_behind(ws: Workspace) -> None:
    ws.sql("SELECT * FROM m")
    with pytest.raises(QueryError):
        ws.sql("SELECT nope FROM m")
    assert not list(ws.store.staging.iterdir())


def test_a_store_without_rows_can_be_asked(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "new")
    assert ws.sql("SELECT count(*) AS n FROM catalog.files")["n"].to_list() == [0]
    assert ws.sql("SELECT * FROM quarantine").height == 0


def _exchange(home: StoreHome) -> None:
    with writing(home, "exchanging") as catalog:
        for (path,) in catalog.execute("SELECT path FROM segments").fetchall():
            old = home.segments / path
            new = old.with_name("moved-" + old.name)
            old.rename(new)
            catalog.execute(
                "UPDATE segments SET path = ? WHERE path = ?",
                [new.relative_to(home.segments).as_posix(), path],
            )
