"""`demo --advance`: later days come in, scored by the champion, on a demo of a few rows a day."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import workbench as package
from tests.candidates import add_candidate
from tests.cli.command import done, workbench
from workbench.cli.demo import LAST_DAY, MODELS, copy_pipeline, ingest_exports, write_cards
from workbench.resources import demo_pipeline_dir
from workbench.retrain.artifacts import load_artifact
from workbench.workspace import Workspace

FIRST, LAST = LAST_DAY - timedelta(days=5), LAST_DAY + timedelta(days=20)
ROWS = 8
ENDINGS = {"air-time": "parquet", "schedule-delay": "jsonl", "arrival-delay": "csv"}
TEXTS = ("dest", "carrier", "origin")


def rows_of(features: tuple[str, ...], days: list[date], seed: int) -> pl.DataFrame:
    """Labelled rows, `ROWS` a day, whose label is ten times the hour."""
    many = len(days) * ROWS
    rng = np.random.default_rng(seed)
    moments = [
        datetime(d.year, d.month, d.day, h, tzinfo=UTC) for d in days for h in range(1, ROWS + 1)
    ]
    columns = {
        name: rng.choice(["AA", "UA", "DL"], many)
        if name in TEXTS
        else rng.integers(1, 20, many).astype(float)
        for name in features
    }
    frame = pl.DataFrame(
        {"prediction_id": [f"{m:%m%d%H}" for m in moments], "timestamp": moments, **columns}
    )
    return frame.with_columns(
        model_version=pl.lit("1"), role=pl.lit("live"), prediction=pl.lit(500.0),
        label=10 * pl.col("hour"),
    )  # fmt: skip


def write(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        rows.write_parquet(path)
        return
    rows = rows.with_columns(
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        for name in ("timestamp", "label_timestamp")
        if name in rows.columns
    )
    if path.suffix == ".csv":
        rows.write_csv(path)
    else:
        rows.write_ndjson(path)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "ws"
    days = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]
    with Workspace.create(root) as ws:
        copy_pipeline(demo_pipeline_dir(), root / "data")
        write_cards(demo_pipeline_dir() / "cards", root / "models")
        for name in MODELS:
            features = ws.card(name).columns.features
            (root / "data" / name).mkdir()
            earlier = [date(2013, 1, 1) + timedelta(days=i) for i in range(30)]
            rows_of(features, earlier, 1).write_parquet(root / "data" / name / "reference.parquet")
            log = rows_of(features, days, 2)
            exports = root / "data" / "exports" / name
            for kind in ("predictions", "labels"):
                (exports / kind).mkdir(parents=True)
            for day in days:
                own = log.filter(pl.col("timestamp").dt.date() == day)
                write(
                    own.drop("label"), exports / "predictions" / f"{day}.{ENDINGS[name]}"
                )
                came = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + timedelta(days=3)
                labels = own.select("prediction_id", "label", label_timestamp=pl.lit(came))
                write(labels, exports / "labels" / f"{came.date()}.{ENDINGS[name]}")
            ingest_exports(ws, name)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def counted(root: Path, name: str = "air-time") -> dict[tuple[date, str], tuple[int, int]]:
    """(rows, labels) by day and version."""
    with package.open(root) as ws:
        found = ws.sql(
            "SELECT timestamp::DATE AS d, model_version, count(*) AS n, count(label) AS l "
            f'FROM "{name}" GROUP BY 1, 2'
        )
    return {(row[0], row[1]): (row[2], row[3]) for row in found.iter_rows()}


def test_days_pass_with_their_labels_until_the_year_is_over(root: Path) -> None:
    said = done("demo", root, "--advance", "14d", "--no-tui")
    assert "the clock stands at the end of 14 August 2013" in said.err
    for name in MODELS:
        found = counted(root, name)
        assert max(found) == (LAST_DAY + timedelta(days=14), "1")
        assert all(rows == ROWS for rows, _ in found.values())
        # Labels come three days late.
        late = [day for (day, _), (_, labels) in found.items() if labels == 0]
        assert sorted(late) == [LAST_DAY + timedelta(days=i) for i in (12, 13, 14)]
    said = done("demo", root, "--advance", "14d", "--no-tui")
    assert "there are no later days" in said.err
    found = counted(root)
    assert max(found) == (LAST, "1")
    assert all(figures == (ROWS, ROWS) for figures in found.values())
    done("demo", root, "--advance", "1d", "--no-tui")
    assert counted(root) == found


def test_the_rows_are_those_of_the_champion_and_a_rollback_brings_the_former_back(
    root: Path,
) -> None:
    for version in ("1", "2"):  # the first is what the card names
        add_candidate(root, version, model="air-time")
    done("-C", root, "promote", "air-time", "2", "--yes")
    done("demo", root, "--advance", "2d", "--no-tui")
    done("-C", root, "rollback", "air-time", "--yes")
    done("demo", root, "--advance", "1d", "--no-tui")

    later = {key: rows for key, (rows, _) in counted(root).items() if key[0] > LAST_DAY}
    first, second, third = (LAST_DAY + timedelta(days=i) for i in (1, 2, 3))
    assert later == {(first, "2"): ROWS, (second, "2"): ROWS, (third, "1"): ROWS}
    assert max(counted(root, "arrival-delay")) == (third, "1")
    with package.open(root) as ws:
        subject = ws.subject("air-time")
        rows = ws.sql("SELECT * FROM \"air-time\" WHERE model_version = '2' ORDER BY timestamp")
        scored = load_artifact(
            root, subject.card, subject.store.baseline.shape.features,
            subject.store.baseline.rules, is_trusted=False,
            artifact="registry/air-time/2/model.skops",
        )(rows)  # fmt: skip
    assert rows["prediction"].to_list() == pytest.approx(scored["wb_prediction"].to_list())
    assert (rows["prediction"] != 500.0).all()


def test_days_that_were_begun_are_completed_for_every_model(root: Path) -> None:
    day = LAST_DAY + timedelta(days=1)
    with package.open(root) as ws:
        ws.ingest(root / "data" / "exports" / "air-time" / "predictions" / f"{day}.parquet", "air-time")
    done("demo", root, "--advance", "2d", "--no-tui")
    for name in MODELS:
        assert max(counted(root, name)) == (day + timedelta(days=1), "1")
        assert counted(root, name)[day, "1"][0] == ROWS


def test_what_is_no_demo_or_no_whole_day_is_refused(root: Path, tmp_path: Path) -> None:
    assert workbench("demo", root, "--advance", "36h", "--no-tui").code == 2
    workbench("demo", root, "--advance", "soon", "--no-tui").assert_refused("soon")
    done("init", tmp_path / "other")
    workbench("demo", tmp_path / "other", "--advance", "1d").assert_refused("no demo")
    workbench("demo", tmp_path / "nowhere", "--advance", "1d").assert_refused("nowhere")
    assert not (tmp_path / "nowhere").exists()
