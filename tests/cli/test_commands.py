"""The command line as a user meets it: exit codes, `error:` and `hint:`, JSON, hostile names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.workspace import Workspace

NAME = "m '[/b]' \x1b[31m🙂"


def run(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from workbench.cli.main import run; run()", *arguments],
        cwd=cwd, env=dict(os.environ) | dict(env or {}), capture_output=True, text=True, check=False,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], said: str, code: int = 1) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert said in done.stderr
    if code == 1:
        assert done.stderr.startswith("error: ")
        assert "\nhint: " in done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    log = binary_log(2000, hours=240)
    binary_log(2000, seed=99, first_id=10**6).write_parquet(folder / "reference.parquet")
    log.drop("label").write_parquet(folder / "log.parquet")
    log.select("prediction_id", "label").write_csv(folder / "labels.csv")
    root = folder / "ws"
    assert run("init", str(root), cwd=folder).returncode == 0
    added = run("model", "add", NAME, "--reference", "../reference.parquet", cwd=root)
    assert added.returncode == 0, added.stderr
    assert "\x1b" not in added.stdout + added.stderr
    done = run("ingest", "../log.parquet", "../labels.csv", "--model", NAME, "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["rows_stored"], document["labels_matched"]) == (2000, 2000)
    return root


def answer(root: Path, *arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_status_has_the_keys_of_the_contract(root: Path) -> None:
    model = answer(root, "status")["models"][0]
    assert model["name"] == NAME
    assert set(model) >= {
        "name", "version", "task", "status", "rows", "period", "bad_rate", "drifted_features",
        "data_faults", "last_prediction", "age_seconds", "open_incidents",
    }  # fmt: skip
    assert set(model["bad_rate"]) >= {"reference", "current", "low", "high", "estimated"}
    assert model["rows"] == 2000


def test_performance_and_drift_have_the_keys_of_the_contract(root: Path) -> None:
    performance = answer(root, "performance", NAME, "--period", "all")
    bucket = performance["buckets"][0]
    assert set(bucket) >= {
        "start", "end", "segment", "rows", "labelled", "bad", "bad_rate", "low", "high",
        "estimated_bad_rate", "estimated_low", "estimated_high", "metrics", "estimated_metrics",
        "weighted_bad_rate", "weighted_low", "weighted_high", "status",
    }  # fmt: skip
    assert sum(b["rows"] for b in performance["buckets"]) == 2000
    log = pl.read_parquet(root.parent / "log.parquet").join(
        pl.read_csv(root.parent / "labels.csv"), on="prediction_id"
    )
    wrong = int((log["prediction"] != log["label"]).sum())
    assert sum(b["bad"] for b in performance["buckets"]) == wrong
    drift = answer(root, "drift", NAME)
    assert set(drift["columns"][0]) >= {
        "name", "role", "kind", "psi", "js", "hellinger", "ks", "wasserstein", "p_value",
        "p_adjusted", "missing_reference", "missing_current", "unseen", "status",
    }  # fmt: skip
    assert performance["versions"] == drift["versions"] == ["1"]


@pytest.mark.parametrize("command", ["status", "performance", "drift", "model show", "model list"])
def test_hostile_names_are_shown_harmlessly(root: Path, command: str) -> None:
    name = [] if command in ("status", "model list") else [NAME]
    done = run(*command.split(), *name, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "[/b]" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("performance", "nobody"), "there is no model 'nobody'"),
        (("performance", NAME, "--period", "soon"), "cannot read the period 'soon'"),
        (("performance", NAME, "--period", "2024-02-02/2024-02-01"), "ends before it starts"),
        (("drift", NAME, "--against", "never"), "cannot read the period 'never'"),
        (("status", "--as-of", "yesterday"), "cannot read the time"),
        (("ingest", "gone.csv", "--model", NAME), "there is no file gone.csv"),
        (("ingest", "x.csv", "--model", NAME, "--format", "xls"), "there is no format 'xls'"),
        (("model", "add", "n", "--reference", "gone.parquet"), "there is no file gone.parquet"),
        (("model", "add", NAME, "--reference", "../reference.parquet"), "there is a model"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_hint(
    root: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused(run(*arguments, cwd=root), said)


def test_wrong_usage_ends_with_2_and_names_the_nearest_command(root: Path) -> None:
    refused(run("stauts", cwd=root), "Did you mean 'status'?", 2)
    refused(run("performance", cwd=root), "Missing argument", 2)
    refused(run("performance", NAME, "--segment", "nope", cwd=root), "no segment column 'nope'", 2)


def test_no_workspace_is_said(tmp_path: Path) -> None:
    refused(run("status", cwd=tmp_path), "no workspace")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[model]\nname = 'x'\ntask = 'binary'\n[reference]\n[columns]\ntimestmp = 't'\n",
            "timestmp",
        ),
        ("[model]\nname = 'x'\ntask = 'binry'\n[reference]\n", "binry"),
        ("[model\n", "not valid TOML"),
        ("[model]\nname = 'y'\ntask = 'binary'\n[reference]\n", "is the card of 'y'"),
        (
            "[model]\nname = 'x'\ntask = 'binary'\n[reference]\ndata = 'gone.parquet'\n",
            "is not there",
        ),
        (
            "[model]\nname = 'x'\ntask = 'binary'\n[reference]\n[privacy]\npseudonymise = ['label']\n",
            "pseudonymise",
        ),
    ],
)
def test_a_card_that_cannot_be_used_says_why_and_hurts_no_other(
    root: Path, text: str, said: str
) -> None:
    card = root / "models" / "x.toml"
    card.write_text(text)
    try:
        refused(run("drift", "x", cwd=root), said)
        models = answer(root, "status")["models"]
        assert {model["name"]: model["rows"] for model in models} == {"x": 0, NAME: 2000}
        assert run("model", "check", cwd=root).returncode == 1
    finally:
        card.unlink()


def test_a_failed_file_ends_with_1_and_the_document_is_printed(root: Path) -> None:
    bad = root / "bad.csv"
    bad.write_bytes(b"prediction_id,timestamp,prediction\np,2024-02-01,\xff\n")
    done = run("ingest", str(bad), "../log.parquet", "--model", NAME, "--json", cwd=root)
    refused(done, "is not UTF-8 text")
    document = json.loads(done.stdout)
    assert [file["status"] for file in document["files"]] == ["failed", "already_ingested"]
    assert document["rows_read"] == document["rows_duplicate"] == 2000


def test_sensitive_values_are_in_no_answer(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "private"
    ws = Workspace.create(folder)
    binary_log(500, seed=99).write_parquet(tmp_path / "reference.parquet")
    card = ws.add_model("p", tmp_path / "reference.parquet")
    card.write_text(card.read_text().replace("# sensitive = []", 'sensitive = ["c"]'))
    canary = "CANARY-7261"
    binary_log(50).with_columns(c=pl.lit(canary)).write_parquet(tmp_path / "log.parquet")
    ws.ingest(tmp_path / "log.parquet", model="p")
    commands = (
        ["status"], ["drift", "p"], ["performance", "p", "--segment", "c"], ["report", "p", "-o", "-"],
        ["drift", "p", "--json"], ["performance", "p", "--segment", "c", "--json"],
        ["slices", "p"], ["slices", "p", "--json"], ["drift", "p", "--multivariate", "--json"],
    )  # fmt: skip
    for command in commands:
        done = run(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert canary not in done.stdout + done.stderr
        assert done.stdout


def test_help_is_quick_to_read_and_lists_every_command(root: Path) -> None:
    done = run("--help", cwd=root)
    for command in (
        "init",
        "model",
        "ingest",
        "status",
        "performance",
        "drift",
        "slices",
        "report",
        "notebook",
        "demo",
    ):
        assert f"  {command} " in done.stdout
