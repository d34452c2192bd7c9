"""What does a fitted scikit-learn estimator say of logged rows?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.domain.card import ModelCard
from workbench.domain.classes import class_name
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.inputs import model_inputs
from workbench.retrain.outputs import Scorer, names_threshold, no_outputs, outputs
from workbench.retrain.walking import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_OF_LARGEST = (
    "HistGradientBoostingClassifier", "RandomForestClassifier", "ExtraTreesClassifier",
    "LogisticRegression",
)  # fmt: skip
"""Classifiers of scikit-learn whose prediction is the class of the largest probability."""


def scorer_of(
    estimator: Any, card: ModelCard, features: Sequence[FeatureColumn], rules: OutcomeRules
) -> Scorer:
    """What a fitted estimator says, as a function of rows.

    The estimator is given the columns that it names itself (`feature_names_in_`), as a Polars
    frame, or else the card's features in order, as an array. Where it cannot take missing values,
    rows that have one get no prediction. A binary classifier with probabilities decides at the
    card's threshold if the card names one, by its own `predict` otherwise.

    Args:
        estimator: fitted; a classifier has `classes_`.
        card: the threshold, the names of score columns, and what must not be quoted.
        features: the card's.
        rules: the card's, resolved.

    Raises:
        ArtifactError: it is no fitted estimator, or does not know the positive class. The function
            raises it where the estimator fails, or a column that it wants is not there.
    """
    if not callable(getattr(estimator, "predict", None)):
        raise ArtifactError(
            f"a {type(estimator).__name__} cannot predict",
            "Save a fitted scikit-learn estimator or pipeline.",
        )
    classes = _classes(estimator, rules)
    has_scores = hasattr(estimator, "predict_proba")
    nan_texts = reads_missing_text_as_nan(estimator)

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        if not frame.height:
            return no_outputs(card, rules, classes if has_scores else ())
        table = _table(estimator, frame, features)
        try:
            return _scored(estimator, frame, table, classes, card, rules, nan_texts=nan_texts)
        except ArtifactError:
            raise
        # What an estimator from outside raises can be anything.
        except Exception as error:
            whole = ~table.select(_any_null()).to_series()
            if isinstance(error, ValueError) and 0 < int(whole.sum()) < frame.height:
                return _where_whole(score, frame, whole)
            said = type(error).__name__ if card.privacy.is_any else _first_line(error)
            raise ArtifactError(
                f"the model cannot score the rows: {said}",
                "Check that the card's features are those that the model was fitted with.",
            ) from error

    return score


def reads_missing_text_as_nan(estimator: Any) -> bool:
    """Whether a part of it was fitted on text whose missing values are NaN, as pandas has them.

    In a Polars frame they are None, which such an encoder would take for a category of its own.
    """
    return any(_knows_nan_text(part) for part in parts_of(estimator))


def _knows_nan_text(part: Any) -> bool:
    import numpy as np

    categories = getattr(part, "categories_", None)
    for known in categories if isinstance(categories, list) else ():
        if getattr(known, "dtype", None) == np.dtype(object) and any(
            isinstance(value, float) for value in known
        ):
            return True
    if type(part).__name__ != "SimpleImputer":
        return False
    missing = getattr(part, "missing_values", None)
    filled = getattr(part, "statistics_", None)
    return isinstance(missing, float) and getattr(filled, "dtype", None) == np.dtype(object)


def _classes(estimator: Any, rules: OutcomeRules) -> tuple[str, ...]:
    if not rules.is_classification:
        return ()
    found = getattr(estimator, "classes_", None)
    if found is None:
        return ()
    names = tuple(class_name(value) or "" for value in found)
    if rules.task == "binary" and rules.positive_class not in names:
        raise ArtifactError(
            f"the model does not know the positive class {rules.positive_class!r}",
            "Correct [bad_prediction] positive_class in the card, or name another artifact.",
        )
    return names


def _table(estimator: Any, frame: pl.DataFrame, features: Sequence[FeatureColumn]) -> pl.DataFrame:
    wanted = getattr(estimator, "feature_names_in_", None)
    if wanted is None:
        return model_inputs(frame, features)
    known = {one.name: one for one in features}
    names = [str(name) for name in wanted]
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ArtifactError(
            f"the model reads {', '.join(repr(name) for name in absent)}, and the rows have no such column",
            "Name the model's inputs as [columns] features in the card, and log them.",
        )
    import polars as pl

    return model_inputs(
        frame,
        [
            known.get(name)
            or FeatureColumn(name, "", "text" if frame.schema[name] == pl.String else "number")
            for name in names
        ],
    )


def _scored(
    estimator: Any,
    frame: pl.DataFrame,
    table: pl.DataFrame,
    classes: tuple[str, ...],
    card: ModelCard,
    rules: OutcomeRules,
    *,
    nan_texts: bool,
) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    given: Any = _with_nan(table) if nan_texts else table
    if getattr(estimator, "feature_names_in_", None) is None:
        given = given.to_numpy()
    scores: dict[str, pl.Series] = {}
    with _quiet():
        if classes and hasattr(estimator, "predict_proba"):
            shares = np.asarray(estimator.predict_proba(given), dtype=float)
            if shares.shape == (frame.height, len(classes)):
                scores = {name: pl.Series(shares[:, i]) for i, name in enumerate(classes)}
        if rules.task == "binary" and scores and names_threshold(card):
            said = None
        elif scores and _takes_largest(estimator):
            said = pl.Series(
                np.array(classes, dtype=object)[shares.argmax(axis=1)], dtype=pl.String
            )
        else:
            said = _as_series(estimator.predict(given), frame.height, rules)
    return outputs(frame, said, scores, card, rules)


def _as_series(found: Any, rows: int, rules: OutcomeRules) -> pl.Series:
    import numpy as np
    import polars as pl

    array = np.asarray(found)
    if array.size != rows:
        raise ArtifactError(
            f"the model gives an output of shape {array.shape} for {rows} rows",
            "It must give one prediction a row.",
        )
    array = array.reshape(rows)
    if rules.is_classification:
        return pl.Series([str(value) for value in array.tolist()], dtype=pl.String)
    return pl.Series(array.astype(float))


def _takes_largest(estimator: Any) -> bool:
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    return type(last).__name__ in _OF_LARGEST and type(last).__module__.startswith("sklearn.")


def _where_whole(score: Scorer, frame: pl.DataFrame, whole: pl.Series) -> pl.DataFrame:
    """The outputs of rows without missing values, and nothing for the others."""
    import polars as pl

    places = pl.DataFrame({"place": whole.arg_true()})
    found = pl.concat([places, score(frame.filter(whole))], how="horizontal")
    every = pl.DataFrame({"place": pl.int_range(frame.height, dtype=pl.UInt32, eager=True)})
    return every.join(found, on="place", how="left", maintain_order="left").drop("place")


def _with_nan(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    nan = float("nan")
    return table.with_columns(
        pl.Series(name, [nan if v is None else v for v in table[name].to_list()], dtype=pl.Object)
        for name, kind in table.schema.items()
        if kind == pl.String
    )


def _any_null() -> pl.Expr:
    import polars as pl

    return pl.any_horizontal(pl.all().is_null())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """An estimator's warnings are of names and versions, and not for an operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
