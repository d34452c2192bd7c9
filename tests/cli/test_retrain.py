"""`retrain` and `runs` on a small workspace whose world turned: what is printed, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import Ended, done, workbench
from tests.retrain.runs import turned_workspace
from workbench.errors import WorkbenchError
from workbench.retrain.artifacts import load_artifact
from workbench.workspace import Workspace
from workbench.workspace.planning_runs import Asked
from workbench.workspace.training_records import training_record

KEYS = {
    "run", "state", "backend", "champion", "challenger", "data_version", "train_rows",
    "holdout_rows", "metrics", "recommend_promotion", "artifact", "seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return turned_workspace(tmp_path_factory.mktemp("retrain"))


@pytest.fixture(scope="module")
def ended(ws: Workspace) -> Ended:
    return done("-C", ws.root, "retrain", "m", "--fits", "3", "--wait", "--json")


def test_the_document_has_the_contract_s_keys_and_a_challenger_that_is_better(ended: Ended) -> None:
    document = ended.document
    assert set(document) >= KEYS
    assert (document["state"], document["backend"]) == ("succeeded", "local")
    assert (document["champion"], document["challenger"]) == ("1", "2")
    metrics = document["metrics"]
    # A logistic world: the best rate is about 0.3, and the champion's now one less that.
    assert metrics["champion_bad_rate"] > 0.6
    assert metrics["challenger_bad_rate"] < 0.4
    assert 0 < metrics["gain_low"] < metrics["gain"] < metrics["gain_high"] < 1
    assert document["recommend_promotion"] is True
    assert document["artifact"] == "registry/m/2/model.skops"
    assert document["seconds"] > 0
    assert [one["state"] for one in document["fits"]] == ["fitted"] * 3
    assert "99 of 100 retrainings are left" in ended.err


def test_the_candidate_is_whole_and_its_model_is_the_one_that_was_judged(
    ws: Workspace, ended: Ended
) -> None:
    folder = ws.root / "registry" / "m" / "2"
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (
        metadata["metrics"]["challenger_bad_rate"]
        == ended.document["metrics"]["challenger_bad_rate"]
    )
    assert metadata["libraries"]["scikit-learn"]
    assert metadata["seed"] == 1
    subject = ws.subject("m")
    shape, rules = subject.store.baseline.shape, subject.store.baseline.rules
    score = load_artifact(
        ws.root, subject.card, shape.features, rules, is_trusted=False,
        artifact="registry/m/2/model.skops",
    )  # fmt: skip
    held = pl.read_parquet(folder / metadata["baseline"])
    assert held.height == ended.document["holdout_rows"]
    said = score(held.select("x", "c"))
    assert (said["wb_prediction"] == held["prediction"]).all()
    rate = (held["prediction"] != held["label"]).mean()
    assert rate == pytest.approx(ended.document["metrics"]["challenger_bad_rate"])


def test_the_training_table_is_a_file_of_its_own_that_shares_no_row_with_what_judged(
    ws: Workspace, ended: Ended
) -> None:
    path, _, md5 = ended.document["data_version"].rpartition("@")
    record = training_record(ws.root, "m", "2")
    assert (record.training.path, record.training.md5) == (path, md5)
    table = pl.read_parquet(ws.root / path)
    assert table.height == ended.document["train_rows"]
    held = pl.read_parquet(ws.root / "registry" / "m" / "2" / "holdout.parquet")
    assert table["timestamp"].max() < held["timestamp"].dt.replace_time_zone(None).min()  # type: ignore[operator]


def test_the_champion_stays_as_it_was(ws: Workspace, ended: Ended) -> None:
    assert not (ws.root / "registry" / "m" / "champion.json").exists()
    assert not list((ws.root / "registry" / "m").glob(".*"))


def test_runs_are_listed_shown_and_logged_within_80_columns(ws: Workspace, ended: Ended) -> None:
    run = ended.document["run"]
    listed = done("-C", ws.root, "runs")
    assert run in listed.out
    shown = done("-C", ws.root, "runs", "show", run)
    assert "promote it" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert done("-C", ws.root, "runs", "show", run, "--json").document["run"] == run
    assert "fitting 3 challengers" in done("-C", ws.root, "runs", "logs", run).out
    workbench("-C", ws.root, "runs", "show", "run-99").assert_refused("there is no run-99")
    workbench("-C", ws.root, "runs", "show", "xyz").assert_refused("is no run")


def test_what_cannot_be_trained_is_refused_before_anything_is_fitted(ws: Workspace) -> None:
    def refused(*arguments: str, said: str, code: int = 1) -> None:
        workbench("-C", ws.root, "retrain", *arguments).assert_refused(said, code=code)

    refused("nobody", said="nobody")
    refused("m", "--recipe", "boosting", said="no recipe 'boosting'")
    refused("m", "--window", "soon", said="soon")
    refused("m", "--data", "data/nothing.parquet", said="nothing.parquet")
    refused("m", "--weights", "0", said="--weights", code=2)
    refused("m", "--backend", "vertex", said="vertex", code=2)
    refused("m", "--force", said="--reason", code=2)
    refused("m", "--backend", "local", "--address", "http://x", said="--address", code=2)
    assert len(ws.retraining.all()) == 1


def test_too_few_labels_fail_the_run_and_cost_nothing_of_the_budget(ws: Workspace) -> None:
    left = ws.retraining.budget("m").words
    ended = workbench("-C", ws.root, "retrain", "m", "--window", "2024-02-12/2024-02-12T04:00")
    assert ended.code == 1
    assert "error: only " in ended.err
    newest = ws.retraining.all()[0]
    assert newest.state == "failed"
    assert "labelled rows" in (newest.reason or "")
    assert ws.retraining.budget("m").words == left


def test_a_used_budget_is_said_and_a_person_with_a_reason_goes_over_it(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path)
    card = ws.root / "models" / "m.toml"
    card.write_text(
        card.read_text().replace("max_retrains_per_month = 100", "max_retrains_per_month = 0")
    )
    workbench("-C", ws.root, "retrain", "m").assert_refused("budget", "--force --reason")
    assert not ws.retraining.all()
    ended = done(
        "-C", ws.root, "retrain", "m", "--fits", "1", "--wait", "--json", "--force", "--reason",
        "the world turned",
    )  # fmt: skip
    assert ended.document["forced"] == "the world turned"


def test_the_candidate_is_promoted_and_the_former_champion_comes_back(
    ws: Workspace, ended: Ended
) -> None:
    promoted = done("-C", ws.root, "promote", "m", "2", "--yes", "--json").document
    assert (promoted["version"], promoted["previous"]) == ("2", "1")
    assert ws.subject("m").champion == "2"
    assert done("-C", ws.root, "runs", "show", ended.document["run"], "--json").document
    back = done("-C", ws.root, "rollback", "m", "--yes", "--json").document
    assert (back["version"], back["previous"]) == ("1", "2")
    assert ws.subject("m").champion == "1"


def test_a_flagged_model_is_not_retrained_by_itself(ws: Workspace, ended: Ended) -> None:
    assert ended.document["state"] == "succeeded"
    runs = len(ws.retraining.all("m"))
    done("-C", ws.root, "flag", "m", "--reason", "its inputs do not tell")
    with pytest.raises(WorkbenchError, match="flagged for redesign"):
        ws.retraining.start("m", Asked(mode="auto", backend="local"))
    assert len(ws.retraining.all("m")) == runs
    done("-C", ws.root, "flag", "m", "--lift", "--reason", "they do")
