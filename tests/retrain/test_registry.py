"""The champion's pointer and its history: one step, nothing lost, and nothing believed that is not so."""

from __future__ import annotations

import json
import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.retrain.worlds import card_of
from workbench.domain.decision import PROMOTION, Decision
from workbench.errors import CardError, WorkbenchError
from workbench.retrain.registry import (
    ChampionChange,
    append_history,
    champion_history,
    decision_id,
    judged_tables,
    previous_champion,
    registry_lock,
    restored_on_failure,
    standing_champion,
    unwritten_record,
    write_change,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CARD = card_of("binary")


def change(version: str, previous: str = "1", hours: int = 0) -> ChampionChange:
    at = NOON + timedelta(hours=hours, microseconds=7)
    number = decision_id("m", PROMOTION, version, previous, at)
    made = Decision(number, "m", PROMOTION, at, "ann", "why", version, previous, {"run": "r1"})
    return ChampionChange(made, f"registry/m/{version}/model.skops", "", at - timedelta(days=9))


def folder(root: Path) -> Path:
    return root / "registry" / "m"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = [change("2"), change("3", "2", 1)]
    for one in made:
        write_change(tmp_path, CARD, one)
    assert list(champion_history(tmp_path, CARD)) == made
    assert standing_champion(tmp_path, CARD) == ("3", "registry/m/3/model.skops")
    assert previous_champion(tmp_path, CARD) == ("2", "")
    assert unwritten_record(tmp_path, CARD) is None
    append_history(tmp_path, CARD, made[1])
    assert list(champion_history(tmp_path, CARD)) == made


def test_a_champion_whose_record_the_history_lacks_is_found(tmp_path: Path) -> None:
    write_change(tmp_path, CARD, change("2"))
    (folder(tmp_path) / "history.jsonl").unlink()
    assert unwritten_record(tmp_path, CARD) == change("2")
    assert list(champion_history(tmp_path, CARD)) == [change("2")]


@pytest.mark.parametrize("before", [(), ("2",)])
def test_what_fails_leaves_every_byte_as_it_was(tmp_path: Path, before: tuple[str, ...]) -> None:
    for version in before:
        write_change(tmp_path, CARD, change(version))
    folder(tmp_path).mkdir(parents=True, exist_ok=True)
    files = {path.name: path.read_bytes() for path in folder(tmp_path).iterdir()}

    def interrupted() -> None:
        with restored_on_failure(tmp_path, CARD):
            write_change(tmp_path, CARD, change("5", "2", 2))
            assert standing_champion(tmp_path, CARD)[0] == "5"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert {path.name: path.read_bytes() for path in folder(tmp_path).iterdir()} == files


@pytest.mark.parametrize(
    "raw",
    [
        {"version": "2"},
        {"version": "2", "id": 7, "kind": "promotion"},
        {"version": "2", "id": "x", "kind": "promotion", "when": "yesterday"},
        {"version": "2", "id": "x", "kind": "sudo", "when": "2026-03-01T12:00:00Z"},
        {"version": "2", "previous": ["1"], "path": 3},
    ],
)
def test_a_pointer_written_by_hand_is_a_champion_without_a_record(
    tmp_path: Path, raw: dict[str, object]
) -> None:
    folder(tmp_path).mkdir(parents=True)
    (folder(tmp_path) / "champion.json").write_text(json.dumps(raw))
    assert standing_champion(tmp_path, CARD)[0] == "2"
    assert champion_history(tmp_path, CARD) == ()
    with pytest.raises(WorkbenchError, match="no champion before"):
        previous_champion(tmp_path, CARD)
    write_change(tmp_path, CARD, change("3", "2"))
    assert [one.version for one in champion_history(tmp_path, CARD)] == ["3"]


def test_a_history_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    folder(tmp_path).mkdir(parents=True)
    path = folder(tmp_path) / "history.jsonl"
    path.write_text("{nonsense\n")
    with pytest.raises(CardError, match="history"), restored_on_failure(tmp_path, CARD):
        write_change(tmp_path, CARD, change("2"))
    assert path.read_text() == "{nonsense\n"
    assert not (folder(tmp_path) / "champion.json").exists()


def test_only_a_file_beside_the_model_is_what_it_was_judged_on(tmp_path: Path) -> None:
    write_change(tmp_path, CARD, change("2"))
    for version, named in (("2", "holdout.parquet"), ("3", "holdout.parquet")):
        place = folder(tmp_path) / version
        place.mkdir()
        (place / "model.skops").touch()
        (place / "holdout.parquet").touch()
        (place / "metadata.json").write_text(json.dumps({"baseline": named}))
    # Version 3 was never promoted.
    assert judged_tables(tmp_path, CARD) == {"2": "registry/m/2/holdout.parquet"}
    for hostile in ("../3/holdout.parquet", "/etc/passwd", 3, "", None):
        (folder(tmp_path) / "2" / "metadata.json").write_text(json.dumps({"baseline": hostile}))
        assert judged_tables(tmp_path, CARD) == {}


def _hold(root: Path, seconds: float, pipe: object) -> None:
    with registry_lock(root, CARD):
        pipe.send("held")  # type: ignore[attr-defined]
        time.sleep(seconds)


def test_two_who_change_the_champion_wait_for_one_another(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("fork").Process(target=_hold, args=(tmp_path, 20, theirs))
    other.start()
    try:
        assert ours.recv() == "held"
        with (
            pytest.raises(WorkbenchError, match="another process"),
            registry_lock(tmp_path, CARD, timeout=0.2),
        ):
            pass
    finally:
        other.kill()
        other.join()
    (folder(tmp_path) / ".new-left").touch()
    with registry_lock(tmp_path, CARD, timeout=5):
        assert not (folder(tmp_path) / ".new-left").exists()
