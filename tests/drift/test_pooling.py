"""What is put together before a test, and that nothing is lost by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.drift.strategies import COUNTS, LABELS
from workbench.domain.bins import make_category_bins
from workbench.domain.profile import UNSEEN_CAP
from workbench.drift import divergence
from workbench.drift.pooling import FAIR_COUNT, plain_table, profile_table
from workbench.drift.profiling import profile_values


@given(COUNTS, st.booleans())
def test_rows_are_kept_and_every_bin_is_fair_or_alone(
    pairs: list[tuple[int, int]], is_ordered: bool
) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    table = plain_table(a, b, is_ordered=is_ordered)
    fair = table.fair()
    assert fair.sizes == table.sizes == (sum(a), sum(b))
    n, m = fair.sizes
    if len(fair.pairs) > 1:
        assert all((x + y) * min(n, m) >= FAIR_COUNT * (n + m) for x, y in fair.pairs)
    members = sorted(i for group in fair.members for i in group)
    assert members == [i for i, (x, y) in enumerate(pairs) if x + y]
    for (x, y), group in zip(fair.pairs, fair.members, strict=True):
        assert (x, y) == (sum(a[i] for i in group), sum(b[i] for i in group))
        assert not is_ordered or [*group] == sorted(group)


@given(COUNTS, st.booleans(), st.data())
def test_only_the_totals_decide(
    pairs: list[tuple[int, int]], is_ordered: bool, data: st.DataObject
) -> None:
    moved = [(a, b) for a, b in pairs if a + b]
    # Rows change sides two by two, so that totals and sizes stay.
    if len(moved) > 1:
        i, j = data.draw(st.permutations(range(len(moved))))[:2]
        if moved[i][0] and moved[j][1]:
            moved[i] = (moved[i][0] - 1, moved[i][1] + 1)
            moved[j] = (moved[j][0] + 1, moved[j][1] - 1)
    tables = [
        plain_table([a for a, _ in p], [b for _, b in p], is_ordered=is_ordered).fair()
        for p in ([(a, b) for a, b in pairs if a + b], moved)
    ]
    assert tables[0].members == tables[1].members


@given(LABELS, LABELS)
def test_names_that_the_reference_lacks_have_bins_of_their_own(
    reference: list[str], current: list[str]
) -> None:
    bins = make_category_bins("c", "feature", {name: reference.count(name) for name in reference})
    before, after = profile_values(bins, reference), profile_values(bins, current)
    table = profile_table(before, after)
    expected = sorted(
        (reference.count(name), current.count(name)) for name in {*reference, *current}
    )
    assert sorted(table.pairs) == expected
    assert max(i for group in table.members for i in group) < len(divergence.tested_counts(before))


def test_categories_beyond_the_caps_are_pooled_with_those_that_they_may_equal() -> None:
    names = {f"{i:03}": 400 - i for i in range(240)}
    bins = make_category_bins("c", "feature", names)
    rows = [name for name, count in names.items() for _ in range(count)]
    before, after = profile_values(bins, rows), profile_values(bins, rows[::3])
    table = profile_table(before, after)
    assert table.rest is not None
    assert table.sizes == (len(rows), len(rows[::3]))
    alone = [sum(pair) for place, pair in enumerate(table.pairs) if place != table.rest]
    # The last listed category has 201 rows in the reference, so an unlisted one could have 300.
    assert min(alone) > 300
    assert table.fair().sizes == table.sizes


def test_unseen_names_beyond_the_cap_are_counted_all_the_same() -> None:
    bins = make_category_bins("c", "feature", {"a": 500})
    new = [f"n{i}" for i in range(UNSEEN_CAP + 30)]
    table = profile_table(profile_values(bins, ["a"] * 500), profile_values(bins, ["a", *new]))
    assert table.sizes == (500, 1 + len(new))
