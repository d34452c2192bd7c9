"""Rows stand for as much as they should in a fit, and a fit that cannot be made says why."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.retraining_worlds import NAMES, boosting, rules_of, usual
from workbench.domain.card import ModelCard
from workbench.errors import WorkbenchError
from workbench.triage.case import Scorer
from workbench.triage.refitting import fitted, losses, mixed_rows, thinned


@given(
    st.integers(50, 3000), st.integers(1, 3000), st.sampled_from([1.0, 4.0, 16.0]),
    st.integers(200, 5000),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_recent_row_stands_for_as_many_old_ones_as_it_should(
    recent: int, old: int, weight: float, most: int
) -> None:
    new = pl.DataFrame({"i": range(recent), "old": 0})
    was = pl.DataFrame({"i": range(old), "old": 1})
    found = mixed_rows(new, was, weight, most)
    assert found.height <= most + 1
    counts = found.group_by("old", "i").len()
    each = {side: counts.filter(pl.col("old") == side)["len"] for side in (0, 1)}
    assert each[0].max() - each[0].min() <= 1  # type: ignore[operator]
    shares = found["old"].mean()
    assert shares == pytest.approx(old / (old + weight * recent), abs=1 / found.height)


def test_without_old_rows_the_recent_ones_stand_alone_evenly_thinned() -> None:
    new = pl.DataFrame({"i": range(1000)})
    assert mixed_rows(new, None, 4.0, 5000).equals(new)
    found = mixed_rows(new, new.clear(), 4.0, 100)["i"].to_numpy()
    assert (np.diff(found) == 10).all()
    assert thinned(new, 1000).equals(new)


def test_what_cannot_be_fitted_says_why() -> None:
    rows = usual(np.random.default_rng(0), 400)
    fit = boosting(NAMES, "binary")
    assert "only 20 labelled rows" in str(fitted(fit, rows.head(20), NAMES, 0))
    same = rows.with_columns(wb_label=pl.lit("1"))
    assert "all labels" in str(fitted(fit, same, NAMES, 0))

    def broken(_x: pl.DataFrame, _y: pl.Series, _seed: int) -> Scorer:
        raise WorkbenchError("no such parameter depht")

    assert "no such parameter depht" in str(fitted(broken, rows, NAMES, 0))


def test_a_row_without_an_output_is_bad() -> None:
    outputs = pl.DataFrame({"wb_prediction": ["1", None, "0"]})
    rows = pl.DataFrame({"wb_label": ["1", "1", "1"]})
    assert losses(outputs, rows, rules_of(ModelCard())).tolist() == [0.0, 1.0, 1.0]
