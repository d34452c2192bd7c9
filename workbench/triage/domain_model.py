"""How likely does a row come from the incident rather than from before, going by its inputs?

What the overlap gate and the decomposition rest on. Every row is scored by models that have not
seen it (`telling_apart`).

Whole days are held out where a side has enough of them: a value that all rows of a day share
(the day's temperature) would otherwise name the day, and so the side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.shape import FeatureColumn
from workbench.triage.case import Case
from workbench.triage.telling_apart import (
    MOST_TRAINED,
    area,
    calibration_error,
    chance_of_current,
    error_by_chance,
    quadratic_table,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

FOLDS = 4
LEAST_ROWS = 200
"""Labelled rows that either side must have: the gate would refuse fewer anyway."""
MOST_ERROR = 0.03
"""Expected calibration error up to which the probabilities are trusted."""
_REFITS = ((40_000, 4), (80_000, 2))
"""Cells of training data up to which so many refits are made; beyond, one."""
_FEW_DAYS_VALUES = 30


@dataclass(frozen=True)
class DomainModel:
    """The probability of each row to be of the incident, and what it rests on."""

    against: str = "reference"
    """What the incident is compared with: `reference`, or `before` (rows before the onset) where
    the reference has too few labelled rows."""
    columns: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    """Inputs that were left out, each with the reason."""
    auc: float | None = None
    """Area under the curve on rows not seen: 0.5 when nothing tells the two apart."""
    error: float | None = None
    """Expected calibration error of `pi` over ten groups of equal size."""
    error_by_chance: float | None = None
    """What it would be if `pi` were right: few rows make it large."""
    by_day: tuple[bool, bool] = (False, False)
    """Whether whole days were held out: before, and in the incident."""
    labelled: bool = True
    """Whether only labelled rows were used; else all, since there are too few of them."""
    skipped: str | None = None
    known: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """The rows before, sorted; as many as the first part of `pi`."""
    current: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """The rows of the incident, sorted; the second part of `pi`."""
    pi: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """One a row, first those before."""
    refits: tuple[NDArray[Any], ...] = field(default=(), repr=False, compare=False)
    """`pi` again, learned on one half of the rows for the other: halves that hardly share rows differ
    as much as models of other samples would."""
    rows: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """What the trees saw, in the order of `pi`."""
    fold: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    is_category: tuple[bool, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_current(self) -> NDArray[Any]:
        """1 for rows of the incident, 0 for those before."""
        import numpy as np

        known = 0 if self.known is None else self.known.height
        current = 0 if self.current is None else self.current.height
        return np.repeat([0.0, 1.0], [known, current])


def measure_domain(
    case: Case, *, without: Sequence[str] = (), refits: int | None = None
) -> DomainModel:
    """Fits the domain model of a case; of labelled rows where there are enough.

    The rows before are the reference's. Where that has fewer than `LEAST_ROWS` labelled rows and
    the time before the onset has more, they are those.

    Args:
        case: the case.
        without: inputs to leave out, such as one that alone tells the two apart.
        refits: how many more times to fit with other folds; by default 4 where that
            is affordable, else 2 or 1.
    """
    import numpy as np

    against, known, current, labelled = _sides(case)
    features = [one for one in case.features if one.name not in without]
    shortage = _shortage(against, known, current, labelled)
    known, current = _sorted(known, features), _sorted(current, features)
    if shortage or not features:
        reason = shortage or "the model has no inputs to compare"
        return DomainModel(against=against, labelled=labelled, skipped=reason)
    rows, names, is_category, excluded = _encoded(known, current, features)
    excluded += tuple((name, "left out on purpose") for name in without)
    if not names:
        return DomainModel(
            against=against, excluded=excluded, labelled=labelled,
            skipped="no input is left to compare: " + "; ".join(f"{n}: {r}" for n, r in excluded),
        )  # fmt: skip
    t = np.repeat([0.0, 1.0], [known.height, current.height])
    days = [_days(known), _days(current)]
    smooth = quadratic_table(rows, is_category)
    if refits is None:
        trained = min(known.height, MOST_TRAINED) + min(current.height, MOST_TRAINED)
        refits = next((many for cells, many in _REFITS if trained * len(names) <= cells), 1)
    folds = []
    for number in range(refits + 1):
        seed = case.seed + 101 * number
        many = FOLDS if number == 0 else 2
        parts = [
            _folds(side, np.random.default_rng([seed, place]), many)
            for place, side in enumerate(days)
        ]
        folds.append((seed, np.concatenate(parts)))
    pi, *again = case.models.each(
        chance_of_current, [(rows, t, fold, is_category, seed, smooth) for seed, fold in folds]
    )
    fold = folds[0][1]
    return DomainModel(
        against=against, columns=names, excluded=excluded, auc=area(pi, t),
        error=calibration_error(pi, t), error_by_chance=error_by_chance(pi),
        by_day=(_is_by_day(days[0]), _is_by_day(days[1])),
        labelled=labelled, known=known, current=current, pi=pi,
        refits=tuple(again), rows=rows, fold=fold, is_category=is_category,
    )  # fmt: skip


def _sides(case: Case) -> tuple[str, pl.DataFrame, pl.DataFrame, bool]:
    """What is compared with what, and whether labelled rows only."""
    known, current = _labelled(case.reference), _labelled(case.current)
    against = "reference"
    if known.height < LEAST_ROWS:
        before = _labelled(case.before)
        if before.height > known.height:
            against, known = "before", before
    if current.height >= LEAST_ROWS and known.height >= LEAST_ROWS:
        return against, known, current, True
    whole = case.reference if case.reference.height >= case.before.height else case.before
    return ("reference" if whole is case.reference else "before"), whole, case.current, False


def _labelled(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    if "wb_bad" not in frame.columns:
        return frame.head(0)
    return frame.filter(pl.col("wb_bad").is_not_null() & pl.col("wb_bad").is_not_nan())


def _shortage(
    against: str, known: pl.DataFrame, current: pl.DataFrame, labelled: bool
) -> str | None:
    kind = "labelled rows" if labelled else "rows"
    if known.height < LEAST_ROWS:
        side = "the reference" if against == "reference" else "the time before the onset"
        return f"{side} has {known.height:,} {kind}, and {LEAST_ROWS} are needed"
    if current.height < LEAST_ROWS:
        return f"the period has {current.height:,} {kind}, and {LEAST_ROWS} are needed"
    return None


def _sorted(frame: pl.DataFrame, features: Sequence[FeatureColumn]) -> pl.DataFrame:
    """Rows in an order that does not depend on the one they came in."""
    names = ["wb_timestamp", "wb_id", "wb_bad", *sorted(one.name for one in features)]
    kept = [name for name in names if name in frame.columns]
    return frame.sort(kept) if kept else frame


def _encoded(
    known: pl.DataFrame, current: pl.DataFrame, features: Sequence[FeatureColumn]
) -> tuple[NDArray[Any], tuple[str, ...], tuple[bool, ...], tuple[tuple[str, str], ...]]:
    """Both sides as one matrix, its columns, and what was left out."""
    import numpy as np

    from workbench.drift.encoding import encode

    excluded, kept = [], []
    for one in features:
        if one.name not in known.columns or one.name not in current.columns:
            excluded.append((one.name, "not there on both sides"))
            continue
        reason = _says_when(one, known, current)
        if reason:
            excluded.append((one.name, reason))
        else:
            kept.append(one)
    sides = encode(known, current, kept)
    matrices = []
    for matrix, order in zip((sides.reference, sides.current), sides.orders, strict=True):
        ordered = np.empty_like(matrix)
        ordered[order] = matrix
        matrices.append(ordered)
    return (
        np.concatenate(matrices), sides.names, sides.is_category,
        tuple(sorted((*excluded, *sides.excluded))),
    )  # fmt: skip


def _says_when(one: FeatureColumn, known: pl.DataFrame, current: pl.DataFrame) -> str | None:
    """Why a column names the time of a row instead of saying anything about it.

    A whole number or a text that is the same all day, and whose values the other side never has
    (a year, a release), tells the sides apart by construction. So does a number with a value a
    day, when there are so few days that they cannot be held out.
    """
    import polars as pl

    if "wb_timestamp" not in current.columns:
        return None
    rows = current.select(
        day=pl.col("wb_timestamp").dt.date(), value=pl.col(one.name)
    ).drop_nulls()  # fmt: skip
    days = rows["day"].n_unique()
    if rows.height < 2 * max(days, 1) or rows.unique().height > days:
        return None
    before, now = known[one.name].drop_nulls(), rows["value"]
    if not before.len():
        return None
    is_whole = one.kind == "categorical" or bool(
        (pl.concat([before, now]).round(0) == pl.concat([before, now])).all()
    )
    if one.kind == "categorical":
        is_apart = not now.is_in(before.unique().implode()).any()
    else:
        is_apart = bool(now.min() > before.max() or now.max() < before.min())  # type: ignore[operator]
    if is_whole and is_apart:
        return "the same all day, and never the same as before: it says when a row is from"
    if one.kind != "categorical" and days < FOLDS and before.n_unique() > _FEW_DAYS_VALUES:
        return "one value a day, and too few days to compare"
    return None


def _days(frame: pl.DataFrame) -> NDArray[Any]:
    """The day of each row as a number; empty where a row has no time."""
    import numpy as np

    if "wb_timestamp" not in frame.columns or frame["wb_timestamp"].null_count():
        return np.full(frame.height, -1)
    found: NDArray[Any] = frame["wb_timestamp"].dt.epoch("d").to_numpy()
    return found


def _is_by_day(days: NDArray[Any]) -> bool:
    import numpy as np

    return len(np.unique(days)) >= FOLDS


def _folds(days: NDArray[Any], random: np.random.Generator, many: int) -> NDArray[Any]:
    """Folds of about equal size: of whole days where there are enough, else of rows."""
    import numpy as np

    if not _is_by_day(days):
        return random.permutation(len(days)) * many // max(len(days), 1)
    _, codes, sizes = np.unique(days, return_inverse=True, return_counts=True)
    filled = np.zeros(many)
    of_day = np.empty(len(sizes), dtype=np.int64)
    for day in random.permutation(len(sizes)):
        # A tie goes to the first: the order of the days is what is random.
        of_day[day] = int(np.argmin(filled))
        filled[of_day[day]] += sizes[day]
    return of_day[codes]
