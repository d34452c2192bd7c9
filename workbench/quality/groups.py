"""Where do the values of a column jump? The groups of rows that a fault may be confined to.

A group is all rows, or those with one value of a segment column, in a stretch of time at whose
border the column's distribution jumps. What classifies faults looks at each group by itself, so
that a fault of one producer, or of this morning, is not diluted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.quality.distances import total_variation, tv_by_chance
from workbench.quality.sides import LEAST_ROWS, Segment, Sides, Values
from workbench.quality.stretches import run_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_DISTANCE = 0.1
_QUICK_DISTANCE = 0.06
_LEAST_REFERENCE = 100
_MOST_CELLS = 120
MOST_GROUPS = 16
_SHORT = 4
"""Buckets of a stretch in which a mixed one counts for much."""


@dataclass(frozen=True)
class Group:
    """Some rows of the log, and what they are compared with."""

    segment: tuple[str, str] | None
    """(column, value); None for all rows."""
    run: tuple[int, int]
    """The buckets: first, one past the last."""
    rows: NDArray[Any]
    """Which rows of the log."""
    others: NDArray[Any]
    """The log's rows of the same segment value outside the run; of older ones if there are
    enough, those."""
    reference: NDArray[Any]
    """The reference's rows of the same segment value, or all where it has few of them."""
    mask: NDArray[Any]
    """All rows of the log of the segment value, at any time."""
    size: int = 0
    """How many rows of the period there are."""


def coarse_codes(values: Values) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Both sides in few bins: (log, reference, how many); the last bin is a missing value.

    Numbers: the reference's twentieths, and what lies outside its range. Categories: the 40
    most frequent of the reference, the others, and what it does not have.
    """
    import numpy as np

    if not values.is_numeric:
        top = 40

        def pooled(codes: NDArray[Any]) -> NDArray[Any]:
            found = np.where(codes >= values.known, top + 1, np.minimum(codes, top))
            result: NDArray[Any] = np.where(codes < 0, top + 2, found)
            return result

        return pooled(values.log), pooled(values.reference), top + 3
    present = values.reference[~np.isnan(values.reference)]
    if present.size == 0:
        present = values.log[~np.isnan(values.log)]
    if present.size == 0:
        return np.zeros(len(values.log), int), np.zeros(len(values.reference), int), 2
    low, high = present.min(), present.max()
    inner = np.unique(np.quantile(present, np.linspace(0, 1, 21), method="inverted_cdf"))
    edges = np.unique(np.concatenate([[np.nextafter(low, -np.inf)], inner, [high]]))
    bins = edges.size + 2

    def placed(side: NDArray[Any]) -> NDArray[Any]:
        found = np.searchsorted(edges, side, side="left")
        result: NDArray[Any] = np.where(np.isnan(side), bins - 1, found)
        return result

    return placed(values.log), placed(values.reference), bins


def jumping_groups(sides: Sides, values: Values) -> list[Group]:
    """The groups in which a column is not as in the reference and not as just before.

    At most `MOST_GROUPS`, those with the largest jumps and most rows, and what is left of a short
    one without its first bucket; the largest first.
    """
    import numpy as np

    log, reference, bins = coarse_codes(values)
    everywhere = np.bincount(reference, minlength=bins)
    edges = _cell_edges(len(sides.starts))
    cells = np.searchsorted(edges, sides.at, side="right") - 1
    first = int(np.searchsorted(edges, sides.first_asked, side="right") - 1)
    found: list[tuple[float, Segment, int, tuple[int, int]]] = []
    for division in _divisions(sides, values.name):
        tables, usual = _tables(division, cells, log, reference, (len(edges) - 1, bins))
        usual[usual.sum(axis=1) < _LEAST_REFERENCE] = everywhere
        for place in _moved(tables, usual):
            for run in _runs(first, tables[place]):
                jump = _jump(tables[place], usual[place], run)
                if jump is not None:
                    rank = jump * float(tables[place][slice(*run)].sum()) ** 0.25
                    found.append((rank, division, place, run))
    found.sort(key=lambda item: (-item[0], item[1].name, item[2], item[3]))
    chosen = [
        (division, place, _fine(sides, division.log == place, log, bins, edges, run))
        for _, division, place, run in found[:MOST_GROUPS]
    ]
    # What began within a bucket has that one as a mixture: the buckets after it are looked at as well.
    chosen += [
        (division, place, (run[0] + 1, run[1]))
        for division, place, run in chosen
        if 1 < run[1] - run[0] <= _SHORT
    ]
    kept = {(division.name, place, run): division for division, place, run in chosen}
    groups = [_group(sides, division, place, run) for (_, place, run), division in kept.items()]
    return sorted(
        (group for group in groups if group.size and group.rows.sum() >= LEAST_ROWS),
        key=lambda g: (-int(g.rows.sum()), g.segment is not None, g.segment or ("", "")),
    )


def _cell_edges(buckets: int) -> NDArray[Any]:
    """Where the cells of time begin that borders are looked for in, and the end of the last."""
    import numpy as np

    count = min(buckets, _MOST_CELLS)
    return np.unique(np.linspace(0, buckets, count + 1).astype(np.int64))


def _fine(
    sides: Sides,
    mask: NDArray[Any],
    codes: NDArray[Any],
    bins: int,
    edges: NDArray[Any],
    run: tuple[int, int],
) -> tuple[int, int]:
    """A run of cells as a run of buckets, its borders to the bucket."""
    import numpy as np

    last = len(edges) - 1
    borders = []
    for cell in run:
        border = int(edges[cell])
        if 0 < cell < last < len(sides.starts):
            low, high = int(edges[cell - 1]), int(edges[cell + 1])
            use = mask & (sides.at >= low) & (sides.at < high)
            flat = (sides.at[use] - low) * bins + codes[use]
            near = np.bincount(flat, minlength=(high - low) * bins).reshape(high - low, bins)
            border = low + (_border(near) or border - low)
        borders.append(border)
    return borders[0], max(borders[1], borders[0] + 1)


def _divisions(sides: Sides, column: str) -> list[Segment]:
    """All rows as one, and every segment column but the column itself."""
    import numpy as np

    one = Segment(
        "", ("",), np.zeros(len(sides.at), np.int64), np.zeros(len(sides.reference_bad), np.int64)
    )
    return [one, *(d for d in sides.divisions if d.name != column)]


def _tables(
    division: Segment,
    cells: NDArray[Any],
    log: NDArray[Any],
    reference: NDArray[Any],
    shape: tuple[int, int],
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Counts: of the log, values x cells x bins; of the reference, values x bins."""
    import numpy as np

    size, (times, bins) = len(division.values), shape
    use = division.log >= 0
    flat = (division.log[use] * times + cells[use]) * bins + log[use]
    own = division.reference >= 0
    other = division.reference[own] * bins + reference[own]
    return (
        np.bincount(flat, minlength=size * times * bins).reshape(size, times, bins),
        np.bincount(other, minlength=size * bins).reshape(size, bins),
    )


def _moved(tables: NDArray[Any], usual: NDArray[Any]) -> list[int]:
    """The values of which some stretch up to now is not as usual; quick, and too many if anything."""
    import numpy as np

    tails = np.cumsum(tables[:, ::-1], axis=1)[:, ::-1].astype(float)
    totals = tails.sum(axis=2)
    share = tails / np.maximum(totals, 1)[:, :, None]
    expected = usual / np.maximum(usual.sum(axis=1, keepdims=True), 1)
    apart = np.abs(share - expected[:, None, :]).sum(axis=2) / 2
    enough = totals >= LEAST_ROWS
    found = np.flatnonzero(((apart >= _QUICK_DISTANCE) & enough).any(axis=1))
    return [int(place) for place in found]


def _jump(table: NDArray[Any], usual: NDArray[Any], run: tuple[int, int]) -> float | None:
    """How far a stretch is from usual and from what is beside it; None when it is near to one."""
    inside = table[run[0] : run[1]].sum(axis=0)
    if inside.sum() < LEAST_ROWS:
        return None
    jump = total_variation(inside, usual)
    if jump < LEAST_DISTANCE or jump < tv_by_chance(inside, usual):
        return None
    outside = _beside(table, run)
    if outside.sum() < LEAST_ROWS:
        return jump
    jump = min(jump, total_variation(inside, outside))
    if jump < LEAST_DISTANCE or jump < tv_by_chance(inside, outside):
        return None
    return jump


def _group(sides: Sides, division: Segment, place: int, run: tuple[int, int]) -> Group:
    own = division.reference == place
    if own.sum() < _LEAST_REFERENCE:
        own = division.reference >= -1
    segment = (division.name, division.values[place]) if division.name else None
    return make_group(sides, segment, run, division.log == place, own)


def make_group(
    sides: Sides,
    segment: tuple[str, str] | None,
    run: tuple[int, int],
    mask: NDArray[Any],
    own: NDArray[Any],
) -> Group:
    """A group from its stretch of time.

    Args:
        sides: both sides.
        segment: whose rows.
        run: the buckets.
        mask: the log's rows of the segment.
        own: the reference's rows to compare with.
    """
    # Buckets without a row of the segment do not end anything.
    later = sides.at[mask & (sides.at >= run[1])]
    run = run if later.size else (run[0], len(sides.starts))
    inside = mask & (sides.at >= run[0]) & (sides.at < run[1])
    older, others = mask & (sides.at < run[0]), mask & ~inside
    # What began within a bucket is in part of the one before the border as well.
    earlier = mask & (sides.at < run[0] - 1)
    older = earlier if earlier.sum() >= _LEAST_REFERENCE else older
    chosen = older if older.sum() >= LEAST_ROWS else others
    return Group(segment, run, inside, chosen, own, mask, int((inside & sides.asked).sum()))


def whole_group(sides: Sides) -> Group:
    """All rows of the period, whatever their values."""
    import numpy as np

    everything = np.ones(len(sides.at), dtype=bool)
    run = (sides.first_asked, len(sides.starts))
    own = np.ones(len(sides.reference_bad), dtype=bool)
    return make_group(sides, None, run, everything, own)


def run_of_group(
    sides: Sides, group: Group, rows: NDArray[Any], gains: NDArray[Any]
) -> tuple[int, int]:
    """The buckets in which a fault of a group is, by its rows one by one; the group's own where elsewhere.

    Args:
        sides: both sides.
        group: where it was seen.
        rows: which of the log's rows tell: (rows,) of bool.
        gains: of each of these, how much likelier it is with the fault, in nats; held at 10.
    """
    import numpy as np

    run = run_of_rows(np.clip(gains, -10, 10), sides.at[rows], len(sides.starts))
    is_elsewhere = run is None or run[1] <= group.run[0] or run[0] >= group.run[1]
    return group.run if run is None or is_elsewhere else run


def _beside(tables: NDArray[Any], run: tuple[int, int]) -> NDArray[Any]:
    """The counts of the buckets next to a run: as many rows before it, or else after it."""
    import numpy as np

    wanted = max(int(tables[run[0] : run[1]].sum()), 4 * LEAST_ROWS)
    for part in (tables[: run[0]][::-1], tables[run[1] :]):
        if part.sum() >= LEAST_ROWS:
            kept = np.searchsorted(np.cumsum(part.sum(axis=1)), wanted) + 1
            beside: NDArray[Any] = part[:kept].sum(axis=0)
            return beside
    return np.zeros(tables.shape[1], dtype=np.int64)


def _runs(first: int, tables: NDArray[Any]) -> list[tuple[int, int]]:
    """Stretches that end in or reach into the period, at whose border the counts jump most."""
    count = len(tables)
    runs = [(first, count), (0, count)]
    border = _border(tables)
    if border is not None:
        sharp = _is_sharp(tables[:border].sum(axis=0), tables[border:].sum(axis=0))
        # A stretch across a sharp border is a mixture, which is like nothing.
        runs = [(border, count)] if sharp else [(border, count), *runs]
        if border > first:
            runs.append((0, border))
            inner = _border(tables[:border])
            if inner is not None:
                runs.append((inner, border))
        ending = _border(tables[border:])
        if ending is not None and border + ending > first:
            runs.append((border, border + ending))
        if ending is not None:
            runs.append((border + ending, count))
    return [run for run in dict.fromkeys(runs) if run[0] < run[1]]


def _border(tables: NDArray[Any]) -> int | None:
    """Where a division into before and after gains the most multinomial log-likelihood."""
    import numpy as np

    count = len(tables)
    if count < 2:
        return None
    after = np.cumsum(tables[::-1], axis=0)[::-1].astype(float)
    right = after[1:]
    gain = _likelihood(after[0] - right) + _likelihood(right)
    return 1 + int(np.argmax(gain))


def _is_sharp(left: NDArray[Any], right: NDArray[Any]) -> bool:
    if min(left.sum(), right.sum()) < LEAST_ROWS:
        return False
    return total_variation(left, right) >= max(LEAST_DISTANCE, tv_by_chance(left, right))


def _likelihood(counts: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    total = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(counts > 0, counts * np.log(counts), 0.0).sum(axis=1)
        result: NDArray[Any] = own - np.where(total > 0, total * np.log(total), 0.0)
    return result
