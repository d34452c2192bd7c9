"""Labels that have only begun to come are no witness of another definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from workbench.workspace.label_quality import _ripe

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)
STARTS = [START + i * DAY for i in range(8)]
ROWS = np.full(8, 100.0)


def test_buckets_are_looked_at_up_to_the_last_that_has_nearly_all_its_labels() -> None:
    labelled = np.array([90, 92, 88, 90, 85, 40, 20, 5])
    assert _ripe(STARTS, ROWS, labelled, START + 3 * DAY, DAY) == 5
    assert _ripe(STARTS, ROWS, labelled, START + 6 * DAY, DAY) == 6


def test_where_nobody_knows_when_labels_come_all_buckets_are_looked_at() -> None:
    assert _ripe(STARTS, ROWS, np.arange(8), None, DAY) == 8
    assert _ripe(STARTS, ROWS, np.arange(8), START, DAY) == 8
