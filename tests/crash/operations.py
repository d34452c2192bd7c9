"""Which commands must survive a crash? Each with the workspace that it is given to."""

from __future__ import annotations

import json
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


@dataclass(frozen=True)
class Operation:
    """A command, and the workspace before it."""

    name: str
    template: Path
    """Copied for every run."""
    arguments: Callable[[Path], list[str]]
    """The command on a copy of it."""
    is_sweeping: bool = True
    """Whether it sweeps what a dead one left."""

    def prepare(self, target: Path) -> list[str]:
        """Makes a copy of the workspace; returns the command on it."""
        shutil.copytree(self.template, target)
        return self.arguments(target)


def operations(folder: Path, names: Sequence[str]) -> tuple[Operation, ...]:
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
    return Operation("reference", moved, _ask, False)


def _compaction(base: Path, exports: Path) -> Operation:
    return Operation("compact", _full(base, exports), _upkeep("compact"))


def _rebuild(base: Path, exports: Path) -> Operation:
    return Operation("rebuild", _full(base, exports), _upkeep("rebuild"))


def _retention(base: Path, exports: Path) -> Operation:
    """Some segments go, one is cut in two, and labels go with their predictions."""
    return Operation("retain", _full(base, exports), _upkeep("retain", "5d", "--yes"))


def _erasure(base: Path, exports: Path) -> Operation:
    """Segments, labels, quarantine and counts without one customer."""
    command = _upkeep("erase", "--entity", "k5", "--yes")
    return Operation("erase", _full(base, exports), command)


def _halves(base: Path, exports: Path) -> Operation:
    """Responses whose requests wait in quarantine."""
    root = _copy(base, "halves")
    done("-C", root, "ingest", exports / "halves" / "requests.jsonl", "--model", "m")
    return Operation("halves", root, _ingest(exports / "halves" / "responses.jsonl"))


def _replaced(base: Path, exports: Path) -> Operation:
    """An ingest that deletes what a compaction replaced."""
    root = _copy(base, "replaced")
    done("-C", root, "ingest", exports / "labels", "--model", "m")
    done("-C", root, "store", "compact")
    (root / "workbench.toml").write_text("[store]\ngrace = 0\n", encoding="utf-8")
    return Operation("replaced", root, _ingest(exports / "new"))


_MAKERS: dict[str, Callable[[Path, Path], Operation]] = {
    "predictions": _predictions,
    "labels": _labels,
    "both": _both,
    "sweep": _sweep,
    "reference": _reference_changed,
    "compact": _compaction,
    "rebuild": _rebuild,
    "retain": _retention,
    "replaced": _replaced,
    "halves": _halves,
    "erase": _erasure,
}
NAMES = tuple(_MAKERS)


def _full(base: Path, exports: Path) -> Path:
    """The base with everything ingested, in small batches."""
    root = base.with_name("full")
    if root.exists():
        return root
    _copy(base, "full")
    for path in sorted((exports / "new").iterdir()) + sorted((exports / "labels").iterdir()):
        done("-C", root, "ingest", path, "--model", "m")
    return root


def _upkeep(*command: str) -> Callable[[Path], list[str]]:
    return lambda root: ["-C", str(root), "store", *command]


def _copy(base: Path, name: str) -> Path:
    return shutil.copytree(base, base.with_name(name))


def _ingest(*paths: Path) -> Callable[[Path], list[str]]:
    return lambda root: ["-C", str(root), "ingest", *map(str, paths), "--model", "m"]


def _ask(root: Path) -> list[str]:
    return ["-C", str(root), "performance", "m", "--period", "all"]


def _reference(seed: int) -> pl.DataFrame:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return binary_log(600, seed=seed, first_id=10**6, start=start, hours=480)


def _exports(folder: Path) -> Path:
    """Overlapping logs with bad rows, conflicts and late labels; labels with revisions, some early."""
    exports = folder / "exports"
    for name in ("old", "new", "labels", "halves"):
        (exports / name).mkdir(parents=True)
    log = binary_log(3 * ROWS, hours=240).with_columns(
        customer=pl.format("k{}", pl.int_range(pl.len()) % 37)
    )
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
    for side in ("request", "response"):
        events = [_event(number, side) for number in range(20 if side == "request" else 0, 400)]
        text = "\n".join(json.dumps(event) for event in events)
        (exports / "halves" / f"{side}s.jsonl").write_text(text + "\n", encoding="utf-8")
    return exports


def _event(number: int, side: str) -> dict[str, object]:
    """Half of a call, as KServe logs it."""
    values: dict[str, tuple[str, object]] = {"x": ("FP64", number / 100), "c": ("BYTES", "a")}
    if side == "response":
        values = {"predict": ("INT64", number % 2)}
    columns = [
        {"name": name, "shape": [1, 1], "datatype": type_, "data": [value]}
        for name, (type_, value) in values.items()
    ]
    return {
        "specversion": "1.0", "type": f"org.kubeflow.serving.inference.{side}",
        "source": "http://localhost:9081/", "id": f"call{number}",
        "time": f"2024-02-03T{number // 60:02}:{number % 60:02}:00Z",
        "datacontenttype": "application/json", "inferenceservicename": "m", "namespace": "ml",
        "component": "predictor", "endpoint": "",
        "data": {"id": f"call{number}", "inputs" if side == "request" else "outputs": columns},
    }  # fmt: skip


def _base(root: Path, exports: Path) -> Path:
    done("init", root)
    _reference(99).write_parquet(root / "data" / "reference.parquet")
    done("-C", root, "model", "add", "m", "--reference", root / "data" / "reference.parquet")
    card = root / "models" / "m.toml"
    text = card.read_text(encoding="utf-8")
    assert "[columns]\n" in text
    named = text.replace("[columns]\n", '[columns]\nentity = "customer"\n')
    card.write_text(named, encoding="utf-8")
    done("-C", root, "ingest", exports / "old", "--model", "m")
    return root
