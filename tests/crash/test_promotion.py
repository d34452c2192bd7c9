"""A promotion killed at any of its steps: champion and registry are whole, and the command ends it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import workbench as package
from tests.candidates import add_candidate, champion, workspace_with_candidate
from tests.cli.command import done, workbench
from tests.crash.killing import Kill, run_killed
from workbench.retrain.artifacts import artifact_path
from workbench.retrain.registry import standing_champion
from workbench.store import steps
from workbench.store.connections import reading
from workbench.store.decisions import read_decisions
from workbench.store.incidents import read_events, read_incidents
from workbench.workspace.keeping_champions import check_champions

PROMOTE = ("promote", "m", "3", "--yes", "--author", "ann", "--reason", "better")
AHEAD = (steps.AFTER_CHAMPION, steps.AFTER_HISTORY, steps.INSIDE_COMMIT, steps.BEFORE_COMMIT)
"""Steps at which the registry says more than the store."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 2 is champion, 3 is to be promoted."""
    root = workspace_with_candidate(tmp_path_factory.mktemp("killed") / "ws")
    add_candidate(root, "3")
    done("-C", root, "incident", "open", "m", "bad")
    done("-C", root, "promote", "m", "2", "--yes")
    return root


def records(root: Path) -> tuple[list[str], list[str], list[str], list[str]]:
    """Versions by the history's file, the store, the events and the incident's notes."""
    text = (root / "registry" / "m" / "history.jsonl").read_text("utf-8")
    history = [json.loads(line)["version"] for line in text.splitlines()]
    with package.open(root) as ws, reading(ws.store) as catalog:
        stored = [str(one.version) for one in read_decisions(catalog, model="m")]
        events = [one.text.split()[1] for one in read_events(catalog, model="m")]
        (incident,) = read_incidents(catalog, model="m")
    notes = [one.text.split()[1] for one in incident.entries if one.kind == "note"]
    return history, stored, events, notes


def findings(root: Path) -> list[str]:
    """What `doctor` says of champions."""
    with package.open(root) as ws:
        return [c.detail for c in check_champions(ws, [ws.card("m")]) if c.status != "ok"]


@pytest.mark.parametrize("step", steps.CHAMPION_STEPS)
def test_after_a_kill_the_champion_is_one_of_the_two_and_the_same_command_completes_all(
    template: Path, tmp_path: Path, step: str
) -> None:
    root = tmp_path / "ws"
    shutil.copytree(template, root)
    assert run_killed(["-C", str(root), *PROMOTE], Kill(step))

    has_changed = step != steps.BEFORE_CHAMPION
    with package.open(root) as ws:
        version, path = standing_champion(root, ws.card("m"))
        assert [one.name for one in ws.status()] == ["m"]
    assert version == ("3" if has_changed else "2")
    assert artifact_path(root, path).is_file()
    assert bool(findings(root)) == (step in AHEAD)

    again = workbench("-C", root, *PROMOTE, "--json")
    assert again.code == (1 if step == steps.AFTER_COMMIT else 0), again
    assert champion(root)["version"] == "3"
    assert records(root) == (["2", "3"],) * 4
    assert findings(root) == []
    left = {p.name for p in (root / "registry" / "m").iterdir()}
    assert left == {"2", "3", "champion.json", "history.jsonl", ".lock"}


def test_another_decision_completes_what_a_killed_one_left(template: Path, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    shutil.copytree(template, root)
    assert run_killed(["-C", str(root), *PROMOTE], Kill(steps.AFTER_CHAMPION))
    done("-C", root, "rollback", "m", "--yes")
    assert champion(root)["version"] == "2"
    history, stored, *_ = records(root)
    assert history == stored == ["2", "3", "2"]
    assert findings(root) == []
