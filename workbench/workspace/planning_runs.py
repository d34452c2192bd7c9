"""What exactly is a run to do? Rows, challengers and limits, written into the run's folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.names import file_stem, shown
from workbench.domain.period import iso, parse_duration
from workbench.errors import MisuseError, NoRowsError, StoreError, WorkbenchError
from workbench.performance.judgement import threshold_rates_of
from workbench.retrain.challengers import MOST_FITS, WEIGHTS, challengers_of
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN, Challenger, Limits, RunPlan, plan_text
from workbench.retrain.recipes import recipe_of
from workbench.retrain.snapshot import Snapshot, make_snapshot
from workbench.retrain.supervisor import ORDERS, Orders
from workbench.settings import size_bytes
from workbench.store.failures import translated
from workbench.store.modes import private_files
from workbench.workspace.subjects import Subject, reference_outcomes
from workbench.workspace.training_rows import (
    TrainingRows,
    Window,
    champion_losses,
    choose_window,
    collect_rows,
)
from workbench.workspace.trusting import recipe_folder

if TYPE_CHECKING:
    from workbench.workspace import Workspace

Told = Callable[[str], None]
"""Told each step in words, while a run is planned."""

__all__ = [
    "WEIGHTS",
    "Asked",
    "Chosen",
    "Planned",
    "backend_of",
    "choose_rows",
    "limits_of",
    "plan_and_write",
    "require_possible",
]

_SEED = 20_261
TRAINING_TABLES = Path("data") / "retrain"
"""Where the tables that runs learned from lie in a workspace, a folder a model."""


@dataclass(frozen=True)
class Asked:
    """What a person, or a trigger, wants of a run."""

    data: str | None = None
    """A table in the place of the older rows: a file, or `FILE@REVISION`."""
    window: str | None = None
    """Which rows count as those of the incident; None: those that triage found."""
    weights: Sequence[float] = WEIGHTS
    recipe: str | None = None
    """Instead of the card's: the result is a candidate for a redesign."""
    seeds: int = 1
    most_fits: int = MOST_FITS
    backend: str | None = None
    """None: as the settings say."""
    address: str | None = None
    mode: str = "manual"
    """`auto`: a trigger asks, and nobody can force it."""
    force: str | None = None
    """Why the budget is overstepped."""
    author: str = ""


@dataclass(frozen=True)
class Chosen:
    """What a run would learn from, and how."""

    window: Window
    rows: TrainingRows
    cut: Snapshot
    challengers: tuple[Challenger, ...]


@dataclass(frozen=True)
class Planned:
    """A run that is written down."""

    plan: RunPlan
    train_rows: int
    holdout_rows: int


def require_possible(ws: Workspace, subject: Subject, asked: Asked) -> None:
    """Refuses what can be known to fail before anything is read.

    Raises:
        RecipeError: the recipe cannot be used.
        PeriodError: the window cannot be read.
        WorkbenchError: there is no such table, or nothing is stored.
    """
    store = subject.store
    recipe_of(
        subject.card, store.baseline.shape.features, store.baseline.rules, recipe=asked.recipe,
        folder=recipe_folder(ws.root, subject.card),
    )  # fmt: skip
    subject.period(asked.window)
    if asked.data is not None:
        _table(ws, asked.data)


def plan_and_write(
    ws: Workspace, subject: Subject, run: str, folder: Path, asked: Asked, told: Told
) -> Planned:
    """Makes the plan of a run and writes what it needs into its folder.

    Raises:
        NoRowsError: there are too few labelled rows.
        RecipeError: the recipe cannot be used.
        WorkbenchError: the table, the period or the champion cannot be used.
    """
    card, store = subject.card, subject.store
    features, rules = store.baseline.shape.features, store.baseline.rules
    code = recipe_folder(ws.root, card)
    told("choosing the rows")
    chosen = choose_rows(ws, subject, asked)
    window, rows, cut = chosen.window, chosen.rows, chosen.cut
    told("asking the champion")
    holdout, basis = champion_losses(ws, subject, cut.holdout)
    told("writing the training table")
    path, md5, note = _training_table(ws, card, run, cut)
    usual, smallest = _usual(subject)
    plan = RunPlan(
        run=run,
        model=card.name,
        card=card,
        features=features,
        rules=rules,
        challengers=chosen.challengers,
        folds=cut.folds,
        gap_seconds=cut.gap.total_seconds(),
        seed=_SEED,
        champion=subject.champion,
        limits=limits_of(ws),
        reference_bad_rate=usual,
        smallest_gain=smallest,
        monthly_predictions=_monthly(subject),
        data_path=path,
        data_md5=md5,
        train_rows=cut.train.height,
        code_revision=_code_revision(ws.root),
        window=window.words,
        verdict=window.verdict,
        period=(iso(cut.holdout_start), iso(cut.holdout_end)),
        notes=(
            *rows.notes,
            *cut.notes,
            *((note,) if note else ()),
            f"the champion is judged {basis}",
        ),
    )
    with translated(), private_files():
        cut.train.write_parquet(folder / TRAIN)
        holdout.write_parquet(folder / HOLDOUT)
        (folder / PLAN).write_text(plan_text(plan), encoding="utf-8")
        orders = _orders(ws, asked, code)
        (folder / ORDERS).write_text(json.dumps(asdict(orders)), encoding="utf-8")
    return Planned(plan, cut.train.height, holdout.height)


def choose_rows(ws: Workspace, subject: Subject, asked: Asked) -> Chosen:
    """The rows of a run as they are cut, and its challengers; nothing is written.

    Raises:
        NoRowsError: there are too few labelled rows.
        WorkbenchError: the table or the period cannot be used.
    """
    card, baseline = subject.card, subject.store.baseline
    window = choose_window(ws, subject, asked.window)
    table = _table(ws, asked.data) if asked.data is not None else None
    rows = collect_rows(ws, subject, window, table)
    names, delay = baseline.shape.feature_names, parse_duration(card.labels.delay)
    try:
        cut = make_snapshot(rows.incident, rows.older, names, delay)
    except NoRowsError as error:
        if not rows.left_out:
            raise
        by = "faults keep" if window.verdict is None else f"verdict {window.verdict} keeps"
        raise NoRowsError(
            f"{error.message}; {by} {rows.left_out:,} rows out of training", error.hint
        ) from error
    sides = set(cut.train["wb_side"])
    challengers = challengers_of(
        card, baseline.rules, has_incident="incident" in sides, has_older="older" in sides,
        recipe=asked.recipe, weights=asked.weights, seeds=range(1, asked.seeds + 1),
        most=asked.most_fits,
    )  # fmt: skip
    return Chosen(window, rows, cut, challengers)


def backend_of(ws: Workspace, asked: Asked) -> str:
    """Where a run is done: as asked, else as the settings say; an address means Ray.

    Raises:
        MisuseError: the local pool is asked for at an address.
    """
    if asked.address and asked.backend == "local":
        raise MisuseError("--address is of a Ray cluster", "Leave --backend local away.")
    if asked.address:
        return "ray"
    return asked.backend or ws.settings.retrain.backend


def _orders(ws: Workspace, asked: Asked, code: Path | None) -> Orders:
    settings = ws.settings.retrain
    backend = backend_of(ws, asked)
    address = asked.address if asked.address is not None else settings.address
    token = Path(settings.token_file).expanduser() if settings.token_file else None
    return Orders(
        backend=backend,
        code=str(code or ""),
        address="" if backend == "local" else address,
        token_file=str(ws.root / token) if token is not None else "",
        shared=str(ws.root / Path(settings.shared).expanduser()) if settings.shared else "",
        object_memory=size_bytes(settings.object_memory) or 200_000_000,
        lock_timeout=ws.settings.store.lock_timeout,
    )


def limits_of(ws: Workspace) -> Limits:
    """What the settings allow a run: seconds a fit, fits at once, memory."""
    settings = ws.settings.retrain
    return Limits(
        fit_seconds=settings.fit_timeout,
        at_once=settings.workers or max(1, min(os.cpu_count() or 1, 4)),
        memory_bytes=size_bytes(settings.memory_limit),
    )


def _table(ws: Workspace, named: str) -> Path:
    """The file of a table that a user names, as it is or as of a revision."""
    from workbench.workspace.dataset_names import dataset_named

    here = Path.cwd() if _is_at(Path.cwd(), named) else ws.root
    found = dataset_named(named, ws, here)
    if len(found.files) != 1:
        raise MisuseError(
            f"{shown(named, 80)} is not one file", "Name a table: data/train.parquet, or FILE@REV."
        )
    return found.files[0].resolve()


def _is_at(folder: Path, named: str) -> bool:
    """Whether a file, or a version of one, lies in a folder; one of DVC's may be there as a record only."""
    plain = named.rpartition("@")[0]
    names = (named, plain, f"{plain}.dvc") if plain else (named,)
    return any((folder / name).exists() for name in names)


def _usual(subject: Subject) -> tuple[float | None, float]:
    """The reference's bad rate, and the smallest change of it that matters."""
    counts = [one.counts for one in reference_outcomes(subject)]
    labelled = sum(one.labelled for one in counts)
    thresholds = subject.card.thresholds
    if not labelled:
        return None, thresholds.bad_rate[0]
    rate = float(sum(one.bad for one in counts) / labelled)
    return rate, threshold_rates_of(rate, thresholds)[0] - rate


def _monthly(subject: Subject) -> float:
    """Predictions of 30 days, as many as there are now."""
    from workbench.store.measured import Choice

    period, store = subject.period("30d"), subject.store
    with store.counts(period, store.own_by) as counts:
        found = counts.outcomes(Choice(period), by=store.own_by, start=period.start)
    return float(sum(one.counts.rows for one in found))


def _training_table(
    ws: Workspace, card: ModelCard, run: str, cut: Snapshot
) -> tuple[str, str, str | None]:
    """Writes what is learned from as a table of its own; its path, its md5, and what there is to say."""
    import polars as pl

    columns = card.columns
    features = [name for name in cut.train.columns if not name.startswith("wb_")]
    moment = pl.from_epoch((pl.col("wb_time") * 1e6).round().cast(pl.Int64), time_unit="us")
    made = cut.train.select(
        *features,
        moment.alias(columns.timestamp),
        pl.col("wb_label").alias(columns.label),
        (pl.col("wb_side") == "incident").alias("is_incident"),
    )
    path = TRAINING_TABLES / file_stem(card.name) / f"{run}.parquet"
    target = ws.root / path
    with translated():
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.with_name(f".{target.name}")
        made.write_parquet(hidden)
        if card.privacy.is_any:
            hidden.chmod(0o600)
        hidden.replace(target)
        md5 = hashlib.md5(target.read_bytes(), usedforsecurity=False).hexdigest()
    return path.as_posix(), md5, _versioned(ws, target, run)


def _versioned(ws: Workspace, table: Path, run: str) -> str | None:
    """Records the table in DVC where versions are kept here; why it is not recorded, otherwise."""
    from workbench.diff.revisions import repository_of

    if which("git") is None or find_spec("dvc") is None or repository_of(table) is None:
        return "the training table has no version in DVC: none are kept here"
    try:
        recorded = ws.data.track(table, f"Training table of {run}")
    except WorkbenchError as error:
        return f"the training table has no version in DVC: {error.message}"
    if recorded.not_pushed is not None:
        return f"the training table is not in the remote: {recorded.not_pushed}"
    return None


def _code_revision(root: Path) -> str:
    """The version of the program, and the commit that the workspace is at."""
    from workbench import __version__
    from workbench.diff.git_repository import DvcError, git

    try:
        return f"workbench {__version__}, workspace {git(root, 'rev-parse', 'HEAD').strip()}"
    except (DvcError, StoreError):
        return f"workbench {__version__}"
