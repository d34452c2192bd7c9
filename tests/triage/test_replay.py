"""Replaying the champion tells broken serving from everything else, with and without labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import (
    EFFECTS,
    END,
    ONSET,
    case_of,
    drawn,
    expit,
    inputs,
    logit,
    rows_of,
    scorer,
    served,
    times,
    unit_fault,
)
from workbench.domain.card import Decision
from workbench.errors import WorkbenchError
from workbench.triage.case import Case, Models
from workbench.triage.confined import confined_rows
from workbench.triage.replay import measure_replay

TASKS = ["binary", "multiclass", "regression"]


def turned(frame: pl.DataFrame) -> NDArray[np.float64]:
    """The law with its categories in another order, as after an upgrade of a library."""
    order = dict(zip(EFFECTS, ["DL", "UA", "AA"], strict=True))
    return logit(frame.with_columns(pl.col("carrier").replace(order)))


def halved(frame: pl.DataFrame) -> NDArray[np.float64]:
    """The law as serving would have it that forgot to scale an input."""
    return logit(frame.with_columns(pl.col("x0") * -1.0))


@pytest.mark.parametrize("task", TASKS)
def test_right_serving_agrees_even_when_the_world_has_changed(task: str) -> None:
    found = measure_replay(case_of(task, law=halved))
    assert found.agrees
    assert not found.decides
    assert found.causes() == ()
    assert [e.against for e in found.evidence()] == ["fix_serving"]


@pytest.mark.parametrize("task", TASKS)
def test_a_fault_of_the_inputs_is_none_of_serving(task: str) -> None:
    found = measure_replay(case_of(task, spoil=times(100.0), faults=[unit_fault(100.0)]))
    assert found.agrees


@pytest.mark.parametrize("task", TASKS)
def test_serving_that_prepares_inputs_otherwise_is_found_with_its_harm(task: str) -> None:
    case = case_of(task, served_by=scorer(task, halved))
    found = measure_replay(case)
    assert found.decides
    assert found.since == ONSET
    assert found.is_harmful is True
    assert found.basis == "labels"
    anew = served(case.current, task, scorer(task))
    true = float((case.current["wb_bad"] - anew["wb_bad"]).mean())  # type: ignore[arg-type]
    assert found.harm is not None
    assert found.harm.value == pytest.approx(true, abs=1e-12)
    assert found.harm.low < true < found.harm.high
    (cause,) = found.causes()
    assert (cause.kind, cause.where, cause.since, cause.verdict) == (
        "serving_mismatch",
        "serving",
        ONSET,
        "fix_serving",
    )
    assert cause.share_of_rise == pytest.approx(1.0, abs=0.15)
    assert found.exclusions() == ()


@pytest.mark.parametrize("task", TASKS)
def test_without_labels_the_harm_is_estimated(task: str) -> None:
    case = case_of(task, served_by=scorer(task, halved))
    labelled = measure_replay(case).harm
    blind = measure_replay(replace(case, current=without_labels(case.current)))
    assert blind.decides
    assert blind.basis == "estimate"
    assert blind.harm is not None
    assert labelled is not None
    assert blind.harm.value == pytest.approx(labelled.value, abs=0.03)


def test_an_order_of_categories_that_changed_is_large_and_decides() -> None:
    found = measure_replay(case_of(served_by=scorer("binary", turned), rows=6000))
    assert found.share is not None
    assert found.share > 0.9
    assert not found.is_rounding
    assert found.decides


def test_rounding_of_inputs_is_told_apart_and_decides_nothing() -> None:
    def step(frame: pl.DataFrame) -> NDArray[np.float64]:
        # A tree's border on a value that single precision moves across it.
        return logit(frame) + 0.8 * (frame["x3"].to_numpy() > 0.1)

    def single(frame: pl.DataFrame) -> NDArray[np.float64]:
        names = ["x0", "x1", "x2", "x3"]
        return step(frame.with_columns(pl.col(names).cast(pl.Float32).cast(pl.Float64)))

    case = case_of(
        law=step,
        spoil=lambda f: f.with_columns(pl.col("x3").round(1)),
        models=Models(champion=scorer("binary", step)),
    )
    current = served(case.current, "binary", scorer("binary", single))
    usual = served(case.reference, "binary", scorer("binary", step))
    found = measure_replay(replace(case, current=current, reference=usual))
    assert found.share is not None
    assert found.share > 0.01
    assert found.is_rounding
    assert not found.decides
    assert "rounded" in found.evidence()[0].reading


def test_single_precision_of_a_score_is_no_difference() -> None:
    case = case_of()
    current = case.current.with_columns(pl.col("wb_score").cast(pl.Float32).cast(pl.Float64))
    assert measure_replay(replace(case, current=current)).share == 0.0


def test_a_few_rows_and_differences_that_change_no_decision_decide_nothing() -> None:
    case = case_of()
    few = case.current.with_columns(
        pl.when(pl.int_range(pl.len()) % 1000 == 0)
        .then(0.5)
        .otherwise("wb_score")
        .alias("wb_score")
    )
    assert measure_replay(replace(case, current=few)).agrees
    calibrated = case.current.with_columns(
        (0.5 + 0.8 * (pl.col("wb_score") - 0.5)).alias("wb_score")
    )
    found = measure_replay(replace(case, current=calibrated))
    assert found.share is not None
    assert found.share > 0.9
    assert found.share_decided == 0.0
    assert not found.decides
    assert found.is_harmful is False


def test_one_host_is_named() -> None:
    case = case_of()
    wrong = served(case.current, "binary", scorer("binary", halved))
    mixed = pl.concat(
        [case.current.filter(pl.col("host") != "h2"), wrong.filter(pl.col("host") == "h2")],
        how="diagonal",
    )
    found = measure_replay(replace(case, current=mixed))
    assert found.decides
    assert found.segment == ("host", "h2")
    assert "host is h2" in found.evidence()[0].reading


def test_a_sensitive_host_is_not_printed() -> None:
    case = case_of()
    wrong = served(case.current, "binary", scorer("binary", halved))
    mixed = pl.concat(
        [case.current.filter(pl.col("host") != "h2"), wrong.filter(pl.col("host") == "h2")],
        how="diagonal",
    )
    card = replace(case.card, privacy=replace(case.card.privacy, sensitive=("host",)))
    found = measure_replay(replace(case, current=mixed, card=card))
    assert "h2" not in " ".join(e.reading for e in found.evidence())
    assert all(c.segment is None for c in found.causes())


def test_skew_from_the_first_day_has_no_onset_and_is_found() -> None:
    case = case_of(served_by=scorer("binary", halved), onset=None)
    before = served(case.before, "binary", scorer("binary", halved))
    found = measure_replay(replace(case, before=before))
    assert found.from_the_first_day
    assert found.since is None
    assert found.decides
    assert "in all of the log" in found.evidence()[0].reading


def test_a_stretch_that_is_over_ends() -> None:
    case = case_of()
    until = ONSET + timedelta(days=4)
    wrong = served(case.current, "binary", scorer("binary", halved))
    mixed = pl.concat(
        [
            wrong.filter(pl.col("wb_timestamp") < until),
            case.current.filter(pl.col("wb_timestamp") >= until),
        ],
        how="diagonal",
    )
    found = measure_replay(replace(case, current=mixed))
    assert (found.since, found.until) == (ONSET, until)


def test_an_artifact_that_is_not_the_model_proves_nothing() -> None:
    found = measure_replay(case_of(models=Models(champion=scorer("binary", halved))))
    assert not found.is_comparable
    assert not found.decides
    assert found.is_harmful is None
    assert "not the model" in found.evidence()[0].reading


def test_an_older_artifact_under_the_new_version_s_name_is_named() -> None:
    case = case_of(served_by=scorer("binary", halved))
    models = Models(champion=scorer("binary"), previous=scorer("binary", halved))
    found = measure_replay(replace(case, models=models))
    assert found.is_previous
    assert found.decides
    assert "previous version" in found.evidence()[0].reading
    assert "previous version" in (found.causes()[0].repair or "")


def test_a_threshold_a_row_is_the_one_that_decided() -> None:
    case = case_of()
    rng = np.random.default_rng(0)

    def limited(frame: pl.DataFrame) -> pl.DataFrame:
        limit = rng.uniform(0.3, 0.7, frame.height)
        said = pl.Series("wb_prediction", np.where(frame["wb_score"].to_numpy() >= limit, "1", "0"))
        bad = (said != frame["wb_label"]).cast(pl.Float64)
        return frame.with_columns(said, bad.alias("wb_bad"), pl.Series("limit", limit)).drop(
            "wb_score"
        )

    rules = replace(case.rules, threshold_column="limit")
    card = replace(case.card, decision=Decision(threshold_column="limit"))
    case = replace(
        case,
        card=card,
        rules=rules,
        reference=limited(case.reference),
        before=limited(case.before),
        current=limited(case.current),
    )
    found = measure_replay(case)
    assert found.share == 0.0


@pytest.mark.parametrize("task", TASKS)
def test_what_is_missing_is_said(task: str) -> None:
    case = case_of(task, rows=300)
    none = replace(case, models=Models(reasons=(("champion", "there is no artifact"),)))
    assert measure_replay(none).skipped == "there is no artifact"
    assert "there is no artifact" in measure_replay(none).evidence()[0].reading
    assert measure_replay(replace(case, current=case.current.clear())).skipped is not None
    unsaid = case.current.with_columns(
        pl.lit(None, dtype=c.dtype).alias(c.name)
        for c in case.current.get_columns() if c.name.startswith(("wb_pred", "wb_score", "score_"))
    )  # fmt: skip
    assert measure_replay(replace(case, current=unsaid)).skipped is not None
    bare = replace(case, before=case.before.clear(), reference=case.reference.clear())
    assert measure_replay(bare).agrees

    def broken(frame: pl.DataFrame) -> pl.DataFrame:
        raise WorkbenchError("it cannot be loaded", "Look.")

    assert (
        measure_replay(replace(case, models=Models(champion=broken))).skipped
        == "it cannot be loaded"
    )


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    case = case_of(served_by=scorer("binary", halved), rows=1500)
    mixed = replace(
        case,
        current=case.current.sample(fraction=1.0, shuffle=True, seed=3).select(
            sorted(case.current.columns)
        ),
        reference=case.reference.sample(fraction=1.0, shuffle=True, seed=4),
    )
    one, other = measure_replay(case), measure_replay(mixed)
    assert one == other
    assert one.evidence() == other.evidence()


def test_confinement_names_the_smallest_group_and_nothing_when_spread() -> None:
    case = case_of(rows=1000)
    rows = case.current
    rng = np.random.default_rng(2)
    assert confined_rows(case, rows, rng.random(rows.height) < 0.3) is None
    ua = (rows["carrier"] == "UA").to_numpy()
    assert confined_rows(case, rows, ua & (rng.random(rows.height) < 0.6)) == ("carrier", "UA")
    assert confined_rows(case, rows, np.zeros(rows.height, dtype=bool)) is None


def without_labels(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(None, dtype=frame["wb_label"].dtype).alias("wb_label"),
        pl.lit(None, dtype=pl.Float64).alias("wb_bad"),
    )


def test_the_estimate_is_what_an_independent_sum_gives() -> None:
    case = case_of(served_by=scorer("binary", halved))
    blind = measure_replay(replace(case, current=without_labels(case.current)))
    rows = inputs(200_000, 99, start=ONSET, days=(END - ONSET).days)
    p = expit(logit(rows))
    wrong = expit(halved(rows)) >= 0.5
    right = p >= 0.5
    expected = float(np.mean(np.where(wrong, 1 - p, p) - np.where(right, 1 - p, p)))
    assert blind.harm is not None
    assert blind.harm.low - 0.01 < expected < blind.harm.high + 0.01


def test_a_reference_of_another_time_zone_of_nulls_is_no_obstacle() -> None:
    case = case_of(rows=500)
    timeless = case.reference.with_columns(
        pl.lit(None, dtype=case.reference["wb_timestamp"].dtype).alias("wb_timestamp")
    )
    assert measure_replay(replace(case, reference=timeless)).agrees


def test_rows_of_the_planted_world_are_as_the_plain_rules_say() -> None:
    frame = rows_of("binary", 500, 9)
    assert (
        frame["wb_bad"].to_list()
        == (frame["wb_prediction"] != frame["wb_label"]).cast(pl.Float64).to_list()
    )
    assert drawn(frame, "binary", 9).to_list() == frame["wb_label"].to_list()
    assert isinstance(case_of(rows=60), Case)


def test_a_new_version_that_was_never_served_right_has_its_first_row_for_an_onset() -> None:
    case = case_of(served_by=scorer("binary", halved))
    older = case.before.with_columns(pl.lit("1").alias("wb_version"))
    found = measure_replay(replace(case, before=case.before.clear(), others=older))
    assert found.decides
    assert not found.from_the_first_day
    assert found.since == case.current["wb_timestamp"].min()


def test_a_fault_of_this_morning_is_not_diluted_by_the_days_before_it() -> None:
    """One carrier's answers are the opposite on the last day of ten: 1 % of the rows, half of them bad."""
    case = replace(case_of(rows=8000), onset=None)
    late = pl.col("wb_timestamp") >= END - timedelta(days=1)
    hit = case.current.select(late & (pl.col("carrier") == "UA")).to_series()
    wrong = served(case.current, "binary", scorer("binary", lambda f: logit(f, -1.0)))
    mixed = case.current.select(
        wrong[name].zip_with(hit, case.current[name]).alias(name) for name in case.current.columns
    )
    found = measure_replay(replace(case, current=mixed))
    assert found.since is not None
    assert abs(found.since - (END - timedelta(days=1))) <= timedelta(days=1)
    assert found.segment == ("carrier", "UA")
    assert found.harm is not None
    assert found.harm.n < 0.25 * mixed.height
    assert found.is_harmful is True
    assert found.decides
