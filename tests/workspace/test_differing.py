"""The most moved columns come first, with the figures that `drift` gives for the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.shared_data import shared_data
from workbench.diff.comparing import Question
from workbench.diff.result import DatasetDifference
from workbench.domain.bins import make_numeric_bins
from workbench.drift.columns import measure_column
from workbench.drift.profiling import profile_values
from workbench.errors import WorkbenchError
from workbench.workspace.differing import column_frame, diff_datasets

N = 4000


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """No row of one is a row of the other: only distributions tell what moved."""
    rng = np.random.default_rng(8)
    made = []
    for place, (shift, share) in enumerate(((0.0, 0.5), (0.8, 0.6))):
        made.append(
            pl.DataFrame(
                {
                    "id": range(place * N, place * N + N),
                    "calm": rng.normal(size=N),
                    "moved": rng.normal(size=N) + shift,
                    "mix": np.where(rng.random(N) < share, "a", "b"),
                    "gone": pl.Series(rng.random(N)).replace(0.0, None),
                }
            )
        )
    emptied = pl.when(pl.col("calm") > 0.5).then(None).otherwise(pl.col("gone"))
    return made[0], made[1].with_columns(gone=emptied)


@pytest.fixture(scope="module")
def found(
    tables: tuple[pl.DataFrame, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> DatasetDifference:
    folder = tmp_path_factory.mktemp("files")
    tables[0].write_parquet(folder / "a.parquet")
    tables[1].write_parquet(folder / "b.parquet")
    return diff_datasets("a.parquet", "b.parquet", here=folder)


def test_what_moved_most_comes_first_although_no_row_matches(found: DatasetDifference) -> None:
    assert found.rows.unchanged == found.rows.changed == 0
    assert found.key.columns == ("id",)
    names = [column.name for column in found.columns]
    assert set(names[:2]) == {"moved", "gone"}
    assert names.index("mix") < names.index("calm")
    assert names[-1] == "id"


def test_the_figures_are_those_of_drift(
    found: DatasetDifference, tables: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    a, b = tables
    columns = {column.name: column for column in found.columns}
    for name in ("calm", "moved"):
        bins = make_numeric_bins(name, "feature", a[name].to_numpy())
        expected = measure_column(
            profile_values(bins, a[name].to_list()), profile_values(bins, b[name].to_list())
        )
        assert columns[name].psi == pytest.approx(expected.psi)
        assert columns[name].js == pytest.approx(expected.js)
        assert columns[name].p_value == pytest.approx(expected.p_value)
    assert columns["moved"].status == "critical"
    assert columns["calm"].status == "ok"
    assert columns["gone"].missing_b == b["gone"].null_count() / N


def test_the_columns_are_a_frame(found: DatasetDifference) -> None:
    frame = column_frame(found)

    assert frame["name"].to_list() == [column.name for column in found.columns]
    assert frame.schema["psi"] == pl.Float64
    assert frame["changed"].sum() == 0


def test_changed_cells_go_before_moved_distributions(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": range(1000), "x": [1.0] * 1000, "y": [0.0, 1.0] * 500})
    b = a.with_columns(y=pl.when(pl.col("id") == 7).then(5.0).otherwise(pl.col("y")))
    a.write_parquet(tmp_path / "a.parquet")
    b.write_parquet(tmp_path / "b.parquet")

    answer = diff_datasets("a.parquet", "b.parquet", here=tmp_path)

    assert (answer.columns[0].name, answer.columns[0].changed) == ("y", 1)
    assert answer.differing["y (b)"].to_list() == [5.0]


def test_nothing_is_left_behind_and_nothing_written_on_trouble(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")

    with pytest.raises(WorkbenchError):
        diff_datasets(
            "a.parquet", "b.parquet", Question(rows_to=tmp_path / "rows.csv"), here=tmp_path
        )

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_real_tables_with_known_edits(tmp_path: Path) -> None:
    """A year and a half of electricity prices: a unit changed in one column, rows gone and new."""
    source = next(shared_data("elec2").glob("*.parquet"), None) or next(
        shared_data("elec2").glob("*.csv")
    )
    whole = pl.read_parquet(source) if source.suffix == ".parquet" else pl.read_csv(source)
    whole = whole.with_row_index("row_id").cast({"row_id": pl.Int64})
    numeric = next(n for n, t in whole.schema.items() if t == pl.Float64)
    edited = whole.slice(100, whole.height - 600).with_columns(
        pl.when(pl.col("row_id") % 10 == 0)
        .then(pl.col(numeric) * 60 + 1)
        .otherwise(pl.col(numeric))
    )
    whole.write_parquet(tmp_path / "a.parquet")
    edited.sample(fraction=1, shuffle=True, seed=3).write_csv(tmp_path / "b.csv")

    answer = diff_datasets("a.parquet", "b.csv", here=tmp_path)

    expected = (
        whole.join(edited, on="row_id", suffix="_b")
        .filter(pl.col(numeric).ne_missing(pl.col(f"{numeric}_b")))
        .height
    )
    assert answer.key.columns == ("row_id",)
    assert (answer.rows.added, answer.rows.removed) == (0, 600)
    assert answer.rows.changed == expected > 0
    assert answer.columns[0].name == numeric
    assert [column.changed for column in answer.columns[1:]] == [0] * (len(answer.columns) - 1)
