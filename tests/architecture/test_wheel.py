"""What is installed from the wheel alone has everything that the commands need."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as `pip install` would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from workbench.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_holds_every_module_stylesheet_notebook_and_pipeline_file(site: Path) -> None:
    kept = {".py", ".tcss", ".typed", ".json", ".html", ".css"}
    package = [path for path in (ROOT / "workbench").rglob("*") if path.suffix in kept]
    outside = [*ROOT.glob("notebooks/*.py"), *ROOT.glob("data/*.*"), *ROOT.glob("data/cards/*")]
    expected = {path.relative_to(ROOT) for path in package} | {
        Path("workbench/resources") / path.relative_to(ROOT)
        for path in outside
        if path.is_file() and not path.name.startswith(".")
    }
    missing = {str(path) for path in expected if not (site / path).is_file()}

    assert len(expected) > 50
    assert not missing


def test_it_holds_nothing_that_was_made_by_running(site: Path) -> None:
    made = {"__pycache__", "__marimo__", ".dvc", ".mypy_cache", ".ruff_cache", ".pytest_cache"}

    assert {path.name for path in site.rglob("*")} & made == set()


def test_its_commands_work_in_an_empty_directory(site: Path, tmp_path: Path) -> None:
    for arguments in (("--help",), ("init",), ("status",), ("model", "schema"), ("model", "list")):
        result = run(site, tmp_path, *arguments)
        assert result.returncode == 0, result.stderr


def test_it_is_the_wheel_that_was_tested(site: Path, tmp_path: Path) -> None:
    program = "import workbench; print(workbench.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(result.stdout.strip()).is_relative_to(site)
