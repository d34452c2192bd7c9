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


def judged(frame: pl.DataFrame) -> pl.DataFrame:
    bad = (pl.col("wb_prediction") != pl.col("wb_label")).cast(pl.Float64)
    return frame.with_columns(wb_bad=bad)


def without_the_sure(frame: pl.DataFrame, share: float, beyond: float = 0.47) -> pl.DataFrame:
    """Most labels of the surest rows stay away."""
    rng = np.random.default_rng(9)
    lost = (np.abs(frame["wb_score"].to_numpy() - 0.5) > beyond) & (rng.random(len(frame)) < share)
    return frame.with_columns(
        wb_label=pl.when(~pl.Series(lost)).then(pl.col("wb_label")),
    )


def of_both(before: pl.DataFrame, current: pl.DataFrame) -> Case:
    made = case(judged(before), judged(current))
    return replace(made, reference=made.before)


def test_what_the_choice_adds_to_the_rate_is_what_weights_take_off_again() -> None:
    before, whole = rows(1, 6000, 1.0, 1.0), rows(2, 6000, 1.0, 1.0)
    chosen = without_the_sure(whole, 0.9, beyond=0.3)
    found = measure_selective(of_both(before, chosen)).by_choice
    rates = [float(judged(frame)["wb_bad"].mean()) for frame in (chosen, whole)]  # type: ignore[arg-type]
    assert found is not None
    assert found.value == pytest.approx(rates[0] - rates[1], abs=0.01)
    assert found.low > 0


def test_a_choice_too_fine_for_bands_is_seen_by_what_it_does_to_the_rate() -> None:
    before, current = rows(1, 8000, 1.0, 1.0), rows(2, 8000, 1.0, 1.0)
    both = of_both(before, without_the_sure(current, 0.9, beyond=0.43))
    found = measure_selective(both)
    assert not any(band.is_sure for band in found.bands)
    assert found.is_selective
    (told,) = found.evidence()
    assert (told.name, told.against) == ("by_choice", "retrain")


def test_fewer_labels_for_all_move_no_rate_by_choice() -> None:
    for seed in range(15):
        both = of_both(rows(seed, 2000, 1.0, 1.0), rows(seed + 50, 2000, 0.4, 0.4))
        found = measure_selective(both)
        assert not found.is_selective
        assert found.by_choice is not None
        assert abs(found.by_choice.value) < 0.02


def test_where_all_have_a_label_nothing_comes_from_choice() -> None:
    found = measure_selective(of_both(rows(1, 2000, 1.0, 1.0), rows(2, 2000, 1.0, 1.0)))
    assert found.by_choice is not None
    assert found.by_choice.value == pytest.approx(0.0, abs=1e-3)
