"""A choice of labels that moved with the prediction is seen; fewer labels for all are not one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.domain.card import Identity, Labels, ModelCard
from workbench.domain.period import Period
from workbench.domain.rules import outcome_rules
from workbench.domain.shape import LogShape
from workbench.triage.case import Case, Models
from workbench.triage.selective import Selective, measure_selective

START = datetime(2024, 3, 1, tzinfo=UTC)


def rows(seed: int, n: int, low: float, high: float, days: int = 7) -> pl.DataFrame:
    """Labelled with probability `low` for low scores, `high` for high ones."""
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    label = (rng.random(n) < score).astype(int)
    has = rng.random(n) < np.where(score > 0.6, high, low)
    return pl.DataFrame(
        {
            "wb_timestamp": [START + timedelta(days=days * i / n) for i in range(n)],
            "wb_score": score,
            "wb_prediction": np.where(score > 0.5, "1", "0"),
            "wb_label": [str(y) if h else None for y, h in zip(label, has, strict=True)],
        },
        schema_overrides={"wb_label": pl.String},
    )


def case(before: pl.DataFrame, current: pl.DataFrame, card: ModelCard | None = None) -> Case:
    card = replace(card or ModelCard(), model=Identity(name="m", task="binary"))
    return Case(
        card, outcome_rules(card, LogShape((), (), classes=("0", "1")), 0.0), (), (),
        Period(START, START + timedelta(days=7)), None, before.head(0), before, current,
        before.head(0), None, Models(),
    )  # fmt: skip


def test_labels_that_stay_away_from_high_scores_are_seen() -> None:
    found = measure_selective(case(rows(1, 4000, 0.8, 0.8), rows(2, 4000, 0.8, 0.3)))
    assert found.is_selective
    (told,) = found.evidence()
    assert told.against == "retrain"
    assert "a score from" in told.reading


@pytest.mark.parametrize("share", [0.8, 0.3])
def test_fewer_labels_for_all_are_no_choice(share: float) -> None:
    false = [
        measure_selective(case(rows(seed, 2000, 0.8, 0.8), rows(seed + 99, 2000, share, share)))
        for seed in range(30)
    ]
    assert not any(one.is_selective for one in false)


def test_rows_whose_labels_are_still_to_come_do_not_count() -> None:
    current = rows(3, 4000, 0.8, 0.8)
    late = START + timedelta(days=5)
    unripe = current.with_columns(
        wb_label=pl.when((pl.col("wb_timestamp") < late) | (pl.col("wb_score") > 0.6)).then(
            pl.col("wb_label")
        )
    )
    both = case(rows(1, 4000, 0.8, 0.8), unripe)
    assert not measure_selective(replace(both, ripe_end=late)).is_selective


def test_a_decision_that_censors_labels_is_told() -> None:
    card = replace(ModelCard(), labels=Labels(censored_by="1"))
    found = measure_selective(case(rows(1, 2000, 0.8, 0.8), rows(2, 2000, 0.8, 0.8), card))
    assert found.is_selective
    assert found.censored_share == pytest.approx(0.5, abs=0.05)


def test_censoring_is_told_though_there_is_nothing_before_to_compare_with() -> None:
    """And a class is known however it is written in the card."""
    card = replace(ModelCard(), labels=Labels(censored_by="1.0"))
    nothing = rows(1, 2000, 0.8, 0.8).head(0)
    found = measure_selective(case(nothing, rows(2, 2000, 0.8, 0.8), card))
    assert found.is_selective
    assert [one.against for one in found.evidence()] == ["retrain"]


def test_without_labels_it_is_skipped_with_the_reason() -> None:
    empty = rows(1, 500, 0.0, 0.0)
    found: Selective = measure_selective(case(rows(2, 500, 0.8, 0.8), empty))
    assert found.skipped == "there are no labels on a side"
    assert found.evidence() == ()
