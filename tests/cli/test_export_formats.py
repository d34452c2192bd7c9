"""A serving system's log at the command line: a card from it, its ingest, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import done, workbench
from tests.ingest.formats.churn import reference_table
from workbench.ingest.formats.registry import format_names

SAMPLES = Path(__file__).parents[1] / "ingest" / "formats" / "samples"
LOG = SAMPLES / "kserve" / "cloudevents_v1.jsonl"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    done("init", tmp_path / "ws")
    reference_table().write_parquet(tmp_path / "reference.parquet")
    return tmp_path / "ws"


def test_a_card_from_a_log_reads_the_log(root: Path) -> None:
    added = done(
        "-C", root, "model", "add", "churn", "--reference", root.parent / "reference.parquet",
        "--from-log", LOG,
    )  # fmt: skip
    assert "churn.toml" in added.out
    ended = done("-C", root, "ingest", LOG, "--model", "churn", "--json")
    (file,) = ended.document["files"]
    assert (file["format"], file["rows_stored"], file["rows_quarantined"]) == ("kserve", 3, 1)


def test_a_log_alone_is_not_enough_for_a_card(root: Path) -> None:
    ended = workbench("-C", root, "model", "add", "churn", "--from-log", LOG)
    assert ended.code == 2
    assert "Missing option '--reference'. A log alone cannot be judged" in ended.err


def test_a_log_that_is_not_there_leaves_no_card(root: Path) -> None:
    workbench(
        "-C", root, "model", "add", "churn", "--reference", root.parent / "reference.parquet",
        "--from-log", "gone.jsonl",
    ).assert_refused("there is no file gone.jsonl")  # fmt: skip
    assert not (root / "models" / "churn.toml").exists()


def test_a_format_that_is_not_known_names_those_that_are(root: Path) -> None:
    done("-C", root, "model", "add", "churn", "--reference", root.parent / "reference.parquet")
    ended = workbench("-C", root, "ingest", LOG, "--model", "churn", "--format", "kserv")
    ended.assert_refused("there is no format 'kserv'")
    assert all(name in ended.err for name in format_names())


def test_a_card_with_a_format_that_is_not_known_fails_its_check(root: Path) -> None:
    done("-C", root, "model", "add", "churn", "--reference", root.parent / "reference.parquet")
    card = root / "models" / "churn.toml"
    card.write_text(card.read_text().replace("[source]", '[source]\nformat = "kserv"'))
    ended = workbench("-C", root, "model", "check", "churn")
    assert ended.code == 1
    assert "'kserve'" in ended.out
