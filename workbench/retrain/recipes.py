"""How is a model of a card trained? Its recipe, as a function of rows, labels and a seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import RECIPES
from workbench.domain.names import shown
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.errors import RecipeError
from workbench.retrain.inputs import model_inputs
from workbench.retrain.outputs import Scorer, normalised
from workbench.retrain.own_recipe import own_function
from workbench.retrain.pipelines import estimator_of
from workbench.retrain.scoring import scorer_of

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Recipe:
    """A way to train a model of one card."""

    card: ModelCard
    features: tuple[FeatureColumn, ...]
    rules: OutcomeRules
    name: str
    """`gradient_boosting`, `linear`, `random_forest` or `package.module:function`."""
    params: Mapping[str, Any]
    function: Callable[..., Any] | None = None
    """Of a recipe of the card's own."""

    def fit(self, frame: pl.DataFrame, label: pl.Series, seed: int) -> Any:
        """A fitted scikit-learn estimator that skops can save; a pipeline of a built-in recipe.

        Rows without a label are left out, and so are features without a value. The estimator reads
        frames as `model_inputs` makes them, with every feature of the card.

        Args:
            frame: rows with the features.
            label: one a row: classes as text in any spelling, or numbers.
            seed: of the fit.

        Raises:
            RecipeError: there are no labelled rows, no feature has a value, all labels are of one
                class, or the fit failed.
        """
        table, known = self._usable(frame, label)
        if self.function is not None:
            return self._by_own(self.function, table, known, seed)
        filled = [one for one in self.features if table[one.name].null_count() < table.height]
        pipeline = estimator_of(self.name, filled, self.rules, self.params, seed)
        y = known.to_numpy().astype(str if self.rules.is_classification else float)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a fit that did not converge to the last digit
                return pipeline.fit(table, y)
        except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
            raise self._failed(error, "Look at [training.params] in the card.") from error

    def scorer(self, frame: pl.DataFrame, label: pl.Series, seed: int) -> Scorer:
        """What a model that was fitted to these rows says of others.

        Raises:
            RecipeError: as for `fit`.
            ArtifactError: the estimator of an own recipe cannot score.
        """
        return scorer_of(self.fit(frame, label, seed), self.card, self.features, self.rules)

    def _usable(self, frame: pl.DataFrame, label: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
        import polars as pl

        table = model_inputs(frame, self.features)
        if self.rules.is_classification:
            y = normalised(label)
            has = y.is_not_null()
        else:
            y = label.cast(pl.Float64, strict=False)
            has = y.is_finite().fill_null(value=False)
        table, y = table.filter(has), y.filter(has)
        if not y.len():
            raise RecipeError(
                "there is no labelled row to train on", "Ingest labels, or take a longer window."
            )
        if all(one.null_count() == y.len() for one in table.get_columns()):
            raise RecipeError(
                "no feature has a value in the rows to train on",
                "Look at the feed: workbench quality NAME.",
            )
        if self.rules.is_classification and y.n_unique() < 2:
            raise RecipeError(
                f"the {y.len()} labels to train on are all of one class",
                "Take a longer window, so that there are others.",
            )
        return table, y

    def _by_own(
        self, function: Callable[..., Any], table: pl.DataFrame, label: pl.Series, seed: int
    ) -> Any:
        try:
            made = function(table, label, dict(self.params), seed)
        # A function from outside can raise anything.
        except Exception as error:
            raise self._failed(error, "Try the function on the training table.") from error
        if not callable(getattr(made, "predict", None)):
            raise RecipeError(
                f"the recipe {shown(self.name)!r} gave a {type(made).__name__}",
                "It must return a fitted scikit-learn estimator.",
            )
        return made

    def _failed(self, error: Exception, hint: str) -> RecipeError:
        said = "" if self.card.privacy.is_any else f": {shown(error, 200)}"
        return RecipeError(
            f"the recipe {shown(self.name)!r} could not be fitted: {type(error).__name__}{said}",
            hint,
        )


def recipe_of(
    card: ModelCard,
    features: Sequence[FeatureColumn],
    rules: OutcomeRules,
    *,
    recipe: str | None = None,
    params: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Recipe:
    """The card's recipe, or another one for the same card.

    Args:
        card: `[training] recipe` and `[training.params]`.
        features: the model's inputs.
        rules: the card's, resolved.
        recipe: instead of the card's; its parameters then are the recipe's own.
        params: instead of the card's.
        folder: where a recipe of the card's own may be imported from besides installed packages:
            the workspace's, for a model that its user trusts (`model trust`); None otherwise.

    Raises:
        RecipeError: it is not known, cannot be imported, or has no such parameter.
    """
    name = recipe or card.training.recipe
    given = params if params is not None else (card.training.params if recipe is None else {})
    function = None
    if name not in RECIPES:
        if ":" not in name:
            raise RecipeError(
                f"there is no recipe {shown(name)!r}",
                f'Write {", ".join(RECIPES)} or "package.module:function".',
            )
        function = own_function(name, folder)
    else:
        estimator_of(name, features, rules, given, seed=0)  # unknown parameters, before any row
    return Recipe(card, tuple(features), rules, name, dict(given), function)
