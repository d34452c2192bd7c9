"""Which models are fuzzed? Four cards, each with a store that holds a few rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tests.fuzz.seeds import base_log
from tests.ingest.formats.churn import CLASSES, FEATURES, NOW, reference_table
from workbench.clock import FixedClock
from workbench.workspace import Workspace

MODEL = "churn"
_NAMED = f"[source]\nfeatures = {list(FEATURES)}\n"


@dataclass(frozen=True)
class Site:
    """A kind of model."""

    name: str
    task: str
    card: str
    """Its card after the head."""


SITES = (
    Site("binary", "binary", f'{_NAMED}classes = {list(CLASSES["binary"])}\n'),
    Site("multiclass", "multiclass", f'{_NAMED}classes = {list(CLASSES["multiclass"])}\n'),
    Site("regression", "regression", _NAMED + '[columns]\nexperiment = "arm"\n'),
    Site(
        "no-ids", "binary",
        '[columns]\nprediction_id = ""\ntimezone = "Europe/Berlin"\nentity = "contract"\n[monitoring]\nbucket = "1h"\n',
    ),
)  # fmt: skip


def make_template(site: Site, root: Path) -> Path:
    """A workspace with the site's model and its first rows; copied for every batch."""
    ws = Workspace.create(root)
    _reference(site.task).write_parquet(root / "data" / "reference.parquet")
    head = f'[model]\nname = "{MODEL}"\ntask = "{site.task}"\n[reference]\ndata = "data/reference.parquet"\n'
    (root / "models" / f"{MODEL}.toml").write_text(head + site.card, encoding="utf-8")
    base_log(site.task).write_parquet(root / "base.parquet")
    result = at_noon(ws).ingest(root / "base.parquet", MODEL)
    assert result.counts.rows_stored == result.counts.rows_read > 0, result
    return root


def copy_of(template: Path, root: Path) -> Workspace:
    """A copy of a template, opened."""
    shutil.copytree(template, root)
    return at_noon(Workspace.open(root))


def at_noon(ws: Workspace) -> Workspace:
    """The workspace on a day after all samples were logged."""
    return replace(ws, clock=FixedClock(NOW))


def _reference(task: str) -> pl.DataFrame:
    if task != "regression":
        return reference_table(task)
    number = pl.int_range(pl.len())
    return reference_table("binary").select(
        "prediction_id", "timestamp", *FEATURES,
        prediction=number * 0.25, label=number * 0.25 + number % 7 * 0.1,
    )  # fmt: skip
