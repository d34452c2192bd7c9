"""Candidates of the registry for tests: fitted, saved with skops, and described as a run does it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import skops.io

import workbench
from tests.cli.command import done, make_workspace
from tests.logs import binary_log
from workbench.retrain.recipes import recipe_of
from workbench.retrain.scoring import scorer_of

BETTER = {
    "champion_bad_rate": 0.31, "challenger_bad_rate": 0.2, "gain": 0.11, "gain_low": 0.08,
    "gain_high": 0.14,
}  # fmt: skip
WORSE = BETTER | {"gain": 0.004, "gain_low": -0.01, "gain_high": 0.02}


def add_candidate(
    root: Path,
    version: str,
    *,
    model: str = "m",
    metrics: Mapping[str, Any] | None = None,
    holdout: pl.DataFrame | None = None,
    **metadata: Any,
) -> Path:
    """A logistic regression of the model's reference, as `version`; returns its folder.

    Args:
        root: the workspace.
        version: its name.
        model: whose.
        metrics: of the holdout; None: better than the champion.
        holdout: labelled rows in the log's columns that it is judged on; it scores them.
        **metadata: more keys of metadata.json.
    """
    with workbench.open(root) as ws:
        subject = ws.subject(model)
        card, base = subject.card, subject.store.baseline
        rows = pl.read_parquet(root / card.reference.data)
        estimator = recipe_of(card, base.shape.features, base.rules, recipe="linear").fit(
            rows, rows[card.columns.label].cast(pl.String), 0
        )
    folder = root / "registry" / model / version
    folder.mkdir(parents=True)
    skops.io.dump(estimator, folder / "model.skops")
    facts = {
        "version": version, "model": model, "run": f"run-{version}", "verdict": 7,
        "trained_at": "2024-02-01T00:00:00Z", "metrics": dict(BETTER if metrics is None else metrics),
        **metadata,
    }  # fmt: skip
    if holdout is not None:
        scored = scorer_of(estimator, card, base.shape.features, base.rules)(holdout)
        holdout.with_columns(
            prediction=scored["wb_prediction"], score=scored["wb_score"]
        ).write_parquet(folder / "holdout.parquet")
        facts["baseline"] = "holdout.parquet"
    (folder / "metadata.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def workspace_with_candidate(root: Path, version: str = "2", **how: Any) -> Path:
    """A workspace with the binary model m, 500 rows of version 1, and a candidate."""
    make_workspace(root)
    add_candidate(root, version, **how)
    return root


def ingest_version(
    root: Path,
    version: str,
    rows: int,
    start: datetime,
    bad: Sequence[float | None] = (None,),
) -> None:
    """Ingests live rows of a version of the model m.

    Args:
        root: the workspace.
        version: of the rows.
        rows: how many a day.
        start: of the first day.
        bad: the share of wrong predictions, a day each; None: as it comes.
    """
    days = [_day(version, rows, start + timedelta(days=i), one) for i, one in enumerate(bad)]
    path = root / f"{version}-{start:%Y%m%d%H}-{rows}.parquet"
    pl.concat(days).write_parquet(path)
    done("-C", root, "ingest", path, "--model", "m")


def _day(version: str, rows: int, start: datetime, bad: float | None) -> pl.DataFrame:
    first = 10_000 + int(start.timestamp()) % 10**7 * 10
    log = binary_log(rows, seed=start.day, first_id=first, start=start)
    log = log.with_columns(model_version=pl.lit(version))
    if bad is None:
        return log
    wrong = pl.Series([i < round(bad * rows) for i in range(rows)]).shuffle(seed=1)
    return log.with_columns(
        label=pl.when(wrong).then(1 - pl.col("prediction")).otherwise(pl.col("prediction"))
    )


def champion(root: Path, model: str = "m") -> Any:
    """What champion.json says."""
    return json.loads((root / "registry" / model / "champion.json").read_text(encoding="utf-8"))
