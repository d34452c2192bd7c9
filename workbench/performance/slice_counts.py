"""How many rows and bad predictions has every combination of up to three conditions?

A table of counts a pair or triple of columns, over the codes of the rows, and from it the sums
of every combination of conditions: thousands of combinations for one pass over the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from workbench.domain.slices import Condition
from workbench.performance.slice_columns import CodedColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Labelled rows of one period."""

    codes: tuple[NDArray[Any], ...]
    """One code a row, a column each."""
    bad: NDArray[Any]
    """How bad each prediction was, 0 to 1."""

    @property
    def is_yes_or_no(self) -> bool:
        """Whether a prediction is bad or is not, with nothing between."""
        return bool(((self.bad == 0) | (self.bad == 1)).all())

    def part(self, chosen: NDArray[Any]) -> Rows:
        """Some of the rows."""
        return Rows(tuple(code[chosen] for code in self.codes), self.bad[chosen])


@dataclass(frozen=True)
class Sums:
    """Sums over the rows of one period, one entry a combination of conditions."""

    n: NDArray[Any]
    bad: NDArray[Any]
    squares: NDArray[Any]
    """Of the badness, for its variance."""


@dataclass(frozen=True)
class Table:
    """The combinations of one set of columns that have enough rows."""

    columns: tuple[int, ...]
    cells: NDArray[Any]
    """Their places in the table of all combinations of these columns."""


@dataclass(frozen=True)
class Candidates:
    """All combinations of conditions with enough rows on both sides, and conditions that are new."""

    columns: tuple[CodedColumn, ...]
    tables: tuple[Table, ...]
    starts: NDArray[Any]
    """Where the entries of each table begin."""
    reference: Sums
    current: Sums

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.current.n.size)

    def key(self, entry: int) -> Key:
        """Which conditions an entry is made of."""
        import numpy as np

        place = int(np.searchsorted(self.starts, entry, side="right")) - 1
        table = self.tables[place]
        shape = tuple(len(self.columns[c].conditions) for c in table.columns)
        cell = np.unravel_index(int(table.cells[entry - self.starts[place]]), shape)
        return tuple(zip(table.columns, (int(i) for i in cell), strict=True))

    def entries(self, keys: Iterable[Key]) -> list[int]:
        """The places of those keys that are among the combinations."""
        import numpy as np

        placed = {table.columns: place for place, table in enumerate(self.tables)}
        found = []
        for key in keys:
            place = placed.get(tuple(column for column, _ in key))
            if place is None:
                continue
            table = self.tables[place]
            shape = tuple(len(self.columns[c].conditions) for c in table.columns)
            cell = int(np.ravel_multi_index(tuple(c for _, c in key), shape))
            at = int(np.searchsorted(table.cells, cell))
            if at < table.cells.size and table.cells[at] == cell:
                found.append(int(self.starts[place]) + at)
        return found

    def shared(self, rows: Rows) -> NDArray[Any]:
        """How many of these rows each combination has."""
        import numpy as np

        made = [
            _sums(self.columns, table.columns, rows, [None])[0].ravel()[table.cells]
            for table in self.tables
        ]
        return np.concatenate(made) if made else np.empty(0)


Key = tuple[tuple[int, int], ...]
"""(column, condition) of each condition, columns ascending."""


def conditions_of(columns: Sequence[CodedColumn], key: Key) -> tuple[Condition, ...]:
    """The conditions that a key stands for."""
    return tuple(columns[column].conditions[place] for column, place in key)


def members(columns: Sequence[CodedColumn], key: Key, rows: Rows) -> NDArray[Any]:
    """Which rows meet all conditions of a key."""
    import numpy as np

    met = np.ones(rows.bad.size, dtype=bool)
    for column, place in key:
        met &= columns[column].member[place][rows.codes[column]] > 0
    return met


NOTABLE = 10
"""Rows that the reference would have of a condition, by its share now, for it to be new."""
GROWN = 4
"""And how many times those that the reference has."""


def is_new(n_before: Any, n: Any, reference_rows: int, rows: int, least: int) -> Any:
    """Whether the reference has too few rows of a condition that many rows meet now.

    A value that came up, or a flood of missing ones: what the bad rate of such rows was cannot
    be known. Numbers or arrays of them.
    """
    import numpy as np

    expected = n / max(rows, 1) * reference_rows
    return (n_before < least) & (expected >= np.maximum(NOTABLE, GROWN * n_before))


def compared(
    columns: Sequence[CodedColumn], key: Key, reference: Rows, current: Rows, least: int
) -> tuple[NDArray[Any], bool]:
    """The reference rows that a slice is compared with, and whether it is new.

    Those that meet its conditions; all rows for a new slice (of a single condition).
    """
    import numpy as np

    own = members(columns, key, reference)
    n = members(columns, key, current).sum()
    if len(key) > 1 or not is_new(own.sum(), n, own.size, current.bad.size, least):
        return own, False
    return np.ones(own.size, dtype=bool), True


def count_candidates(
    columns: Sequence[CodedColumn],
    reference: Rows | None,
    current: Rows,
    sets: Iterable[tuple[int, ...]],
    *,
    least: int,
) -> Candidates:
    """Counts every combination of conditions on some sets of columns.

    Args:
        columns: the columns.
        reference: None where there is nothing to compare with; its sums are 0 then.
        current: the rows of the period.
        sets: sets of column places, ascending.
        least: rows that a combination must have on both sides; a single condition that is new
            needs them in the current rows only, and has the sums of all reference rows.
    """
    import numpy as np

    tables, kept = [], []
    for chosen in sets:
        after = _figures(columns, chosen, current)
        before = (
            _figures(columns, chosen, reference) if reference is not None else np.zeros_like(after)
        )
        enough = after[0] >= least
        if reference is not None:
            known = before[0] >= least
            if len(chosen) == 1:
                size = reference.bad.size
                new = is_new(before[0], after[0], size, current.bad.size, least)
                everything = [[size], [reference.bad.sum()], [(reference.bad**2).sum()]]
                before = np.where(new, everything, before)
                known |= new
            enough &= known
        cells = np.flatnonzero(enough)
        if cells.size:
            tables.append(Table(chosen, cells))
            flat = np.concatenate([before, after]).reshape(6, -1)
            kept.append(flat[:, cells])
    figures = np.concatenate(kept, axis=1) if kept else np.empty((6, 0))
    starts = np.cumsum([0, *[table.cells.size for table in tables]])[:-1]
    return Candidates(tuple(columns), tuple(tables), starts, Sums(*figures[:3]), Sums(*figures[3:]))


def column_sets(places: Sequence[int], sizes: Iterable[int]) -> list[tuple[int, ...]]:
    """All sets of these columns of some sizes, in order."""
    return [chosen for size in sizes for chosen in combinations(sorted(places), size)]


def _figures(columns: Sequence[CodedColumn], chosen: tuple[int, ...], rows: Rows) -> NDArray[Any]:
    """Rows, badness and squared badness of every combination."""
    import numpy as np

    if rows.is_yes_or_no:
        n, bad = _sums(columns, chosen, rows, [None, rows.bad])
        return np.stack([n, bad, bad])
    return _sums(columns, chosen, rows, [None, rows.bad, rows.bad**2])


def _sums(
    columns: Sequence[CodedColumn],
    chosen: tuple[int, ...],
    rows: Rows,
    weights: Sequence[NDArray[Any] | None],
) -> NDArray[Any]:
    """Sums of weights (None: of rows) over every combination: weights x conditions x ..."""
    import numpy as np

    code = rows.codes[chosen[0]]
    for column in chosen[1:]:
        code = code * columns[column].codes + rows.codes[column]
    shape = [columns[column].codes for column in chosen]
    size = int(np.prod(shape))
    sums = np.array([np.bincount(code, weights=w, minlength=size) for w in weights], dtype=float)
    for place, column in reversed(list(enumerate(chosen))):
        member = columns[column].member
        inner = int(np.prod(shape[place + 1 :], dtype=int))
        if inner == 1:
            sums = sums.reshape(-1, columns[column].codes) @ member.T
        else:
            sums = member @ sums.reshape(-1, columns[column].codes, inner)
        shape[place] = member.shape[0]
    return sums.reshape(len(weights), *shape)
