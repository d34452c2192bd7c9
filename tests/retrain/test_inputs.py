"""Stored text and numbers become what a model was fitted with."""

from __future__ import annotations

import polars as pl
import pytest

from tests.retrain.worlds import FEATURES
from workbench.errors import ArtifactError
from workbench.retrain.inputs import model_inputs


def test_every_storage_has_its_type_and_the_order_is_that_of_the_card() -> None:
    frame = pl.DataFrame(
        {
            "seen": [1.7e9, None], "vip": ["true", "FALSE"], "code": ["30", "x"],
            "city": ["1", None], "noise": [float("nan"), float("-inf")], "x": [1e39, -2.5],
            "wb_id": ["a", "b"],
        }
    )  # fmt: skip

    found = model_inputs(frame, FEATURES)

    assert found.to_dict(as_series=False) == {
        "x": [None, -2.5],
        "noise": [None, None],
        "city": ["1", None],
        "code": [30.0, None],
        "vip": [1.0, 0.0],
        "seen": [1.7e9, None],
    }
    assert found.schema["city"] == pl.String
    assert set(found.drop("city").schema.values()) == {pl.Float64()}


def test_columns_of_other_types_and_of_none_are_read_too() -> None:
    frame = pl.DataFrame({"x": [1, 2], "noise": [None, None], "vip": [True, None]})

    found = model_inputs(frame, [one for one in FEATURES if one.name in frame.columns])

    assert found.to_dict(as_series=False) == {
        "x": [1.0, 2.0],
        "noise": [None, None],
        "vip": [1.0, None],
    }
    assert set(found.schema.values()) == {pl.Float64()}


def test_absent_columns_are_named() -> None:
    with pytest.raises(ArtifactError, match="'noise', 'city'"):
        model_inputs(pl.DataFrame({"x": [1.0]}), FEATURES[:3])
