"""The layers of pyproject.toml hold in the code as it is, and the contracts notice a breach."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, to be broken."""
    folder = tmp_path_factory.mktemp("copy")
    copytree(ROOT / "workbench", folder / "workbench", ignore=ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"), "utf-8")
    return folder


def test_every_contract_is_kept() -> None:
    result = lint(ROOT)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("domain/names.py", "import workbench.store.locking", "Imports point downward"),
        ("store/quoting.py", "def f():\n    import workbench.workspace", "Imports point downward"),
        ("drift/divergence.py", "import workbench.performance", "Imports point downward"),
        ("newcomer.py", "", "Imports point downward"),
        ("cli/options.py", "def f():\n    import textual.app", "Textual stays"),
        ("report/sections.py", "import altair", "Altair"),
        ("workspace/frames.py", "import ray", "Ray stays"),
        ("diff/other.py", "import dvc.repo", "DVC stays"),
        ("workspace/frames.py", "import duckdb", "DuckDB stays"),
        ("drift/divergence.py", "import workbench.clock", "The statistics see"),
    ],
)
def test_a_breach_is_noticed(copy: Path, module: str, statement: str, contract: str) -> None:
    path = copy / "workbench" / module
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text((before or "") + f"\n{statement}\n", "utf-8")
    try:
        result = lint(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, "utf-8")

    assert result.returncode != 0
    broken = [line for line in result.stdout.splitlines() if " BROKEN" in line]
    # A module without a place ends the check before its contract's line is printed.
    assert any(line.startswith(contract) for line in broken) or "newcomer" in result.stdout


def test_the_copy_is_whole_when_it_is_not_broken(copy: Path) -> None:
    assert lint(copy).returncode == 0
