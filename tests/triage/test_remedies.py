"""Each remedy finds what was planted, from logged outputs alone, or says why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.triage.outputs_gone_wrong import numbers, prior_shift, three_classes
from tests.triage.shift_worlds import planted
from workbench.domain.card import BadPrediction, ModelCard
from workbench.performance.badness import badness
from workbench.triage.case import Case
from workbench.triage.remedies import remedies
from workbench.triage.remedy import Lessons, Remedy


def lessons(case: Case) -> Lessons:
    return Lessons(case.reference, case.current, case.current)


def remedy(case: Case, kind: str) -> Remedy:
    made, missing = remedies(case, lessons(case), [kind])
    assert not missing
    (one,) = made
    return one


def loss(case: Case, one: Remedy) -> float:
    rows = case.current
    return float(np.nanmean(badness(case.rules, one.predict(rows), rows["wb_label"])))


@pytest.mark.parametrize(
    ("rule", "costs"), [("mismatch", (1, 1)), ("cost", (1.0, 4.0)), ("cost", (3.0, 1.0))]
)
def test_no_threshold_is_better_than_the_one_found(rule: str, costs: tuple[float, float]) -> None:
    card = ModelCard(
        bad_prediction=BadPrediction(
            rule=rule, cost_false_positive=costs[0], cost_false_negative=costs[1]
        )
    )
    case = prior_shift(600, 0.4, card=card)
    found = remedy(case, "threshold")
    score, label = case.current["wb_score"], case.current["wb_label"]
    tried = [
        badness(case.rules, (score >= cut).cast(int).cast(str), label).mean()
        for cut in [0.0, *score.to_list(), 2.0]
    ]
    assert loss(case, found) <= min(tried) + 0.003


@pytest.mark.parametrize("rule", ["miss", "false_alarm"])
def test_one_kind_of_error_is_not_bought_with_the_other(rule: str) -> None:
    card = ModelCard(bad_prediction=BadPrediction(rule=rule))
    case = prior_shift(2000, 0.4, card=card)
    found = remedy(case, "threshold")
    said, label = found.predict(case.current), case.current["wb_label"]
    other = ("1", "0") if rule == "miss" else ("0", "1")

    def share(frame: pl.DataFrame, said: pl.Series) -> float:
        return float(((said == other[0]) & (frame["wb_label"] == other[1])).mean())  # type: ignore[arg-type]

    limit = max(share(f, f["wb_prediction"]) for f in (case.reference, case.current))
    assert share(case.current, said) <= limit + 1e-9
    assert 0 < (said == "1").sum() < len(label)


def test_a_prior_is_the_threshold_that_it_is_said_to_be() -> None:
    case = prior_shift(3000, 0.5)
    found = remedy(case, "prior")
    values = dict(found.values)
    assert values["share of 1"] == pytest.approx(0.5, abs=0.05)
    said = (case.current["wb_score"] >= values["threshold"]).cast(int).cast(str)
    assert found.predict(case.current).to_list() == said.to_list()
    assert loss(case, found) < case.current["wb_bad"].to_numpy().mean() - 0.05


def test_platt_finds_a_score_that_was_made_too_sure() -> None:
    case = planted("none", 4000)
    odds = (case.current["wb_score"] / (1 - case.current["wb_score"])).log()
    off = 1 / (1 + (-(2 * odds + 1.5)).exp())
    found = remedy(replace(case, current=case.current.with_columns(wb_score=off)), "calibration")
    values = dict(found.values)
    assert values["slope"] == pytest.approx(0.5, abs=0.06)
    assert values["offset"] == pytest.approx(-0.75, abs=0.12)
    assert values["threshold"] == pytest.approx(1 / (1 + np.exp(-1.5)), abs=0.05)


def test_an_upside_down_score_is_no_matter_of_calibration() -> None:
    case = planted("none", 800)
    down = replace(case, current=case.current.with_columns(wb_score=1 - pl.col("wb_score")))
    _, missing = remedies(down, lessons(down), ["calibration"])
    assert "right way round" in missing[0][1]


def test_offsets_of_classes_restore_what_other_shares_cost() -> None:
    case = three_classes(3000)
    for kind in ("prior", "calibration"):
        assert loss(case, remedy(case, kind)) < 0.3
    assert case.current["wb_bad"].to_numpy().mean() > 0.5


def test_an_offset_and_a_line_are_found() -> None:
    assert dict(remedy(numbers(offset=2.0), "offset").values)["offset"] == pytest.approx(2, abs=0.1)
    values = dict(remedy(numbers(slope=1.3, offset=-4.0), "scale").values)
    assert values["slope"] == pytest.approx(1.3, abs=0.05)
    assert values["offset"] == pytest.approx(-4.0, abs=0.5)


def test_relative_errors_are_put_right_by_a_factor() -> None:
    case = numbers(slope=1.4, rule="relative_error")
    found = remedy(case, "offset")
    assert dict(found.values)["factor"] == pytest.approx(1.4, abs=0.03)
    assert loss(case, found) < 0.1


def test_a_wild_label_does_not_pull_the_line() -> None:
    case = numbers(offset=1.0)
    wild = pl.when(pl.int_range(pl.len()) % 50 == 0).then(1e7).otherwise(pl.col("wb_label"))
    found = remedy(replace(case, current=case.current.with_columns(wb_label=wild)), "scale")
    assert loss(case, found) < 0.2


def test_rows_without_a_score_keep_none() -> None:
    case = prior_shift(600)
    gone = pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise(pl.col("wb_score"))
    rows = case.current.with_columns(wb_score=gone)
    assert remedy(case, "threshold").predict(rows).null_count() == 5
    many = three_classes(600)
    rows = many.current.with_columns(score_a=pl.lit(None, pl.Float64))
    assert remedy(many, "prior").predict(rows).null_count() == 600


@pytest.mark.parametrize("kind", ["prior", "threshold", "calibration"])
def test_without_scores_it_is_said(kind: str) -> None:
    case = planted("none", 300)
    bare = replace(case, current=case.current.drop("wb_score"))
    made, missing = remedies(bare, lessons(bare), [kind])
    assert made == ()
    assert missing[0][0] == kind
    assert "no scores are logged" in missing[0][1]


def test_few_or_uniform_labels_are_said() -> None:
    case = planted("none", 300)
    few = Lessons(case.reference, case.current.head(10), case.current)
    made, missing = remedies(case, few)
    assert [one.kind for one in made] == ["prior"]
    assert [why for _, why in missing] == ["only 10 labelled rows to fit to"] * 2
    same = case.current.with_columns(wb_label=pl.lit("1"))
    _, missing = remedies(case, Lessons(case.reference, same, same), ["calibration"])
    assert missing == (("calibration", "all labels to fit to are the same"),)
    flat = numbers(300)
    flat = replace(flat, current=flat.current.with_columns(wb_prediction=pl.lit(3.0)))
    _, missing = remedies(flat, lessons(flat), ["scale"])
    assert missing == (("scale", "all predictions are the same"),)
