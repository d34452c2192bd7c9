"""Paired shares: all rows accounted for, in the bins that PSI uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.drift import ColumnDrift
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.tui.shares import Share, paired_shares


def column(bins: ColumnBins, before: tuple[int, ...], now: tuple[int, ...]) -> ColumnDrift:
    return ColumnDrift(
        bins.name, bins.role, bins.kind, "ok",
        reference=ColumnProfile(bins, before), current=ColumnProfile(bins, now),
    )  # fmt: skip


NUMBERS = ColumnBins("x", "feature", "numeric", edges=(1.0, 2.0, 3.0, 4.0), psi_edges=(2.0, 4.0))
WORDS = ColumnBins("c", "feature", "categorical", categories=("a", "b", "c", "d"))


def test_fine_bins_are_summed_into_those_of_psi() -> None:
    shares = paired_shares(column(NUMBERS, (1, 1, 3, 1, 2), (2, 0, 0, 0, 2)), 12)
    assert shares == (
        Share("<= 2.00", 0.25, 0.5),
        Share("2.00 .. 4.00", 0.5, 0.0),
        Share("> 4.00", 0.25, 0.5),
    )


counts = st.lists(st.integers(0, 1000), min_size=6, max_size=6).filter(any).map(tuple)


@given(counts, counts, st.integers(3, 20))
def test_every_row_is_in_one_line(before: tuple[int, ...], now: tuple[int, ...], most: int) -> None:
    shares = paired_shares(column(WORDS, before, now), most)
    assert len(shares) <= most
    assert sum(s.reference for s in shares) == pytest.approx(1.0)
    assert sum(s.current for s in shares) == pytest.approx(1.0)


def test_the_categories_that_changed_most_come_first_and_the_unseen_last() -> None:
    shares = paired_shares(column(WORDS, (1, 8, 1, 0, 0, 0), (0, 2, 6, 0, 0, 2)), 4)
    assert [s.label for s in shares] == ["b", "c", "(other)", "(unseen)"]


def test_there_is_nothing_to_compare_without_rows() -> None:
    assert paired_shares(column(WORDS, (0,) * 6, (1,) * 6), 10) == ()
    assert paired_shares(ColumnDrift("x", "feature", "numeric", "unknown"), 10) == ()
