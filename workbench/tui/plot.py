"""Where does a line chart of rates put its dots? Pure geometry, no terminal and no colour.

A cell of braille holds two by four dots, a cell of ASCII one. The line joins the middles of
neighbouring buckets; at both ends of an unbroken run it is drawn flat to the bucket's edge,
so that a single bucket is a line too and a bucket without a rate is a gap.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of the dot in row 0..3 and column 0..1 of a cell."""


@dataclass(frozen=True)
class Bucket:
    """One stretch of the time axis, both ends as fractions of its width, and its rate."""

    left: float
    right: float
    rate: float | None


@dataclass(frozen=True)
class Raster:
    """Which dots are set, cell by cell, and how high each cell's topmost dot lies."""

    width: int
    height: int
    dots_high: int
    cells: tuple[tuple[int, ...], ...]
    """Bits of each cell, row by row from the top; 0 is empty."""
    peaks: tuple[tuple[int, ...], ...]
    """Height in dots above the bottom of the topmost dot of each cell; -1 for none."""

    def text(self, row: int, column: int) -> str:
        """The character of a cell; a space where nothing is drawn."""
        bits = self.cells[row][column]
        if not bits:
            return " "
        return chr(0x2800 + bits) if self.dots_high == 4 else "*"


def dot_height(rate: float, top: float, rows: int) -> int:
    """How many dots above the bottom a rate lies, when `top` is the uppermost of `rows` dots."""
    return min(max(round(rate / top * (rows - 1)), 0), rows - 1)


def rasterise(
    buckets: Sequence[Bucket], top: float, width: int, height: int, has_braille: bool = True
) -> Raster:
    """The dots of a line through the rates of some buckets.

    Args:
        buckets: in time order; a rate of None breaks the line.
        top: the rate at the upper edge, above zero.
        width: cells.
        height: cells.
        has_braille: two by four dots a cell instead of one.
    """
    across, down = (2, 4) if has_braille else (1, 1)
    columns, rows = width * across, height * down
    dots: set[tuple[int, int]] = set()
    for run in _runs(buckets):
        knots = [(b.left + b.right) / 2 for b in run]
        path = [(run[0].left, run[0].rate), *((x, b.rate) for x, b in zip(knots, run, strict=True))]
        path.append((run[-1].right, run[-1].rate))
        points = [
            (min(int(x * columns), columns - 1), dot_height(rate or 0.0, top, rows))
            for x, rate in path
        ]
        for start, end in itertools.pairwise(points):
            dots.update(_segment(start, end))
    cells = [[0] * width for _ in range(height)]
    peaks = [[-1] * width for _ in range(height)]
    for x, above in dots:
        y = rows - 1 - above
        row, column = y // down, x // across
        cells[row][column] |= _BRAILLE[y % 4][x % 2] if has_braille else 1
        peaks[row][column] = max(peaks[row][column], above)
    return Raster(width, height, down, tuple(map(tuple, cells)), tuple(map(tuple, peaks)))


def _runs(buckets: Sequence[Bucket]) -> list[list[Bucket]]:
    runs: list[list[Bucket]] = [[]]
    for bucket in buckets:
        if bucket.rate is None:
            runs.append([])
        else:
            runs[-1].append(bucket)
    return [run for run in runs if run]


def _segment(start: tuple[int, int], end: tuple[int, int]) -> set[tuple[int, int]]:
    """The dots of a straight line, both ends included, without holes (Bresenham's choice)."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return {
        (round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps))
        for i in range(steps + 1)
    }


def nice_scale(largest: float, rows: int) -> tuple[float, tuple[float, ...]]:
    """The upper edge of a rate axis, and its ticks: round numbers, three rows apart or more.

    Args:
        largest: the largest value that must fit, a fraction.
        rows: cells of height.

    >>> nice_scale(0.41, 10)
    (0.4264, (0.0, 0.2, 0.4))
    """
    top = round(max(largest * 1.04, 1e-4), 9)
    most = max(rows // 3, 1)
    step = 1e-5
    while True:
        for factor in (1, 2, 2.5, 5):
            if top / (step * factor) <= most:
                size = step * factor
                return top, tuple(round(i * size, 9) for i in range(int(top / size) + 1))
        step *= 10
