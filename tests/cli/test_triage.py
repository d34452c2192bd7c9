"""`triage`: what it prints, what it records, and that it can be made again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from tests.cli.command import Ended, done, workbench
from tests.logs import START, binary_log
from tests.store.upkeep import make_workspace
from workbench.clock import FixedClock
from workbench.workspace import Workspace
from workbench.workspace.triaging import replayed, triage

CARD = """artifact = "registry/m/1/model.skops"
[columns]
features = ["x", "c"]
[monitoring]
window = "3d"
"""
KEYS = {
    "model", "period", "onset", "labels_as_of", "verdict", "reason", "redesign_reason",
    "confidence", "summary", "causes", "residual_verdict", "cannot_distinguish", "exclude",
    "evidence", "actions",
}  # fmt: skip


def champion() -> Pipeline:
    """The model that the logs' scores come from."""
    from sklearn.compose import ColumnTransformer

    model = LogisticRegression(C=1e9)
    made = Pipeline(
        [("columns", ColumnTransformer([("x", "passthrough", ["x"])])), ("model", model)]
    )
    log = binary_log(4000, seed=50)
    made.fit(log.select("x"), log["label"].to_numpy())
    model.coef_[:], model.intercept_[:] = 1.0, 0.0
    return made


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Six days; from the fourth on x reaches the model in Fahrenheit."""
    made = make_workspace(tmp_path_factory.mktemp("triage"))
    card = made.root / "models" / "m.toml"
    head, _, rest = CARD.partition("\n")
    card.write_text(
        card.read_text().replace('task = "binary"\n', f'task = "binary"\n{head}\n') + rest
    )
    folder = made.root / "registry" / "m" / "1"
    folder.mkdir(parents=True)
    skops.io.dump(champion(), folder / "model.skops")
    log = binary_log(9000, seed=7, hours=144)
    late = pl.int_range(pl.len()) >= 4500
    x = pl.when(late).then(1.8 * pl.col("x") + 32).otherwise(pl.col("x"))
    broken = log.with_columns(x=x).with_columns(score=1 / (1 + (-pl.col("x")).exp()))
    broken = broken.with_columns(prediction=(pl.col("score") > 0.5).cast(pl.Int64))
    broken.write_parquet(made.root.parent / "log.parquet")
    made.ingest(made.root.parent / "log.parquet", model="m")
    return made


def test_the_document_has_the_contract_s_keys_and_names_the_fault(ws: Workspace) -> None:
    ended = done("-C", ws.root, "triage", "m", "--json")
    document = ended.document
    assert set(document) >= KEYS
    # What the counts say comes before anything that needs rows.
    lines = [line for line in ended.err.splitlines() if not line.startswith(" ")]
    steps = [line.split(":")[0] for line in lines]
    assert steps[:3] == ["onset by the counts", "harm by the counts", "since"], ended.err
    assert document["verdict"] == "fix_upstream", document["summary"]
    cause = document["causes"][0]
    assert (cause["kind"], cause["where"], cause["column"]) == ("unit_change", "feature", "x")
    assert cause["since"].startswith("2024-02-04")
    assert document["exclude"]
    assert document["summary"].startswith("m: ")
    assert document["id"] == 1
    for one in document["evidence"]:
        assert {"name", "value", "low", "high", "n", "threshold", "reading", "supports"} <= set(one)
    assert "harm: " in ended.err


def text_lines(ended: Ended) -> list[str]:
    return ended.out.splitlines()


def test_the_text_fits_80_columns_and_says_what_to_do(ws: Workspace) -> None:
    ended = done("-C", ws.root, "triage", "m")
    assert max(len(line) for line in text_lines(ended)) <= 80
    assert "FIX UPSTREAM" in text_lines(ended)[0]
    assert "keep out of training" in ended.out
    assert "  workbench quality m" in ended.out


def test_a_verdict_made_again_is_the_same_though_more_came_in_since(ws: Workspace) -> None:
    first = done("-C", ws.root, "triage", "m", "--json").document
    more = binary_log(3000, seed=8, first_id=50_000, hours=144)
    more.write_parquet(ws.root.parent / "more.parquet")
    ws.ingest(ws.root.parent / "more.parquet", model="m")
    again = done("-C", ws.root, "triage", "--replay", str(first["id"]), "--json")
    assert json.dumps(again.document) == json.dumps(first)
    assert done("-C", ws.root, "triage", "m", "--json").document["evidence"] != first["evidence"]


def test_a_changed_card_is_told_when_a_verdict_is_made_again(ws: Workspace) -> None:
    number = done("-C", ws.root, "triage", "m", "--json").document["id"]
    card = ws.root / "models" / "m.toml"
    kept = card.read_text()
    try:
        card.write_text(kept + "[thresholds]\nbad_rate = [0.03, 0.06]\n")
        again = replayed(ws, number)
    finally:
        card.write_text(kept)
    assert any("not what it was made from any more: card" in note for note in again.notes)


def test_an_operator_may_overrule_and_the_record_keeps_both(ws: Workspace) -> None:
    number = done("-C", ws.root, "triage", "m", "--json").document["id"]
    said = done(
        "-C", ws.root, "triage", "--overrule", str(number), "--verdict", "wait",
        "--reason", "the feed is being mended", "--author", "ann", "--json",
    ).document  # fmt: skip
    assert said["verdict"] == "fix_upstream"
    assert [(o["author"], o["verdict"]) for o in said["overruled"]] == [("ann", "wait")]


def test_wrong_usage_is_refused(ws: Workspace) -> None:
    workbench("-C", ws.root, "triage").assert_refused("name a model", code=2)
    workbench("-C", ws.root, "triage", "nobody").assert_refused("nobody")
    workbench("-C", ws.root, "triage", "--replay", "999").assert_refused("no verdict 999")
    workbench("-C", ws.root, "triage", "--overrule", "1").assert_refused("--verdict", code=2)


def test_without_an_artifact_or_labels_steps_say_why_they_were_skipped(tmp_path: Path) -> None:
    made = make_workspace(tmp_path)
    log = binary_log(3000, hours=144).drop("label")
    log.write_parquet(tmp_path / "log.parquet")
    made.ingest(tmp_path / "log.parquet", model="m")
    verdict = triage(replace(made, clock=FixedClock(START)), "m")
    assert verdict.verdict == "wait"
    skipped = {step.step: step.skipped for step in verdict.steps}
    assert skipped["replay"] is not None
    assert "artifact" in skipped["replay"]


def test_as_of_an_earlier_moment_nothing_is_recorded(ws: Workspace) -> None:
    verdict = triage(ws.as_of(START + timedelta(days=2, hours=12)), "m", "2d")
    assert verdict.id is None
    assert any("not recorded" in note for note in verdict.notes)
    assert verdict.verdict != "fix_upstream"
