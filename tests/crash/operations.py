"""Which commands must survive a crash? Each with the workspace that it is given to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tests.cli.command import done
from tests.crash.killing import Kill, run_killed
from tests.logs import binary_log
from workbench.store import steps

ROWS = 1500
NAMES = ("predictions", "labels", "both", "sweep", "reference")


@dataclass(frozen=True)
class Operation:
    """A command, and the workspace before it."""

    name: str
    template: Path
    """Copied for every run."""
    arguments: Callable[[Path], list[str]]
    """The command on a copy of it."""
    is_ingest: bool = True
    """Whether it sweeps what a dead one left."""

    def prepare(self, target: Path) -> list[str]:
        """Makes a copy of the workspace; returns the command on it."""
        shutil.copytree(self.template, target)
        return self.arguments(target)


def operations(folder: Path, names: Sequence[str] = NAMES) -> tuple[Operation, ...]:
    """The operations of these names; templates and exports are made in the folder."""
    exports = _exports(folder)
    base = _base(folder / "base", exports)
    return tuple(_MAKERS[name](base, exports) for name in names)


def _predictions(base: Path, exports: Path) -> Operation:
    return Operation("predictions", base, _ingest(exports / "new"))


def _labels(base: Path, exports: Path) -> Operation:
    return Operation("labels", base, _ingest(exports / "labels"))


def _both(base: Path, exports: Path) -> Operation:
    return Operation("both", base, _ingest(exports / "new", exports / "labels"))


def _sweep(base: Path, exports: Path) -> Operation:
    """As predictions, with what two dead ones left."""
    swept = _copy(base, "swept")
    for step in (steps.STAGED, steps.BEFORE_COMMIT):
        assert run_killed(_ingest(exports / "new")(swept), Kill(step))
    return Operation("sweep", swept, _ingest(exports / "new"))


def _reference_changed(base: Path, _exports: Path) -> Operation:
    """All counts are made again, over other bins."""
    moved = _copy(base, "moved")
    _reference(7).write_parquet(moved / "data" / "reference.parquet")
    return Operation("reference", moved, lambda root: ["-C", str(root), "status"], False)


_MAKERS: dict[str, Callable[[Path, Path], Operation]] = {
    "predictions": _predictions,
    "labels": _labels,
    "both": _both,
    "sweep": _sweep,
    "reference": _reference_changed,
}


def _copy(base: Path, name: str) -> Path:
    return shutil.copytree(base, base.with_name(name))


def _ingest(*paths: Path) -> Callable[[Path], list[str]]:
    return lambda root: ["-C", str(root), "ingest", *map(str, paths), "--model", "m"]


def _reference(seed: int) -> pl.DataFrame:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return binary_log(600, seed=seed, first_id=10**6, start=start, hours=480)


def _exports(folder: Path) -> Path:
    """Overlapping logs with bad rows, conflicts and late labels; labels with revisions, some early."""
    exports = folder / "exports"
    for name in ("old", "new", "labels"):
        (exports / name).mkdir(parents=True)
    log = binary_log(3 * ROWS, hours=240)
    old = log.slice(0, ROWS)
    unlabelled = old.with_columns(
        label=pl.when(pl.int_range(pl.len()) % 3 == 0).then("label").otherwise(None)
    )
    unlabelled.write_parquet(exports / "old" / "log.parquet")
    texts = log.slice(ROWS // 2, ROWS).with_columns(pl.col("timestamp").dt.to_string())
    bad = texts.head(12).with_columns(
        timestamp=pl.lit("yesterday"), prediction_id=pl.format("bad{}", pl.int_range(pl.len()))
    )
    pl.concat([texts, bad]).write_csv(exports / "new" / "a.csv")
    log.slice(2 * ROWS, ROWS).drop("label").write_parquet(exports / "new" / "b.parquet")
    changed = log.slice(ROWS, ROWS).with_columns(
        x=pl.when(pl.int_range(pl.len()) < 9).then(pl.col("x") + 1).otherwise("x")
    )
    changed.drop("label").write_ndjson(exports / "new" / "c.jsonl")
    known = log.select("prediction_id", "label", label_timestamp="timestamp")
    known.slice(ROWS // 2, 2 * ROWS).write_csv(exports / "labels" / "early.csv")
    revised = known.slice(0, ROWS).with_columns(
        label=1 - pl.col("label"), label_timestamp=pl.col("label_timestamp").dt.offset_by("30d")
    )
    revised.gather_every(5).write_parquet(exports / "labels" / "revised.parquet")
    return exports


def _base(root: Path, exports: Path) -> Path:
    done("init", root)
    _reference(99).write_parquet(root / "data" / "reference.parquet")
    done("-C", root, "model", "add", "m", "--reference", root / "data" / "reference.parquet")
    done("-C", root, "ingest", exports / "old", "--model", "m")
    return root
