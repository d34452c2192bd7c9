"""What does a built-in recipe fit? A scikit-learn pipeline that skops can save and load again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.card_checks import RECIPES
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.domain.toml_tables import nearest, one_of
from workbench.errors import RecipeError

BOOSTING, LINEAR, FOREST = RECIPES

MOST_CATEGORIES = 50
"""A linear model has at most so many columns a categorical feature; the rarest share one."""

RARE = 0.005
"""A category of fewer rows than this share shares a column with the other rare ones."""

_OURS = {"random_state", "categorical_features", "n_jobs", "verbose", "warm_start"}
"""Parameters that a card cannot set: seeds, types and threads are handed in."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    # A fit that stops by a held-out part begins to do so at 10,000 rows: a learning curve would
    # have a step there, and a class of one row could not be split.
    BOOSTING: {"early_stopping": False},
    LINEAR: {"max_iter": 1000},
    FOREST: {"n_estimators": 100, "min_samples_leaf": 3},
}


def estimator_of(
    recipe: str,
    features: Sequence[FeatureColumn],
    rules: OutcomeRules,
    params: Mapping[str, Any],
    seed: int,
) -> Any:
    """The unfitted pipeline of a built-in recipe, over frames as `model_inputs` makes them.

    Categories are the codes of an `OrdinalEncoder` to trees, unknown ones missing (their own
    handling of categories would put a `functools.partial` into the file); a linear model has a
    column each, and numbers are imputed by their median (with a column that says so) and scaled.

    Args:
        recipe: `gradient_boosting`, `linear` or `random_forest`.
        features: those that the pipeline reads; other columns of a frame are ignored.
        rules: the task, and whether it is absolute errors that matter (a linear model then is
            robust: Huber's loss).
        params: of the card, over the recipe's own.
        seed: of the fit.

    Raises:
        RecipeError: there is no such recipe, or it has no such parameter.
    """
    if recipe not in RECIPES:
        raise RecipeError(f"there is no recipe {recipe!r}", f"Write one of {one_of(RECIPES)}.")
    model = _model(recipe, rules)
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    if recipe == FOREST:
        model.set_params(n_jobs=1)
    elif recipe == BOOSTING:
        model.set_params(categorical_features=None)
    known = sorted(set(model.get_params(deep=False)) - _OURS)
    _check_known(recipe, known, params)
    defaults = {key: value for key, value in _DEFAULTS[recipe].items() if key in known}
    model.set_params(**(defaults | dict(params)))
    if recipe == LINEAR and not rules.is_classification:
        model = _scaled(model)
    return encoded_pipeline(features, model, is_line=recipe == LINEAR)


def encoded_pipeline(features: Sequence[FeatureColumn], model: Any, *, is_line: bool) -> Any:
    """A model behind the encoding of frames that it needs.

    Args:
        features: those that it reads.
        model: unfitted.
        is_line: whether it takes a column a category, no missing values, and scaled numbers.
    """
    from sklearn.pipeline import Pipeline

    columns = _for_lines(features) if is_line else _for_trees(features)
    return Pipeline([("columns", columns), ("model", model)])


def _check_known(recipe: str, known: Sequence[str], params: Mapping[str, Any]) -> None:
    for key in params:
        if key not in known:
            close = nearest(key, known)
            hint = "The seed and the threads are handed in. " if key in _OURS else ""
            hint += f"The nearest is {close!r}. " if close else ""
            raise RecipeError(
                f"[training.params] {key!r} is no parameter of the recipe {recipe}",
                f"{hint}Known are {one_of(known)}.",
            )


def _model(recipe: str, rules: OutcomeRules) -> Any:
    from sklearn import ensemble, linear_model

    if recipe == BOOSTING:
        kinds = ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor
    elif recipe == FOREST:
        kinds = ensemble.RandomForestClassifier, ensemble.RandomForestRegressor
    else:
        is_absolute = rules.rule in ("absolute_error", "relative_error")
        line = linear_model.HuberRegressor if is_absolute else linear_model.Ridge
        kinds = linear_model.LogisticRegression, line
    return kinds[0 if rules.is_classification else 1]()


def _scaled(model: Any) -> Any:
    """Regularisation and Huber's threshold mean the same whatever the unit of the label."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(regressor=model, transformer=StandardScaler())


def _for_trees(features: Sequence[FeatureColumn]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    nan = float("nan")
    encoder = {"handle_unknown": "use_encoded_value", "unknown_value": nan}
    return ColumnTransformer(
        [("numbers", "passthrough", _named(features, "numeric"))]
        + [
            (kind, OrdinalEncoder(**encoder, encoded_missing_value=nan), names)
            for kind, names in _categorical(features)
        ]
    )


def _for_lines(features: Sequence[FeatureColumn]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", add_indicator=True)),
            ("scale", StandardScaler()),
        ]
    )
    encoder = {"handle_unknown": "infrequent_if_exist", "sparse_output": False}
    return ColumnTransformer(
        [("numbers", numbers, _named(features, "numeric"))]
        + [
            (
                kind,
                OneHotEncoder(**encoder, min_frequency=RARE, max_categories=MOST_CATEGORIES),
                names,
            )
            for kind, names in _categorical(features)
        ]
    )


def _named(features: Sequence[FeatureColumn], kind: str) -> list[str]:
    return [one.name for one in features if one.kind == kind]


def _categorical(features: Sequence[FeatureColumn]) -> list[tuple[str, list[str]]]:
    """Text apart from codes and truths, which are numbers: one array has one type."""
    kinds = [one for one in features if one.kind == "categorical"]
    return [
        ("texts", [one.name for one in kinds if one.storage == "text"]),
        ("codes", [one.name for one in kinds if one.storage != "text"]),
    ]
