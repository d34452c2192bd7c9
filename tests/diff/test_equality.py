"""Equal values of different types are equal, in both directions; others are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.diff.equality import comparable
from workbench.diff.value_types import value_type
from workbench.store.connections import Connection, StoreHome, scratch


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with scratch(StoreHome(tmp_path_factory.mktemp("store"))) as made:
        yield made


def are_equal(connection: Connection, a: str, b: str) -> bool:
    """Whether two literals are equal, by comparison and by hash alike."""
    relation = connection.sql(f"SELECT {a} AS a, {b} AS b")
    types = [value_type(type_) for type_ in relation.types]
    form_a, form_b = comparable(types[0], types[1])
    distinct, hashes = connection.execute(
        f"SELECT {form_a('a')} IS NOT DISTINCT FROM {form_b('b')}, hash({form_a('a')}) = hash({form_b('b')}) "
        f"FROM (SELECT {a} AS a, {b} AS b)"
    ).fetchall()[0]
    assert distinct == hashes
    return bool(distinct)


EQUAL = [
    ("1::INTEGER", "1::BIGINT"),
    ("1::BIGINT", "1.0::DOUBLE"),
    ("255::UTINYINT", "255::HUGEINT"),
    ("18446744073709551615::UBIGINT", "18446744073709551615::HUGEINT"),
    ("9007199254740992::BIGINT", "9007199254740992::DOUBLE"),
    ("1.50::DECIMAL(10,2)", "1.5000::DECIMAL(20,4)"),
    ("1.50::DECIMAL(10,2)", "1.5::DOUBLE"),
    ("0.1::DECIMAL(10,2)", "0.1::DOUBLE"),
    ("1.50::DECIMAL(38,2)", "1.5000::DECIMAL(38,20)"),
    ("100.00::DECIMAL(38,2)", "100::HUGEINT"),
    ("2.00::DECIMAL(10,2)", "2::BIGINT"),
    ("0.5::FLOAT", "0.5::DOUBLE"),
    ("true", "1::TINYINT"),
    ("false", "0.0::DOUBLE"),
    ("0.0::DOUBLE", "-0.0::DOUBLE"),
    ("0::BIGINT", "-0.0::DOUBLE"),
    ("'nan'::DOUBLE", "-('nan'::DOUBLE)"),
    ("'nan'::FLOAT", "'nan'::DOUBLE"),
    ("NULL::INTEGER", "NULL::VARCHAR"),
    ("NULL", "NULL::INTEGER[]"),
    ("NULL::BIGINT", "NULL::DOUBLE"),
    ("DATE '2024-02-29'", "TIMESTAMP '2024-02-29 00:00:00'"),
    ("TIMESTAMPTZ '2024-01-01 02:00:00+02'", "TIMESTAMP '2024-01-01 00:00:00'"),
    ("TIMESTAMPTZ '2024-01-01 02:00:00+02'", "TIMESTAMPTZ '2024-01-01 00:00:00+00'"),
    ("TIMESTAMP_NS '2024-01-01 00:00:00.000001'", "TIMESTAMP '2024-01-01 00:00:00.000001'"),
    ("TIMESTAMP_S '2024-01-01'", "TIMESTAMP_MS '2024-01-01'"),
    ("DATE '2024-01-01'", "TIMESTAMP_NS '2024-01-01'"),
    ("'x'::ENUM('x', 'y')", "'x'"),
    ("[1, 2]::INTEGER[]", "[1.0, 2.0]::DOUBLE[]"),
    ("[0.0, NULL]::DOUBLE[]", "[-0.0, NULL]::DOUBLE[]"),
    ("[1, 2]::INTEGER[2]", "[1, 2]::BIGINT[]"),
    ("{'a': 1, 'b': 'x'}", "{'b': 'x', 'a': 1.0::DOUBLE}"),
    ("{'a': 1}", "{'a': 1, 'b': NULL::INTEGER}"),
    ("{'a': [1, 2]}", "{'a': [1::DOUBLE, 2]}"),
    ("MAP {'a': 1, 'b': 2}", "MAP {'b': 2, 'a': 1}"),
    ("MAP {'a': 1}", "MAP {'a': 1.0::DOUBLE}"),
]
UNEQUAL = [
    ("1::INTEGER", "'1'"),
    ("1::INTEGER", "2::BIGINT"),
    ("9007199254740993::BIGINT", "9007199254740992::DOUBLE"),
    ("1::BIGINT", "1.5::DOUBLE"),
    ("0::BIGINT", "NULL::DOUBLE"),
    ("'nan'::DOUBLE", "NULL::BIGINT"),
    ("0.1::FLOAT", "0.1::DOUBLE"),
    ("1.501::DECIMAL(10,3)", "1.50::DECIMAL(10,2)"),
    ("true", "2::TINYINT"),
    ("'true'", "true"),
    ("''", "NULL::VARCHAR"),
    ("'a'", "'A'"),
    ("'a'", "'a '"),
    ("DATE '2024-01-01'", "TIMESTAMP '2024-01-01 00:00:01'"),
    ("TIMESTAMP_NS '2024-01-01 00:00:00.000000001'", "TIMESTAMP '2024-01-01 00:00:00'"),
    ("DATE '2024-01-01'", "'2024-01-01'"),
    ("[1, 2]", "[2, 1]"),
    ("[1]", "[1, NULL]"),
    ("[]::INTEGER[]", "NULL::DOUBLE[]"),
    ("{'a': 1}", "{'a': 1, 'b': 2}"),
    ("[]::INTEGER[]", "NULL::INTEGER[]"),
    ("[[]]::INTEGER[][]", "[NULL]::INTEGER[][]"),
    ("[[1], []]::INTEGER[][]", "[[], [1]]::INTEGER[][]"),
    ("{'a': NULL::INTEGER}", "NULL::STRUCT(a INTEGER)"),
    ("[{'a': NULL::INTEGER}]", "[NULL]::STRUCT(a INTEGER)[]"),
    ("{'a': 1, 'b': NULL::INTEGER}", "{'a': NULL::INTEGER, 'b': 1}"),
    ("MAP {}::MAP(VARCHAR, INTEGER)", "NULL::MAP(VARCHAR, INTEGER)"),
    ("{'a': NULL::INTEGER}", "NULL::STRUCT(a DOUBLE)"),
    ("MAP {'a': 1}", "MAP {'a': 1, 'b': 2}"),
    ("'\\x01'::BLOB", "'\\x01'"),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_values_are_equal_whatever_their_types(
    connection: Connection, a: str, b: str
) -> None:
    assert are_equal(connection, a, b)
    assert are_equal(connection, b, a)


@pytest.mark.parametrize(("a", "b"), UNEQUAL)
def test_unequal_values_are_not(connection: Connection, a: str, b: str) -> None:
    assert not are_equal(connection, a, b)
    assert not are_equal(connection, b, a)
