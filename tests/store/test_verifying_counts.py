"""`doctor` counts the rows again: a count, a value or a label that is another is found."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.store.damaged_sites import (
    change,
    copied_site,
    findings,
    only,
    put,
    regression_log,
    segments,
    whole_site,
)
from workbench.domain.health import ERROR
from workbench.store import verifying, verifying_counts
from workbench.workspace import Workspace

OWN = "batch <> 'reference'"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_site(tmp_path_factory.mktemp("whole") / "ws").root


@pytest.fixture
def ws(made: Path, tmp_path: Path) -> Workspace:
    return copied_site(made, tmp_path / "ws")


def test_noise_in_the_pages_of_a_segment_is_found(ws: Workspace) -> None:
    """Whether a page cannot be read or reads as other values: both are seen."""
    for path in segments(ws):
        raw = bytearray(path.read_bytes())
        for place in range(len(raw) // 5, len(raw) // 2, 97):
            raw[place] ^= 0x55
        path.write_bytes(raw)
    found = findings(ws)
    assert {f.name for f in found} & {"segments", "counts"}
    assert any(f.status == ERROR for f in found)


def test_values_exchanged_in_a_segment_are_found_by_counting(ws: Workspace) -> None:
    path = next(p for p in segments(ws) if p.name.endswith(".copied.parquet"))
    frame = pl.read_parquet(path)
    put(ws, path, frame.with_columns(x=pl.col("x") + 1))
    found = only(findings(ws), "counts", ERROR, "profile_counts", "profile_moments", "2024-02-01")
    assert "workbench store rebuild m" in found.hint


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE profile_counts SET n = n + 1 WHERE {own} AND column_no = 1 AND bin = 0", "profile_counts"),
        ("DELETE FROM profile_counts WHERE {own} AND bucket = '2024-02-02' AND column_no = 0", "profile_counts"),
        ("UPDATE profile_moments SET missing = missing + 1 WHERE {own} AND missing > 0", "profile_moments"),
        ("UPDATE profile_moments SET total = total + 1 WHERE {own} AND column_no = 0", "profile_moments"),
        ("UPDATE profile_moments SET minimum = minimum - 1 WHERE {own} AND column_no = 0", "profile_moments"),
        ("UPDATE profile_unseen SET n = n + 1 WHERE {own}", "profile_unseen"),
        ("UPDATE outcomes SET labelled = labelled + 1 WHERE {own} AND segment_no = 0", "outcomes"),
        ("UPDATE outcomes SET bad = bad - 1 WHERE {own} AND segment_no = 1", "outcomes"),
        ("UPDATE outcomes SET segment = 'other' WHERE {own} AND segment = 'a'", "outcomes"),
        ("DELETE FROM outcome_scores WHERE {own}", "outcome_scores"),
        ("UPDATE outcome_classes SET n = n + 1 WHERE {own}", "outcome_classes"),
        ("INSERT INTO outcome_classes SELECT * FROM outcome_classes WHERE {own}", "outcome_classes"),
    ],
)  # fmt: skip
def test_a_changed_count_is_found(ws: Workspace, statement: str, table: str) -> None:
    change(ws, statement.replace("{own}", OWN))
    found = findings(ws)
    assert found
    assert {f.name for f in found} == {"counts"}
    assert {f.status for f in found} == {ERROR}
    assert any(table in f.detail for f in found)
    assert all("workbench store rebuild" in f.hint for f in found)


def test_a_rebuild_mends_every_count(ws: Workspace) -> None:
    from workbench.workspace.housekeeping import Housekeeping

    change(ws, f"DELETE FROM profile_counts WHERE {OWN}")
    change(ws, f"UPDATE outcomes SET rows = 2 * rows, bad = 0 WHERE {OWN}")
    change(ws, f"UPDATE profile_moments SET maximum = 1e9 WHERE {OWN}")
    found = findings(ws)
    assert [f.name for f in found] == ["counts", "counts"]
    assert found[0].detail.count("(") == 3
    Housekeeping(ws).rebuild()
    assert findings(ws) == []


def test_lost_label_records_are_found_by_counting(ws: Workspace) -> None:
    path = segments(ws, kind="labels")[0]
    other = pl.read_parquet(path).with_columns(wb_label=pl.lit("9"))
    put(ws, path, other)
    only(findings(ws), "counts", ERROR, "outcome")


def test_a_prediction_stored_twice_is_found_when_asked_to_look(ws: Workspace) -> None:
    path = next(p for p in segments(ws) if p.name.endswith(".copied.parquet"))
    frame = pl.read_parquet(path)
    twice = pl.when(pl.int_range(frame.height) == 5).then(pl.lit("p0"))
    put(ws, path, frame.with_columns(prediction_id=twice.otherwise(pl.col("prediction_id"))))
    only(
        [f for f in findings(ws, deep=True) if f.name == "duplicates"],
        "duplicates",
        ERROR,
        "1 pred",
    )


def test_a_large_store_is_sampled_unless_asked_otherwise(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "SMALL", 10)
    monkeypatch.setattr(verifying_counts, "_SAMPLED_BUCKETS", 2)
    assert findings(ws) == []
    said = {check.name: check.detail for check in ws.doctor()}
    assert "sample" in said["counts"]
    assert "--deep" in said["segments"]
    change(
        ws, "UPDATE outcomes SET bad = bad + 1 WHERE batch <> 'reference' AND bucket = '2024-02-03'"
    )
    in_between = [f.name for f in findings(ws)]
    assert [f.name for f in findings(ws, deep=True)] == ["counts"] * 2
    change(
        ws, "UPDATE outcomes SET bad = bad + 1 WHERE batch <> 'reference' AND bucket = '2024-02-01'"
    )
    assert [f.name for f in findings(ws)] == ["counts"] * 2
    assert len(in_between) < 2


def test_assumed_labels_that_were_taken_back_again_are_no_difference(tmp_path: Path) -> None:
    """Sums of squares of 1e14 that were added and taken back leave a rounding error."""
    ws = Workspace.create(tmp_path / "ws")
    log = regression_log(600, 3).with_columns(pl.col("prediction", "label") * 10)
    log.write_parquet(ws.root / "reference.parquet")
    card = ws.add_model("big", ws.root / "reference.parquet", task="regression")
    text = card.read_text()
    for key, value in (("maturity", "3d"), ("missing_means", "0")):
        assert f'# {key} = ""' in text
        text = text.replace(f'# {key} = ""', f'{key} = "{value}"')
    card.write_text(text)
    log.drop("label").write_parquet(ws.root / "log.parquet")
    ws.ingest(ws.root / "log.parquet", model="big")
    labels = log.select("prediction_id", "label")
    for number in range(5):
        labels.filter(pl.int_range(600) % 5 == number).write_csv(ws.root / f"{number}.csv")
        ws.ingest(ws.root / f"{number}.csv", model="big")
    assert findings(ws) == []
    change(ws, f"UPDATE outcomes SET squared_error = 1.001 * squared_error WHERE {OWN}")
    assert [f.name for f in findings(ws)] == ["counts"]
