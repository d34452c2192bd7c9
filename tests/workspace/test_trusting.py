"""Trust is of these words, in this folder, by this account, and of nothing else."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.domain.card import Identity, ModelCard, Training
from workbench.errors import StoreError
from workbench.workspace.trusting import (
    is_artifact_trusted,
    is_trusted,
    recipe_folder,
    trust_code,
)

NOW = datetime(2024, 3, 1, tzinfo=UTC)
COMMAND = "cmd: score {input} {output}"


def card(artifact: str = COMMAND, name: str = "m", recipe: str = "linear") -> ModelCard:
    return ModelCard(
        model=Identity(name=name, task="binary", artifact=artifact),
        training=Training(recipe=recipe),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "ws"
    (folder / ".workbench").mkdir(parents=True)
    return folder


def test_a_command_is_trusted_once_it_was_said(root: Path) -> None:
    assert not is_artifact_trusted(root, card())

    made = trust_code(root, card(), "ada", NOW)

    assert made.code == (COMMAND,)
    assert is_artifact_trusted(root, card())
    [record] = (root / ".workbench" / "trusted").iterdir()
    said = json.loads(record.read_text())
    assert said == {"model": "m", "code": COMMAND, "who": "ada", "when": "2024-03-01T00:00:00Z"}
    assert stat.S_IMODE((root / ".workbench" / "trusted").stat().st_mode) == 0o700


def test_other_words_and_other_models_are_not_trusted_with_it(root: Path) -> None:
    trust_code(root, card(), "ada", NOW)

    assert not is_artifact_trusted(root, card(COMMAND + " "))
    assert not is_artifact_trusted(root, card(name="n"))
    assert not is_trusted(root, card(), "other:recipe")
    assert is_artifact_trusted(root, replace(card(), training=Training(recipe="other:recipe")))


def test_a_copied_workspace_is_not_trusted(root: Path, tmp_path: Path) -> None:
    trust_code(root, card(), "ada", NOW)
    shutil.copytree(root, tmp_path / "copy")
    (tmp_path / "link").symlink_to(root)

    assert not is_artifact_trusted(tmp_path / "copy", card())
    assert is_artifact_trusted(tmp_path / "link", card())


def test_a_record_of_another_account_or_of_other_words_counts_for_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_code(root, card(), "ada", NOW)
    [record] = (root / ".workbench" / "trusted").iterdir()
    whole = record.read_text()

    for broken in ("", "[]", whole.replace("score", "other")):
        record.write_text(broken)
        assert not is_artifact_trusted(root, card())
    record.write_text(whole)
    assert is_artifact_trusted(root, card())
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not is_artifact_trusted(root, card())


def test_a_recipe_of_ones_own_may_lie_in_the_workspace_once_it_is_trusted(root: Path) -> None:
    own = card(artifact="", recipe="recipes:fit")

    assert recipe_folder(root, own) is None
    assert trust_code(root, own, "ada", NOW).code == ("recipes:fit",)
    assert recipe_folder(root, own) == root


def test_a_card_without_code_needs_no_trust(root: Path) -> None:
    made = trust_code(root, card(artifact="registry/m/1/model.skops"), "ada", NOW)

    assert made.code == ()
    assert not (root / ".workbench" / "trusted").exists()


def test_a_record_that_cannot_be_written_is_an_error_in_words(root: Path) -> None:
    (root / ".workbench" / "trusted").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="cannot record"):
        trust_code(root, card(), "ada", NOW)
