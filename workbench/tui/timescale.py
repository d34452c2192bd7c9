"""Which dates go under a time axis, and where? As many as fit without touching."""

from __future__ import annotations

from datetime import datetime, timedelta


def date_labels(
    start: datetime, end: datetime, bucket: timedelta, width: int, room: int | None = None
) -> list[tuple[int, str]]:
    """Labels of a time axis with the cell in which each begins.

    Days are written with their year only where the year changes or begins; buckets shorter
    than a day show hours when the axis is at most three days long.

    Args:
        start: left edge, UTC.
        end: right edge, UTC.
        bucket: the smallest step worth a label.
        width: cells of the axis.
        room: labels end before this cell; all of the axis when None.
    """
    room = width if room is None else min(room, width)
    length = end - start
    if width < 6 or length <= timedelta(0):
        return []
    is_hourly = length <= timedelta(days=3) and bucket < timedelta(days=1)
    gap = 13 if is_hourly else 14
    most = max(width // gap, 1)
    buckets = max(int(length / bucket), 1)
    step = -(-buckets // most)
    labels: list[tuple[int, str]] = []
    year = 0
    index = 0
    while index < buckets:
        moment = start + index * bucket
        text = f"{moment:%m-%d %H:%MZ}" if is_hourly else f"{moment:%m-%d}"
        if moment.year != year and not is_hourly:
            text = f"{moment:%Y-%m-%d}"
        year = moment.year
        # A label begins at its date, so that the tick above its first character is the date.
        cell = int((moment - start) / length * width)
        if cell + len(text) <= room and (not labels or cell > labels[-1][0] + len(labels[-1][1])):
            labels.append((cell, text))
        index += step
    return labels
