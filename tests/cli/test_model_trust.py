"""`model trust` says word for word what may run from now on."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import done, make_workspace, workbench, write_card
from workbench.workspace import Workspace
from workbench.workspace.trusting import is_artifact_trusted

ARTIFACT = "cmd: score {input} {output}"


def test_what_is_trusted_is_shown_and_recorded(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = write_card(root)
    text = path.read_text().replace("[model]", f'[model]\nartifact = "{ARTIFACT}"')
    path.write_text(text + '[training]\nrecipe = "ours.recipes:fit"\n')
    ws = Workspace.open(root)
    assert not is_artifact_trusted(root, ws.card("m"))

    plain = done("-C", root, "model", "trust", "m", "--author", "ada")
    again = done("-C", root, "model", "trust", "m", "--json")

    assert plain.out == f"trusted: {ARTIFACT}\ntrusted: ours.recipes:fit\n"
    assert again.document == {"model": "m", "trusted": [ARTIFACT, "ours.recipes:fit"]}
    assert is_artifact_trusted(root, ws.card("m"))
    assert done("-C", root, "status", "--json").document["models"][0]["rows"] == 500
    done("-C", root, "doctor")


def test_where_there_is_nothing_to_trust_it_says_so(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")

    ended = done("-C", root, "model", "trust", "m")

    assert ended.out == ""
    assert "nothing to trust" in ended.err
    workbench("-C", root, "model", "trust", "nobody").assert_refused("no model 'nobody'")
