"""Bins of too few rows are merged, and no row is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.alerts.merging import FAIR_COUNT, pooled_counts

COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12)


@given(pairs=COUNTS, ordered=st.booleans())
def test_every_bin_has_enough_and_no_row_is_lost(
    pairs: list[tuple[int, int]], ordered: bool
) -> None:
    reference, current = [a for a, _ in pairs], [b for _, b in pairs]
    found = pooled_counts(reference, current, ordered=ordered)
    n, m = sum(reference), sum(current)
    if not n or not m:
        assert found == []
        return
    assert (sum(a for a, _ in found), sum(b for _, b in found)) == (n, m)
    if len(found) > 1:
        assert min((a + b) * min(n, m) / (n + m) for a, b in found) >= FAIR_COUNT - 1e-9


def test_numbers_keep_their_order() -> None:
    assert pooled_counts([9, 1, 9], [9, 1, 9], ordered=True) == [(9, 9), (10, 10)]
    assert pooled_counts([9, 1, 9], [9, 1, 9], ordered=False) == [(10, 10), (9, 9)]
