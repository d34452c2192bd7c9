"""Values are read as the contract says, and SQL and Python agree on what a class is."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.classes import class_name
from workbench.store import expressions as sql


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("SET TimeZone = 'UTC'")
    return made


def value(
    connection: duckdb.DuckDBPyConnection, expression: str, given_: object, type_: str
) -> object:
    query = f"SELECT {expression} FROM (SELECT CAST(? AS {type_}) AS x)"
    return connection.execute(query, [given_]).fetchall()[0][0]


TEXTS = st.one_of(
    st.text(alphabet="01.+- \ttrueFALSnan", max_size=8),
    st.integers().map(str),
    st.floats(allow_nan=True).map(str),
    st.text(
        alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs", "Z"]), max_size=6
    ),
)


@given(text=TEXTS)
def test_sql_and_python_name_the_same_class(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert value(connection, sql.class_name("x"), text, "VARCHAR") == class_name(text)


@pytest.mark.parametrize(
    ("type_", "given_", "expected"),
    [("BIGINT", 1, "1"), ("DOUBLE", 1.0, "1"), ("BOOLEAN", True, "1"), ("VARCHAR", "1", "1"),
     ("DOUBLE", 1.5, "1.5"), ("DOUBLE", float("nan"), None), ("DECIMAL(9,2)", "1.00", "1")],
)  # fmt: skip
def test_one_class_however_it_is_typed(
    connection: duckdb.DuckDBPyConnection, type_: str, given_: object, expected: str | None
) -> None:
    assert value(connection, sql.class_of("x", type_), given_, type_) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-07-01", datetime(2013, 7, 1)),
        ("2013-07-01T10:00:00Z", datetime(2013, 7, 1, 10)),
        ("2013-07-01 10:00:00 UTC", datetime(2013, 7, 1, 10)),
        ("2013-07-01 10:00:00+0200", datetime(2013, 7, 1, 8)),
        ("2013-07-01T10:00:00.25-04:00", datetime(2013, 7, 1, 14, 0, 0, 250000)),
        ("1372672800", datetime(2013, 7, 1, 10)),
        ("1372672800000", datetime(2013, 7, 1, 10)),
        ("1372672800000000", datetime(2013, 7, 1, 10)),
        ("1372672800.5", datetime(2013, 7, 1, 10, 0, 0, 500000)),
        ("soon", None),
        ("infinity", None),
        ("9e99", None),
        ("", None),
    ],
)
def test_times_are_read_in_every_usual_spelling(
    connection: duckdb.DuckDBPyConnection, text: str, expected: datetime | None
) -> None:
    assert value(connection, sql.moment("x", "VARCHAR", "UTC"), text, "VARCHAR") == expected


def test_a_naive_time_follows_the_summer_time_of_its_zone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    read = sql.moment("x", "TIMESTAMP", "Europe/Berlin")
    assert value(connection, read, "2024-01-15 12:00", "TIMESTAMP") == datetime(2024, 1, 15, 11)
    assert value(connection, read, "2024-07-15 12:00", "TIMESTAMP") == datetime(2024, 7, 15, 10)


@pytest.mark.parametrize(
    ("text", "expected"), [("1.5", 1.5), (" 2 ", 2.0), ("NaN", None), ("x", None)]
)
def test_numbers_are_read_or_missing(
    connection: duckdb.DuckDBPyConnection, text: str, expected: float | None
) -> None:
    assert value(connection, sql.number("x", "VARCHAR"), text, "VARCHAR") == expected


def test_a_category_keeps_its_zeros_but_not_its_fraction(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    read = sql.category("x", "VARCHAR", "number")
    assert [value(connection, read, text, "VARCHAR") for text in ("1", "1.0", "01", " 1")] == [
        "1",
        "1",
        "01",
        " 1",
    ]
    assert value(connection, sql.category("x", "DOUBLE", "number"), 3.0, "DOUBLE") == "3"
    assert value(connection, sql.category("x", "VARCHAR", "boolean"), "True", "VARCHAR") == "true"
