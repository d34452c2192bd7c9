"""How good is one challenger, and what is the winner? The same in a Ray task, a process and a test."""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.errors import ArtifactError, RecipeError, WorkbenchError
from workbench.retrain.captured import captured_output
from workbench.retrain.fit_memory import bounded_memory, fit_memory, is_of_memory, too_much
from workbench.retrain.mixing import mixed_rows, thinned
from workbench.retrain.plan import Challenger, Limits, RunPlan, plan_of

if TYPE_CHECKING:
    import polars as pl

FIT, FINAL = "fit", "final"
MODEL, SCORED = "model.skops", "scored.parquet"
"""What a last fit gives: the model, and the rows that judge with what it says of them."""

LEAST_ROWS = 50
"""Fewer rows are not fitted."""


@dataclass(frozen=True)
class Task:
    """One thing for a worker to do."""

    kind: str
    """`fit`: how good is a challenger on the parts that choose? `final`: fit the winner for good."""
    number: int
    """Of the challenger."""

    @property
    def name(self) -> str:
        """As `fit-3`."""
        return f"{self.kind}-{self.number}"


@dataclass(frozen=True)
class FitOutcome:
    """What came of a task."""

    task: Task
    reason: str | None = None
    """Why there is nothing; None: there is."""
    bad_rate: float | None = None
    rows: int = 0
    """That were judged (`fit`), or learned from (`final`)."""
    seconds: float = 0.0
    output: str = ""
    """The end of what it printed."""
    printed: int = 0
    """Bytes that it printed."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Of a last fit: `MODEL` and `SCORED`."""


def warm_up() -> None:
    """Loads what a fit needs, so that a new process's first fit takes no longer than its others."""
    for name in (
        "polars", "threadpoolctl", "sklearn.compose", "sklearn.ensemble", "sklearn.linear_model",
        "sklearn.pipeline", "sklearn.preprocessing", "workbench.performance.badness",
        "workbench.retrain.recipes", "workbench.retrain.scoring",
    ):  # fmt: skip
        importlib.import_module(name)


def perform(
    kind: str, number: int, plan_text: str, train: bytes, holdout: bytes | None, code: str | None
) -> FitOutcome:
    """Does a task. Whatever a recipe does, other than ending the process, is a reason and no error.

    Args:
        kind: `fit` or `final`.
        number: of the challenger.
        plan_text: the plan, as JSON.
        train: the rows to learn from, as Parquet.
        holdout: those that judge, likewise; None for `fit`, which never sees them.
        code: the folder that a recipe of the card's own may be imported from; None: installed
            packages only.
    """
    from threadpoolctl import threadpool_limits

    task, limits = Task(kind, number), Limits()
    start = time.perf_counter()
    found = FitOutcome(task)
    with captured_output() as printed:
        try:
            plan = plan_of(plan_text)
            limits = plan.limits
            with threadpool_limits(limits=1), bounded_memory(fit_memory(limits)):
                found = _done(task, plan, train, holdout, Path(code).resolve() if code else None)
        except WorkbenchError as error:
            found = FitOutcome(task, error.message)
        except MemoryError:
            found = FitOutcome(task, too_much(limits))
        except SystemExit:
            found = FitOutcome(task, "the recipe ended its process")
        # What code from outside raises can be anything.
        except Exception as error:  # noqa: BLE001
            found = FitOutcome(task, _said(error, plan_text))
    is_private = _is_private(plan_text)
    return FitOutcome(
        task, found.reason, found.bad_rate, found.rows, time.perf_counter() - start,
        "" if is_private else printed.text, printed.size, found.files,
    )  # fmt: skip


def read_rows(content: bytes) -> pl.DataFrame:
    """The rows of a Parquet file's bytes."""
    import polars as pl

    return pl.read_parquet(io.BytesIO(content))


def rows_bytes(frame: pl.DataFrame) -> bytes:
    """Rows as a Parquet file's bytes."""
    made = io.BytesIO()
    frame.write_parquet(made, compression="zstd")
    return made.getvalue()


def _done(
    task: Task, plan: RunPlan, train: bytes, holdout: bytes | None, code: Path | None
) -> FitOutcome:
    rows = read_rows(train)
    challenger = plan.challenger(task.number)
    if task.kind == FIT:
        return _chosen_by(task, plan, challenger, rows, code)
    if holdout is None:
        raise RecipeError("there are no rows to judge the winner on")
    return _for_good(task, plan, challenger, rows, read_rows(holdout), code)


def _chosen_by(
    task: Task, plan: RunPlan, challenger: Challenger, rows: pl.DataFrame, code: Path | None
) -> FitOutcome:
    """The bad rate over the parts that choose, each judged by a fit to what lies before it."""
    import numpy as np
    import polars as pl

    bad: list[Any] = []
    reasons: list[str] = []
    for fold, begins in enumerate(plan.folds, start=1):
        known = (pl.col("wb_fold") < fold) & (pl.col("wb_time") < begins - plan.gap_seconds)
        learned = _learned(plan, challenger, rows, known, plan.limits.rows_choosing)
        judged = rows.filter(pl.col("wb_fold") == fold)
        try:
            score = _fitted(plan, challenger, learned, code)
            bad.append(_losses(plan, score[1], judged))
        except (RecipeError, ArtifactError) as error:
            reasons.append(error.message)
    if not bad:
        return FitOutcome(task, reasons[0] if reasons else "there are no rows to choose on")
    losses = np.concatenate(bad)
    return FitOutcome(task, None, float(losses.mean()), len(losses))


def _for_good(
    task: Task,
    plan: RunPlan,
    challenger: Challenger,
    rows: pl.DataFrame,
    holdout: pl.DataFrame,
    code: Path | None,
) -> FitOutcome:
    """The winner on all rows, saved and read back, and what it says of those that judge."""
    import polars as pl
    import skops.io

    from workbench.retrain.scoring import scorer_of
    from workbench.retrain.skops_file import load_skops

    learned = _learned(plan, challenger, rows, pl.lit(value=True), plan.limits.rows_most)
    estimator, _ = _fitted(plan, challenger, learned, code)
    try:
        model = skops.io.dumps(estimator)
    # What skops raises of an object that it does not know can be anything.
    except Exception as error:
        raise ArtifactError(
            f"the model cannot be saved with skops: {type(error).__name__}",
            "A recipe must return an estimator that skops.io.dump can save.",
        ) from error
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        path = Path(folder) / MODEL
        path.write_bytes(model)
        # What counts is the model as it will be read, not the one in memory.
        again = load_skops(path, "the model that was trained", plan.card.model.trusted_types)
    score = scorer_of(again, plan.card, plan.features, plan.rules)
    outputs = score(holdout.select(one.name for one in plan.features))
    bad = _losses(plan, score, holdout)
    scored = holdout.drop(c for c in outputs.columns if c in holdout.columns).with_columns(
        *outputs.get_columns(), pl.Series("wb_new_bad", bad)
    )
    files = {MODEL: model, SCORED: rows_bytes(scored)}
    return FitOutcome(task, None, float(bad.mean()), learned.height, files=files)


def _learned(
    plan: RunPlan, challenger: Challenger, rows: pl.DataFrame, known: pl.Expr, most: int
) -> pl.DataFrame:
    import polars as pl

    names = [*(one.name for one in plan.features), "wb_label"]
    is_incident = pl.col("wb_side") == "incident"
    recent = rows.filter(is_incident & known.fill_null(value=False)).select(names)
    older = rows.filter(~is_incident).select(names)
    if challenger.window == "incident":
        found = thinned(recent, most)
    elif challenger.window == "older":
        found = thinned(older, most)
    else:
        found = mixed_rows(recent, older, challenger.weight, most)
    if found.height < LEAST_ROWS:
        raise RecipeError(f"only {found.height} labelled rows to fit on")
    return found


def _fitted(
    plan: RunPlan, challenger: Challenger, rows: pl.DataFrame, code: Path | None
) -> tuple[Any, Callable[[pl.DataFrame], pl.DataFrame]]:
    from workbench.retrain.recipes import recipe_of
    from workbench.retrain.scoring import scorer_of

    recipe = recipe_of(
        plan.card, plan.features, plan.rules, recipe=challenger.recipe,
        params=challenger.params, folder=code,
    )  # fmt: skip
    names = [one.name for one in plan.features]
    try:
        estimator = recipe.fit(rows.select(names), rows["wb_label"], challenger.seed)
    except RecipeError as error:
        # Other parts of the rows would need as much; of them alone a rate would say less.
        if is_of_memory(error):
            raise MemoryError from error
        raise
    return estimator, scorer_of(estimator, plan.card, plan.features, plan.rules)


def _losses(
    plan: RunPlan, score: Callable[[pl.DataFrame], pl.DataFrame], rows: pl.DataFrame
) -> Any:
    """0 (good) to 1 (bad) a row; a row that the model says nothing of is bad."""
    import numpy as np

    from workbench.performance.badness import badness

    said = score(rows.select(one.name for one in plan.features))
    bad = badness(plan.rules, said["wb_prediction"], rows["wb_label"])
    return np.where(np.isfinite(bad), bad, 1.0)


def _is_private(plan_text: str) -> bool:
    try:
        return plan_of(plan_text).card.privacy.is_any
    except WorkbenchError:
        return True  # a plan that cannot be read may say so


def _said(error: Exception, plan_text: str) -> str:
    first = "" if _is_private(plan_text) else (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}{': ' if first else ''}{shown(first, 200)}"
