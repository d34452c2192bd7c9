"""Which stretch of time is meant? Periods, buckets and how they line up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workbench.errors import PeriodError

_RELATIVE = re.compile(r"^(\d+)\s*([mhdw])$")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MONDAY = datetime(2000, 1, 3, tzinfo=UTC)
PERIOD_HINT = (
    "Write a period as 24h, 7d, 30d, 2013-07-01/2013-07-08 (the end is not included) or all."
)


@dataclass(frozen=True)
class Period:
    """A half-open stretch of time, `start <= t < end`, aware and in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long the period is."""
        return self.end - self.start

    def contains(self, moment: datetime) -> bool:
        """Whether the moment lies in the period."""
        return self.start <= moment < self.end

    def __str__(self) -> str:
        """`start/end`, as a command takes it."""
        return f"{iso(self.start)}/{iso(self.end)}"


def iso(moment: datetime) -> str:
    """ISO 8601 with a `Z`; fractions of a second only where there are some."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text + "Z"


def parse_time(text: str) -> datetime:
    """A moment written in ISO 8601; without a zone it is taken as UTC.

    Raises:
        PeriodError: it is not a time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise PeriodError(
            f"cannot read the time {text!r}", "Write it as 2013-07-10 or 2013-07-10T06:00:00Z."
        ) from error
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise PeriodError(
            f"the time {text!r} is beyond the calendar in UTC", "Write it with a year in between."
        ) from error


def parse_duration(text: str) -> timedelta:
    """A length of time: a whole number and m, h, d or w.

    Raises:
        PeriodError: it is none, or too long for a calendar.
    """
    match = _RELATIVE.match(text.strip())
    if match is None:
        raise PeriodError(f"cannot read the duration {text!r}", "Write it as 90m, 24h, 7d or 2w.")
    try:
        return int(match.group(1)) * _UNITS[match.group(2)]
    except OverflowError as error:
        raise PeriodError(
            f"the duration {text!r} is too long", "Write it as 24h, 7d or 2w."
        ) from error


def bucket_start(moment: datetime, bucket: timedelta) -> datetime:
    """The start of the bucket that holds the moment.

    Buckets of a week start on Monday; shorter ones divide the day from midnight UTC.
    """
    return moment - (moment - _MONDAY) % bucket


def bucket_end(moment: datetime, bucket: timedelta) -> datetime:
    """The end of the bucket that holds the moment (the start of the next one)."""
    return bucket_start(moment, bucket) + bucket


def resolve_period(text: str, *, first: datetime, now: datetime, bucket: timedelta) -> Period:
    """The period that a user's words mean for one model.

    Args:
        text: `24h`, `30d`, `start/end` or `all`.
        first: the oldest stored prediction.
        now: the newest stored prediction, or the moment of `--as-of`.
        bucket: the model's bucket; relative periods are made of whole buckets.

    Raises:
        PeriodError: the words cannot be read, or the end is not after the start.
    """
    text = text.strip()
    end = bucket_end(now, bucket)
    if text == "all":
        return Period(min(bucket_start(first, bucket), end - bucket), end)
    if "/" in text:
        left, _, right = text.partition("/")
        try:
            period = Period(parse_time(left), parse_time(right))
        except PeriodError as error:
            raise PeriodError(f"cannot read the period {text!r}", PERIOD_HINT) from error
        if period.end <= period.start:
            raise PeriodError(f"the period {text!r} ends before it starts", PERIOD_HINT)
        return period
    length = _length(text)
    try:
        # A length that is not whole buckets starts where its first bucket starts.
        return Period(bucket_start(end - length, bucket), end)
    except OverflowError as error:
        raise PeriodError(f"the period {text!r} starts before the calendar", PERIOD_HINT) from error


def _length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except PeriodError as error:
        raise PeriodError(f"cannot read the period {text!r}", PERIOD_HINT) from error
    if length <= timedelta(0):
        raise PeriodError(f"the period {text!r} is empty", PERIOD_HINT)
    return length


def is_whole_buckets(period: Period, bucket: timedelta) -> bool:
    """Whether both ends lie on bucket borders, so that stored counts answer exactly."""
    return (
        bucket_start(period.start, bucket) == period.start
        and bucket_start(period.end, bucket) == period.end
    )


def calendar_month(moment: datetime) -> Period:
    """The calendar month (UTC) that holds the moment."""
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(start, (start + timedelta(days=32)).replace(day=1))
