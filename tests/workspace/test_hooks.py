"""The owner's command: without a shell, with an end, and never in the way."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

from workbench.workspace.hooks import run_hook


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_it_runs_in_the_workspace_with_what_it_is_told(tmp_path: Path) -> None:
    code = "import os, pathlib; pathlib.Path('here').write_text(os.environ['TOLD']); print('done')"
    ran = run_hook(tmp_path, python(code), 30, {"TOLD": "a; rm -rf *"})
    assert ran is not None
    assert (ran.failure, ran.output) == (None, "done\n")
    assert (tmp_path / "here").read_text() == "a; rm -rf *"


def test_no_shell_reads_it(tmp_path: Path) -> None:
    ran = run_hook(tmp_path, "echo $HOME > file; touch other", 30, {})
    assert ran is not None
    assert ran.output == "$HOME > file; touch other\n"
    assert list(tmp_path.iterdir()) == []


def test_what_never_ends_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('child').write_text(str(child.pid)); time.sleep(600)"
    )
    begun = time.monotonic()
    ran = run_hook(tmp_path, python(code), 3, {})
    assert ran is not None
    assert ran.failure == "it took longer than 3 s and was killed"
    assert time.monotonic() - begun < 60
    child = (tmp_path / "child").read_text()
    for _ in range(100):  # killed, and then reaped by whoever adopts it
        found = subprocess.run(
            ["ps", "-o", "stat=", "-p", child], check=False, capture_output=True, text=True
        )
        if found.stdout.strip() in ("", "Z") or found.stdout.startswith("Z"):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the child lives on")


def test_every_other_failure_is_told(tmp_path: Path) -> None:
    assert run_hook(tmp_path, "", 5, {}) is None
    gone = run_hook(tmp_path, "no-such-command-here", 5, {})
    assert gone is not None
    assert "could not be started" in (gone.failure or "")
    loud = run_hook(tmp_path, python("print('x' * 100_000); print('end'); exit(2)"), 30, {})
    assert loud is not None
    assert loud.failure == "it ended with 2"
    assert loud.output.endswith("end\n")
    assert len(loud.output) <= 2000
