"""A made-up shop: predictions with seasons and weekdays, five producers, three apps, three regions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

START = datetime(2024, 1, 8)
DAYS, BAD_DAYS = 42, 5
ONSET = START + timedelta(days=DAYS - BAD_DAYS)
FEATURES = (
    "region", "producer", "app", "device", "plan", "amount", "temperature", "hour", "distance",
    "age", "balance", "login_days", "rate", "lat", "lon",
)  # fmt: skip
CARD = """[model]
name = "shop"
task = "binary"
[columns]
features = [{features}]
segments = ["region", "producer", "app"]
[reference]
data = "data/reference.parquet"
"""
c = pl.col


def shop(rows: int, start: datetime, days: int, seed: int, drift: float = 0.0) -> pl.DataFrame:
    """So many rows a day (fewer at weekends), with labels; `drift` moves some inputs slowly."""
    rng = np.random.default_rng(seed)
    frames = []
    for day in range(days):
        at = start + timedelta(days=day)
        n = int(rows * (0.7 if at.weekday() >= 5 else 1.0) * rng.normal(1, 0.03))
        hour = np.sort(np.clip(rng.normal(14, 4, n), 0, 23.99))
        move = drift * day / days
        region = rng.choice(["EU", "US", "APAC"], n, p=[0.5, 0.3, 0.2])
        season = 8 * np.sin(2 * np.pi * (at.timetuple().tm_yday - 110) / 365)
        frames.append(
            pl.DataFrame(
                {
                    "timestamp": pl.Series(
                        [at + timedelta(seconds=int(h * 3600)) for h in hour],
                        dtype=pl.Datetime("us"),
                    ),
                    "region": region,
                    "producer": rng.choice(list("ABCDE"), n, p=[0.4, 0.25, 0.15, 0.12, 0.08]),
                    "app": rng.choice(["1.0", "1.1", "1.2"], n, p=[0.3, 0.3, 0.4]),
                    "device": rng.choice(
                        ["ios", "android", "web", "tv"], n, p=[0.35, 0.4, 0.2, 0.05]
                    ),
                    "plan": rng.choice(["1", "2", "3", "4"], n, p=[0.5, 0.25, 0.15, 0.1]),
                    "amount": np.round(np.exp(rng.normal(3.2 + move, 0.8, n)), 2),
                    "temperature": np.round(
                        12 + season + rng.normal(0, 2) + rng.normal(0, 3, n), 1
                    ),
                    "hour": np.floor(hour),
                    "distance": rng.gamma(2.0, 8.0, n),
                    "age": np.round(np.clip(rng.normal(41 + 6 * move, 14, n), 18, 90)),
                    "balance": np.round(rng.normal(150, 400, n), 2),
                    "login_days": rng.gamma(1.2, 10.0, n),
                    "rate": np.round(rng.beta(2, 5, n), 4),
                    "lat": rng.normal(48, 3, n),
                    "lon": rng.normal(9, 6, n),
                }
            )
        )
    log = pl.concat(frames).with_columns(
        amount=pl.when(c("plan") == "4").then((c("amount") * 2.2).round(2)).otherwise(c("amount")),
        balance=pl.when(c("plan") == "3").then(c("balance") - 350).otherwise(c("balance")),
        age=pl.when(c("plan") == "2").then((c("age") - 12).clip(18)).otherwise(c("age")),
    )
    chance = 1 / (1 + np.exp(-logit(log)))
    label = (rng.random(log.height) < chance).astype(int)
    ids = [f"{start:%m%d}-{seed}-{i}" for i in range(log.height)]
    return log.with_columns(label=pl.Series(label), prediction_id=pl.Series(ids))


def logit(log: pl.DataFrame) -> NDArray[Any]:
    """What the model says of a row, whatever its values have become; what is not there is usual."""

    def number(name: str, usual: float) -> NDArray[Any]:
        if name not in log.columns:
            return np.full(log.height, usual)
        values = log[name].cast(pl.Float64, strict=False).fill_null(usual)
        found: NDArray[Any] = np.nan_to_num(values.to_numpy(), nan=usual)
        return found

    plan = log["plan"].cast(pl.String).replace_strict(
        {"1": 0.0, "2": 0.8, "3": -1.2, "4": 1.5}, default=0.0, return_dtype=pl.Float64
    )  # fmt: skip
    z = (
        2.2 * (np.log1p(np.clip(number("amount", 25), 0, 1e9)) - 3.2)
        - (number("age", 40) - 40) / 12
    )
    z += number("balance", 150) / 300 + plan.to_numpy() - (number("distance", 16) - 16) / 12
    z += (number("rate", 0.28) - 0.28) * 4 + (number("temperature", 9) - 9) / 8
    z += (number("hour", 14) - 14) / 8 - (number("login_days", 12) - 12) / 20
    clipped: NDArray[Any] = np.clip(z, -30, 30)
    return clipped


def predicted(log: pl.DataFrame) -> pl.DataFrame:
    """With score and prediction."""
    score = 1 / (1 + np.exp(-logit(log)))
    return log.with_columns(
        score=pl.Series(score), prediction=pl.Series((score >= 0.5).astype(int))
    )
