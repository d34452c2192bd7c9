"""A key that is lost is no reason to make another, and a card that changes late is noticed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, make_workspace, workbench, write_card
from tests.logs import binary_log
from workbench.errors import StoreError
from workbench.store.connections import StoreHome
from workbench.store.pseudonym_key import ensure_key, key_path

NOW = datetime(2024, 6, 1, tzinfo=UTC)
PRIVATE = '[privacy]\npseudonymise = ["C"]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def test_a_lost_key_is_an_error_and_not_made_anew(home: StoreHome) -> None:
    ensure_key(home, NOW)
    key_path(home).unlink()
    with pytest.raises(StoreError, match="is lost"):
        ensure_key(home, NOW)
    assert not key_path(home).exists()


@pytest.mark.parametrize(("content", "said"), [(b"x" * 32, "not the one"), (b"short", "5 bytes")])
def test_another_key_is_refused(home: StoreHome, content: bytes, said: str) -> None:
    ensure_key(home, NOW)
    key_path(home).write_bytes(content)
    with pytest.raises(StoreError, match=said):
        ensure_key(home, NOW)


def test_a_key_whose_making_was_cut_short_is_taken_up(home: StoreHome) -> None:
    """The file is there before the catalog knows of it."""
    key_path(home).write_bytes(b"k" * 32)
    assert ensure_key(home, NOW, lambda n: b"x" * n) == b"k" * 32


def test_two_processes_make_one_key(home: StoreHome) -> None:
    ready, go = os.pipe()
    children = []
    for _ in range(6):
        child = os.fork()
        if child == 0:
            try:
                os.read(ready, 1)
                ensure_key(home, NOW)
            finally:
                os._exit(0)
        children.append(child)
    os.write(go, b"x" * 6)
    for child in children:
        os.waitpid(child, 0)
    key = key_path(home).read_bytes()
    assert len(key) == 32
    assert ensure_key(home, NOW) == key


def test_an_ingest_without_the_key_says_how_to_get_it_back(root: Path, tmp_path: Path) -> None:
    write_card(root, PRIVATE)
    binary_log(50, first_id=9000).write_csv(tmp_path / "a.csv")
    done("-C", root, "ingest", tmp_path / "a.csv", "--model", "m")
    (root / ".workbench" / "pseudonym.key").unlink()
    binary_log(50, first_id=9500).write_csv(tmp_path / "b.csv")
    ended = workbench("-C", root, "ingest", tmp_path / "b.csv", "--model", "m")
    ended.assert_refused("pseudonym.key is lost")
    assert not (root / ".workbench" / "pseudonym.key").exists()
    found = workbench("-C", root, "doctor", "--json").document
    states = [one["status"] for one in found["checks"] if one["name"] == "privacy"]
    assert "error" in states


def test_rows_from_before_the_card_said_so_are_named(root: Path) -> None:
    assert "pseudonymised" not in done("-C", root, "model", "check", "m").out
    write_card(root, PRIVATE)
    said = done("-C", root, "model", "check", "m").out
    assert "rows stored before 'C' was pseudonymised still hold its values" in said
    found = workbench("-C", root, "doctor", "--json").document
    (check,) = [one for one in found["checks"] if one["name"] == "privacy"]
    assert check["status"] == "warning"


def test_a_name_that_is_in_no_table_is_said(root: Path) -> None:
    write_card(root, '[privacy]\npseudonymise = ["custmer"]\n')
    assert "lacks: 'custmer'" in done("-C", root, "model", "check", "m").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[privacy]\n{key} = ["{name}"]\n', f"which is the {what} column")
        for key, name, what in (
            ("pseudonymise", "TIMESTAMP", "timestamp"),
            ("pseudonymise", "score", "score"),
            ("pseudonymise", "label", "label"),
            ("pseudonymise", "role", "role"),
            ("sensitive", "Model_Version", "model_version"),
            ("sensitive", "timestamp", "timestamp"),
        )
    ],
)
def test_columns_that_are_needed_as_they_are_cannot_be_private(
    root: Path, text: str, said: str
) -> None:
    write_card(root, text)
    workbench("-C", root, "model", "show", "m").assert_refused(said)


def test_erasing_asks_first(root: Path) -> None:
    write_card(root, '[columns]\nentity = "c"\n')
    ended = workbench("-C", root, "store", "erase", "--entity", "a")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert done("-C", root, "store", "erase", "--entity", "a", "--yes", "--json").document[
        "models"
    ][0]["rows"]


def test_erasing_without_an_entity_column_says_what_to_do(root: Path) -> None:
    ended = workbench("-C", root, "store", "erase", "--entity", "a", "--yes")
    ended.assert_refused("no model's card names an entity column")
    workbench(
        "-C", root, "store", "erase", "--entity", "a", "--model", "m", "--yes"
    ).assert_refused("names no entity column")
    workbench("-C", root, "store", "erase", "--entity", " ", "--yes").assert_refused("is empty")


def test_the_doctor_finds_an_erased_store_well(root: Path, tmp_path: Path) -> None:
    write_card(root, '[columns]\nentity = "c"\n')
    frame = binary_log(40, first_id=7000).with_columns(pl.col("timestamp").cast(pl.String))
    bad = frame.with_row_index().with_columns(
        timestamp=pl.when(pl.col("index") < 9).then(pl.lit("x")).otherwise("timestamp")
    )
    bad.drop("index").write_csv(tmp_path / "bad.csv")
    done("-C", root, "ingest", tmp_path / "bad.csv", "--model", "m")
    done("-C", root, "store", "erase", "--entity", "a", "--yes")
    found = workbench("-C", root, "doctor", "--json").document
    wrong = [one for one in found["checks"] if one["status"] == "error"]
    assert wrong == []
    leftovers = [one for one in found["checks"] if one["name"] == "leftovers"]
    assert [one["status"] for one in leftovers] == ["ok"]


def test_the_id_can_be_kept_out_of_the_list_of_processes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    write_card(root, '[columns]\nentity = "c"\n')
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n"))
    ended = done("-C", root, "store", "erase", "--entity", "-", "--yes", "--json")
    assert ended.document["models"][0]["rows"] > 0
