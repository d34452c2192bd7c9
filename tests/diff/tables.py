"""Two datasets in files, and their difference: what the tests of the comparison share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from workbench.diff.comparing import Question, compare
from workbench.diff.result import DatasetDifference
from workbench.diff.sides import file_side
from workbench.store.connections import Resources, StoreHome, scratch


def write(path: Path, frame: pl.DataFrame) -> Path:
    """Writes a frame in the format that the name's ending says."""
    writers: dict[str, Callable[[Path], object]] = {
        ".parquet": frame.write_parquet,
        ".csv": frame.write_csv,
        ".jsonl": frame.write_ndjson,
        ".arrow": frame.write_ipc,
    }
    writers[path.suffix](path)
    return path


def difference(folder: Path, a: Path, b: Path, **asked: Any) -> DatasetDifference:
    """The difference of two files; copies and what memory cannot hold go to a folder."""
    question = Question(**asked)
    home = StoreHome(folder, Resources(memory_limit="500MB", threads=1))
    work = folder / f"work-{len(list(folder.glob('work-*')))}"
    work.mkdir()
    with scratch(home, work / "spill") as connection:
        sides = []
        for name, path in (("a", a), ("b", b)):
            (work / name).mkdir()
            sides.append(file_side(connection, path.name, [path], work / name, "sha256:0"))
        return compare(connection, sides[0], sides[1], question)


def frames_difference(
    folder: Path,
    a: pl.DataFrame,
    b: pl.DataFrame,
    formats: tuple[str, str] = (".parquet", ".parquet"),
    **asked: Any,
) -> DatasetDifference:
    """The difference of two frames, written in a format each."""
    asked.setdefault("distributions", False)
    return difference(
        folder,
        write(folder / f"a{formats[0]}", a),
        write(folder / f"b{formats[1]}", b),
        **asked,
    )
