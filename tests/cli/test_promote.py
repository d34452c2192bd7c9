"""`promote`, `rollback` and `model history`, as a person uses them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.candidates import BETTER, WORSE, add_candidate, champion, workspace_with_candidate
from tests.cli.command import done, workbench


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace_with_candidate(tmp_path_factory.mktemp("promote") / "ws")
    add_candidate(root, "3", metrics=WORSE)
    add_candidate(root, "4", metrics={})
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def decisions(root: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = done("-C", root, "model", "history", "m", "--json").document[
        "decisions"
    ]
    return found


def test_a_promotion_is_in_the_pointer_the_history_the_store_the_events_and_the_incident(
    root: Path,
) -> None:
    done("-C", root, "incident", "open", "m", "too many bad ones")
    made = done(
        "-C", root, "promote", "m", "2", "--yes", "--author", "ann", "--reason", "why not", "--json"
    ).document

    assert (made["champion"], made["previous"]) == ("2", "1")
    record = champion(root)
    assert (record["version"], record["who"], record["why"]) == ("2", "ann", "why not")
    assert record["path"] == "registry/m/2/model.skops"
    assert record["previous"] == {"version": "1", "path": ""}
    assert record["evidence"] == {"run": "run-2", "verdict": 7, "metrics": BETTER}
    lines = (root / "registry" / "m" / "history.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [record]
    (decided,) = decisions(root)
    assert (decided["kind"], decided["version"], decided["who"]) == ("promotion", "2", "ann")
    stored = done(
        "-C", root, "sql", "SELECT id, evidence FROM catalog.decisions", "--json"
    ).document
    assert stored["rows"][0][0] == record["id"]
    (event,) = done("-C", root, "event", "list", "m", "--json").document["events"]
    assert (event["kind"], event["text"]) == ("deploy", "version 2 promoted, was 1")
    # The log is of long ago: the event stands where its rows end.
    assert event["at"].startswith("2024-02-01T23:5")
    entries = done("-C", root, "incident", "show", "1", "--json").document["entries"]
    assert entries[-1]["text"] == "version 2 promoted, was 1: why not"
    assert done("-C", root, "doctor", "--json").code == 0


def test_what_is_not_better_on_the_holdout_needs_force_and_a_reason(root: Path) -> None:
    workbench("-C", root, "promote", "m", "3", "--yes").assert_refused(
        "not better than the champion on the holdout (gain +0.4%, 95 % -1.0% to +2.0%)"
    )
    workbench("-C", root, "promote", "m", "4", "--yes").assert_refused("nothing is known")
    workbench("-C", root, "promote", "m", "3", "--yes", "--force").assert_refused("needs a reason")
    assert not (root / "registry" / "m" / "champion.json").exists()
    assert decisions(root) == []

    done("-C", root, "promote", "m", "3", "--yes", "--force", "--reason", "the feed is mended")
    assert champion(root)["evidence"]["forced"] is True
    assert champion(root)["why"] == "the feed is mended"


def test_what_its_run_advises_against_needs_force_too_though_it_is_better(root: Path) -> None:
    said = "it is worse for c = a (-9.0%)"
    add_candidate(root, "5", recommend_promotion=False, recommendation=said)
    workbench("-C", root, "promote", "m", "5", "--yes").assert_refused(
        f"its run advises against it: {said}", "--force --reason"
    )
    done("-C", root, "promote", "m", "5", "--yes", "--force", "--reason", "a is on its way out")
    assert champion(root)["evidence"]["forced"] is True


def test_a_version_that_is_not_there_or_is_champion_already_is_refused(root: Path) -> None:
    workbench("-C", root, "promote", "m", "9", "--yes").assert_refused("no version 9", "2, 3, 4")
    workbench("-C", root, "promote", "m", "../../x", "--yes").assert_refused("no version")
    workbench("-C", root, "promote", "nobody", "2", "--yes").assert_refused("nobody")
    done("-C", root, "promote", "m", "2", "--yes")
    workbench("-C", root, "promote", "m", "2", "--yes").assert_refused("champion already")
    workbench("--as-of", "2024-02-01", "-C", root, "rollback", "m", "--yes").assert_refused("as-of")
    assert len(decisions(root)) == 1


def test_a_model_file_that_cannot_be_loaded_is_refused_with_the_type_that_is_not_trusted(
    root: Path,
) -> None:
    import functools

    import skops.io

    skops.io.dump(functools.partial(print, 1), root / "registry" / "m" / "2" / "model.skops")
    workbench("-C", root, "promote", "m", "2", "--yes").assert_refused("cannot be loaded", "print")
    (root / "registry" / "m" / "3" / "model.skops").write_bytes(b"\x80\x04}.")
    refused = workbench(
        "-C", root, "promote", "m", "3", "--yes", "--force", "--reason", "x"
    )  # fmt: skip
    refused.assert_refused("no skops file")
    assert not (root / "registry" / "m" / "champion.json").exists()


def test_a_rollback_goes_back_and_can_be_rolled_back(root: Path) -> None:
    workbench("-C", root, "rollback", "m", "--yes").assert_refused("no champion before version 1")
    done("-C", root, "promote", "m", "2", "--yes")
    done("-C", root, "rollback", "m", "--yes", "--reason", "worse after all")
    assert (champion(root)["version"], champion(root)["path"]) == ("1", "")
    assert champion(root)["previous"] == {"version": "2", "path": "registry/m/2/model.skops"}
    done("-C", root, "rollback", "m", "--yes")
    assert champion(root)["version"] == "2"
    assert [d["kind"] for d in decisions(root)] == ["promotion", "rollback", "rollback"]
    shown = done("-C", root, "model", "history", "m").out
    assert "champion of m: version 2" in shown
    assert "worse after all" in shown


def test_nobody_is_asked_without_a_terminal_and_nothing_changes(root: Path) -> None:
    ended = workbench("-C", root, "promote", "m", "2")
    assert ended.code == 2
    assert "add --yes" in ended.err
    assert not (root / "registry" / "m" / "champion.json").exists()


def test_the_hook_is_told_what_changed_and_its_failure_undoes_nothing(root: Path) -> None:
    script = root / "hook.py"
    script.write_text(
        "import json, os, pathlib, sys\n"
        "told = {k: v for k, v in os.environ.items() if k.startswith('WORKBENCH_')}\n"
        "pathlib.Path('told.json').write_text(json.dumps(told))\n"
        "print('serving is down; $HOME')\nsys.exit(3)\n"
    )
    settings = f"[promotion]\nhook = \"'{sys.executable}' hook.py\"\n"
    (root / "workbench.toml").write_text(settings)
    ended = done("-C", root, "promote", "m", "2", "--yes", "--json")

    assert ended.document["hook"]["failure"] == "it ended with 3"
    assert "serving is down; $HOME" in ended.document["hook"]["output"]
    assert "changed all the same" in ended.err
    told = json.loads((root / "told.json").read_text())
    assert told["WORKBENCH_MODEL"] == "m"
    assert told["WORKBENCH_VERSION"] == "2"
    assert told["WORKBENCH_PREVIOUS"] == "1"
    assert Path(told["WORKBENCH_ARTIFACT"]) == root / "registry" / "m" / "2" / "model.skops"
    assert champion(root)["version"] == "2"


def test_a_registry_that_cannot_be_written_changes_nothing(root: Path) -> None:
    folder = root / "registry" / "m"
    (folder / "history.jsonl").mkdir()  # nobody can write a file there, root neither
    workbench("-C", root, "promote", "m", "2", "--yes").assert_refused("history")
    (folder / "history.jsonl").rmdir()
    assert not (folder / "champion.json").exists()
    assert decisions(root) == []
    assert done("-C", root, "event", "list", "m", "--json").document["events"] == []
