"""A command of the card scores rows once it is trusted, and its failures are told in words."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.retrain.test_artifacts import load, named
from tests.retrain.worlds import FEATURES, rules_of, with_threshold, world
from workbench.domain.card import Privacy
from workbench.errors import ArtifactError
from workbench.retrain.artifacts import load_artifact
from workbench.retrain.scoring_command import command_scorer

SCRIPT = """
import sys
import polars as pl
rows = pl.read_parquet(sys.argv[1])
assert rows.columns == ["x", "noise", "city", "code", "vip", "seen"]
{body}
"""


def command(root: Path, body: str) -> str:
    (root / "score.py").write_text(SCRIPT.format(body=body))
    return f"cmd: {sys.executable} score.py {{input}} {{output}}"


BODIES = {
    "binary": "rows.select(score=1 / (1 + (-pl.col('x').fill_null(0)).exp()))",
    "multiclass": "rows.select(score_a=pl.lit(0.2), score_b=pl.col('x').fill_null(0), score_c=pl.lit(0.1))",
    "regression": "rows.select(prediction=pl.col('x') * 2)",
}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_command_scores_rows_once_it_is_trusted(tmp_path: Path, task: str) -> None:
    made = world(task, 200)
    artifact = command(tmp_path, BODIES[task] + ".write_parquet(sys.argv[2])")

    with pytest.raises(ArtifactError, match="not trusted") as refused:
        load(tmp_path, made, artifact)
    found = load(tmp_path, made, artifact, is_trusted=True)(made.rows)

    assert "model trust" in refused.value.hint
    x = made.rows["x"]
    if task == "regression":
        assert found["wb_prediction"].equals((x * 2).alias("wb_prediction"))
    elif task == "binary":
        assert found["wb_prediction"].to_list() == ["1" if v >= 0 else "0" for v in x.fill_null(0)]
        assert found["wb_score"].is_between(0, 1).all()
    else:
        assert found["wb_prediction"].to_list() == ["b" if v > 0.2 else "a" for v in x.fill_null(0)]
        assert found.columns == ["wb_prediction", "score_a", "score_b", "score_c"]
    assert load(tmp_path, made, artifact, is_trusted=True)(made.rows.clear()).height == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["score.py"]


def test_a_command_that_gives_scores_only_decides_at_the_cards_threshold(tmp_path: Path) -> None:
    made = world("binary", 50)
    card = with_threshold(made.card, 0.9)
    artifact = command(tmp_path, BODIES["binary"] + ".write_parquet(sys.argv[2])")

    found = load_artifact(
        tmp_path, named(card, artifact), FEATURES, rules_of(card), is_trusted=True
    )(made.rows)

    assert found["wb_prediction"].equals(
        (found["wb_score"] >= 0.9).cast(pl.Int8).cast(pl.String).alias("wb_prediction")
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "sys.exit('first line\\nthe last line of the errors')",
            "code 1: the last line of the err",
        ),
        ("pass", "wrote no Parquet"),
        ("open(sys.argv[2], 'w').write('x')", "wrote no Parquet"),
        ("rows.head(3).select(prediction='x').write_parquet(sys.argv[2])", "3 rows for 20"),
        ("rows.select('x').write_parquet(sys.argv[2])", "neither 'prediction' nor a score"),
    ],
)
def test_a_command_that_fails_says_why(tmp_path: Path, body: str, said: str) -> None:
    made = world("binary", 20)
    score = load(tmp_path, made, command(tmp_path, body), is_trusted=True)

    with pytest.raises(ArtifactError, match=said):
        score(made.rows)


def test_the_errors_of_a_command_are_not_quoted_where_columns_are_sensitive(tmp_path: Path) -> None:
    made = world("binary", 20)
    card = replace(
        named(made.card, command(tmp_path, "sys.exit('Bern')")),
        privacy=Privacy(sensitive=("city",)),
    )
    score = load_artifact(tmp_path, card, FEATURES, made.rules, is_trusted=True)

    with pytest.raises(ArtifactError) as refused:
        score(made.rows)

    assert "Bern" not in refused.value.message + refused.value.hint


def test_a_command_runs_without_a_shell_and_may_not_be_there(tmp_path: Path) -> None:
    made = world("binary", 20)
    absent = load(tmp_path, made, "cmd: not-there {input} {output} ; touch hacked", is_trusted=True)

    with pytest.raises(ArtifactError, match="cannot be started"):
        absent(made.rows)
    with pytest.raises(ArtifactError, match="split into words"):
        load(tmp_path, made, "cmd: 'open {input} {output}", is_trusted=True)
    assert not (tmp_path / "hacked").exists()


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    made = world("binary", 20)
    mark = tmp_path / "late"
    body = (
        "import subprocess, time\n"
        f"subprocess.Popen(['sh', '-c', 'sleep 2; touch {mark}'])\n"
        "time.sleep(30)"
    )
    artifact = command(tmp_path, body)
    score = command_scorer(tmp_path, made.card, FEATURES, made.rules, artifact, seconds=1.5)
    began = time.monotonic()

    with pytest.raises(ArtifactError, match=r"longer than 1\.5 seconds"):
        score(made.rows)

    assert time.monotonic() - began < 10
    time.sleep(2.5)
    assert not mark.exists()
