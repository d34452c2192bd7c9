"""In which words is a figure shown? Statuses, rates, counts, ages and periods as text.

Every function is pure and gives plain text: no colour and no markup.
"""

from __future__ import annotations

import math

from workbench.domain.period import Period
from workbench.domain.rates import RateBucket
from workbench.domain.status import ModelStatus

_WORDS = {"critical": "ALERT !", "warning": "WARN ~", "ok": "OK", "unknown": "UNKNOWN ?"}
NO_DATA = "NO DATA ?"
NONE = "-"


def status_words(status: str, has_data: bool = True) -> str:
    """A status as word and glyph, so that it can be read without colour.

    Args:
        status: `ok`, `warning`, `critical` or `unknown`; anything else is unknown.
        has_data: False turns unknown into NO DATA, which is a state of its own.

    >>> status_words("critical"), status_words("unknown", has_data=False)
    ('ALERT !', 'NO DATA ?')
    """
    if status not in _WORDS or status == "unknown":
        return _WORDS["unknown"] if has_data else NO_DATA
    return _WORDS[status]


def model_status_words(status: ModelStatus) -> str:
    """The status of a model; one without rows in its period has no data.

    A model without a version is one whose card could not be used: that is not for want of data.
    """
    return status_words(status.status, has_data=status.period_rows > 0 or not status.version)


def duration(seconds: float | None) -> str:
    """A length of time in its largest unit, so that 13 years do not fill the line.

    Months are those of 30.4 days and years of 365.25; less than nothing is `0s`.

    >>> [duration(s) for s in (42, 5400, 86400 * 3, 86400 * 200, 86400 * 4900)]
    ['42s', '90m', '3d', '6mo', '13y']
    """
    if seconds is None:
        return NONE
    seconds = max(seconds, 0.0)
    for limit, unit, suffix in (
        (120.0, 1.0, "s"),
        (7200.0, 60.0, "m"),
        (48 * 3600.0, 3600.0, "h"),
        (90 * 86400.0, 86400.0, "d"),
        (2 * 365.25 * 86400.0, 30.4375 * 86400.0, "mo"),
    ):
        if seconds < limit:
            return f"{int(seconds / unit)}{suffix}"
    return f"{int(seconds / (365.25 * 86400.0))}y"


def count(number: int) -> str:
    """A count with thousands separated; from a million on, three digits and an M.

    >>> count(1234), count(12_345_678)
    ('1,234', '12.3M')
    """
    if abs(number) >= 1_000_000:
        return f"{number / 1e6:.3g}M" if abs(number) < 1e9 else f"{number / 1e9:.3g}G"
    return f"{number:,}"


def percent(rate: float | None) -> str:
    """A fraction as a percentage with one decimal, two below one percent; never 0 for some.

    >>> percent(0.4123), percent(0.0042), percent(None)
    ('41.2%', '0.42%', '-')
    """
    return NONE if rate is None or math.isnan(rate) else f"{_digits(rate)}%"


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval of fractions, in percent and in brackets; empty without one.

    >>> interval(0.389, 0.4351)
    '(38.9-43.5)'
    """
    return "" if low is None or high is None else f"({_digits(low)}-{_digits(high)})"


def rate_with_interval(rate: float | None, low: float | None, high: float | None) -> str:
    """A rate and its interval; a dash without a rate."""
    return f"{percent(rate)} {interval(low, high)}".strip() if rate is not None else NONE


def _digits(rate: float) -> str:
    share = rate * 100.0
    if share >= 99.95:
        return "100"
    if 0.0 < share < 0.005:
        return "<0.01"
    return f"{share:.2f}" if 0.0 < share < 0.995 else f"{share:.1f}"


_DIGITS = ((0.0995, 3), (9.995, 2), (99.95, 1), (math.inf, 0))
"""Below which size a figure has how many decimals."""


def figure(number: float | None) -> str:
    """A distance in at most five characters; a dash where there is none.

    >>> figure(0.0412), figure(2.314), figure(123.4), figure(45678.0)
    ('0.041', '2.31', '123', '46k')
    """
    if number is None or math.isnan(number):
        return NONE
    size = abs(number)
    if math.isinf(number) or size == 0:
        return f"{number:.0f}" if size else "0"
    if size < 0.0005:
        return "0.000"
    if size >= 1e6:
        return f"{number:.0e}".replace("e+0", "e").replace("e+", "e")
    if size >= 9999.5:
        return f"{number / 1000:.0f}k"
    digits = next(digits for limit, digits in _DIGITS if size < limit)
    return f"{number:.{digits}f}"


def p_value(p: float | None) -> str:
    """A p-value with as many digits as anyone reads.

    >>> p_value(0.00001), p_value(0.0312), p_value(0.4)
    ('<.001', '0.031', '0.40')
    """
    if p is None or math.isnan(p):
        return NONE
    return "<.001" if p < 0.001 else f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def period_days(period: Period) -> str:
    """The days of a period as the operator counts them: the last one is included.

    >>> from datetime import UTC, datetime
    >>> period_days(Period(datetime(2013, 7, 1, tzinfo=UTC), datetime(2013, 7, 8, tzinfo=UTC)))
    '2013-07-01..07-07'
    """
    if period.length.total_seconds() % 86400 or period.start.hour or period.start.minute:
        return f"{period.start:%Y-%m-%d %H:%MZ}..{period.end:%Y-%m-%d %H:%MZ}"
    last = period.end - (period.length / max(period.length.days, 1))
    if last.date() == period.start.date():
        return f"{last:%Y-%m-%d}"
    end = f"{last:%m-%d}" if last.year == period.start.year else f"{last:%Y-%m-%d}"
    return f"{period.start:%Y-%m-%d}..{end}"


def without_midnight(text: str) -> str:
    """A text whose moments at midnight are days.

    >>> without_midnight("since 2013-07-10T00:00:00Z, the onset")
    'since 2013-07-10, the onset'
    """
    return text.replace("T00:00:00Z", "")


def period_name(asked: str | None, period: Period | None) -> str:
    """How long the current period is: as asked for, else the length of the card's window."""
    if asked is not None:
        return asked
    return NONE if period is None else duration(period.length.total_seconds())


def against_threshold(bucket: RateBucket, warning: float | None, critical: float | None) -> str:
    """The rate of a period, the threshold it is held against and the verdict, in words.

    The threshold is the one that the status crossed; a calm status is held against the
    lower one. Empty thresholds (no baseline) leave the rate and the verdict.

    >>> from datetime import UTC, datetime
    >>> day = datetime(2013, 7, 1, tzinfo=UTC)
    >>> against_threshold(RateBucket(day, day, 9, 9, 4, 0.41, 0.3, 0.5, "critical"), 0.18, 0.201)
    '41.0% > 20.1%  ALERT !'
    """
    words = status_words(bucket.status, has_data=bucket.rows > 0)
    if bucket.bad_rate is None:
        return words
    threshold = critical if bucket.status == "critical" else warning
    if threshold is None:
        return f"{percent(bucket.bad_rate)}  {words}"
    sign = ">" if bucket.bad_rate > threshold else "<" if bucket.bad_rate < threshold else "="
    return f"{percent(bucket.bad_rate)} {sign} {percent(threshold)}  {words}"
