"""The parts of a rise add up to it, whatever the values are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.performance.segment_table import Outcome, segment_table

COUNTS = st.integers(1, 10**7).flatmap(
    lambda n: st.tuples(st.just(float(n)), st.floats(0, 1).map(lambda share: share * n))
)
SIDES = st.dictionaries(st.sampled_from([None, "a", "b", "c", "(other)"]), COUNTS, min_size=1)


def rate(side: dict[str | None, Outcome]) -> float:
    return sum(bad for _, bad in side.values()) / sum(n for n, _ in side.values())


@given(reference=SIDES, current=SIDES)
def test_the_parts_add_up_to_the_rise(
    reference: dict[str | None, Outcome], current: dict[str | None, Outcome]
) -> None:
    table = segment_table("c", reference, current)
    assert table.rise == pytest.approx(rate(current) - rate(reference), abs=1e-12)
    assert sum(p.contribution for p in table.parts) == pytest.approx(table.rise, abs=1e-12)
    assert table.mix is not None
    assert table.rate is not None
    assert table.mix + table.rate == pytest.approx(table.rise, abs=1e-12)
    assert {p.value for p in table.parts} == {*reference, *current}
    for part in table.parts:
        n, bad = reference.get(part.value, (0.0, 0.0))
        m, now = current.get(part.value, (0.0, 0.0))
        expected = now / sum(k for k, _ in current.values()) - bad / sum(
            k for k, _ in reference.values()
        )
        assert part.contribution == pytest.approx(expected, abs=1e-12)
        assert part.mix + part.rate == pytest.approx(part.contribution, abs=1e-12)
        if not n or not m:
            assert part.rate == pytest.approx(0.0, abs=1e-12)
    contributions = [p.contribution for p in table.parts]
    assert contributions == sorted(contributions, reverse=True)


def test_a_shift_of_shares_is_mix_and_a_change_of_rates_is_rate() -> None:
    before: dict[str | None, Outcome] = {"a": (500, 50), "b": (500, 200)}
    moved = segment_table("c", before, {"a": (200, 20), "b": (800, 320)})
    assert moved.rate == pytest.approx(0)
    assert moved.mix == pytest.approx(0.3 * 0.4 - 0.3 * 0.1)
    worse = segment_table("c", {"a": (500, 50), "b": (500, 50)}, {"a": (50, 5), "b": (50, 20)})
    assert worse.mix == pytest.approx(0)
    assert [p.value for p in worse.parts] == ["b", "a"]
    assert [p.rate for p in worse.parts] == pytest.approx([0.15, 0])


def test_without_labels_there_are_no_parts() -> None:
    some: dict[str | None, Outcome] = {"a": (5.0, 1.0)}
    none: dict[str | None, Outcome] = {"a": (0.0, 0.0)}
    for reference, current, side in ((none, some, "reference"), (some, none, "period")):
        table = segment_table("c", reference, current)
        assert table.parts == ()
        assert table.rise is None
        assert table.reason == f"the {side} has no labelled rows"
