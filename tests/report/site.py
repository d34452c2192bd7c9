"""A small real workspace in trouble: a drifted feed, hostile names, and a sensitive column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from workbench.workspace import Workspace

MODEL = "delay|<b>[/b]"
"""The model's name: a table's border, an element and a terminal's markup."""
HOSTILE = "feed.delay[0]'\"`|</script><script>alert(1)</script>"
"""A numeric feature whose values are sixty times larger from the second half on."""
SENSITIVE = "postcode"
POSTCODES = ("SE1-seen", "N16-seen")
UNSEEN_POSTCODE = "W1A-unseen"
UNSEEN = "<img src=x onerror=alert(2)>|`new`"
"""A category of `carrier` that the reference does not have."""
START = datetime(2024, 2, 1, tzinfo=UTC)
DAYS = 10
A_DAY = 240
PERIOD = "2024-02-01/2024-02-11"


def rows(
    first: int, days: int, start: datetime, *, seed: int, faulty_from: int | None
) -> pl.DataFrame:
    """Rows of some days; from the day `faulty_from` the feed is faulty and predictions are bad."""
    rng = np.random.default_rng(seed)
    n = days * A_DAY
    day = np.arange(n) // A_DAY
    feed = rng.normal(10, 3, n)
    faulty = day >= (faulty_from if faulty_from is not None else days)
    label = feed + rng.normal(0, 1, n)
    step = timedelta(days=1) / A_DAY
    return pl.DataFrame(
        {
            "prediction_id": [f"p{first + i}" for i in range(n)],
            "timestamp": [(start + i * step).replace(tzinfo=None) for i in range(n)],
            HOSTILE: np.where(faulty, feed * 60, feed),
            "calm": rng.normal(size=n),
            "carrier": np.where(
                faulty & (rng.random(n) < 0.2), UNSEEN, rng.choice(["AA", "UA"], n)
            ),
            SENSITIVE: np.where(
                faulty & (rng.random(n) < 0.2), UNSEEN_POSTCODE, rng.choice(POSTCODES, n)
            ),
            "prediction": np.where(faulty, feed + rng.normal(0, 6, n), feed),
            "label": label,
        },
        schema_overrides={"timestamp": pl.Datetime("us")},
    )


def incident_workspace(root: Path) -> Workspace:
    """A workspace with one model whose feed broke half-way; the last two days have no labels."""
    workspace = Workspace.create(root)
    reference = root / "data" / "reference.parquet"
    rows(10**6, 10, START - timedelta(days=31), seed=1, faulty_from=None).write_parquet(reference)
    card = workspace.add_model(MODEL, reference, task="regression")
    text = card.read_text(encoding="utf-8")
    for default, chosen in (
        ("# sensitive = []", f'sensitive = ["{SENSITIVE}"]'),
        ('# window = "7d"', 'window = "30d"'),
        ('# owner = ""', 'owner = "on-call <ops>"'),
    ):
        assert default in text
        text = text.replace(default, chosen)
    card.write_text(text, encoding="utf-8")
    log = rows(0, DAYS, START, seed=2, faulty_from=DAYS // 2)
    late = pl.col("timestamp") >= (START + timedelta(days=DAYS - 2)).replace(tzinfo=None)
    log = log.with_columns(label=pl.when(late).then(None).otherwise(pl.col("label")))
    file = root / "export.parquet"
    log.write_parquet(file)
    result = workspace.ingest(file, MODEL)
    assert not result.failed, result.failed
    return workspace
