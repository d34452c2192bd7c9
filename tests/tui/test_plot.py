"""The chart's geometry: dots where the figures are, no holes in a line, gaps where nothing is."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.plot import Bucket, Raster, dot_height, nice_scale, rasterise

rates = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=60)
sizes = st.tuples(st.integers(4, 100), st.integers(2, 30))


def even(values: list[float | None]) -> list[Bucket]:
    n = len(values)
    return [Bucket(i / n, (i + 1) / n, v) for i, v in enumerate(values)]


def dots(raster: Raster) -> set[tuple[int, int]]:
    """Every set dot as (column, height), read back from the characters that are drawn."""
    found = set()
    for row, column in itertools.product(range(raster.height), range(raster.width)):
        text = raster.text(row, column)
        bits = ord(text) - 0x2800 if text not in " *" else 0
        for index in range(8):
            x, y = (index // 3, index % 3) if index < 6 else (index - 6, 3)
            if bits >> index & 1:
                found.add((2 * column + x, 4 * raster.height - 1 - (4 * row + y)))
    return found


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), sizes)
def test_a_line_has_no_holes_and_spans_the_width(
    values: list[float], size: tuple[int, int]
) -> None:
    drawn = dots(rasterise(even(list(values)), 1.0, *size))
    heights = {x: [y for a, y in drawn if a == x] for x in range(2 * size[0])}
    assert all(heights.values())
    for x in range(2 * size[0] - 1):
        touching = (abs(a - b) <= 1 for a in heights[x] for b in heights[x + 1])
        assert any(touching)


@given(rates, sizes)
def test_nothing_is_drawn_where_nothing_is_known(
    values: list[float | None], size: tuple[int, int]
) -> None:
    buckets = even(values)
    for x, _ in dots(rasterise(buckets, 1.0, *size)):
        left, right = x / (2 * size[0]), (x + 1) / (2 * size[0])
        under = [b for b in buckets if b.left < right + 1e-9 and b.right > left - 1e-9]
        assert any(b.rate is not None for b in under)


@given(rates, sizes)
def test_the_line_stays_between_its_smallest_and_largest_rate(
    values: list[float | None], size: tuple[int, int]
) -> None:
    known = [v for v in values if v is not None]
    drawn = dots(rasterise(even(values), 1.0, *size))
    assert bool(drawn) == bool(known)
    rows = 4 * size[1]
    for _, y in drawn:
        assert dot_height(min(known), 1.0, rows) <= y <= dot_height(max(known), 1.0, rows)


def test_a_single_bucket_is_a_line_and_no_dot() -> None:
    raster = rasterise([Bucket(0.0, 1.0, 0.5)], 1.0, 10, 4)
    assert sum(any(row[x] for row in raster.cells) for x in range(10)) == 10


def test_peaks_tell_how_high_a_cell_reaches() -> None:
    raster = rasterise([Bucket(0.0, 1.0, 1.0)], 1.0, 4, 3)
    assert raster.peaks[0] == (11, 11, 11, 11)
    assert set(raster.peaks[1]) == {-1}


def test_plain_ascii_draws_stars_only() -> None:
    raster = rasterise(even([0.1, 0.9, 0.4]), 1.0, 12, 5, has_braille=False)
    drawn = {raster.text(y, x) for y in range(5) for x in range(12)}
    assert drawn == {" ", "*"}


@given(st.floats(1e-4, 1.0), st.integers(2, 40))
def test_the_scale_holds_the_largest_value_with_few_round_ticks(largest: float, rows: int) -> None:
    top, ticks = nice_scale(largest, rows)
    assert top > largest
    assert ticks[0] == 0.0
    assert ticks[-1] <= top
    assert 1 <= len(ticks) <= max(rows // 3, 1) + 1
    # Never so few that the next finer step would have fitted twice over.
    assert len(ticks) > max(rows // 3, 1) / 3
