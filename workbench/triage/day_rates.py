"""What would the reference's rate be on days like these, and by how much do days differ?"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.outcomes import OutcomeBucket, bad_rate
from workbench.performance.intervals import LEAST_CLUSTERS, spread_between, wilson


def rate_of(buckets: Sequence[OutcomeBucket]) -> float:
    """The bad rate of some buckets, a fraction; 0 without labels."""
    return bad_rate(buckets) or 0.0


def wilson_of(buckets: Sequence[OutcomeBucket]) -> tuple[float, float]:
    """Wilson's interval of it; (0, 1) without labels."""
    found = wilson(sum(b.counts.bad for b in buckets), sum(b.counts.labelled for b in buckets))
    return found or (0.0, 1.0)


def usual_rate(then: Sequence[OutcomeBucket], now: Sequence[OutcomeBucket]) -> float:
    """The reference's rate, of the same weekdays if the period is not of whole weeks.

    The four Mondays of a month are few rows: their rate is drawn to that of all days by as much as
    weekdays differ by no more than days of one weekday do.
    """
    days = {b.start.date() for b in now}
    by_weekday: dict[int, list[OutcomeBucket]] = {}
    for bucket in then:
        by_weekday.setdefault(bucket.start.weekday(), []).append(bucket)
    known = all(
        len({b.start.date() for b in by_weekday.get(day.weekday(), ())}) >= 2 for day in days
    )
    plain = rate_of(then)
    if len(days) % 7 == 0 or not known:
        return plain
    rows = sum(b.counts.labelled for b in now)
    own = sum(b.counts.labelled / rows * rate_of(by_weekday[b.start.weekday()]) for b in now)
    return plain + _told_by_weekday(then) * (own - plain)


def _told_by_weekday(buckets: Sequence[OutcomeBucket]) -> float:
    """How far the rates of weekdays are their own, 0 to 1: max(0, 1 - 1 / F).

    F is the ratio of the mean squares between weekdays and between the days of each, weighted by
    rows: the positive part of a shrinkage (James and Stein, 1961) with the variance that days show.
    """
    bad: dict[tuple[int, object], float] = {}
    rows: dict[tuple[int, object], float] = {}
    for bucket in buckets:
        day = (bucket.start.weekday(), bucket.start.date())
        bad[day] = bad.get(day, 0.0) + bucket.counts.bad
        rows[day] = rows.get(day, 0.0) + bucket.counts.labelled
    weekdays = sorted({weekday for weekday, _ in rows})
    total, between, within = sum(bad.values()) / sum(rows.values()), 0.0, 0.0
    for weekday in weekdays:
        of = [day for day in rows if day[0] == weekday]
        n = sum(rows[day] for day in of)
        rate = sum(bad[day] for day in of) / n
        between += n * (rate - total) ** 2
        within += sum(rows[day] * (bad[day] / rows[day] - rate) ** 2 for day in of)
    freedom = len(rows) - len(weekdays)
    if len(weekdays) < 2 or not freedom or between <= 0:
        return 0.0
    return max(0.0, 1 - within / freedom / (between / (len(weekdays) - 1)))


def concentration(buckets: Sequence[OutcomeBucket]) -> float:
    """Sum of the squared shares of the days: 1 over their number, when they are equal."""
    by_day: dict[object, float] = {}
    for bucket in buckets:
        day = bucket.start.date()
        by_day[day] = by_day.get(day, 0.0) + bucket.counts.labelled
    total = sum(by_day.values())
    return sum((rows / total) ** 2 for rows in by_day.values())


def day_spread(
    then: Sequence[OutcomeBucket], before: Sequence[OutcomeBucket], now: Sequence[OutcomeBucket]
) -> tuple[float, str]:
    """What the rates of days differ by beyond chance: the most that one of the three shows."""
    found = []
    for side in (then, before, now):
        by_day: dict[object, tuple[float, float]] = {}
        for bucket in side:
            bad, rows = by_day.get(bucket.start.date(), (0.0, 0.0))
            by_day[bucket.start.date()] = (bad + bucket.counts.bad, rows + bucket.counts.labelled)
        if len(by_day) >= LEAST_CLUSTERS:
            spread = spread_between(
                [b for b, _ in by_day.values()], [n for _, n in by_day.values()]
            )
            found.append(spread or 0.0)
    return (max(found), "days") if found else (0.0, "rows")
