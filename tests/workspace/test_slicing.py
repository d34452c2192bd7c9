"""Slices and segment tables of a stored model, as the workspace answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.cli.slice_document import _segment, slices_document
from workbench.domain.slices import SliceReport
from workbench.errors import MisuseError
from workbench.performance.segment_table import segment_table
from workbench.workspace import Workspace
from workbench.workspace.frames import segment_frame, slice_frame
from workbench.workspace.slicing import measure_slices


def broken_log(rows: int = 6000) -> pl.DataFrame:
    """Where c is a and x positive, half of the labels are the other class than predicted."""
    log = binary_log(rows, seed=3, hours=72)
    rng = np.random.default_rng(1)
    hit = (log["c"] == "a").to_numpy() & (log["x"] > 0).to_numpy() & (rng.random(rows) < 0.6)
    wrong = 1 - pl.col("prediction")
    return log.with_columns(label=pl.when(pl.Series(hit)).then(wrong).otherwise("label"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path)
    ingest(made, "log.parquet", broken_log())
    return made


def wrong(frame: pl.DataFrame) -> Any:
    missed = frame["prediction"].cast(pl.Int64) != frame["label"].cast(pl.Int64)
    return missed.cast(pl.Float64).to_numpy()


def test_a_planted_slice_and_its_segment_are_found(ws: Workspace) -> None:
    report = ws.slices("m", "all")
    assert report.labelled == report.sampled == 6000
    assert report.reference_labelled == report.reference_sampled == 2000
    assert report.search.searched_on + report.search.measured_on == 6000
    assert len(report.search.slices) == 1
    c, x = sorted(report.search.slices[0].where, key=lambda condition: condition.column)
    assert (c.column, c.value) == ("c", "a")
    assert x.column == "x"
    assert x.above == pytest.approx(0, abs=0.1)
    assert x.up_to is None


def test_the_segment_table_is_that_of_all_rows(ws: Workspace) -> None:
    log, reference = broken_log(), pl.read_parquet(ws.root / "data" / "reference.parquet")
    (table,) = ws.slices("m", "all").segments
    assert table.column == "c"
    assert table.rise == pytest.approx(wrong(log).mean() - wrong(reference).mean(), abs=1e-12)
    for part in table.parts:
        now, then = log.filter(c=part.value), reference.filter(c=part.value)
        assert (part.labelled, part.reference_labelled) == (now.height, then.height)
        expected = wrong(now).sum() / log.height - wrong(then).sum() / reference.height
        assert part.contribution == pytest.approx(expected, abs=1e-12)
    assert table.parts[0].value == "a"


def test_the_frames_have_the_same_figures(ws: Workspace) -> None:
    report = ws.slices("m", "all")
    frame = slice_frame(report)
    assert frame["bad_rate"].to_list() == [one.bad_rate for one in report.search.slices]
    assert frame["where"][0].startswith("c = a and ")
    segments = segment_frame(report)
    assert segments["contribution"].sum() == pytest.approx(report.segments[0].rise)
    nothing = slice_frame(replace(report, search=replace(report.search, slices=())))
    assert nothing.schema == frame.schema


def test_a_sensitive_column_has_numbers_for_values(ws: Workspace) -> None:
    open_report = ws.slices("m", "all")
    card = ws.root / "models" / "m.toml"
    card.write_text(card.read_text() + '[privacy]\nsensitive = ["c", "x"]\n')
    report = ws.slices("m", "all")
    (found,) = report.search.slices
    c, x = sorted(found.where, key=lambda condition: condition.column)
    assert c.value is None
    assert c.hidden is not None
    assert c.hidden.startswith("value ")
    assert (x.above, x.up_to, x.hidden) == (None, None, "ranges 3 and 4 of 4")
    assert c.hidden in [part.value for part in report.segments[0].parts]
    numbered = ws.performance_report("m", "all", "all", segment="c").buckets
    rates = {next(iter(b.segment.values())): b.labelled for b in numbered if b.segment}
    assert {p.value: p.labelled for p in report.segments[0].parts} == rates
    assert open_report.search.slices[0].bad_rate == found.bad_rate


def test_a_sample_is_said_and_always_the_same(ws: Workspace) -> None:
    one = ws._subject("m")

    def measured() -> SliceReport:
        return measure_slices(one, ws.root, ws.clock.now(), period="all", most=3000)

    report = measured()
    assert report.labelled == 6000
    assert 2700 < report.sampled < 3300
    assert report == measured()


def test_without_the_reference_file_the_other_rows_are_compared_with(ws: Workspace) -> None:
    one = ws._subject("m")
    (ws.root / "data" / "reference.parquet").rename(ws.root / "data" / "elsewhere.parquet")
    report = measure_slices(one, ws.root, ws.clock.now(), period="all")
    assert any("not compared with the reference" in note for note in report.notes)
    assert report.search.slices[0].reference_bad_rate is None
    assert report.segments[0].rise is not None


def test_without_labels_there_is_a_reason(tmp_path: Path) -> None:
    made = make_workspace(tmp_path)
    ingest(made, "log.parquet", binary_log(900).with_columns(label=pl.lit(None, pl.Int64)))
    report = made.slices("m", "all")
    assert report.search.reason == "fewer than 200 labelled rows"
    assert report.segments[0].reason == "the period has no labelled rows"


def test_versions_choose(ws: Workspace) -> None:
    with pytest.raises(MisuseError, match="'2'"):
        ws.slices("m", "all", "2")
    assert ws.slices("m", "all", "1").labelled == 6000


def test_a_flood_of_missing_values_is_told_end_to_end(tmp_path: Path) -> None:
    made = make_workspace(tmp_path)
    rng = np.random.default_rng(4)
    gone = rng.random(6000) < 0.3
    log = binary_log(6000, seed=3, hours=72)
    spoilt = pl.Series(gone & (rng.random(6000) < 0.8))
    log = log.with_columns(
        x=pl.when(pl.Series(gone)).then(None).otherwise("x"),
        label=pl.when(spoilt).then(1 - pl.col("prediction")).otherwise("label"),
    )
    ingest(made, "log.parquet", log)
    document = slices_document(made.slices("m", "all"))

    (found,) = [one for one in document["slices"] if one["where"] == {"x": None}]
    assert found["reference_bad_rate"] is None
    assert found["reason"] == "the reference has no labelled rows of it"
    assert found["share_of_rise"] == pytest.approx(1.0, abs=0.15)


def test_a_value_of_one_side_only_says_which_side_lacks_it() -> None:
    table = segment_table("c", {"a": (10, 1), "old": (5, 1)}, {"a": (10, 2), "new": (5, 4)})
    document = {p["value"]: p for p in _segment(table)["values"]}

    assert document["new"]["reason"] == "the reference has no labelled rows of it"
    assert document["old"]["reason"] == "the period has no labelled rows of it"
    assert document["a"]["reason"] is None
