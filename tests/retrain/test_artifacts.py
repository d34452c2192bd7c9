"""Artifacts are loaded from inside the workspace, and nothing that is not trusted runs."""

from __future__ import annotations

import json
import pickle
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from tests.retrain.worlds import FEATURES, World, world
from workbench.domain.card import Identity, ModelCard
from workbench.errors import ArtifactError
from workbench.retrain import skops_file
from workbench.retrain.artifacts import load_artifact
from workbench.retrain.outputs import Scorer
from workbench.retrain.recipes import recipe_of
from workbench.retrain.scoring import scorer_of

SKOPS = "registry/m/1/model.skops"


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
    saved(tmp_path, FunctionTransformer(), "model.skops")
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
