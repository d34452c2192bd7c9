"""Trains the models on January and February, without the days held out as their reference.

`python train.py` writes, for every model of params.yaml, MODEL/train.parquet,
MODEL/reference.parquet and ../registry/MODEL/1/ (model.skops, metadata.json).
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import skops.io
from model_rows import model_rows, split
from parameters import Parameters, load_parameters, model_names
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

VERSION = "1"


def fit(rows: pl.DataFrame, parameters: Parameters) -> Pipeline:
    """The model of `rows`, by the recipe of the parameters.

    A category that is new at prediction time (a summer destination) counts as missing.
    Categories are ordered numbers to the trees: their own handling of categories would put
    a `functools.partial` into the file, which a reader of it should not have to trust.
    """
    inputs = rows.select(parameters.features)
    texts = [name for name in inputs.columns if inputs.schema[name] == pl.String]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    model = Pipeline(
        [
            ("columns", ColumnTransformer([("text", encoder, texts)], remainder="passthrough")),
            (
                "regressor",
                HistGradientBoostingRegressor(
                    categorical_features=None,
                    random_state=parameters.seed,
                    **parameters.recipe_params,
                ),
            ),
        ]
    )
    return model.fit(inputs, rows["label"].to_numpy())


def scored(model: Pipeline, rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """The rows with the model's `prediction`."""
    return rows.with_columns(prediction=pl.Series(model.predict(rows.select(parameters.features))))


def metadata(
    parameters: Parameters, training: pl.DataFrame, reference: pl.DataFrame, data: Path
) -> dict[str, Any]:
    """What somebody must know to make the same model again, and how well it did.

    `bad_rate` is the share of the reference's predictions that are off by more than the
    tolerance; `mae` their mean absolute error, in minutes.
    """
    error = (reference["prediction"] - reference["label"]).abs()
    return {
        "name": parameters.model,
        "version": VERSION,
        "task": "regression",
        "target": parameters.target,
        "features": list(parameters.features),
        "recipe": "gradient_boosting",
        "params": parameters.recipe_params,
        "seed": parameters.seed,
        "training": {
            "data": f"data/{parameters.model}/train.parquet",
            "md5": hashlib.md5(data.read_bytes(), usedforsecurity=False).hexdigest(),
            "start": parameters.training_start.isoformat(),
            "end": parameters.training_end.isoformat(),
            "rows": training.height,
        },
        "metrics": {
            "rows": reference.height,
            "bad_rate": (error > parameters.tolerance).mean(),
            "mae": error.mean(),
        },
        "libraries": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("scikit-learn", "skops", "numpy", "polars")},
        },
    }


def train(flights: pl.DataFrame, parameters: Parameters) -> None:
    """Writes tables, model and metadata of one model."""
    training, reference = split(model_rows(flights, parameters), parameters)
    model = fit(training, parameters)
    reference = scored(model, reference, parameters)

    tables, registry = Path(parameters.model), Path("..", "registry", parameters.model, VERSION)
    tables.mkdir(exist_ok=True)
    registry.mkdir(parents=True, exist_ok=True)
    training.drop("day").write_parquet(tables / "train.parquet")
    reference.drop("day").write_parquet(tables / "reference.parquet")
    skops.io.dump(model, registry / "model.skops")
    facts = metadata(parameters, training, reference, tables / "train.parquet")
    (registry / "metadata.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Reads `flights.parquet` and `params.yaml`, and trains every model."""
    flights = pl.read_parquet("flights.parquet")
    for name in model_names():
        train(flights, load_parameters(name))


if __name__ == "__main__":
    main()
