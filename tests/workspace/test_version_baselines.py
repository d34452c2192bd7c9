"""A promoted version is compared with the rows it was judged on; the inputs with the reference still."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import workbench as package
from tests.candidates import add_candidate, ingest_version
from tests.cli.command import done, make_workspace
from tests.logs import binary_log
from workbench.domain.drift import DriftReport
from workbench.store.connections import reading
from workbench.workspace.subjects import reference_outcomes

HOLDOUT = binary_log(
    600, seed=3, first_id=5_000_000, start=datetime(2024, 1, 20, tzinfo=UTC), hours=24 * 12
)
TAKEN = datetime(2024, 2, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 2 is champion since the second of February; 1 was before."""
    root = make_workspace(tmp_path_factory.mktemp("judged") / "ws")
    add_candidate(root, "2", holdout=HOLDOUT)
    done("-C", root, "promote", "m", "2", "--yes")
    ingest_version(root, "2", 400, TAKEN)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def judged(root: Path) -> pl.DataFrame:
    """The holdout as version 2 has scored it."""
    return pl.read_parquet(root / "registry" / "m" / "2" / "holdout.parquet")


def bad_rate(rows: pl.DataFrame) -> float:
    return float((rows["prediction"].cast(pl.Int64) != rows["label"]).mean())  # type: ignore[arg-type]


def compared_rate(root: Path, version: str | None = None) -> float | None:
    with package.open(root) as ws:
        return ws.performance_report("m", version=version).reference_rate


def test_each_version_has_the_rate_of_its_own_rows_to_compare_with(root: Path) -> None:
    own = bad_rate(judged(root))
    reference = bad_rate(pl.read_parquet(root / "data" / "reference.parquet"))
    assert own != pytest.approx(reference, abs=1e-4)
    assert compared_rate(root) == pytest.approx(own)
    assert compared_rate(root, "2") == pytest.approx(own)
    assert compared_rate(root, "1") == pytest.approx(reference)
    # Rows of both together have no rows that both were judged on.
    assert compared_rate(root, "all") == pytest.approx(reference)
    (status,) = done("-C", root, "status", "--json").document["models"]
    assert status["version"] == "2"
    assert status["bad_rate"]["reference"] == pytest.approx(own)


def test_after_a_rollback_the_reference_stands_again(root: Path) -> None:
    reference = bad_rate(pl.read_parquet(root / "data" / "reference.parquet"))
    done("-C", root, "rollback", "m", "--yes")
    assert compared_rate(root, "champion") == pytest.approx(reference)
    assert compared_rate(root, "2") == pytest.approx(bad_rate(judged(root)))


def test_segments_and_buckets_are_those_of_the_judged_rows(root: Path) -> None:
    rows = judged(root)
    with package.open(root) as ws:
        subject = ws.subject("m")
        found = reference_outcomes(subject, "c")
        days = reference_outcomes(subject)
    for value in ("a", "b"):
        own = rows.filter(pl.col("c") == value)
        counts = [one.counts for one in found if one.segment == value]
        assert sum(one.labelled for one in counts) == own.height
        assert sum(one.bad for one in counts) == pytest.approx(bad_rate(own) * own.height)
    assert len(days) == rows["timestamp"].dt.date().n_unique()


def test_scores_and_predictions_are_compared_with_its_own_and_inputs_with_the_reference(
    root: Path,
) -> None:
    with package.open(root) as ws:
        new, old = ws.drift("m"), ws.drift("m", version="1")
    assert any("600 rows that version 2 was judged on" in note for note in new.notes)
    for report, outputs in ((new, 600), (old, 1000)):
        assert sides(report, "prediction") == {outputs}
        assert sides(report, "score") == {outputs}
        assert sides(report, "feature") == {1000}


def sides(report: DriftReport, role: str) -> set[int]:
    return {c.reference.rows for c in report.columns if c.role == role and c.reference is not None}


def test_a_changed_reference_counts_the_judged_rows_over_its_bins(root: Path) -> None:
    own = compared_rate(root)
    binary_log(800, seed=4, start=datetime(2024, 1, 1, tzinfo=UTC), hours=480).write_parquet(
        root / "data" / "reference.parquet"
    )
    assert compared_rate(root) == pytest.approx(own)
    with package.open(root) as ws, reading(ws.store) as catalog:
        (listed,) = catalog.execute("SELECT count(*) FROM version_baselines").fetchall()[0]
        ids = catalog.execute(
            "SELECT DISTINCT rules_id FROM outcomes WHERE rules_id LIKE 'version:%'"
        ).fetchall()
    assert (listed, len(ids)) == (1, 1)


def test_judged_rows_that_cannot_be_read_leave_the_reference_and_say_so(root: Path) -> None:
    path = root / "registry" / "m" / "2" / "holdout.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    reference = bad_rate(pl.read_parquet(root / "data" / "reference.parquet"))
    with package.open(root) as ws:
        report = ws.performance_report("m")
    assert report.reference_rate == pytest.approx(reference)
    assert any("version 2 is compared with the reference" in note for note in report.notes)
    assert done("-C", root, "status", "--json").document["models"][0]["version"] == "2"


def test_a_copied_workspace_answers_the_same_without_writing(root: Path, tmp_path: Path) -> None:
    before = compared_rate(root)
    shutil.copytree(root, tmp_path / "copy", copy_function=shutil.copy)
    (tmp_path / "copy" / "registry" / "m" / "2" / "holdout.parquet").touch()
    assert compared_rate(tmp_path / "copy") == before


def test_slices_triage_and_check_take_the_judged_rows(root: Path) -> None:
    with package.open(root) as ws:
        assert ws.slices("m").reference_labelled == 600
        verdict = ws.triage("m", record=False)
        ws.check("m")
    assert verdict.versions == ("2",)
