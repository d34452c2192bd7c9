"""The command `doctor`: what it prints, for people and programs, and the code it ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import done, make_workspace, stored_files, workbench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "site")


def test_a_healthy_workspace_ends_with_0(root: Path) -> None:
    ended = done("-C", root, "doctor")
    assert ended.out.startswith("workspace ")
    assert "ERROR" not in ended.out
    for name in ("python", "locking", "settings", "cards", "segments", "counts"):
        assert f" {name} " in ended.out
    document = done("-C", root, "doctor", "--deep", "--json").document
    assert document["ok"] is True
    assert {"name", "status", "detail", "hint"} == set(document["checks"][0])
    assert {check["status"] for check in document["checks"]} <= {"ok", "warning"}
    assert all((check["hint"] is None) is (check["status"] == "ok") for check in document["checks"])


def test_damage_ends_with_1_and_says_how_to_mend_it(root: Path) -> None:
    for name in stored_files(root):
        Path(name).unlink()
    ended = workbench("-C", root, "doctor")
    assert ended.code == 1
    assert "ERROR ! segments" in ended.out
    assert "workbench store restore" in ended.out
    assert "errors" in ended.out.splitlines()[-1]
    again = workbench("-C", root, "doctor", "--json")
    assert again.code == 1
    assert again.document["ok"] is False


def test_a_warning_alone_ends_with_0(root: Path) -> None:
    (root / ".workbench" / "segments").chmod(0o755)
    ended = done("-C", root, "doctor")
    assert "WARN ~" in ended.out
    assert "chmod" in ended.out
    assert done("-C", root, "doctor", "--json").document["ok"] is True


def test_without_a_workspace_the_machine_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = done("doctor")
    assert "no workspace here" in ended.out
    names = [check["name"] for check in done("doctor", "--json").document["checks"]]
    assert "python" in names
    assert "segments" not in names
    assert not list(tmp_path.iterdir())


def test_a_workspace_that_was_named_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    workbench("-C", tmp_path / "typo", "doctor").assert_refused("there is no folder")
    workbench("-C", tmp_path, "doctor").assert_refused("no workspace")


def test_a_new_workspace_is_well(tmp_path: Path) -> None:
    done("init", tmp_path / "new")
    assert done("-C", tmp_path / "new", "doctor", "--json").document["ok"] is True


def test_settings_that_cannot_be_read_are_told_and_the_rest_is_looked_at(root: Path) -> None:
    (root / "workbench.toml").write_text("[store]\nthread = 1\n")
    ended = workbench("-C", root, "doctor", "--json")
    assert ended.code == 1
    found = {check["name"]: check for check in ended.document["checks"]}
    assert found["settings"]["status"] == "error"
    assert "threads" in found["settings"]["hint"]
    assert found["segments"]["status"] == "ok"


def test_every_broken_card_is_told(root: Path) -> None:
    (root / "models" / "x\x1b[31m.toml").write_text("[model\n")
    (root / "models" / "n.toml").write_text(
        '[model]\nname = "n"\ntask = "binary"\n[reference]\ndata = "none.csv"\n'
    )
    ended = workbench("-C", root, "doctor")
    assert ended.code == 1
    assert "\x1b" not in ended.out
    assert "none.csv" in ended.out
    assert sum("ERROR ! cards" in line for line in ended.out.splitlines()) == 2


def test_a_damaged_catalog_is_told_by_every_command_and_doctor_tells_the_rest(root: Path) -> None:
    (root / ".workbench" / "store.duckdb").write_bytes(b"garbage" * 1000)
    for command in (("status",), ("sql", "SELECT 1"), ("performance", "m"), ("drift", "m")):
        workbench("-C", root, *command).assert_refused("damaged", ".workbench/")
    ended = workbench("-C", root, "doctor")
    assert ended.code == 1
    assert "ERROR ! catalog" in ended.out
    assert " segments " in ended.out
