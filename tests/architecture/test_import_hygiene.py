"""What a program loads when it runs, which no reading of the source can tell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = str(Path(sys.executable).parent / "workbench")
HEAVY = frozenset(
    {"textual", "ray", "altair", "marimo", "dvc", "polars", "sklearn", "scipy", "duckdb", "numpy"}
)


def loaded(*arguments: str, cwd: Path) -> frozenset[str]:
    """The top-level modules that a Python process has loaded when it ends."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return frozenset(line.rpartition("|")[2].strip().partition(".")[0] for line in lines)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    subprocess.run([SCRIPT, "init", "."], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import workbench"),
        (SCRIPT, "--help"),
        (SCRIPT, "--version"),
        (SCRIPT, "status", "--help"),
        (SCRIPT, "model", "schema"),
    ],
    ids=" ".join,
)
def test_what_needs_no_data_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    modules = loaded(*arguments, cwd=tmp_path)

    assert "workbench" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("command", [("status",), ("model", "list"), ("model", "check")])
def test_a_command_that_reads_loads_no_front_end(command: tuple[str, ...], workspace: Path) -> None:
    modules = loaded(SCRIPT, *command, cwd=workspace)

    assert not modules & {"textual", "ray", "altair", "marimo", "dvc", "sklearn"}


def test_a_heavy_import_would_be_seen(tmp_path: Path) -> None:
    assert "polars" in loaded("-c", "import workbench\ndef f(): import polars\nf()", cwd=tmp_path)
