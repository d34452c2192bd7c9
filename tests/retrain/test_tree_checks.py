"""A tree that would lead scikit-learn out of its own arrays is never asked for a prediction."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from tests.retrain.test_artifacts import SKOPS, load, saved
from tests.retrain.worlds import world
from workbench.errors import ArtifactError
from workbench.retrain import skops_file

OF_CATEGORIES = ("functools.partial", "sklearn.utils.validation.check_array")
"""What scikit-learn's own handling of categories puts into a file."""


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
