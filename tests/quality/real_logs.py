"""Real records as prediction logs: a reference, a clean stretch, and a model that predicts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.shared_data import shared_data
from workbench.clock import FixedClock
from workbench.domain.fault import Fault, QualityReport
from workbench.workspace import Workspace

START = datetime(2016, 3, 1)
ONSET = datetime(2016, 3, 23)
DAYS, A_DAY = 28, 500
Spoil = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Real:
    """A data set as a log."""

    task: str
    card: str
    reference: pl.DataFrame
    log: pl.DataFrame
    """Clean features, labels, ids, timestamps; without predictions."""
    features: tuple[str, ...]
    predict: Callable[[pl.DataFrame], pl.DataFrame]
    onset: datetime

    def workspace(self, folder: Path, spoil: Spoil | None = None, card: str = "") -> Workspace:
        """A workspace that has ingested the clean stretch, and then the faulty one."""
        made = Workspace.create(folder / "ws")
        self.reference.write_parquet(made.root / "data" / "reference.parquet")
        (made.root / "models" / "m.toml").write_text(
            f'[model]\nname = "m"\ntask = "{self.task}"\n[reference]\ndata = "data/reference.parquet"\n'
            f"{self.card}{card}"
        )
        ws = replace(made, clock=FixedClock(datetime(2020, 1, 1, tzinfo=UTC)))
        early = self.log.filter(pl.col("timestamp") < self.onset)
        late = self.log.filter(pl.col("timestamp") >= self.onset)
        for name, part in (("early", early), ("late", spoil(late) if spoil else late)):
            path = folder / f"{name}.parquet"
            self.predict(part).write_parquet(path)
            result = ws.ingest(path, model="m")
            assert not result.failed, result.failed
        return ws


def loud(report: QualityReport) -> list[tuple[str, str]]:
    """(column, kind) of what raises an alarm."""
    return [(f.column, f.kind) for f in report.faults if f.status in ("warning", "critical")]


def only(report: QualityReport, kind: str, column: str) -> Fault:
    """The one fault of a kind and column; no other may be listed as an alarm."""
    found = [f for f in report.faults if f.kind == kind and column in (f.column, *f.also)]
    assert len(found) == 1, report.faults
    others = [f for f in report.faults if f not in found and f.status != "ok"]
    assert not others, others
    return found[0]


def predictor(train: pl.DataFrame, features: tuple[str, ...], label: str, task: str) -> Any:
    """A boosted model over ordinal codes; what it never saw is missing to it."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    texts = {c: train[c].unique().sort().to_list() for c in features if train[c].dtype == pl.String}

    def matrix(frame: pl.DataFrame) -> Any:
        columns = []
        for name in features:
            series = frame[name] if name in frame.columns else pl.Series([None] * frame.height)
            if name in texts:
                known = {v: float(i) for i, v in enumerate(texts[name])}
                series = series.cast(pl.String).replace_strict(
                    known, default=None, return_dtype=pl.Float64
                )
            columns.append(series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy())
        return np.column_stack(columns)

    kind = HistGradientBoostingClassifier if task == "binary" else HistGradientBoostingRegressor
    model = kind(max_iter=60, random_state=0).fit(matrix(train), train[label].to_numpy())

    def predict(frame: pl.DataFrame) -> pl.DataFrame:
        x = matrix(frame)
        if task == "binary":
            score = model.predict_proba(x)[:, 1]
            return frame.with_columns(score=score, prediction=(score >= 0.5).astype(int))
        return frame.with_columns(prediction=model.predict(x))

    return predict


def stamped(frame: pl.DataFrame, start: datetime, days: int) -> pl.DataFrame:
    """The rows spread evenly over some days, with ids."""
    step = timedelta(days=days) / frame.height
    times = [(start + i * step).replace(microsecond=0) for i in range(frame.height)]
    ids = [f"p{i}" for i in range(frame.height)]
    return frame.with_columns(
        timestamp=pl.Series(times, dtype=pl.Datetime("us")), prediction_id=pl.Series(ids)
    )


@lru_cache(maxsize=1)
def census() -> Real:
    """Employment in the census: 28 days of 500 records of 2016, a reference of 2015."""
    table = pl.read_parquet(shared_data("census_ma_employment") / "census_ma_employment.parquet")
    table = table.rename({"employed": "label"}).drop("predicted_probability", "prediction", "id")
    features = tuple(name for name in table.columns if name not in ("label", "year"))
    before = (
        table.filter(pl.col("year") == 2015).drop("year").sample(fraction=1, shuffle=True, seed=1)
    )
    after = (
        table.filter(pl.col("year") == 2016).drop("year").sample(fraction=1, shuffle=True, seed=2)
    )
    predict = predictor(before.head(15000), features, "label", "binary")
    reference = predict(before.slice(15000, 20000))
    log = stamped(after.head(DAYS * A_DAY), START, DAYS)
    return Real(
        "binary",
        '[columns]\nsegments = ["SEX", "MAR", "RAC1P"]\n',
        reference,
        log,
        features,
        predict,
        ONSET,
    )


@lru_cache(maxsize=1)
def bikes() -> Real:
    """Demand for bicycles by the hour: trained on April, reference May, log May and June 2012."""
    table = pl.read_parquet(shared_data("bike_sharing") / "bike_sharing.parquet")
    table = table.rename({"demand": "label", "ts": "timestamp"}).drop(
        "casual", "registered", "year"
    )
    features = tuple(name for name in table.columns if name not in ("label", "timestamp"))
    year = table.filter(pl.col("timestamp") >= datetime(2012, 1, 1))
    train = year.filter(pl.col("timestamp") < datetime(2012, 4, 15))
    reference = year.filter(
        (pl.col("timestamp") >= datetime(2012, 4, 15))
        & (pl.col("timestamp") < datetime(2012, 5, 10))
    )
    log = year.filter(
        (pl.col("timestamp") >= datetime(2012, 5, 10))
        & (pl.col("timestamp") < datetime(2012, 7, 1))
    )
    predict = predictor(train, features, "label", "regression")
    ids = pl.Series([f"p{i}" for i in range(log.height)])
    return Real(
        "regression", "", predict(reference), log.with_columns(prediction_id=ids), features, predict,
        datetime(2012, 6, 1),
    )  # fmt: skip
