"""A recipe of the card's own is called as promised, and its failures are told in words."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.retrain.worlds import FEATURES, card_of, rules_of, world
from workbench.domain.card import Privacy, Training
from workbench.errors import RecipeError
from workbench.retrain.recipes import recipe_of

OWN = """
from sklearn.dummy import DummyClassifier
import polars

def fit(X, y, params, seed):
    assert isinstance(X, polars.DataFrame) and isinstance(y, polars.Series)
    assert X.columns == ["x", "noise", "city", "code", "vip", "seen"]
    return DummyClassifier(strategy=params.get("strategy", "prior"), random_state=seed).fit(X, y)

def fail(X, y, params, seed):
    raise KeyError("Bern")

def forget(X, y, params, seed):
    return None

number = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("own_recipe_of_test", "broken_recipe_of_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "own_recipe_of_test.py").write_text(OWN)
    (tmp_path / "broken_recipe_of_test.py").write_text("import not_there_at_all\n")
    (tmp_path / "numpy.py").write_text("raise SystemExit('a file of the workspace stood in')\n")
    return tmp_path


def test_a_recipe_of_ones_own_gets_frames_parameters_and_the_seed(folder: Path) -> None:
    made = world("binary", 100)
    card = replace(
        made.card,
        training=Training(recipe="own_recipe_of_test:fit", params={"strategy": "most_frequent"}),
    )

    found = recipe_of(card, FEATURES, made.rules, folder=folder).scorer(made.rows, made.label, 0)(
        made.rows
    )

    assert found["wb_prediction"].n_unique() == 1


def test_the_workspace_is_searched_only_when_its_folder_is_given(folder: Path) -> None:
    card = replace(card_of("binary"), training=Training(recipe="own_recipe_of_test:fit"))

    with pytest.raises(RecipeError, match="no module") as refused:
        recipe_of(card, FEATURES, rules_of(card))

    assert "model trust" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("own_recipe_of_test:nothing", "no function"),
        ("own_recipe_of_test:number", "no function"),
        ("broken_recipe_of_test:fit", "not_there_at_all"),
        ("nowhere.at.all:fit", "no module"),
        ("fancy", "no recipe"),
    ],
)
def test_a_recipe_that_cannot_be_imported_says_why(folder: Path, name: str, said: str) -> None:
    card = card_of("binary")

    with pytest.raises(RecipeError, match=said):
        recipe_of(card, FEATURES, rules_of(card), recipe=name, folder=folder)


@pytest.mark.parametrize(("name", "said"), [("fail", "KeyError.*Bern"), ("forget", "NoneType")])
def test_a_recipe_that_fails_is_an_error_in_words(folder: Path, name: str, said: str) -> None:
    made = world("binary", 50)
    fit = recipe_of(
        made.card, FEATURES, made.rules, recipe=f"own_recipe_of_test:{name}", folder=folder
    ).scorer

    with pytest.raises(RecipeError, match=said):
        fit(made.rows, made.label, 0)


def test_no_value_is_quoted_where_columns_are_sensitive(folder: Path) -> None:
    made = world("binary", 50)
    card = replace(made.card, privacy=Privacy(sensitive=("city",)))
    fit = recipe_of(
        card, FEATURES, made.rules, recipe="own_recipe_of_test:fail", folder=folder
    ).scorer

    with pytest.raises(RecipeError) as refused:
        fit(made.rows, made.label, 0)

    assert "Bern" not in refused.value.message + refused.value.hint
