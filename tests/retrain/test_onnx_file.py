"""ONNX models of each form say what the models that they were exported from say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.retrain.worlds import card_of, rules_of, with_threshold
from workbench.domain.card import Source
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.artifacts import load_artifact
from workbench.retrain.outputs import Scorer

skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx makes the models that are read here")
pytest.importorskip("onnxruntime", reason="onnxruntime reads them")

TWO = (FeatureColumn("a", "numeric", "number"), FeatureColumn("b", "numeric", "number"))
MIXED = (*TWO, FeatureColumn("city", "categorical", "text"))


def rows(n: int = 50) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {"a": rng.normal(size=n), "b": rng.normal(size=n), "city": rng.choice(["Bern", "Rome"], n)}
    )


def exported(root: Path, model: Any, *, zipmap: bool = False, named: bool = False) -> None:
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    one = [("X", FloatTensorType([None, 2]))]
    many = [
        ("a", FloatTensorType([None, 1])),
        ("b", FloatTensorType([None, 1])),
        ("city", StringTensorType([None, 1])),
    ]
    options = {id(model): {"zipmap": zipmap}} if hasattr(model, "classes_") else None
    made = skl2onnx.to_onnx(model, initial_types=many if named else one, options=options)
    (root / "model.onnx").write_bytes(made.SerializeToString())


def load(root: Path, card: Any, features: Any) -> Scorer:
    rules = rules_of(card)
    return load_artifact(root, card, features, rules, is_trusted=False, artifact="model.onnx")


def table(frame: pl.DataFrame) -> Any:
    return frame.select("a", "b").to_numpy().astype(np.float32)


@pytest.mark.parametrize("zipmap", [False, True])
def test_a_binary_model_of_one_input(tmp_path: Path, zipmap: bool) -> None:
    frame = rows()
    model = LogisticRegression().fit(table(frame), (frame["a"] > 0).cast(int).to_numpy())
    exported(tmp_path, model, zipmap=zipmap)
    card = card_of("binary")
    strict = with_threshold(card, 0.9)

    found = load(tmp_path, card, TWO)(frame)

    assert np.allclose(found["wb_score"], model.predict_proba(table(frame))[:, 1], atol=1e-5)
    assert found["wb_prediction"].to_list() == [str(c) for c in model.predict(table(frame))]
    assert load(tmp_path, strict, TWO)(frame)["wb_prediction"].equals(found["wb_prediction"])
    assert load(tmp_path, card, TWO)(frame.clear()).shape == (0, 2)


def test_several_classes_and_an_input_a_feature(tmp_path: Path) -> None:
    frame = rows()
    y = np.array(["a", "b", "c"])[np.digitize(frame["a"], [-0.5, 0.5])]
    columns = ColumnTransformer(
        [("n", "passthrough", ["a", "b"]), ("t", OneHotEncoder(handle_unknown="ignore"), ["city"])]
    )
    model = Pipeline([("c", columns), ("m", LogisticRegression())]).fit(frame, y)
    exported(tmp_path, model, named=True)
    card = replace(card_of("multiclass"), source=Source(classes=("a", "b", "c")))

    found = load(tmp_path, card, MIXED)(frame)
    without = load(tmp_path, card_of("multiclass"), MIXED)(frame)

    scores = found.select("score_a", "score_b", "score_c")
    assert np.allclose(scores, model.predict_proba(frame), atol=1e-5)
    assert found["wb_prediction"].to_list() == model.predict(frame).tolist()
    assert without.columns == ["wb_prediction"]  # nobody says whose probabilities they are


def test_a_regression(tmp_path: Path) -> None:
    frame = rows()
    model = LinearRegression().fit(table(frame), frame["a"] * 2 + 1)
    exported(tmp_path, model)

    found = load(tmp_path, card_of("regression"), TWO)(frame)

    assert np.allclose(found["wb_prediction"], model.predict(table(frame)), atol=1e-4)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    frame = rows()
    exported(tmp_path, LinearRegression().fit(table(frame), frame["a"]))
    card = card_of("regression")

    with pytest.raises(ArtifactError, match="is text"):
        load(tmp_path, card, MIXED)(frame)
    with pytest.raises(ArtifactError, match="cannot score"):
        load(tmp_path, card, TWO[:1])(frame)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load(tmp_path, card, TWO)
