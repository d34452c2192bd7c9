"""The registry's folders are read as they are, and the champion's record before the card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.retrain.worlds import card_of
from workbench.domain.card import Identity
from workbench.errors import CardError
from workbench.retrain.versions_on_disk import (
    champion_artifact,
    previous_version,
    versions_on_disk,
)

CARD = replace(card_of("binary"), model=Identity(name="a/b", task="binary", artifact="x.skops"))
FOLDER = "registry/a%2Fb"


def put(root: Path, version: str, file: str = "model.skops", metadata: str = "{}") -> None:
    folder = root / FOLDER / version
    folder.mkdir(parents=True)
    (folder / file).write_bytes(b"")
    (folder / "metadata.json").write_text(metadata)


def crown(root: Path, content: Any) -> None:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (root / FOLDER / "champion.json").write_text(text)


def test_versions_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", "1", "1.2", "1.10", ".new", "v2"):
        put(tmp_path, name)
    put(tmp_path, "11", "notes.txt")
    put(tmp_path, "12", "model.onnx", '{"rows": 5}')

    found = versions_on_disk(tmp_path, CARD)

    assert [one.version for one in found] == ["1", "1.2", "1.10", "9", "10", "12", "v2"]
    assert found[5].artifact == f"{FOLDER}/12/model.onnx"
    assert found[5].metadata == {"rows": 5}


@pytest.mark.parametrize(
    ("champion", "expected"), [("10", "9"), ("9", "2"), ("2", None), ("9.5", "9"), ("1", None)]
)
def test_the_version_before_the_champion(
    tmp_path: Path, champion: str, expected: str | None
) -> None:
    for name in ("10", "9", "2"):
        put(tmp_path, name, metadata="broken")

    found = previous_version(tmp_path, CARD, champion)

    assert (found.version if found else None) == expected


def test_the_record_of_the_champion_says_which_was_before(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        put(tmp_path, name)

    crown(tmp_path, {"version": "2", "previous": "3"})
    assert previous_version(tmp_path, CARD, "2").version == "3"  # type: ignore[union-attr]
    crown(tmp_path, {"version": "2", "previous": {"version": "3"}})
    assert previous_version(tmp_path, CARD, "2").version == "3"  # type: ignore[union-attr]
    crown(tmp_path, {"version": "2", "previous": "gone"})
    assert previous_version(tmp_path, CARD, "2").version == "1"  # type: ignore[union-attr]


def test_a_later_model_that_was_rolled_back_is_not_before_the_champion(tmp_path: Path) -> None:
    put(tmp_path, "1")
    put(tmp_path, "2", metadata='{"trained_at": "2024-03-01T00:00:00Z"}')
    put(tmp_path, "3", metadata='{"trained_at": "2024-04-01T00:00:00Z"}')

    crown(tmp_path, {"version": "1", "previous": {"version": "2"}})
    assert previous_version(tmp_path, CARD, "1") is None
    crown(tmp_path, {"version": "2", "previous": {"version": "3"}})
    assert previous_version(tmp_path, CARD, "2").version == "1"  # type: ignore[union-attr]
    crown(tmp_path, {"version": "3", "previous": {"version": "2"}})
    assert previous_version(tmp_path, CARD, "3").version == "2"  # type: ignore[union-attr]


def test_without_a_registry_there_is_nothing(tmp_path: Path) -> None:
    assert versions_on_disk(tmp_path, CARD) == ()
    assert previous_version(tmp_path, CARD, "1") is None
    assert champion_artifact(tmp_path, CARD) == "x.skops"


def test_the_champions_artifact_is_what_its_record_names(tmp_path: Path) -> None:
    put(tmp_path, "2")

    crown(tmp_path, {"version": "2", "path": "registry/elsewhere.skops"})
    assert champion_artifact(tmp_path, CARD) == "registry/elsewhere.skops"
    crown(tmp_path, {"version": "2"})
    assert champion_artifact(tmp_path, CARD) == f"{FOLDER}/2/model.skops"
    crown(tmp_path, {"version": "1"})
    assert champion_artifact(tmp_path, CARD) == "x.skops"
    crown(tmp_path, {"version": "7"})
    assert champion_artifact(tmp_path, CARD) == ""


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "\udcff", {"version": "2", "path": "cmd: rm {input} {output}"}]
)
def test_a_record_that_cannot_be_used_is_an_error_in_words(tmp_path: Path, content: Any) -> None:
    if content == "\udcff":
        crown(tmp_path, "")
        (tmp_path / FOLDER / "champion.json").write_bytes(b"\xff\xfe{")
    else:
        crown(tmp_path, content)

    with pytest.raises(CardError, match="champion") as refused:
        champion_artifact(tmp_path, CARD)

    assert "champion.json" in refused.value.hint
