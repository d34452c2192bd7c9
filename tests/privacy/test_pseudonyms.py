from __future__ import annotations

import hashlib
import hmac
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.store.connections import StoreHome, scratch
from workbench.store.pseudonyms import (
    Concealment,
    folded,
    keyed_hash,
    pseudonym,
    text_of,
    told,
    told_text,
    use_key,
)

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(":memory:")
    use_key(made, KEY)
    return made


@given(st.text().filter(lambda text: "\0" not in text and text.isprintable()))
def test_sql_hashes_as_pythons_hmac_does(text: str) -> None:
    made = duckdb.connect(":memory:")
    use_key(made, KEY)
    found = made.execute(f"SELECT {pseudonym('?')}", [text]).fetchall()[0][0]
    assert found == "~" + hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()[:32]
    assert found == keyed_hash(KEY, text)


@given(st.text(alphabet=" 01.+-truefalsTRUE\u00e9"))
def test_sql_and_python_tell_a_text_the_same(text: str) -> None:
    made = duckdb.connect(":memory:")
    found = made.execute(f"SELECT {told_text('x')} FROM (SELECT ? AS x)", [text]).fetchall()[0][0]
    assert found == text_of(text)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("12::BIGINT", 12), ("12.0::DOUBLE", 12.0), ("12.5::DOUBLE", 12.5), ("'12.0'", "12.0"),
        ("1e300::DOUBLE", 1e300), ("1e-7::DOUBLE", 1e-7), ("'nan'::DOUBLE", math.nan),
        ("true", True), ("'True'", "True"), ("NULL::VARCHAR", None), ("'  '", "  "),
        ("' a b '", " a b "), ("12.50::DECIMAL(9, 2)", Decimal("12.50")),
        ("12.00::DECIMAL(9, 2)", Decimal("12.00")), ("DATE '2024-01-02'", date(2024, 1, 2)),
        ("TIMESTAMP '2024-01-02 03:04:05'", datetime(2024, 1, 2, 3, 4, 5)),
        ("TIMESTAMP '2024-01-02 03:04:05.25'", datetime(2024, 1, 2, 3, 4, 5, 250000)),
    ],
)  # fmt: skip
def test_every_type_is_told_the_same_by_both(
    connection: duckdb.DuckDBPyConnection, literal: str, value: object
) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT {literal} AS x")
    type_ = str(connection.execute("DESCRIBE t").fetchall()[0][1])
    found = connection.execute(f"SELECT {told('x', type_)} FROM t").fetchall()[0][0]
    assert found == text_of(value)


def test_a_number_has_one_pseudonym_whatever_its_spelling() -> None:
    assert {text_of(v) for v in ("7", "7.0", " 7 ", 7, 7.0, Decimal("7.00"))} == {"7"}
    assert text_of("07") == "07"


def test_a_pseudonym_stays_what_it_is_in_sql_and_in_python(
    connection: duckdb.DuckDBPyConnection, home: StoreHome
) -> None:
    hides = Concealment(home, frozenset({"c"}), KEY)
    once = str(hides.of("Anna"))
    almost = once.replace("~", "~~")
    for text, expected in ((once, once), ("Anna", once), (almost, keyed_hash(KEY, almost))):
        assert hides.of(text) == expected
        assert hides.of_column("c", text) == expected
        for kind in ("VARCHAR", "ENUM"):
            selected = hides.replace([("c", kind)])
            rows = connection.execute(f"SELECT {selected} FROM (SELECT ? AS c)", [text]).fetchall()
            assert rows == [(expected,)]
        found = connection.execute(f"SELECT {hides.text('c', 'x')} FROM (SELECT ? AS x)", [text])
        assert found.fetchall() == [(expected,)]


def test_missing_stays_missing(connection: duckdb.DuckDBPyConnection) -> None:
    query = f"SELECT {pseudonym(told_text('x'))} FROM (VALUES (NULL), (''), ('  ')) t(x)"
    assert connection.execute(query).fetchall() == [(None,)] * 3


def test_a_nested_value_has_no_one_text() -> None:
    with pytest.raises(TypeError):
        text_of({"a": 1})


@pytest.mark.parametrize("name", ["Customer", "CUSTOMER", "customer_", " customer", "customer__"])
def test_a_name_is_the_same_however_it_is_spelled(home: StoreHome, name: str) -> None:
    concealed = Concealment(home, frozenset({folded("customer")}), KEY)
    assert concealed.hides(name)
    assert not concealed.hides("customers")


def test_the_key_is_in_no_text_of_it(home: StoreHome) -> None:
    concealed = Concealment(home, frozenset({"c"}), KEY)
    assert "\\x01\\x02" not in repr(concealed)
    with scratch(home) as connection:
        use_key(connection, KEY)
        query = f"SELECT {pseudonym(told_text('c'))}, error('x' || c) FROM (SELECT 'a' AS c)"
        with pytest.raises(Exception, match="x") as caught:
            connection.execute(query).fetchall()
    told_error = str(caught.value) + str(caught.value.__cause__)
    for mask in (0, 0x36, 0x5C):
        assert bytes(b ^ mask for b in KEY).hex() not in told_error.lower().replace("\\x", "")


def test_a_key_is_made_once_and_kept(home: StoreHome, tmp_path: Path) -> None:
    from workbench.store.pseudonym_key import ensure_key, key_path

    now = datetime(2024, 6, 1, tzinfo=UTC)
    made = ensure_key(home, now, lambda n: b"k" * n)
    assert made == b"k" * 32
    assert key_path(home).stat().st_mode & 0o777 == 0o600
    assert ensure_key(home, now, lambda n: b"x" * n) == made
