"""Statuses of columns: what raises one, what does not, and in which order they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.card import Thresholds
from workbench.domain.drift import ColumnDrift
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.drift.compare import compare_columns, overall_status, significance_level
from workbench.drift.day_null import Buckets, variations
from workbench.drift.profiling import profile_values

LEVEL = 0.03
RANDOM = np.random.default_rng(11)
STEADY = RANDOM.normal(size=4000).tolist()
OTHER_STEADY = RANDOM.normal(size=2000).tolist()


def column(
    before: Sequence[Any], after: Sequence[Any], name: str = "x", kind: str = "numeric"
) -> tuple[ColumnProfile, ColumnProfile]:
    bins: ColumnBins
    if kind == "numeric":
        known = np.array([math.nan if v is None else v for v in before], dtype=float)
        bins = make_numeric_bins(name, "feature", known)
    else:
        names = [v for v in before if v is not None]
        bins = make_category_bins(name, "feature", {v: names.count(v) for v in names})
    return profile_values(bins, before), profile_values(bins, after)


def compared(
    *pairs: tuple[ColumnProfile, ColumnProfile], **changes: Any
) -> tuple[ColumnDrift, ...]:
    before, after = zip(*pairs, strict=True)
    return compare_columns(before, after, Thresholds(**changes), LEVEL)


def test_nothing_changed_is_ok() -> None:
    (found,) = compared(column(STEADY, OTHER_STEADY))
    assert (found.status, found.reason) == ("ok", None)
    assert found.p_value is not None
    assert found.p_value > LEVEL


def test_a_large_and_sure_shift_is_critical_and_says_why() -> None:
    (found,) = compared(column(STEADY, [x + 3 for x in OTHER_STEADY]))
    assert found.status == "critical"
    assert found.reason is not None
    assert found.reason.startswith("PSI ")
    assert "above 0.25" in found.reason
    assert "standard deviations above 1" in found.reason


def test_a_large_effect_by_chance_is_not_an_alarm() -> None:
    (found,) = compared(column(STEADY, [0.9, 1.3, 0.2, 0.8]))
    assert found.psi is not None
    assert found.psi > Thresholds().drift_effect[1]
    assert found.status == "ok"
    assert found.reason is not None
    assert "not significant" in found.reason


def test_a_sure_but_immaterial_shift_is_not_an_alarm() -> None:
    many = RANDOM.normal(size=40_000)
    (found,) = compared(column(many.tolist(), (RANDOM.normal(size=40_000) + 0.05).tolist()))
    assert found.p_adjusted is not None
    assert found.p_adjusted < LEVEL
    assert found.status == "ok"


def test_wasserstein_alone_can_raise_a_number() -> None:
    spiked = [*OTHER_STEADY[:1960], *([400.0] * 40)]
    (found,) = compared(column(STEADY, spiked))
    assert found.psi is not None
    assert found.psi < Thresholds().drift_effect[0]
    assert found.status == "critical"


def test_values_that_have_gone_are_critical_and_not_unknown() -> None:
    (found,) = compared(column(STEADY, [None] * 500))
    assert found.status == "critical"
    assert found.reason is not None
    assert found.reason.startswith("100.0% missing, was 0.0%")
    assert found.psi is None


def test_a_rise_of_the_missing_share_is_told_apart_from_the_values() -> None:
    (found,) = compared(column(STEADY, [*OTHER_STEADY[:1640], *([None] * 360)]))
    assert found.status == "critical"
    assert found.reason == "18.0% missing, was 0.0%"
    assert found.missing_current == pytest.approx(0.18)


def test_fewer_missing_values_are_no_alarm() -> None:
    (found,) = compared(column([*STEADY, *([None] * 2000)], OTHER_STEADY))
    assert found.status == "ok"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ([None] * 9, [None] * 9, "reference has no value"),
        ([None] * 9, [1.0] * 9, "reference has no value"),
        ([1.0, 2.0], [], "current period has no rows"),
        ([], [1.0], "reference has no rows"),
        ([1.0, 2.0] * 5, [None], "current period has no value"),
    ],
)
def test_what_cannot_be_compared_is_unknown_with_the_reason(
    before: list[float | None], after: list[float | None], says: str
) -> None:
    (found,) = compared(column(before, after))
    assert found.status == "unknown"
    assert found.reason is not None
    assert says in found.reason


def test_a_column_in_trouble_costs_its_own_row_only() -> None:
    columns = compared(
        column([None] * 50, [None] * 50, "all missing"),
        column([5.0] * 500, [5.0] * 300, "constant"),
        column(STEADY, OTHER_STEADY, "steady"),
        column(STEADY, [x + 3 for x in OTHER_STEADY], "moved"),
    )
    statuses = {c.name: c.status for c in columns}
    assert statuses == {
        "moved": "critical",
        "all missing": "unknown",
        "constant": "ok",
        "steady": "ok",
    }


def test_a_constant_column_has_no_scaled_distance_and_says_so() -> None:
    (found,) = compared(column([5.0] * 500, [5.0] * 300))
    assert found.wasserstein is None
    assert found.reason is not None
    assert "constant" in found.reason
    (changed,) = compared(column([5.0] * 500, [6.0] * 300))
    assert changed.status == "critical"


def test_a_column_on_one_side_only_is_unknown() -> None:
    before, after = column([1.0, 2.0], [1.0])
    for found in (
        compare_columns([before], [], Thresholds(), LEVEL),
        compare_columns([], [after], Thresholds(), LEVEL),
    ):
        assert [c.status for c in found] == ["unknown"]


def test_profiles_of_other_bins_are_not_compared() -> None:
    before, _ = column([1.0, 2.0], [1.0])
    _, after = column([8.0, 9.0], [9.0])
    (found,) = compare_columns([before], [after], Thresholds(), LEVEL)
    assert found.status == "unknown"
    assert found.psi is None


def test_unseen_categories_are_named_and_shared_out() -> None:
    before = ["JFK"] * 300 + ["LGA"] * 200
    after = ["JFK"] * 100 + ["EYW"] * 60 + ["[/b]"] * 40
    (found,) = compared(column(before, after, kind="categorical"))
    assert found.unseen == ("EYW", "[/b]")
    assert found.unseen_share == pytest.approx(0.5)
    assert found.status == "critical"
    assert (found.ks, found.wasserstein) == (None, None)
    assert found.reason is not None
    assert "50.0% in categories that the reference lacks" in found.reason


def test_worst_comes_first_then_the_larger_effect_then_the_name() -> None:
    found = compared(
        column(STEADY, OTHER_STEADY, "calm"),
        column(STEADY, [x + 2 for x in OTHER_STEADY], "far"),
        column(STEADY, [x + 4 for x in OTHER_STEADY], "farther"),
        column(STEADY, [x + 0.4 for x in OTHER_STEADY], "near"),
        column([None], [None], "gone"),
        column(STEADY, [x + 2 for x in OTHER_STEADY], "also far"),
    )
    assert [c.name for c in found] == ["farther", "also far", "far", "near", "gone", "calm"]
    assert overall_status(found) == "critical"


def test_unknown_columns_do_not_make_the_whole_unknown() -> None:
    found = compared(column([None], [None], "gone"), column(STEADY, OTHER_STEADY, "calm"))
    assert overall_status(found) == "ok"
    assert overall_status(compared(column([None], [None]))) == "unknown"
    assert overall_status(()) == "unknown"


def test_the_more_columns_are_looked_at_the_surer_one_must_be() -> None:
    slight = column(STEADY[:400], [x + 0.8 for x in OTHER_STEADY[:60]], "slight")
    alone = compared(slight)[0]
    crowd = [column(STEADY, OTHER_STEADY, f"calm {i}") for i in range(30)]
    among = next(c for c in compared(slight, *crowd) if c.name == "slight")
    assert alone.p_adjusted is not None
    assert among.p_adjusted is not None
    assert among.p_value == alone.p_value
    assert among.p_adjusted > alone.p_adjusted


def test_a_prediction_that_suddenly_is_constant_is_critical_in_its_own_row() -> None:
    steady = column(STEADY, OTHER_STEADY)
    coin = RANDOM.integers(0, 2, 3000).astype(str).tolist()
    guesses = RANDOM.random(3000).tolist()
    for kind, before, after in (
        ("categorical", coin, ["1"] * 400),
        ("numeric", guesses, [1.0] * 400),
        ("numeric", guesses, [0.5] * 400),
    ):
        made = column(before, after, "y", kind)
        bins = replace(made[0].bins, role="prediction")
        sides = replace(made[0], bins=bins), replace(made[1], bins=bins)
        found = {c.role: c.status for c in compared(steady, sides)}
        assert found == {"feature": "ok", "prediction": "critical"}


def test_prediction_score_and_label_of_one_name_have_rows_of_their_own() -> None:
    pairs = []
    for role in ("feature", "prediction", "score", "label"):
        before, after = column(STEADY, OTHER_STEADY)
        bins = replace(before.bins, role=role)
        pairs.append((replace(before, bins=bins), replace(after, bins=bins)))
    found = compared(*pairs)
    assert [c.role for c in found] == ["feature", "label", "prediction", "score"]
    # Four tests were made, and the adjustment is over all of them.
    assert found[0].p_value is not None
    assert found[0].p_adjusted == pytest.approx(min(found[0].p_value, 1.0))


def test_a_difference_that_the_references_own_days_show_too_is_no_alarm_and_says_so() -> None:
    random = np.random.default_rng(12)
    days = [random.normal(size=150) + shift for shift in random.normal(size=20) * 0.8]
    bins = make_numeric_bins("x", "feature", np.concatenate(days))
    buckets = [[profile_values(bins, day.tolist())] for day in days]
    whole = [profile_values(bins, np.concatenate(days).tolist())]
    today = [profile_values(bins, (random.normal(size=150) + 0.9).tolist())]
    (by_rows,) = compare_columns(whole, today, Thresholds(), LEVEL)
    (by_days,) = compare_columns(
        whole, today, Thresholds(), LEVEL, variations=variations(buckets), buckets=Buckets(20, 1)
    )
    assert (by_rows.null, by_rows.status) == ("rows", "critical")
    assert (by_days.null, by_days.status) == ("days", "ok")
    assert by_days.reason is not None
    assert "not significant beside the reference's own variation" in by_days.reason


def test_under_no_change_alarms_keep_their_level() -> None:
    random = np.random.default_rng(3)
    alarms, looks = 0, 150
    for _ in range(looks):
        pairs = [
            column(random.normal(size=500).tolist(), random.normal(size=60).tolist(), f"x{i}")
            for i in range(5)
        ]
        alarms += overall_status(compared(*pairs)) != "ok"
    # At level 0.03 more than 12 of 150 would come once in two thousand runs.
    assert alarms <= 12


def test_the_level_follows_from_the_alarm_budget() -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert significance_level(1.0, day) == pytest.approx(1 / 30.4375)
    assert significance_level(1.0, hour) == pytest.approx(1 / 30.4375 / 24)
    assert significance_level(100.0, day) == 0.05
    assert significance_level(0.0, day) == 0.0
