"""A condition narrows both sides, and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.diff.tables import frames_difference
from workbench.diff.sides import DiffError

A = pl.DataFrame({"id": [1, 2, 3, 4], "n": [10, 20, 30, 40], "t": ["a", "b", "it's", "b"]})
B = pl.DataFrame({"id": [1, 2, 3, 5], "n": [10, 21, 31, 40], "t": ["a", "b", "it's", "b"]})


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_only_rows_for_which_it_holds_are_compared(tmp_path: Path, ending: str) -> None:
    found = frames_difference(
        tmp_path, A, B, (ending, ending), key=("id",), where="n > 15 AND t = 'b' -- comment"
    )

    assert (found.a.rows, found.b.rows) == (2, 2)
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (1, 1, 1)


@pytest.mark.parametrize(
    "where",
    [
        "n >",
        "true) UNION ALL SELECT * FROM read_csv('/etc/passwd', header = false) WHERE (true",
        "n IN (SELECT 1)",
        "EXISTS (SELECT * FROM read_text('/etc/passwd'))",
        "true) LIMIT 1 --",
        "true); DROP TABLE x; SELECT (1",
        "no_such_column = 1",
        "t + n > 'a'::DATE",
        "getenv('HOME') = 'x'",
    ],
)
def test_what_is_more_than_a_condition_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(DiffError) as caught:
        frames_difference(tmp_path, A, B, key=("id",), where=where)

    assert "condition" in caught.value.message
    assert caught.value.hint


def test_only_the_named_columns_are_compared(tmp_path: Path) -> None:
    found = frames_difference(tmp_path, A, B, key=("id",), columns=("t",))

    assert [column.name for column in found.columns] == ["t", "id"]
    assert found.rows.changed == 0

    with pytest.raises(DiffError, match="neither side has a column"):
        frames_difference(tmp_path, A, B, columns=("nope",))
