"""Are the scenarios what they say they are? Their causes, their harm, and what an expert accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.triage.made import PLAIN, judged, made
from tests.triage.scenarios.catalogue import KINDS, PLACES, fits_family, scenario, severity_of
from tests.triage.scenarios.champions import set_up
from tests.triage.scenarios.families import FAMILIES
from tests.triage.scenarios.incidents import happen, rise_of
from tests.triage.scenarios.oracle import PASSIVE, is_dangerous
from tests.triage.scenarios.planting import staged
from tests.triage.scenarios.workspaces import card_of
from tests.triage.scenarios.worlds import World, is_weekend, many_days
from workbench.domain.fault import KINDS as FAULTS
from workbench.domain.verdict import VERDICTS


def test_the_catalogue_holds_every_cause_that_is_asked_for() -> None:
    asked = {
        "bad_rollout", "bad_canary", "collapsed", "inverted", "older_artifact", "default",
        "stricter_definition", "off_by_one", "early_positives", "attack", "float32",
        "category_order", "skew_from_start", "duplicates", "harmless_schema", "weekdays", "holiday",
        "other_split", "over", "drift_beside", "two_causes", "none", "easier", "harder",
        "observable_flip", "rotation", "hidden_flip", "unit_x100", "unit_x0.01", "unit_x60",
        "new_region", "nulls", "recode", "timezone", "swap", "stale", "sentinel", "prior_shift",
        "label_noise", "unit_no_labels", "36_labels", "model_class", "season", "censored",
        "short_half_life",
    }  # fmt: skip
    assert asked <= set(KINDS)
    for kind in KINDS.values():
        assert kind.verdicts <= set(VERDICTS)
        assert kind.causes <= {*FAULTS, "version", "concept", "inputs", "prior"}
        for family in FAMILIES:
            assert fits_family(family, kind.name)


def test_families_share_no_seed_no_world_and_no_severity_with_the_last() -> None:
    most = 10_000 * PLACES
    spans = sorted((f.first_seed, f.first_seed + most) for f in FAMILIES.values())
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    worlds = {name: {replace(w, name="") for w in f.worlds} for name, f in FAMILIES.items()}
    practised = worlds["tuning"] | worlds["practice"]
    assert not practised & worlds["table"]
    assert not worlds["final"] & (practised | worlds["table"])
    for name in ("tuning", "practice"):
        assert not set(FAMILIES[name].ages) & (set(FAMILIES["final"].ages) - {2})
    assert {w.form for w in FAMILIES["final"].worlds} == {"ring", "linear"}
    assert all(w.has_tails for w in FAMILIES["final"].worlds)


def test_numbers_of_a_kind_go_through_worlds_severities_and_ages() -> None:
    found = {severity_of("table", "swap", number) for number in range(60)}
    assert found == set(FAMILIES["table"].severities)
    alone = {severity_of("table", "prior_shift", number) for number in range(60)}
    assert alone == set(FAMILIES["table"].severities)


def test_the_same_arguments_give_the_same_incident() -> None:
    one = happen(KINDS["nulls"], PLAIN, 2.0, timedelta(days=2), 3)
    set_up.cache_clear()
    two = happen(KINDS["nulls"], PLAIN, 2.0, timedelta(days=2), 3)
    assert list(one.logs) == list(two.logs)
    for name, log in one.logs.items():
        assert log.equals(two.logs[name])
    assert one.labels.equals(two.labels)
    other = happen(KINDS["nulls"], PLAIN, 2.0, timedelta(days=2), 4)
    assert not other.labels.equals(one.labels)


@pytest.mark.parametrize(
    "world",
    [
        PLAIN,
        World("rare", positives=0.05),
        World("modes", task="multiclass", form="interacting"),
        World("minutes", task="regression"),
    ],
    ids=lambda world: world.name,
)
def test_the_expected_badness_is_the_mean_of_the_drawn_one(world: World) -> None:
    setup = set_up(world, 5)
    random = np.random.default_rng(1)
    stage = staged(setup, many_days(world, 20_000, random), None, random)
    expected = setup.expected_bad(stage.outputs, stage.law)
    drawn = np.concatenate([setup.bad(stage.outputs, stage.law.draw(random)) for _ in range(5)])
    assert abs(drawn.mean() - expected.mean()) < 4 * drawn.std() / np.sqrt(len(drawn))
    if world.task == "binary":
        share = np.mean([stage.law.draw(random).mean() for _ in range(5)])
        assert share == pytest.approx(world.positives, rel=0.08)


@pytest.mark.parametrize(
    "kind",
    ["unit_x100", "nulls", "timezone", "default", "observable_flip", "hidden_flip", "harder",
     "offset", "inverted", "bad_rollout", "stricter_definition"],
)  # fmt: skip
def test_the_rise_is_the_one_that_was_asked_for_on_cases_the_plant_was_not_chosen_by(
    kind: str,
) -> None:
    found = judged(kind)
    assert found.is_counted
    assert found.severity == pytest.approx(4.0, rel=0.35)


@pytest.mark.parametrize(
    "kind",
    ["none", "easier", "float32", "harmless_schema", "harmless_fault", "weekdays", "holiday",
     "duplicates", "early_positives", "good_rollout"],
)  # fmt: skip
def test_where_nothing_is_wrong_the_rate_does_not_rise_by_half_a_floor(kind: str) -> None:
    found = judged(kind)
    assert found.is_counted
    assert found.severity < 0.5
    assert "no_action" in found.accepted
    assert not found.accepted - {"no_action"} - PASSIVE


def test_the_other_split_raises_the_rate_though_in_no_arm_anything_changes() -> None:
    incident = made("other_split")
    assert judged("other_split").severity > 2
    setup, random = incident.setup, np.random.default_rng(1)
    cases = many_days(setup.world, 30_000, random)
    rates = {}
    for name, plant in (("before", None), ("after", incident.plant)):
        stage = staged(setup, cases, plant, random)
        bad, arm = setup.expected_bad(stage.outputs, stage.law), stage.frame["arm"].to_numpy()
        rates[name] = bad[arm == "A"].mean(), bad[arm == "B"].mean()
    assert rates["after"] == pytest.approx(rates["before"], abs=0.008)


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [
        ("unit_x100", {"fix_upstream"}),
        ("unit_no_labels", {"fix_upstream"}),
        ("inverted", {"fix_serving"}),
        ("bad_rollout", {"roll_back"}),
        ("off_by_one", {"fix_upstream"}),
        ("observable_flip", {"retrain"}),
        ("offset", {"recalibrate"}),
        ("hidden_flip", {"redesign"}),
        ("harder", {"redesign"}),
        ("36_labels", {"wait", "undecided"}),
        ("flip_no_labels", {"wait", "undecided"}),
    ],
)
def test_what_an_expert_accepts(kind: str, accepted: set[str]) -> None:
    assert judged(kind).accepted == accepted


def test_a_small_rise_without_excess_is_nothing_to_act_on() -> None:
    assert {"no_action", "redesign"} <= judged("harder", 2.0).accepted


def test_a_stronger_model_is_what_a_line_needs_in_a_world_of_meetings() -> None:
    found = judged("model_class", world=World("line", recipe="linear", history_days=8))
    assert found.accepted == {"redesign"}
    assert found.recovered["stronger"] > found.recovered["retrain_later"] + 0.2


@pytest.mark.parametrize("kind", ["harder", "holiday", "easier"])
def test_other_cases_are_not_the_same_row_again_and_again(kind: str) -> None:
    incident = made(kind)
    log = pl.concat(list(incident.logs.values())).filter(pl.col("timestamp") >= incident.onset)
    again = log.select(incident.setup.world.features).is_duplicated().sum()
    assert again < 0.01 * log.height


def test_36_labels_are_36_labels_and_a_rise_of_ten_points() -> None:
    incident = made("36_labels")
    assert incident.labelled_since == 36
    assert rise_of(incident.setup, incident.plant) == pytest.approx(0.10, abs=0.015)


def test_a_fault_is_in_its_column_and_segment_and_nowhere_else() -> None:
    incident = made("unit_x100")
    setup, plant = incident.setup, incident.plant
    cases = many_days(setup.world, 5000, np.random.default_rng(1))
    plain = staged(setup, cases, None, np.random.default_rng(2)).frame
    broken = staged(setup, cases, plant, np.random.default_rng(2)).frame
    (column,) = plant.columns
    assert broken.drop(column).equals(plain.drop(column))
    hit = pl.Series(np.ones(plain.height, dtype=bool))
    if plant.segment is not None:
        hit = plain[plant.segment[0]] == plant.segment[1]
    assert broken.filter(~hit).equals(plain.filter(~hit))
    ratio = broken.filter(hit)[column] / plain.filter(hit)[column]
    assert ratio.to_numpy() == pytest.approx(100)


def test_labels_come_late_and_positives_first_where_the_world_says_so() -> None:
    incident = made("early_positives")
    assert (incident.labels["label_timestamp"] <= incident.now).all()
    times = pl.concat([log.select("prediction_id", "timestamp") for log in incident.logs.values()])
    waits = incident.labels.join(times, on="prediction_id").with_columns(
        wait=pl.col("label_timestamp") - pl.col("timestamp")
    )
    positive = waits.filter(pl.col("label") == 1)["wait"].median()
    negative = waits.filter(pl.col("label") == 0)["wait"].median()
    assert isinstance(positive, timedelta)
    assert isinstance(negative, timedelta)
    assert positive < timedelta(days=1) < timedelta(days=4) < negative
    since = waits.filter(pl.col("timestamp") > incident.now - timedelta(days=4))
    assert since["label"].cast(pl.Float64).to_numpy().mean() > 0.9


def test_a_season_was_there_a_year_before_and_not_in_between() -> None:
    incident = made("season")
    log = pl.concat(list(incident.logs.values())).join(incident.labels, on="prediction_id")
    bad = pl.col("prediction") != pl.col("label")
    at, length = pl.col("timestamp"), incident.now - incident.onset

    def rate(start: datetime, end: datetime) -> float:
        rows = log.filter(at.is_between(start, end, closed="left"))
        assert rows.height > 1000
        return float(rows.select(bad.mean()).item())

    now, then = incident.onset, incident.onset - timedelta(weeks=52)
    usual = rate(now - timedelta(days=60), now)
    rise = judged("season").rise
    assert rise < incident.setup.critical
    for start in (now, then):
        assert rate(start, start + length) - usual == pytest.approx(rise, abs=0.025)
    assert judged("season").accepted >= {"no_action"}


def test_where_the_decision_censors_there_is_no_label_of_it_anywhere() -> None:
    incident = made("censored")
    log = pl.concat(list(incident.logs.values())).join(incident.labels, on="prediction_id")
    assert set(log["prediction"]) == {0}
    assert incident.reference.filter(pl.col("prediction") == 1)["label"].null_count() > 1000
    assert 'censored_by = "1"' in card_of(incident)
    assert judged("censored").accepted == PASSIVE


def test_retrainings_that_wear_off_help_at_first_and_not_for_long() -> None:
    incident = made("short_half_life", world=World("plain", rows_a_day=900))
    log = pl.concat(list(incident.logs.values())).join(incident.labels, on="prediction_id")
    bad = (pl.col("prediction") != pl.col("label")).alias("bad")
    onset = incident.onset
    good = log.filter(pl.col("timestamp") < onset, pl.col("model_version") == "3")
    gone = log.filter(pl.col("timestamp") >= onset)
    before = float(good.select(bad.mean()).item())
    assert set(gone["model_version"]) == {"3"}
    after = float(gone.select(bad.mean()).item())
    assert after - before > incident.setup.floor
    assert judged("short_half_life", world=World("plain", rows_a_day=900)).accepted == {"redesign"}
    assert set(incident.models) == {"1", "2", "3"}


def test_weekends_are_other_days() -> None:
    world = World("weekly", weekend=1.0, rows_a_day=2000)
    setup = set_up(world, 5)
    cases = many_days(world, 40_000, np.random.default_rng(1))
    stage = staged(setup, cases, None, np.random.default_rng(1))
    bad, weekend = setup.expected_bad(stage.outputs, stage.law), is_weekend(cases.moments)
    assert bad[weekend].mean() > bad[~weekend].mean() + 0.01
    assert is_weekend(np.array(["2024-01-06", "2024-01-07", "2024-01-08"], "datetime64[us]")).tolist() == [
        True, True, False,
    ]  # fmt: skip


def test_where_the_feed_is_broken_the_champion_says_what_is_logged() -> None:
    incident = made("unit_x100")
    log = pl.concat(list(incident.logs.values()))
    again = incident.models["1"].outputs(log).scores
    assert again is not None
    assert log["score"].to_numpy() == pytest.approx(again[:, 1])


def test_a_canary_answers_a_tenth_and_a_rollout_everything(tmp_path: Path) -> None:
    canary = made("bad_canary")
    log = pl.concat(list(canary.logs.values()))
    after = log.filter(pl.col("timestamp") >= canary.onset)
    assert (after["role"] == "canary").mean() == pytest.approx(0.1, abs=0.02)
    assert set(log.filter(pl.col("timestamp") < canary.onset)["role"]) == {"live"}
    rollout = made("bad_rollout")
    log = pl.concat(list(rollout.logs.values()))
    versions = log.select(
        is_new=pl.col("model_version") == "2", is_after=pl.col("timestamp") >= rollout.onset
    )
    assert (versions["is_new"] == versions["is_after"]).all()
    assert rollout.version == "2"
    assert set(rollout.models) == {"1", "2"}


def test_dangerous_are_the_verdicts_that_do_harm() -> None:
    feed = made("unit_x100"), judged("unit_x100")
    assert is_dangerous(*feed, "retrain")
    assert is_dangerous(*feed, "redesign")
    assert is_dangerous(*feed, "no_action")
    assert not is_dangerous(*feed, "wait")
    assert not is_dangerous(*feed, "fix_upstream")
    assert is_dangerous(made("offset"), judged("offset"), "roll_back")
    assert not is_dangerous(made("bad_rollout"), judged("bad_rollout"), "roll_back")
    assert not is_dangerous(made("none"), judged("none"), "retrain")  # useless, but not dangerous


def test_a_scenario_of_the_catalogue_is_in_its_family() -> None:
    incident = scenario("final", "swap", 0)
    assert incident.setup.world.name in {w.name for w in FAMILIES["final"].worlds}
    assert incident.setup.seed >= FAMILIES["final"].first_seed
