"""`workbench report` writes a report whole, and says where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.report.site import MODEL, PERIOD
from workbench.domain.period import parse_time
from workbench.report import build_report, to_json
from workbench.workspace import Workspace


def run(
    workspace: Workspace, *words: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The command's result, in a process of its own."""
    command = [sys.executable, "-c", "from workbench.cli.main import run; run()", "report"]
    return subprocess.run(
        [*command, "-C", str(workspace.root), MODEL, "--period", PERIOD, *words],
        capture_output=True, text=True, cwd=cwd, check=False,
    )  # fmt: skip


def test_without_a_file_it_writes_into_reports_and_prints_the_path(incident: Workspace) -> None:
    done = run(incident)
    assert (done.returncode, done.stderr) == (0, "")
    path = Path(done.stdout.removesuffix("\n"))
    assert path == incident.root / "reports" / "delay%7C%3Cb%3E[%2Fb]-2024-02-01-2024-02-11.md"
    assert path.read_text(encoding="utf-8").startswith("# Incident report: delay")
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_a_dash_prints_the_document_and_writes_nothing(incident: Workspace, tmp_path: Path) -> None:
    done = run(incident, "-o", "-", cwd=tmp_path)
    assert done.stdout.startswith("# Incident report: delay")
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_document_on_stdout(incident: Workspace) -> None:
    done = run(incident, "--json", "--as-of", "2024-02-11")
    expected = to_json(build_report(incident.as_of(parse_time("2024-02-11")), MODEL, PERIOD))
    assert done.stdout == expected
    assert json.loads(done.stdout)["model"] == MODEL


def test_a_named_file_is_replaced_whole(incident: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("old " * 10**5)
    done = run(incident, "--format", "json", "-o", str(file))
    assert done.stdout == f"{file}\n"
    assert json.loads(file.read_text(encoding="utf-8"))["model"] == MODEL
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_told_in_words(
    incident: Workspace, tmp_path: Path
) -> None:
    for target in (tmp_path, tmp_path / "missing" / "out.md"):
        done = run(incident, "-o", str(target))
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("error: cannot write")
        assert "\nhint: " in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_not_replaced(incident: Workspace) -> None:
    assert run(incident, "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()
