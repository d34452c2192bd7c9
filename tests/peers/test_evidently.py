"""PSI as Evidently has it, on its own bins of real data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.peers.figures import DATA_SETS, Told, counted, told_by
from workbench.drift.divergence import psi
from workbench.drift.shares import psi_of_shares

SMALL = 1e-4


@pytest.fixture(scope="module", params=DATA_SETS)
def told(request: pytest.FixtureRequest) -> Told:
    return told_by("evidently", request.param)


def filled_shares(counts: Sequence[int]) -> list[float]:
    """Shares as Evidently has them: an empty bin holds 0.0001, or a millionth of the rarest one."""
    rows = sum(counts)
    least = min(count for count in counts if count) / rows
    empty = SMALL if least > SMALL else least / 1e6
    return [count / rows if count else empty for count in counts]


def counts_of(told: Told) -> Iterator[tuple[str, dict[str, Any], list[int], list[int]]]:
    """Every column's figures with the counts of the reference and the current rows."""
    few = told.figures["drift"]["few_rows"]
    for name, column in told.columns.items():
        for part, rows in (("all", told.monitored), ("few", told.monitored[:few])):
            bins = column[part]
            *before, _ = counted(told.reference[name], bins)
            *after, _ = counted(rows[name], bins)
            yield f"{name}, {part}", bins, before, after


def test_psi_of_the_same_shares_is_evidentlys(told: Told) -> None:
    filled = 0
    for name, figures, before, after in counts_of(told):
        empty = before.count(0), after.count(0)
        assert empty == (figures["empty_reference"], figures["empty"]), name
        found = psi_of_shares(filled_shares(before), filled_shares(after))
        assert found == pytest.approx(figures["psi"], abs=1e-6), name
        filled += any(empty)
    assert filled >= 2


def test_smoothing_hardly_moves_psi_where_no_bin_is_near_empty(told: Told) -> None:
    compared = 0
    for name, figures, before, after in counts_of(told):
        if min(*before, *after) >= 100:
            assert psi(before, after) == pytest.approx(figures["psi"], abs=1e-3), name
            compared += 1
    assert compared > 3
