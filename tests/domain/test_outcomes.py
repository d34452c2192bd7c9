"""The rate of several buckets is that of their rows together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts, bad_rate

DAY = timedelta(days=1)


def bucket(place: int, bad: float, labelled: float) -> OutcomeBucket:
    start = datetime(2026, 3, 2, tzinfo=UTC) + place * DAY
    return OutcomeBucket(start, start + DAY, OutcomeCounts(rows=100, labelled=labelled, bad=bad))


def test_a_rate_weighs_buckets_by_their_labels() -> None:
    found = bad_rate([bucket(0, 9, 10), bucket(1, 10, 90), bucket(2, 0, 0)])
    assert found == pytest.approx(0.19)


def test_without_a_label_there_is_no_rate() -> None:
    assert bad_rate([]) is None
    assert bad_rate([bucket(0, 0, 0)]) is None
