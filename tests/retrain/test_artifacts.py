"""Artifacts are loaded from inside the workspace, and nothing that is not trusted runs."""

from __future__ import annotations

import io
import json
import pickle
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from tests.retrain.worlds import FEATURES, World, rules_of, with_threshold, world
from workbench.domain.card import Identity, ModelCard, Privacy
from workbench.errors import ArtifactError
from workbench.retrain import skops_file
from workbench.retrain.artifacts import load_artifact
from workbench.retrain.outputs import Scorer
from workbench.retrain.recipes import recipe_of
from workbench.retrain.scoring import scorer_of
from workbench.retrain.scoring_command import command_scorer

SKOPS = "registry/m/1/model.skops"
OF_CATEGORIES = ("functools.partial", "sklearn.utils.validation.check_array")
"""What scikit-learn's own handling of categories puts into a file."""


def named(card: ModelCard, artifact: str, trusted: tuple[str, ...] = ()) -> ModelCard:
    model = Identity(name="m", task=card.model.task, artifact=artifact, trusted_types=trusted)
    return replace(card, model=model)


def load(root: Path, made: World, artifact: str = SKOPS, *, is_trusted: bool = False) -> Scorer:
    card = named(made.card, artifact)
    return load_artifact(root, card, FEATURES, made.rules, is_trusted=is_trusted)


def saved(root: Path, estimator: Any, name: str = SKOPS) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(estimator, path)
    return path


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_saved_model_says_what_the_fitted_one_says(tmp_path: Path, task: str) -> None:
    made = world(task, 300)
    pipeline = recipe_of(made.card, FEATURES, made.rules, params={"max_iter": 10}).fit(
        made.rows, made.label, 0
    )
    saved(tmp_path, pipeline)

    found = load(tmp_path, made)(made.rows)

    assert found.equals(scorer_of(pipeline, made.card, FEATURES, made.rules)(made.rows))
    assert found.height == 300


def shout(values: Any) -> Any:
    raise AssertionError("the code of a file ran")


def test_a_type_that_is_not_trusted_is_named_and_not_loaded(tmp_path: Path) -> None:
    made = world("regression", 20)
    saved(tmp_path, FunctionTransformer(shout))

    with pytest.raises(ArtifactError, match=r"tests\.retrain\.test_artifacts\.shout") as refused:
        load(tmp_path, made)

    assert "trusted_types" in refused.value.hint


def test_a_type_that_the_card_names_is_loaded(tmp_path: Path) -> None:
    made = world("regression", 20)
    saved(tmp_path, FunctionTransformer(shout))
    card = named(made.card, SKOPS, (f"{shout.__module__}.shout",))

    with pytest.raises(ArtifactError, match="FunctionTransformer cannot predict"):
        load_artifact(tmp_path, card, FEATURES, made.rules, is_trusted=False)


def forged(path: Path, module: str, kind: str) -> None:
    """Makes the first object of a skops file one of another type, as an attacker would."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    schema = json.loads(parts["schema.json"])
    schema["__module__"], schema["__class__"] = module, kind
    with zipfile.ZipFile(path, "w") as file:
        for name, content in (parts | {"schema.json": json.dumps(schema).encode()}).items():
            file.writestr(name, content)


def test_a_file_that_asks_for_a_shell_gets_none(tmp_path: Path) -> None:
    made = world("regression", 20)
    path = saved(tmp_path, FunctionTransformer())
    forged(path, "subprocess", "Popen")

    with pytest.raises(ArtifactError, match=r"subprocess\.Popen"):
        load(tmp_path, made)


class Bomb:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return (shout, (1,))


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.skops", "model.bin"])
def test_a_pickle_is_never_loaded_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    made = world("regression", 20)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(ArtifactError, match=r"pickle|no skops file|no known kind"):
        load(tmp_path, made, name)


def boosted() -> Any:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 5, size=(200, 2)).astype(float)
    return HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(
        rows, rows[:, 0] > 2
    )


@pytest.mark.parametrize(
    ("field", "value"), [("left", 10**6), ("right", 0), ("feature_idx", 99), ("bitset_idx", 77)]
)
def test_a_boosted_tree_that_points_outside_itself_is_refused(
    tmp_path: Path, field: str, value: int
) -> None:
    model = boosted()
    saved(tmp_path, model)
    skops_file.load_skops(tmp_path / SKOPS, SKOPS, OF_CATEGORIES)  # as it was fitted it may
    nodes = model._predictors[0][0].nodes.copy()
    assert nodes["is_categorical"][0]
    nodes[field][0] = value
    model._predictors[0][0].nodes = nodes
    saved(tmp_path, model)

    with pytest.raises(ArtifactError, match="points outside itself"):
        skops_file.load_skops(tmp_path / SKOPS, SKOPS, OF_CATEGORIES)


def with_other_tree(path: Path, nth: int, field: str, value: int) -> None:
    """Changes the root of the nth tree inside a skops file, as an attacker would."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    arrays = {n: np.load(io.BytesIO(c)) for n, c in parts.items() if n.endswith(".npy")}
    trees = [name for name, array in arrays.items() if field in (array.dtype.names or ())]
    changed = arrays[trees[nth]]
    changed[field][0] = value
    buffer = io.BytesIO()
    np.save(buffer, changed)
    parts[trees[nth]] = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("field", "value"), [("left_child", 10**9), ("right_child", 0), ("feature", 50)]
)
def test_a_tree_that_points_outside_itself_is_refused(
    tmp_path: Path, field: str, value: int
) -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2))
    model = DecisionTreeClassifier(max_depth=3).fit(rows, rows[:, 0] > 0)
    path = saved(tmp_path, model)
    skops_file.load_skops(path, SKOPS, ())
    with_other_tree(path, 0, field, value)

    with pytest.raises(ArtifactError, match="points outside itself"):
        load(tmp_path, world("binary", 20))


def test_trees_inside_other_models_are_looked_at(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2))
    model = GradientBoostingRegressor(n_estimators=3, random_state=0).fit(rows, rows[:, 0])
    path = saved(tmp_path, model)
    trusted = ("sklearn._loss.loss.HalfSquaredError",)
    skops_file.load_skops(path, SKOPS, trusted)
    with_other_tree(path, 2, "feature", 9)

    with pytest.raises(ArtifactError, match="points outside itself"):
        skops_file.load_skops(path, SKOPS, trusted)


def test_a_damaged_file_is_an_error_in_words(tmp_path: Path) -> None:
    made = world("binary", 60)
    pipeline = recipe_of(made.card, FEATURES, made.rules, params={"max_iter": 2}).fit(
        made.rows, made.label, 0
    )
    path = saved(tmp_path, pipeline)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(60):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), 30):
            broken[place] = rng.integers(0, 256)
        path.write_bytes(bytes(broken))
        try:
            load(tmp_path, made)(made.rows)
        except ArtifactError as refused:
            assert "Traceback" not in refused.message  # noqa: PT017 - some damage is harmless


def test_too_large_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / SKOPS
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", b"0" * 10**6)
    monkeypatch.setattr(skops_file, "LARGEST_BYTES", 10**5)
    assert path.stat().st_size < 10**5

    with pytest.raises(ArtifactError, match="are allowed"):
        load(tmp_path, world("binary", 20))


@pytest.mark.parametrize(
    "name", ["../model.skops", "registry/../../model.skops", "link/model.skops", "link.skops"]
)
def test_a_path_out_of_the_workspace_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "ws"
    root.mkdir()
    saved(tmp_path, boosted(), "model.skops")
    (root / "link").symlink_to(tmp_path)
    (root / "link.skops").symlink_to(tmp_path / "model.skops")

    with pytest.raises(ArtifactError, match="outside the workspace"):
        load(root, world("binary", 20), name)


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "names no artifact"), ("gone.skops", "no artifact gone"), ("a\0b.skops", "path"),
     ("registry", "no artifact")],
)  # fmt: skip
def test_what_is_not_there_is_said(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "registry").mkdir()

    with pytest.raises(ArtifactError, match=said) as refused:
        load(tmp_path, world("binary", 20), name)

    assert refused.value.hint


def test_an_onnx_model_without_onnxruntime_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(ArtifactError, match="onnxruntime is not installed") as refused:
        load(tmp_path, world("binary", 20), "model.onnx")

    assert "pip install onnxruntime" in refused.value.hint


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
