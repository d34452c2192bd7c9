"""Runs for tests: a world whose meaning turned, written into a folder as a workspace would."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import skops.io

from tests.logs import START, binary_log
from tests.store.upkeep import make_workspace
from workbench.domain.card import Identity, ModelCard, Training
from workbench.domain.rules import outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.retrain.driving import Ended
from workbench.retrain.fitting import FINAL, Task, perform
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN, Challenger, Limits, RunPlan, plan_text
from workbench.retrain.run_folder import is_alive, run_folder
from workbench.retrain.snapshot import make_snapshot
from workbench.workspace import Workspace

FEATURES = (FeatureColumn("x", "numeric", "number"), FeatureColumn("c", "categorical", "text"))
DAYS = 12
TURNED = START + timedelta(days=4)

RECIPES = """
import os, signal, sys, time
import numpy, polars
from pathlib import Path
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

HERE = Path(__file__).parent

def good(X, y, params, seed):
    columns = ColumnTransformer([("x", "passthrough", ["x"])])
    return Pipeline([("columns", columns), ("model", LogisticRegression())]).fit(X, y)

def raises(X, y, params, seed):
    raise RuntimeError("boom " + "!" * 1000)

def never_ends(X, y, params, seed):
    while True:
        pass

def prints(X, y, params, seed):
    for _ in range(20_000):
        print("x" * 99)
    os.write(2, b"the last words\\n")
    return good(X, y, params, seed)

def unfit(X, y, params, seed):
    return LogisticRegression()

def no_model(X, y, params, seed):
    return {"a": 1}

def ends(X, y, params, seed):
    sys.exit(3)

def dies(X, y, params, seed):
    os.kill(os.getpid(), signal.SIGKILL)

def dies_once(X, y, params, seed):
    marker = HERE / "died-once"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return good(X, y, params, seed)

def slow(X, y, params, seed):
    (HERE / f"slow-{os.getpid()}").touch()
    time.sleep(params.get("seconds", 300))
    return good(X, y, params, seed)

def some_seconds(X, y, params, seed):
    time.sleep(4)
    return good(X, y, params, seed)

def greedy(X, y, params, seed):
    kept = [numpy.ones(10_000_000) for _ in range(50)]  # 4 GB, touched
    return good(X, y, params, seed) if kept else None

def greedy_library(X, y, params, seed):
    kept = [polars.zeros(10_000_000, eager=True) + 1 for _ in range(50)]
    return good(X, y, params, seed) if kept else None

def is_first(what):
    try:
        (HERE / what).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

def dies_once_and_is_greedy_once(X, y, params, seed):
    if is_first("died"):
        os.kill(os.getpid(), signal.SIGKILL)
    return greedy(X, y, params, seed) if is_first("took") else good(X, y, params, seed)

class Strange(LogisticRegression):
    pass

def strange(X, y, params, seed):
    columns = ColumnTransformer([("x", "passthrough", ["x"])])
    return Pipeline([("columns", columns), ("model", Strange())]).fit(X, y)
"""


def turned_log(rows: int = 3000, seed: int = 0, days: int = DAYS) -> pl.DataFrame:
    """A labelled log; from the fourth day on the label is the opposite of what it was."""
    log = binary_log(rows, seed=seed, hours=24.0 * days)
    turned = pl.col("timestamp") >= TURNED.replace(tzinfo=None)
    return log.with_columns(
        label=pl.when(turned).then(1 - pl.col("label")).otherwise(pl.col("label"))
    )


def sampled(log: pl.DataFrame) -> pl.DataFrame:
    """A log in the form of the store's samples."""
    return log.select(
        pl.col("prediction_id").alias("wb_id"),
        pl.col("timestamp").dt.replace_time_zone("UTC").alias("wb_timestamp"),
        pl.lit("1").alias("wb_version"),
        "x",
        "c",
        pl.col("prediction").cast(pl.String).alias("wb_prediction"),
        pl.col("score").alias("wb_score"),
        pl.col("label").cast(pl.String).alias("wb_label"),
        (pl.col("prediction") != pl.col("label")).cast(pl.Float64).alias("wb_bad"),
    )


def card_of(recipe: str = "linear", **sections: Any) -> ModelCard:
    """A card of the model m."""
    made = ModelCard(model=Identity(name="m", task="binary"), training=Training(recipe=recipe))
    return replace(made, **sections) if sections else made


def challenger(number: int = 1, recipe: str = "linear", window: str = "incident") -> Challenger:
    """One with no parameters."""
    return Challenger(number, window, 1.0, recipe, {}, {}, 1)


def write_run(
    folder: Path,
    challengers: Sequence[Challenger] = (),
    *,
    card: ModelCard | None = None,
    log: pl.DataFrame | None = None,
    **changes: Any,
) -> RunPlan:
    """Writes the files of a run into a folder, and its recipes beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    card = card or card_of()
    rows = sampled(turned_log() if log is None else log)
    late = pl.col("wb_timestamp") >= TURNED
    cut = make_snapshot(rows.filter(late), rows.filter(~late), ["x", "c"], timedelta(0))
    holdout = cut.holdout.with_columns(wb_champion_bad=pl.col("wb_bad"))
    cut.train.write_parquet(folder / TRAIN)
    holdout.write_parquet(folder / HOLDOUT)
    (folder / "recipes_of_tests.py").write_text(RECIPES)
    shape = LogShape(FEATURES, ("c",), classes=("0", "1"))
    plan = RunPlan(
        run="run-1", model="m", card=card, features=FEATURES, rules=outcome_rules(card, shape, 0.0),
        challengers=tuple(challengers) or (challenger(1), challenger(2, window="older")),
        folds=cut.folds, gap_seconds=0.0, seed=1, champion="1",
        limits=Limits(fit_seconds=60.0, at_once=2), reference_bad_rate=0.3, smallest_gain=0.02,
        data_path="data/retrain/m/run-1.parquet", data_md5="0" * 32, train_rows=cut.train.height,
    )  # fmt: skip
    plan = replace(plan, **changes)
    (folder / PLAN).write_text(plan_text(plan))
    return plan


def outcome_here(folder: Path, task: Task, code: Path | None = None) -> Any:
    """What a task gives when it is done in this process."""
    holdout = (folder / HOLDOUT).read_bytes() if task.kind == FINAL else None
    return perform(
        task.kind, task.number, (folder / PLAN).read_text(), (folder / TRAIN).read_bytes(), holdout,
        str(code) if code else None,
    )  # fmt: skip


class Here:
    """A backend that does each task in this process."""

    def __init__(self, folder: Path, code: Path | None = None) -> None:
        self.folder, self.code = folder, code
        self.waiting: list[Task] = []

    def submit(self, task: Task) -> None:
        self.waiting.append(task)

    def collect(self, seconds: float) -> Sequence[Ended]:
        tasks, self.waiting = self.waiting, []
        return [Ended(task, outcome_here(self.folder, task, self.code)) for task in tasks]

    def started(self, task: Task) -> float | None:
        return None

    def stop(self, task: Task) -> None:
        self.waiting.remove(task)

    def close(self) -> None:
        self.waiting.clear()


def champion() -> Any:
    """What the logs' predictions come from: a positive x is the class 1."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    model = LogisticRegression(C=1e9)
    columns = ColumnTransformer([("x", "passthrough", ["x"])])
    made = Pipeline([("columns", columns), ("model", model)])
    log = binary_log(2000, seed=50)
    made.fit(log.select("x"), log["label"].cast(pl.String).to_numpy())
    model.coef_[:], model.intercept_[:] = 1.0, 0.0
    return made


CARD = """[columns]
features = ["x", "c"]
[monitoring]
window = "7d"
[budget]
min_hours_between = 0
max_retrains_per_month = 100
[training]
recipe = "{recipe}"
"""


def turned_workspace(
    folder: Path,
    recipe: str = "linear",
    log: pl.DataFrame | None = None,
    *,
    columns: str = "",
    more: str = "",
) -> Workspace:
    """A workspace whose model's world turned; its clock is the machine's.

    `columns` is added to that section of the card, and `more` to its end.
    """
    made = Workspace.open(make_workspace(folder).root)
    card = made.root / "models" / "m.toml"
    head = 'task = "binary"\nartifact = "registry/m/1/model.skops"\n'
    card.write_text(
        card.read_text().replace('task = "binary"\n', head)
        + CARD.format(recipe=recipe).replace("[columns]\n", f"[columns]\n{columns}")
        + more
    )
    place = made.root / "registry" / "m" / "1"
    place.mkdir(parents=True)
    skops.io.dump(champion(), place / "model.skops")
    (made.root / "recipes_of_tests.py").write_text(RECIPES)
    (made.root / "workbench.toml").write_text(
        '[retrain]\nbackend = "local"\nworkers = 2\nfit_timeout = "60s"\n'
    )
    path = folder / "log.parquet"
    (turned_log() if log is None else log).write_parquet(path)
    result = made.ingest(path, model="m")
    assert not result.failed, result.failed
    if ":" in recipe:
        made.trust("m", "tests")
    return Workspace.open(made.root)


def registry_of(ws: Workspace) -> dict[str, bytes]:
    """Every file of the registry, hidden ones too."""
    folder = ws.root / "registry"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def processes_of(ws: Workspace) -> list[str]:
    """The processes of this machine that have to do with the workspace's runs."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            folder = str((entry / "cwd").readlink())
        except OSError:
            continue
        if state != "Z" and (str(ws.root) in line or folder.startswith(str(ws.root))):
            found.append(f"{entry.name}: {line}")
    return found


def until(holds: Any, seconds: float = 40.0) -> Any:
    """Waits until something is true, and gives it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")


def kill(process: int) -> None:
    """Ends a process that this test started, at once."""
    os.kill(process, signal.SIGKILL)


def assert_no_process_left(ws: Workspace, run: str, seconds: float = 15.0) -> None:
    """Everything of a run ends."""
    until(lambda: not is_alive(run_folder(ws.store, run)), seconds)
    try:
        until(lambda: not processes_of(ws), seconds)
    except AssertionError:
        raise AssertionError(f"left: {processes_of(ws)}") from None
