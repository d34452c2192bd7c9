"""Is it the season? What the champion did at the same time of earlier weeks and years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.period import Period
from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of
from workbench.triage.figures import Figure, mean_figures
from workbench.triage.refitting import labelled_rows

if TYPE_CHECKING:
    import polars as pl

    from workbench.triage.case import Case

YEAR = timedelta(days=365)
BACK = timedelta(weeks=52)
WEEK = timedelta(days=7)
LEAST_ROWS = 100


@dataclass(frozen=True)
class SeasonCheck:
    """The bad rate at the same time of one cycle before."""

    cycle: str
    """`week` or `year`."""
    rate: Figure | None
    """None where the log does not go back so far, or has no labels there."""
    look_again: datetime | None
    """When the log will span the cycle; None where it does."""
    others: float | None = None
    """The rate at other times before the onset; None where there are no rows of those."""


@dataclass(frozen=True)
class Season:
    """What earlier cycles say."""

    current: float | None
    checks: tuple[SeasonCheck, ...]

    @property
    def not_excluded(self) -> tuple[SeasonCheck, ...]:
        """Cycles that the log is too short for."""
        return tuple(check for check in self.checks if check.rate is None)

    def explains(self, floor: float) -> str | None:
        """The cycle that had the same rate before, to within a floor; None where none had.

        It must have been a rise then, too: surely above the other times. A model that was as bad all
        along has no season.

        Args:
            floor: the smallest rise that matters.
        """
        if self.current is None:
            return None
        for check in self.checks:
            if check.rate is None or check.others is None or check.rate.low <= check.others:
                continue
            if self.current - check.rate.value < floor:
                return check.cycle
        return None

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        said = []
        for check in self.checks:
            name = f"bad rate one {check.cycle} before"
            if check.rate is not None:
                reading = (
                    f"what the champion got wrong at the same time of the {check.cycle} before"
                )
                said.append(check.rate.evidence("season", name, reading, self.current))
            else:
                when = (
                    ""
                    if check.look_again is None
                    else f", look again on {check.look_again:%Y-%m-%d}"
                )
                reading = f"the season of the {check.cycle} is not excluded{when}"
                said.append(Evidence("season", name, None, reading))
        return tuple(said)


def a_year_before(period: Period) -> Period:
    """The period 52 weeks earlier, so that weekdays match, with a week more on either side."""
    return Period(period.start - BACK - WEEK, period.end - BACK + WEEK)


def measure_season(
    case: Case, first: datetime | None = None, year_before: pl.DataFrame | None = None
) -> Season:
    """The champion's bad rate on the same weekdays before, and at the same time of the year before.

    A week is looked at only where the period is shorter than one: a whole week holds every
    weekday. The time of the year before is the period moved back by 52 weeks, so that weekdays
    match, and widened by a week on either side.

    Args:
        case: the case.
        first: the oldest row of the log; that of the case's rows by default.
        year_before: rows of `a_year_before(case.period)`, where `case.before` does not go so far back.
    """
    import polars as pl

    labelled = labelled_rows(case.current, ())
    current = float(labelled["wb_bad"].mean()) if labelled.height else None  # type: ignore[arg-type]
    first = first or _first(case.before) or _first(case.current)
    start, end = case.period.start, case.period.end
    earlier = labelled_rows(case.before, ())
    if earlier.height:
        earlier = earlier.filter(pl.col("wb_timestamp") < (case.onset or start))
    checks: list[SeasonCheck] = []
    if end - start < WEEK and earlier.height and labelled.height:
        hours = case.current["wb_timestamp"].dt.epoch("s") // 3600
        weekly = (hours % 168).unique()
        own = (earlier["wb_timestamp"].dt.epoch("s") // 3600 % 168).is_in(weekly.implode())
        others = _rate(earlier.filter(~own))
        checks.append(_check(case, "week", earlier.filter(own), WEEK, first, others))
    span = a_year_before(case.period)
    year = earlier if year_before is None else labelled_rows(year_before, ())
    others = None
    if year.height:
        inside = pl.col("wb_timestamp").is_between(span.start, span.end, closed="left")
        others = _rate(earlier.filter(~inside)) if earlier.height else None
        year = year.filter(inside)
    checks.append(_check(case, "year", year, YEAR, first, others))
    return Season(current, tuple(checks))


def _rate(rows: pl.DataFrame) -> float | None:
    return float(rows["wb_bad"].mean()) if rows.height >= LEAST_ROWS else None  # type: ignore[arg-type]


def _first(frame: pl.DataFrame) -> datetime | None:
    """When the oldest row is from."""
    found = frame["wb_timestamp"].min() if "wb_timestamp" in frame.columns else None
    return found if isinstance(found, datetime) else None


def _check(
    case: Case,
    cycle: str,
    rows: pl.DataFrame,
    length: timedelta,
    first: datetime | None,
    others: float | None,
) -> SeasonCheck:
    if rows.height >= LEAST_ROWS:
        blocks, basis = blocks_of(rows, case.card.columns.entity)
        (rate,) = mean_figures([rows["wb_bad"].to_numpy()], blocks, basis, case.seed + 3)
        return SeasonCheck(cycle, rate, None, others)
    if first is None:
        return SeasonCheck(cycle, None, None)
    return SeasonCheck(cycle, None, max(first + length, case.period.end))
