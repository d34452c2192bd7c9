"""A query may only read known views: whatever else it could do is refused before it is run."""

from __future__ import annotations

import duckdb
import pytest

from workbench.errors import QueryError
from workbench.store.query_guard import CATALOG, MAIN, CheckedQuery, check_query

KNOWN = frozenset({(MAIN, "m"), (MAIN, "odd 'na\"me"), (MAIN, "a.b"), (CATALOG, "files")})


def checked(query: str) -> CheckedQuery:
    with duckdb.connect(":memory:") as connection:
        return check_query(connection, query, KNOWN)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT * FROM m", {(MAIN, "m")}),
        ("select count(*) from M", {(MAIN, "m")}),
        ("FROM m SELECT x", {(MAIN, "m")}),
        ("TABLE m", {(MAIN, "m")}),
        ("VALUES (1)", set()),
        ("DESCRIBE m", {(MAIN, "m")}),
        ("SUMMARIZE m", {(MAIN, "m")}),
        ("EXPLAIN SELECT * FROM m", {(MAIN, "m")}),
        ("-- why\nexplain /* how */ select * from m;", {(MAIN, "m")}),
        ("SELECT * FROM main.m JOIN catalog.files ON true", {(MAIN, "m"), (CATALOG, "files")}),
        ('FROM "odd \'na""me"', {(MAIN, "odd 'na\"me")}),
        ('FROM "a.b"', {(MAIN, "a.b")}),
        ("WITH a AS (SELECT 1), b AS (FROM a) SELECT * FROM b, m", {(MAIN, "m")}),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) FROM r", set()),
        ("SELECT (SELECT max(x) FROM m), unnest([1, 2]) FROM range(3)", {(MAIN, "m")}),
        ("PIVOT m ON c IN ('a', 'b') USING count(*)", {(MAIN, "m")}),
        ("SELECT 'COPY; -- ''ATTACH' AS \"DROP\" ; -- DELETE", set()),
    ],
)  # fmt: skip
def test_what_reads_is_let_through_with_what_it_reads(query: str, named: set[object]) -> None:
    assert checked(query).relations == named


def test_what_ends_a_statement_is_taken_off() -> None:
    assert checked(" -- one\n SELECT ';--' ;; -- ü ;\n").text == "SELECT ';--'"
    assert checked("EXPLAIN SELECT 1;").text == "SELECT 1"
    assert checked("SELECT 'ü' AS \"ü\" ;").text == "SELECT 'ü' AS \"ü\""


def test_show_tables_is_a_listing_and_nothing_else_is_shown() -> None:
    assert checked("SHOW TABLES").is_listing
    assert checked("show all tables").is_listing
    for query in ("SHOW DATABASES", "SHOW SCHEMAS", "SELECT * FROM (SHOW TABLES)"):
        with pytest.raises(QueryError):
            checked(query)


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '/tmp/x'", "COPY m TO 'x.csv'", "ATTACH 'x.db'", "DETACH x", "INSTALL httpfs",
        "LOAD httpfs", "PRAGMA version", "SET memory_limit = '9GB'", "RESET threads", "CALL pragma_version()",
        "CREATE TABLE t AS SELECT 1", "CREATE TEMP VIEW v AS SELECT 1", "DROP VIEW m", "DELETE FROM m",
        "INSERT INTO m VALUES (1)", "UPDATE m SET x = 1", "BEGIN", "CHECKPOINT", "EXPORT DATABASE 'x'",
        "IMPORT DATABASE 'x'", "PREPARE q AS SELECT 1", "EXECUTE q", "USE main", "VACUUM", "EXPLAIN DELETE FROM m",
        "EXPLAIN COPY m TO 'x'", "EXPLAIN ANALYZE SELECT 1", "explain analyse select 1",
        "EXPLAIN (FORMAT json) SELECT 1", "EXPLAIN (ANALYZE) SELECT 1", "COMMENT ON VIEW m IS 'x'",
        "SELECT 1; SELECT 2", "SELECT 1; DROP VIEW m", "WITH x AS (DELETE FROM m RETURNING *) FROM x",
        "WITH x AS (INSERT INTO m VALUES (1) RETURNING *) FROM x", "PIVOT m ON c USING count(*)", "SET VARIABLE a = 1",
    ],
)  # fmt: skip
def test_what_does_not_only_read_is_refused(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        checked(query)
    assert caught.value.hint


@pytest.mark.parametrize(
    "source",
    [
        "'/etc/passwd'", "'x.parquet'", "\"x.csv\"", "\"/tmp/a\".\"parquet\"", "x.parquet", "read_csv('/etc/passwd')",
        "read_parquet('x')", "parquet_scan('x')", "read_text('x')", "read_blob('x')", "read_json('x')", "glob('*')",
        "parquet_metadata('x')", "parquet_schema('x')", "sniff_csv('x')", "query('SELECT 1')", "query_table('m')",
        "json_execute_serialized_sql('x')", "duckdb_settings()", "duckdb_views()", "duckdb_secrets()",
        "information_schema.tables", "pg_catalog.pg_class", "sqlite_master", "memory.main.m", "other.m",
        "checkpoint()", "force_checkpoint()", "histogram_values(m, x)", "read_duckdb('x')", "which_secret('a', 'b')",
        "seq_scan('m')", "pragma_storage_info('m')", "catalog.nothing", "wb_rows_0", "frame", "m_unknown",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM {}", "FROM m JOIN {} ON true", "SELECT (SELECT count(*) FROM {})",
        "SELECT 1 WHERE EXISTS (FROM {})", "WITH a AS (SELECT * FROM {}) FROM a", "DESCRIBE SELECT * FROM {}",
        "SUMMARIZE SELECT * FROM {}", "EXPLAIN SELECT * FROM {}", "SELECT 1 UNION ALL (SELECT 2 FROM {})",
        "SELECT list_transform([1], lambda x: x + (SELECT count(*) FROM {}))",
        "FROM (FROM {}) ORDER BY (FROM {} LIMIT 1)",
        "PIVOT (FROM {}) ON 1 IN (1) USING count(*)",
    ],
)  # fmt: skip
def test_nothing_but_known_views_can_be_read_wherever_it_stands(source: str, query: str) -> None:
    with pytest.raises(QueryError):
        checked(query.replace("{}", source))


def test_a_part_of_a_query_cannot_lend_its_name_to_a_file() -> None:
    for name in ("/srv/x.parquet", "x.parquet", "a/b"):
        with pytest.raises(QueryError):
            checked(f'SELECT * FROM \'{name}\', (WITH "{name}" AS (SELECT 1) FROM "{name}")')


@pytest.mark.parametrize(
    "query",
    ["SELECT getenv('HOME')", "SELECT json_serialize_plan('FROM m')", "SELECT write_log('x')"],
)
def test_functions_that_reach_out_of_the_query_are_refused(query: str) -> None:
    with pytest.raises(QueryError):
        checked(query)


@pytest.mark.parametrize(
    "query", ["", " ;; -- nothing", "SELEC", "SELECT 'a\udcff'", "SELECT '\0'", "(" * 3000]
)
def test_what_is_no_query_is_said(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        checked(query)
    assert caught.value.hint


def test_a_query_nested_deeply_is_no_way_round() -> None:
    deep = "SELECT * FROM " + "(FROM " * 100 + "'x.parquet'" + ")" * 100
    with pytest.raises(QueryError):
        checked(deep)
