"""Every task and rule end to end, against figures computed from the raw rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from tests.logs import binary_log
from workbench.workspace import Workspace


def workspace(
    folder: Path,
    reference: pl.DataFrame,
    edits: dict[str, str] | None = None,
    task: str | None = None,
) -> Workspace:
    ws = Workspace.create(folder / "ws")
    reference.write_parquet(folder / "reference.parquet")
    card = ws.add_model("m", folder / "reference.parquet", task)
    text = card.read_text()
    for old, new in (edits or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    card.write_text(text)
    return ws


def ingest(ws: Workspace, name: str, frame: pl.DataFrame) -> None:
    path = ws.root.parent / name
    frame.write_parquet(path)
    result = ws.ingest(path, model="m")
    assert not result.failed, result.failed


def multiclass(rows: int, seed: int, first_id: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([1, 1, 1], rows)
    names = np.array(["cat", "dog", "[/b]"])
    drawn = [rng.choice(3, p=share) for share in shares]
    start = datetime(2024, 2, 1)
    return pl.DataFrame(
        {
            "prediction_id": [f"i{first_id + i}" for i in range(rows)],
            "timestamp": [start + timedelta(minutes=5 * i) for i in range(rows)],
            "x": rng.normal(size=rows),
            "prediction": names[shares.argmax(axis=1)],
            "label": names[drawn],
            **{f"score_{name}": shares[:, i] for i, name in enumerate(names)},
        }
    )


def test_a_multiclass_model_is_measured_as_its_rows_say(tmp_path: Path) -> None:
    ws = workspace(tmp_path, multiclass(1500, 1, 10**6))
    assert ws.card("m").model.task == "multiclass"
    log = multiclass(900, 2)
    ingest(ws, "log.parquet", log.drop("label"))
    ingest(ws, "labels.parquet", log.select("prediction_id", "label"))
    whole = ws.performance_report("m", period="all").whole
    wrong = float((log["prediction"] != log["label"]).mean())  # type: ignore[arg-type]
    assert whole.bad_rate == pytest.approx(wrong)
    assert whole.metrics["accuracy"] == pytest.approx(1 - wrong)
    expected = f1_score(log["label"].to_numpy(), log["prediction"].to_numpy(), average="macro")
    assert whole.metrics["f1"] == pytest.approx(expected)
    roles = [column.role for column in ws.drift("m", period="all").columns]
    assert sorted(roles) == ["feature", "label", "prediction", "score", "score", "score"]


def test_binary_metrics_are_those_of_the_raw_rows(tmp_path: Path) -> None:
    ws = workspace(tmp_path, binary_log(3000, seed=99, first_id=10**6))
    log = binary_log(2000, seed=3, hours=48)
    ingest(ws, "log.parquet", log)
    metrics = ws.performance_report("m", period="all").whole.metrics
    label, score = log["label"].to_numpy(), log["score"].to_numpy()
    guess = log["prediction"].to_numpy()
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(label, score), abs=0.005)
    assert metrics["log_loss"] == pytest.approx(log_loss(label, score))
    assert metrics["f1"] == pytest.approx(f1_score(label, guess))
    assert metrics["miss_rate"] == pytest.approx(np.mean(guess[label == 1] == 0))
    assert metrics["false_alarm_rate"] == pytest.approx(np.mean(guess[label == 0] == 1))
    assert metrics["positive_rate"] == pytest.approx(guess.mean())


@pytest.mark.parametrize("rule", ["mismatch", "miss", "false_alarm", "cost"])
def test_each_rule_of_a_binary_model_counts_what_it_says(tmp_path: Path, rule: str) -> None:
    edits = {
        '# rule = ""': f'rule = "{rule}"',
        "# cost_false_negative = 1.0": "cost_false_negative = 4.0",
    }
    ws = workspace(tmp_path, binary_log(2000, seed=99, first_id=10**6), edits)
    log = binary_log(800, seed=3)
    ingest(ws, "log.parquet", log)
    label, guess = log["label"].to_numpy(), log["prediction"].to_numpy()
    missed, alarmed = (label == 1) & (guess == 0), (label == 0) & (guess == 1)
    expected = {
        "mismatch": missed | alarmed, "miss": missed, "false_alarm": alarmed,
        "cost": missed * 1.0 + alarmed * 0.25,
    }[rule]  # fmt: skip
    assert ws.performance_report("m", period="all").whole.bad_rate == pytest.approx(expected.mean())


@pytest.mark.parametrize(
    ("rule", "tolerance"),
    [("absolute_error", 5.0), ("relative_error", 0.2), ("absolute_error", 0.0)],
)
def test_each_rule_of_a_regression_counts_what_it_says(
    tmp_path: Path, rule: str, tolerance: float
) -> None:
    def frame(rows: int, seed: int, first: int) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        label = rng.normal(30, 8, rows)
        return (
            binary_log(rows, seed=seed, first_id=first)
            .drop("score")
            .with_columns(
                label=pl.Series(label), prediction=pl.Series(label + rng.normal(0, 5, rows))
            )
        )

    reference = frame(1000, 1, 10**6)
    edits = {'# rule = ""': f'rule = "{rule}"', "# tolerance = 0.0": f"tolerance = {tolerance}"}
    ws = workspace(tmp_path, reference, edits)
    log = frame(600, 2, 0)
    ingest(ws, "log.parquet", log)
    whole = ws.performance_report("m", period="all").whole
    error = (log["prediction"] - log["label"]).to_numpy()
    limit = tolerance or np.quantile(
        np.abs((reference["prediction"] - reference["label"]).to_numpy()), 0.9
    )
    size = (
        np.abs(error) / np.maximum(np.abs(log["label"].to_numpy()), 1e-9)
        if rule == "relative_error"
        else np.abs(error)
    )
    assert whole.bad_rate == pytest.approx((size > limit).mean())
    assert whole.metrics["mae"] == pytest.approx(np.abs(error).mean())
    assert whole.metrics["rmse"] == pytest.approx(np.sqrt((error**2).mean()))


def test_versions_roles_and_arms_are_kept_apart(tmp_path: Path) -> None:
    ws = workspace(
        tmp_path,
        binary_log(2000, seed=99, first_id=10**6),
        {'# experiment = ""': 'experiment = "arm"'},
    )
    log = binary_log(600, seed=3).with_columns(
        model_version=pl.when(pl.int_range(600) < 400).then(pl.lit("1")).otherwise(pl.lit("2")),
        role=pl.when(pl.int_range(600) % 3 == 0).then(pl.lit("shadow")).otherwise(pl.lit("live")),
        arm=pl.when(pl.int_range(600) % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b")),
    )
    ingest(ws, "log.parquet", log)
    report = ws.performance_report("m", period="all", version="all")
    live = log.filter(pl.col("role") == "live")

    def rates(column: str, frame: pl.DataFrame) -> dict[str, tuple[int, int]]:
        return {
            str(key): (part.height, int((part["prediction"] != part["label"]).sum()))
            for (key,), part in frame.group_by(column)
        }

    def found(groups: tuple[object, ...], column: str) -> dict[str, tuple[int, int]]:
        return {g.segment[column]: (g.rows, round(g.bad)) for g in groups}  # type: ignore[attr-defined]

    assert found(report.by_version, "model_version") == rates("model_version", live)
    assert found(report.by_role, "role") == rates("role", log)
    assert found(report.by_arm, "arm") == rates("arm", live)
    assert report.whole.rows == live.height
    champion = ws.performance_report("m", period="all")
    assert champion.versions == ("1",)
    assert champion.whole.rows == live.filter(pl.col("model_version") == "1").height


def test_as_of_hides_later_predictions_and_later_labels(tmp_path: Path) -> None:
    ws = workspace(tmp_path, binary_log(2000, seed=99, first_id=10**6))
    log = binary_log(1000, seed=3, hours=240)
    ingest(ws, "log.parquet", log.drop("label"))
    labels = log.select(
        "prediction_id", "label", label_timestamp=pl.col("timestamp") + timedelta(days=2)
    )
    ingest(ws, "labels.parquet", labels)
    moment = datetime(2024, 2, 6, 12)
    whole = ws.as_of(moment.replace(tzinfo=UTC)).performance_report("m", period="all").whole
    seen = log.filter(pl.col("timestamp") <= moment)
    known = seen.filter(pl.col("timestamp") + timedelta(days=2) <= moment)
    assert (whole.rows, whole.labelled) == (seen.height, known.height)
    assert round(whole.bad) == int((known["prediction"] != known["label"]).sum())


@pytest.mark.parametrize(
    ("by", "count"), [("1h", 240), ("1d", 10), ("7d", 2), ("month", 1), ("all", 1)]
)
def test_every_length_of_bucket_adds_up_to_the_same(tmp_path: Path, by: str, count: int) -> None:
    ws = workspace(tmp_path, binary_log(2000, seed=99, first_id=10**6))
    log = binary_log(2400, seed=3, hours=240)
    ingest(ws, "log.parquet", log)
    report = ws.performance_report("m", period="all", by=by)
    assert len(report.buckets) == count
    assert sum(b.rows for b in report.buckets) == 2400
    assert round(sum(b.bad for b in report.buckets)) == int(
        (log["prediction"] != log["label"]).sum()
    )
