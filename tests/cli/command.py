"""The real command line, run in this process: what it prints, and the code it ends with."""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.cli.main import run


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: object
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)

    def assert_refused(self, *said: str, code: int = 1) -> None:
        """It failed as the contract says, and said all of this."""
        assert self.code == code, self
        lines = self.err.splitlines()
        assert lines[0].startswith("error: "), self
        assert lines[1].startswith("hint: "), self
        assert len(lines[1]) > len("hint: ")
        assert "Traceback" not in self.err
        assert "unexpected" not in self.err, self
        for text in said:
            assert text in self.err, self


def workbench(*arguments: str | Path) -> Ended:
    """Runs a command."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
    return Ended(code, out.getvalue(), err.getvalue())


def done(*arguments: str | Path) -> Ended:
    """Runs a command that must succeed."""
    ended = workbench(*arguments)
    assert ended.code == 0, ended
    return ended


def reference_log(rows: int = 1000) -> pl.DataFrame:
    """A binary model's labelled reference, before the logs."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return binary_log(rows, seed=99, first_id=10**6, start=start, hours=480)


def make_workspace(root: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> Path:
    """A workspace with a binary model named m, 500 rows of it ingested; goes there."""
    done("init", root)
    if monkeypatch is not None:
        monkeypatch.chdir(root)
    reference_log().write_parquet(root / "data" / "reference.parquet")
    done("-C", root, "model", "add", "m", "--reference", root / "data" / "reference.parquet")
    binary_log(500).write_csv(root / "log.csv")
    done("-C", root, "ingest", root / "log.csv", "--model", "m")
    return root


def write_card(root: Path, text: str = "", name: str = "m", task: str = "binary") -> Path:
    """Writes a card: model and reference, and then this text."""
    path = root / "models" / f"{name}.toml"
    path.write_text(
        f'[model]\nname = "{name}"\ntask = "{task}"\n'
        + ("" if "[reference]" in text else '[reference]\ndata = "data/reference.parquet"\n')
        + text,
        encoding="utf-8",
    )
    return path


def stored_files(root: Path) -> set[str]:
    """Every file of the store but its catalog and locks."""
    return {
        str(Path(folder) / name)
        for folder, _, names in os.walk(root / ".workbench")
        for name in names
        if name.endswith(".parquet")
    }
