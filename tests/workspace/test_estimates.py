"""Rates before the labels come: from the store's counts, and from rows when asked."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cli.command import done
from tests.logs import START, binary_log
from tests.store.upkeep import as_regression, ingest, make_workspace
from tests.workspace.test_tasks_and_rules import multiclass
from workbench.domain.rates import PerformanceReport
from workbench.store.connections import reading
from workbench.store.remembered_estimates import read_estimates
from workbench.workspace import Workspace, row_estimating

LOG = binary_log(3000, seed=3, hours=72)


def report(ws: Workspace, period: str = "all", **options: object) -> PerformanceReport:
    return ws.performance_report("m", period, **options)  # type: ignore[arg-type]


def moved(rows: int, seed: int, shift: float, spread: float = 1.0) -> pl.DataFrame:
    """A log whose inputs moved and whose labels follow the score as before."""
    random = np.random.default_rng(seed)
    x = random.normal(shift, spread, rows)
    score = 1 / (1 + np.exp(-x))
    return binary_log(rows, seed=seed, hours=72).with_columns(
        x=pl.Series(x), score=pl.Series(score), prediction=pl.Series((score > 0.5).astype(int)),
        label=pl.Series((random.random(rows) < score).astype(int)),
    )  # fmt: skip


def test_without_labels_a_rate_is_estimated_where_the_labels_would_have_put_it(
    tmp_path: Path,
) -> None:
    ws = make_workspace(tmp_path)
    log = moved(4000, 5, 0.0, 0.3)  # near the threshold: many more are bad than on the reference
    ingest(ws, "log.parquet", log.drop("label"))
    found = report(ws)
    realised = float((log["prediction"] != log["label"]).mean())  # type: ignore[arg-type]
    whole = found.whole
    assert whole.bad_rate is None
    assert whole.estimated_bad_rate == pytest.approx(realised, abs=0.03)
    assert whole.estimated_low is not None
    assert whole.estimated_high is not None
    assert whole.estimated_low <= realised <= whole.estimated_high
    assert whole.concept is None
    assert found.reference_rate is not None
    assert realised > found.reference_rate + 0.05
    assert all(b.estimated_bad_rate is not None for b in found.buckets)
    (status,) = ws.status()
    assert status.estimated_rate is not None
    assert status.current_rate is None
    assert f"~{status.estimated_rate:.1%}" in done("-C", ws.root, "status").out


def test_counts_of_a_cut_bucket_and_as_of_are_estimated_too(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    whole = report(ws, "2024-02-01T06:00:00Z/2024-02-02T06:00:00Z").whole
    assert whole.estimated_bad_rate is not None
    assert whole.rows == 1000
    early = ws.as_of(START + timedelta(hours=30))
    assert report(early).whole.estimated_bad_rate is not None


def test_a_changed_meaning_is_told_from_a_harder_mix(tmp_path: Path) -> None:
    calm, changed = make_workspace(tmp_path / "a"), make_workspace(tmp_path / "b")
    ingest(calm, "log.parquet", moved(4000, 6, 0.0, 0.3))
    random = np.random.default_rng(8)
    flipped = pl.Series(random.random(3000) < 0.3)
    ingest(
        changed, "log.parquet",
        LOG.with_columns(label=pl.when(flipped).then(1 - pl.col("label")).otherwise("label")),
    )  # fmt: skip
    mix, meaning = report(calm).whole.concept, report(changed).whole.concept
    assert mix is not None
    assert mix.low <= 0 <= mix.high
    assert mix.status in ("ok", "unknown")
    assert meaning is not None
    assert meaning.low > 0
    assert meaning.status == "critical"
    assert meaning.difference == pytest.approx(meaning.realised - meaning.estimated)
    assert meaning.labelled == 3000


def test_rows_are_read_when_asked_and_remembered_until_others_come(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    before = report(ws)
    assert before.whole.weighted_bad_rate is None
    assert before.whole.weighted_reason == "needs the rows: workbench performance --estimate"
    asked = report(ws, estimate=True)
    assert asked.whole.weighted_bad_rate is not None
    assert asked.whole.weighted_low is not None
    assert asked.whole.weighted_high is not None
    assert asked.whole.weighted_low < asked.whole.weighted_bad_rate < asked.whole.weighted_high
    assert asked.whole.weighted_bad_rate == pytest.approx(asked.whole.estimated_bad_rate, abs=0.03)
    assert report(ws) == asked
    again = report(ws, estimate=True)
    assert again == asked
    ingest(ws, "more.parquet", binary_log(50, seed=4, first_id=50_000, hours=1))
    later = report(ws)
    assert later.whole.weighted_bad_rate is None
    assert later.whole.weighted_reason is not None
    assert "rows came in since" in later.whole.weighted_reason
    assert later.buckets[0].weighted_bad_rate is None
    assert later.buckets[1].weighted_bad_rate == asked.buckets[1].weighted_bad_rate


def test_revised_labels_are_estimated_again(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, task="regression")
    log = as_regression(LOG)
    ingest(ws, "log.parquet", log)
    first = report(ws, estimate=True).whole.concept
    assert first is not None
    wrong = log.select("prediction_id", label=pl.col("prediction") + 50.0)
    ingest(ws, "revised.csv", wrong)
    assert report(ws).whole.concept is None
    again = report(ws, estimate=True).whole
    assert again.concept is not None
    assert again.concept.realised == again.bad_rate == 1.0
    assert again.concept.realised > first.realised


def test_the_bucket_that_is_new_is_estimated_from_as_many_rows_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_estimating, "_BUCKET_ROWS", 300)
    ws = make_workspace(tmp_path, task="regression")
    log = as_regression(binary_log(1200, seed=3, hours=96))  # 300 a day
    last = pl.col("timestamp") >= START.replace(tzinfo=None) + timedelta(hours=72)
    ingest(ws, "log.parquet", log.filter(~last))
    report(ws, estimate=True)
    ingest(ws, "more.parquet", log.filter(last))
    report(ws, estimate=True)
    subject = ws._subject("m")
    period = subject.period("all")
    with reading(ws.store) as catalog:
        kept = read_estimates(catalog, subject.store.baseline, None, period)
        kept |= read_estimates(catalog, subject.store.baseline, ("1",), period)
    new = [e for e in kept.values() if e.start == START + timedelta(hours=72)]
    assert [(e.labelled, e.labelled_rows) for e in new] == [(300, 300)]


def test_as_of_an_earlier_moment_nothing_is_remembered(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    early = ws.as_of(START + timedelta(hours=30))
    assert report(early, estimate=True).whole.weighted_bad_rate is not None
    with reading(ws.store) as catalog:
        assert catalog.execute("SELECT count(*) FROM row_estimates").fetchall() == [(0,)]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_what_scores_cannot_tell_is_estimated_from_rows(tmp_path: Path, task: str) -> None:
    ws = make_workspace(tmp_path, task="regression")
    if task == "multiclass":
        (ws.root / "models" / "m.toml").write_text(
            '[model]\nname = "m"\ntask = "multiclass"\n[reference]\ndata = "data/reference.parquet"\n'
        )
        multiclass(2000, 1, 10**6).write_parquet(ws.root / "data" / "reference.parquet")
        log = multiclass(900, 2)
    else:
        log = as_regression(LOG)
    ingest(ws, "log.parquet", log)
    before = report(ws).whole
    assert before.estimated_bad_rate is None
    assert before.estimated_reason == "needs the rows: workbench performance --estimate"
    whole = report(ws, estimate=True).whole
    assert whole.estimated_bad_rate is not None
    assert whole.estimated_low is not None
    assert whole.estimated_high is not None
    assert whole.bad_rate is not None
    assert whole.estimated_low <= whole.bad_rate <= whole.estimated_high
    name = "accuracy" if task == "multiclass" else "mae"
    assert whole.estimated_metrics[name] == pytest.approx(whole.metrics[name], abs=0.05)
    assert whole.concept is not None
    assert whole.concept.low <= 0 <= whole.concept.high


def test_a_threshold_a_row_needs_the_rows(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[decision]\nthreshold_column = "limit"\n')
    random = np.random.default_rng(1)
    reference = pl.read_parquet(ws.root / "data" / "reference.parquet")

    def limited(log: pl.DataFrame) -> pl.DataFrame:
        limit = random.choice([0.2, 0.8], log.height)
        return log.drop("prediction").with_columns(limit=pl.Series(limit))

    limited(reference).write_parquet(ws.root / "data" / "reference.parquet")
    ingest(ws, "log.parquet", limited(LOG))
    before = report(ws).whole
    assert before.estimated_bad_rate is None
    assert before.estimated_reason is not None
    assert "one threshold" in before.estimated_reason
    whole = report(ws, estimate=True).whole
    assert whole.estimated_bad_rate == pytest.approx(whole.bad_rate, abs=0.03)


def test_a_reference_without_labels_says_so(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    path = ws.root / "data" / "reference.parquet"
    pl.read_parquet(path).drop("label").write_parquet(path)
    ingest(ws, "log.parquet", LOG)
    whole = report(ws).whole
    assert whole.estimated_reason == "the reference has no labelled predictions"
    asked = report(ws, estimate=True).whole
    assert asked.weighted_bad_rate is None
    assert asked.weighted_reason is not None
    assert "labelled" in asked.weighted_reason


def test_sensitive_values_are_not_remembered(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[privacy]\nsensitive = ["c"]\n')
    secret = {"a": "canary-one", "b": "canary-two", "[/b]": "canary-three"}
    path = ws.root / "data" / "reference.parquet"
    pl.read_parquet(path).with_columns(pl.col("c").replace(secret)).write_parquet(path)
    ingest(ws, "log.parquet", LOG.with_columns(pl.col("c").replace(secret)))
    report(ws, estimate=True)
    with reading(ws.store) as catalog:
        kept = catalog.execute("SELECT * FROM row_estimates").fetchall()
    assert kept
    assert "canary" not in repr(kept)


def test_the_command_prints_estimates_and_what_they_differ_by(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", LOG)
    text = done("-C", ws.root, "performance", "m", "--period", "all", "--estimate").out
    assert "estimated" in text
    assert "weighted" in text
    assert "concept" in text
    assert "realised" in text
    document = json.loads(done("-C", ws.root, "performance", "m", "--period", "all", "--json").out)
    bucket = document["buckets"][0]
    assert bucket["estimated_metrics"]["accuracy"] is not None
    assert bucket["estimated_metrics"]["roc_auc"] is not None
    assert bucket["weighted_bad_rate"] is not None
    assert set(document["concept"]) == {
        "realised", "estimated", "difference", "low", "high", "labelled", "status", "reason",
    }  # fmt: skip
    status = json.loads(done("-C", ws.root, "status", "--json").out)
    assert status["models"][0]["bad_rate"]["estimated"] is not None
    assert done("-C", ws.root, "performance", "m", "--segment", "c").code == 0
