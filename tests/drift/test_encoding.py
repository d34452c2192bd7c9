"""Encoded rows can be led back to the rows of the frames that they were made from."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.domain.shape import FeatureColumn
from workbench.drift.encoding import encode


def test_the_orders_lead_back_to_the_rows() -> None:
    random = np.random.default_rng(1)
    frames = [
        pl.DataFrame(
            {
                "a": random.normal(size=n),
                "b": [("u", "v", None)[i] for i in random.integers(3, size=n)],
            }
        )
        for n in (70, 90)
    ]
    columns = [FeatureColumn("a", "numeric", "number"), FeatureColumn("b", "categorical", "text")]
    found = encode(frames[0], frames[1], columns)
    for frame, matrix, order in zip(
        frames, (found.reference, found.current), found.orders, strict=True
    ):
        assert sorted(order.tolist()) == list(range(frame.height))
        assert matrix[:, 0].tolist() == frame["a"].to_numpy()[order].tolist()
        assert np.isnan(matrix[:, 1]).tolist() == frame["b"].is_null().to_numpy()[order].tolist()
