"""Volume, labels, repeats and columns of a log: what is raised, and what is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.quality.findings import Finding, merged
from workbench.quality.labels import coverage_change, definition_change, inverted_labels
from workbench.quality.missing import together
from workbench.quality.names import canonical
from workbench.quality.repeats import duplicate_rows
from workbench.quality.schema import Era, as_missing_column, changed_types, extra_columns
from workbench.quality.volume import silence, volume_changes

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
STARTS = tuple(START + i * DAY for i in range(42))
END = START + 42 * DAY
WEEK = Period(END - 7 * DAY, END)
NEWEST = END - timedelta(minutes=1)


def volume(seed: int, spoil: dict[int, float] | None = None) -> dict[datetime, float]:
    """Rows a day, fewer at weekends."""
    rng = np.random.default_rng(seed)
    factors = [0.5 if s.weekday() >= 5 else 1.0 for s in STARTS]
    rows = [round(1000 * f * rng.normal(1, 0.06)) for f in factors]
    return {
        s: n * (spoil or {}).get(i, 1.0) for i, (s, n) in enumerate(zip(STARTS, rows, strict=True))
    }


@given(st.integers(0, 1000))
@settings(max_examples=40)
def test_weekends_are_no_change_of_volume(seed: int) -> None:
    assert volume_changes(volume(seed), WEEK, NEWEST, DAY) == []


@pytest.mark.parametrize(
    ("factor", "kind"), [(0.5, "volume_change"), (2.2, "volume_change"), (0, "late_data")]
)
def test_a_change_of_volume_has_its_days(factor: float, kind: str) -> None:
    rows = volume(1, {38: factor, 39: factor})
    rows = {s: n for s, n in rows.items() if n}
    (found,) = volume_changes(rows, WEEK, NEWEST, DAY)
    assert (found.kind, found.since, found.until) == (kind, STARTS[38], STARTS[40])


def test_a_day_that_is_not_over_is_not_judged() -> None:
    rows = volume(1, {41: 0.3})
    assert volume_changes(rows, WEEK, STARTS[41] + timedelta(hours=8), DAY) == []
    assert volume_changes(rows, WEEK, NEWEST, DAY) != []


@pytest.mark.parametrize("since", [None, datetime(1970, 1, 1, tzinfo=UTC)])
def test_one_row_of_long_ago_does_not_hang_it(since: datetime | None) -> None:
    hour = timedelta(hours=1)
    rows = {START + i * hour: 100.0 for i in range(-600, 1008) if not 990 <= i < 996}
    period = Period(since or WEEK.start, WEEK.end)
    expected = volume_changes(rows, WEEK, NEWEST, hour)
    begun = time.process_time()
    found = volume_changes({datetime(1970, 1, 1, tzinfo=UTC): 1.0, **rows}, period, NEWEST, hour)
    assert time.process_time() - begun < 10
    (gone,) = expected
    assert [(f.kind, f.since, f.until) for f in found] == [(gone.kind, gone.since, gone.until)]
    assert (gone.kind, gone.since) == ("late_data", START + 990 * hour)


def test_silence_is_by_the_clock() -> None:
    assert silence(END, END + timedelta(hours=2), timedelta(hours=3)) is None
    assert silence(END, END + DAY, None) is None
    found = silence(END, END + DAY, timedelta(hours=3))
    assert found is not None
    assert (found.kind, found.status) == ("late_data", "critical")


def labels(
    seed: int, after: float = 0.3, cut: int = 36
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(labelled, observed, expected) a day: the rate is 0.3, and `after` from the cut on."""
    rng = np.random.default_rng(seed)
    n = rng.integers(300, 500, 42)
    rate = np.where(np.arange(42) < cut, 0.3, after) + rng.normal(0, 0.01, 42)
    return n, rng.binomial(n, np.clip(rate, 0, 1)), n * 0.3


@given(st.integers(0, 1000))
@settings(max_examples=60)
def test_labels_as_expected_are_no_new_definition(seed: int) -> None:
    n, observed, expected = labels(seed)
    assert definition_change(STARTS, n, observed, expected, WEEK) is None


@given(st.integers(0, 200), st.sampled_from([0.1, 0.15, 0.45, 0.6]))
@settings(max_examples=40)
def test_a_step_of_the_labels_is_one(seed: int, after: float) -> None:
    n, observed, expected = labels(seed, after)
    found = definition_change(STARTS, n, observed, expected, WEEK)
    assert found is not None
    # Noise can move a step of 15 points by a day.
    assert found.since in STARTS[35:38]


def test_a_slow_change_of_the_world_is_none() -> None:
    n, _, expected = labels(1)
    rate = 0.3 + 0.2 * np.arange(42) / 42
    observed = np.random.default_rng(1).binomial(n, rate)
    assert definition_change(STARTS, n, observed, expected, WEEK) is None


def test_scores_that_move_without_the_labels_are_none() -> None:
    n, observed, expected = labels(1)
    expected = np.where(np.arange(42) < 36, expected, n * 0.8)
    assert definition_change(STARTS, n, observed, expected, WEEK) is None


def test_opposite_labels() -> None:
    n = np.full(42, 400)
    right = np.where(np.arange(42) < 36, 320, 80)
    found = inverted_labels(STARTS, n, right, n * 0.8, WEEK)
    assert found is not None
    assert found.since == STARTS[36]
    worse = np.where(np.arange(42) < 36, 320, 230)
    assert inverted_labels(STARTS, n, worse, n * 0.8, WEEK) is None


def test_coverage_waits_for_labels_that_may_still_come() -> None:
    rows = np.full(42, 500)
    labelled = np.where(np.arange(42) < 38, 475, 100)
    found = coverage_change(STARTS, rows, labelled, WEEK, END, DAY)
    assert found is not None
    assert found.since == STARTS[38]
    assert coverage_change(STARTS, rows, labelled, WEEK, STARTS[38], DAY) is None
    assert coverage_change(STARTS, rows, labelled, WEEK, None, DAY) is None


def test_repeats_beyond_habit() -> None:
    rows, reference = np.full(42, 1000), pl.DataFrame({"x": range(2000)})
    nothing = np.zeros(42, dtype=int)
    again = np.where(np.arange(42) >= 37, 250, 0)
    found = duplicate_rows(STARTS, rows, again, nothing, reference, WEEK, DAY)
    assert found is not None
    assert found.since == STARTS[37]
    assert found.share == pytest.approx(0.25 * 5 / 7)
    habit = np.full(42, 250)
    assert duplicate_rows(STARTS, rows, habit, nothing, reference, WEEK, DAY) is None
    coarse = pl.DataFrame({"x": [i % 500 for i in range(2000)]})
    assert duplicate_rows(STARTS, rows, again, nothing, coarse, WEEK, DAY) is None


def test_new_columns_are_listed_and_harm_nobody() -> None:
    old = {"x": "number"}
    eras = [Era(START, STARTS[36], True, old), Era(STARTS[37], NEWEST, True, {**old, "y": "text"})]
    (found,) = extra_columns(eras, ["X"], WEEK, DAY)
    assert (found.column, found.since, found.status) == ("y", STARTS[37], "ok")
    assert extra_columns(eras, ["x", "Y"], WEEK, DAY) == []


def test_types_are_known_of_exports_only() -> None:
    features = [FeatureColumn("x", "numeric", "number")]
    eras = [
        Era(START, STARTS[36], True, {"x": "number"}),
        Era(STARTS[37], NEWEST, True, {"x": "text"}),
    ]
    (found,) = changed_types(eras, features, [], WEEK, DAY)
    assert (found.kind, found.since) == ("type_change", STARTS[37])
    assert changed_types(eras, features, ["x"], WEEK, DAY) == []
    stored = [Era(START, NEWEST, False, {"x": "text"})]
    assert changed_types(stored, features, [], WEEK, DAY) == []


def test_an_empty_column_is_missing_only_where_the_export_lacks_it() -> None:
    empty = Finding("x", "missing_values", "missing in every row", STARTS[37])
    there = [Era(STARTS[37], NEWEST, True, {"x": "number"})]
    gone = [Era(STARTS[37], NEWEST, True, {"y": "number"})]
    assert as_missing_column(empty, there).kind == "missing_values"
    assert as_missing_column(empty, gone).kind == "missing_column"


def test_only_what_is_missing_in_the_same_rows_goes_together() -> None:
    rows = np.arange(100) < 30
    findings = [
        Finding(name, "missing_values", "", STARTS[37], rows=own)
        for name, own in (("a", rows), ("b", rows), ("c", ~rows))
    ]
    assert [(f.column, f.also) for f in together(findings)] == [("a", ("b",)), ("c", ())]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" ios ", "IOS"),
        ("007", "7"),
        ("7.0", "7"),
        ("New-York", "new york"),
        ("yes", "true"),
        ("ﬁ", "fi"),
    ],
)
def test_ways_to_write_one_name(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)
    assert canonical("north") != canonical("south")


def test_a_fault_of_three_segment_values_names_them_all() -> None:
    rows = [np.arange(3) == i for i in range(3)]
    same = [
        Finding("x", "unit_change", "", rows=rows[i], segment=("app", f"v{i}")) for i in range(3)
    ]
    (found,) = merged(same)
    assert found.segment == ("app", "v0")
    assert found.note == "also where app is v1 and v2"
    assert found.rows is not None
    assert found.rows.all()
