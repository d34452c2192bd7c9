"""A step inside a harm that was there before is not its onset; a new harm beside a small old one is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.card import Thresholds
from workbench.domain.fault import Fault
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period
from workbench.triage.older_harm import onset_of_harm
from workbench.triage.since import Since, find_since

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)
USUAL = 0.1


def buckets(bad: Sequence[float], n: int = 500) -> list[OutcomeBucket]:
    return [
        OutcomeBucket(
            START + i * DAY, START + (i + 1) * DAY, OutcomeCounts(rows=n, labelled=n, bad=b * n)
        )
        for i, b in enumerate(bad)
    ]


def found(bad: Sequence[float], faults: Sequence[Fault] = (), n: int = 500) -> Since:
    own = buckets(bad, n)
    asked = Period(own[-1].end - 20 * DAY, own[-1].end)
    since = find_since(own, asked=asked, bucket=DAY, faults=faults)
    return onset_of_harm(since, own, buckets([USUAL] * 28), Thresholds())


def fault(day: int) -> Fault:
    return Fault("", "volume_change", "warning", START + day * DAY, 0.1, "fewer rows")


def test_a_worse_month_of_a_model_that_was_wrong_all_along_is_no_onset() -> None:
    own = found([0.4] * 20 + [0.5] * 20)
    assert own.onset is None
    assert own.rise is None
    assert "no moment stands out" in own.evidence()[0].reading


def test_the_onset_is_where_most_of_the_harm_began() -> None:
    own = found([0.1] * 20 + [0.4] * 20 + [0.5] * 20)
    assert own.onset == START + 20 * DAY


def test_a_large_new_harm_beside_a_small_old_one_keeps_its_onset() -> None:
    assert found([0.14] * 20 + [0.4] * 5).onset == START + 20 * DAY


def test_a_fault_that_comes_to_a_harm_is_not_its_onset() -> None:
    assert found([0.5] * 37 + [0.45] * 3, [fault(37)]).onset is None
    assert found([0.1] * 37 + [0.5] * 3, [fault(37)]).onset == START + 37 * DAY
    assert found([0.1] * 40, [fault(37)]).onset == START + 37 * DAY


@pytest.mark.parametrize("labels", [0, 2])
def test_without_labels_enough_before_nothing_is_moved(labels: int) -> None:
    own = buckets([0.5] * 30, labels) + buckets([0.5] * 33)[30:]
    since = Since(START + 30 * DAY, "fault", None, None)
    assert onset_of_harm(since, own, buckets([USUAL] * 28), Thresholds()) == since
    assert onset_of_harm(since, own, buckets([0.0] * 28, 0), Thresholds()) == since
