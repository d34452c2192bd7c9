"""Census records: a stable model, other mixes of people, and broken feeds, each told for what it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.triage.real.census import START, WEEK, census_site, records
from tests.triage.real.sites import Site, Spoil, causes, copied, spread, stretches, told

c = pl.col
ONSET = START + 3 * WEEK
BROKEN = timedelta(days=5)


def days() -> list[pl.DataFrame]:
    """Three weeks of people of 2016, and five days of others."""
    return stretches(records(2016), START, [3 * WEEK, BROKEN], 500, 3)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The model of 2015, and nothing logged yet."""
    return census_site(tmp_path_factory.mktemp("fresh") / "ws")


@pytest.fixture(scope="module")
def three_weeks(fresh: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The same with three weeks of people of 2016, of whom nothing is wrong."""
    site = copied(fresh, tmp_path_factory.mktemp("three") / "ws")
    site.log(days()[0])
    return site


def exchanged(column: str) -> Spoil:
    return lambda f: f.with_columns(c(column).replace({"1": "2", "2": "1"}))


def swapped(one: str, other: str) -> Spoil:
    return lambda f: f.with_columns(c(one).alias(other), c(other).alias(one))


@pytest.mark.parametrize("year", [2016, 2018])
def test_an_untouched_year_needs_nothing(year: int, fresh: Site, tmp_path: Path) -> None:
    site = copied(fresh, tmp_path / "ws")
    start, length = datetime(year, 1, 1), timedelta(days=364)
    rows = records(year).sample(16_000, seed=3, shuffle=True)
    site.log(spread(rows, start, length, 4), every="4w")
    for period in ("all", "30d"):
        found = site.triage(period)
        assert found.verdict == "no_action", told(found)
        assert not found.causes


@pytest.mark.parametrize(
    "who",
    [c("AGEP").is_between(30, 54), c("AGEP") >= 55, c("AGEP") < 30],
    ids=["30 to 54", "55 and older", "under 30"],
)
def test_people_of_one_age_alone_are_no_reason_to_act(
    who: pl.Expr, three_weeks: Site, tmp_path: Path
) -> None:
    site = copied(three_weeks, tmp_path / "ws")
    site.log(stretches(records(2017).filter(who), ONSET, [WEEK], 500, 5)[0])
    found = site.triage()
    assert found.verdict == "no_action", told(found)
    assert not found.causes


@pytest.mark.parametrize(
    ("spoil", "kind", "columns", "repair"),
    [
        (lambda f: f.with_columns(c("AGEP") * 12), "unit_change", {"AGEP"}, "divide by 12"),
        (exchanged("DIS"), "renamed_category", {"DIS"}, "rename 2 to 1, 1 to 2"),
        (swapped("RELP", "SCHL"), "swapped_columns", {"RELP", "SCHL"}, "exchange with"),
        (swapped("RELP", "MAR"), "swapped_columns", {"RELP", "MAR"}, "exchange with"),
        (swapped("DIS", "SEX"), "swapped_columns", {"DIS", "SEX"}, "exchange with"),
    ],
    ids=["months", "codes", "relation and school", "relation and marriage", "yes and no"],
)
def test_a_broken_feed_is_to_be_mended(
    spoil: Spoil, kind: str, columns: set[str], repair: str, three_weeks: Site, tmp_path: Path
) -> None:
    site = copied(three_weeks, tmp_path / "ws")
    site.log(days()[1], spoil)
    found = site.triage()
    assert found.verdict == "fix_upstream", told(found)
    (cause,) = found.causes
    assert cause.kind == kind, told(found)
    assert cause.column in columns
    assert cause.since == ONSET.replace(tzinfo=UTC)
    assert cause.repair is not None
    assert cause.repair.startswith(repair)
    assert cause.share_of_rise is not None
    assert cause.share_of_rise > 0.7
    assert found.residual_verdict is None
    assert found.exclude


def test_codes_written_otherwise_without_harm_are_never_a_change_of_the_world(
    three_weeks: Site, tmp_path: Path
) -> None:
    site = copied(three_weeks, tmp_path / "ws")
    site.log(days()[1], lambda f: f.with_columns(c("RELP").str.zfill(3)))
    found = site.triage()
    assert ("concept", "") not in causes(found)
    assert found.verdict in ("no_action", "fix_upstream"), told(found)
