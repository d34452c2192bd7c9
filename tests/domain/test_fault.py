"""A fault says what its shares are shares of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from workbench.domain.fault import Fault

SINCE = datetime(2024, 2, 1, tzinfo=UTC)
FAULT = Fault("c", "missing_values", "warning", SINCE, 0.125, "missing in 50.0% of the rows")


def test_both_shares_are_explained() -> None:
    detail = "missing in 50.0% of the rows"

    assert FAULT.told == f"affects 12.5% of the period's rows; since it began: {detail}"
    always = replace(FAULT, since=None)
    assert always.told == f"affects 12.5% of the period's rows; throughout: {detail}"
    over = replace(FAULT, until=SINCE)
    assert over.told == f"affects 12.5% of the period's rows; while it lasted: {detail}"
