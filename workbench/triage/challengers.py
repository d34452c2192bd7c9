"""Which rows should a challenger learn from: those of the incident alone, or older ones too?

Mixing old rows in can hide what retraining recovers (measured: where the concept turned, a
challenger of both times stays at 0.65 while that of the incident's rows alone is at 0.25), and
leaving them out throws away what still holds. So all are tried, and the choice is made on a
part of the training rows that is never used to judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.triage.refitting import MOST_ROWS, mixed_rows, refitted_losses, thinned
from workbench.triage.windows import TRAINED, Windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case, Fitter

KINDS = {"incident": None, "mixed": 1.0, "recent_4": 4.0, "recent_16": 16.0}
"""What each challenger learns from: the weight of a row of the incident against an older one;
None: no older ones."""
WORDS = {
    "incident": "rows of the incident alone",
    "mixed": "older rows and those of the incident alike",
    "recent_4": "older rows, and those of the incident 4 times",
    "recent_16": "older rows, and those of the incident 16 times",
}
MOST_CHOOSING = 6_000
"""Rows of the fits that only choose."""
FEW_CHOOSING = 3_000
"""With fewer training rows than this, each part of them judges in turn."""
_ENOUGH_BEFORE = 2_000


@dataclass(frozen=True)
class Tried:
    """How a challenger did on the part that chooses."""

    kind: str
    bad_rate: float | None
    reason: str | None = None
    """Why there is no rate."""


@dataclass(frozen=True)
class Choice:
    """The challenger that did best within the training rows."""

    kind: str
    tried: tuple[Tried, ...]
    rows: int
    """That the choice was made on."""
    old: pl.DataFrame | None = field(repr=False, compare=False)
    """Features and `wb_label` of older rows; None where there are none."""
    losses: NDArray[Any] | None = field(repr=False, compare=False)
    """Of the chosen one on the part that chooses; None where nothing could be fitted."""


def plain(case: Case, rows: pl.DataFrame) -> pl.DataFrame:
    """The features and the label alone."""
    return rows.select(*case.feature_names, "wb_label")


def older_rows(case: Case, windows: Windows) -> pl.DataFrame | None:
    """Labelled rows of before the incident to mix in, or of the training table where they are few."""
    import polars as pl

    earlier = windows.before if windows.worse is None else windows.worse
    found = plain(case, earlier) if earlier.height else None
    many = 0 if found is None else found.height
    table = trained_table(case) if many < _ENOUGH_BEFORE else None
    if table is None or found is None:
        return table if found is None else found
    return pl.concat([table, found], how="vertical_relaxed")


def trained_table(case: Case) -> pl.DataFrame | None:
    """Features and labels of the training table, thinned; None where there is none to use."""
    import polars as pl

    table = case.training
    if table is None or not {*case.feature_names, "wb_label"} <= set(table.columns):
        return None
    known = plain(case, table).filter(pl.col("wb_label").is_not_null())
    types = {name: case.current.schema[name] for name in known.columns if name in case.current}
    known = known.cast(types, strict=False)  # type: ignore[arg-type]
    # The order of a table without times means nothing: the rows are put in one of their own.
    return thinned(known.sort(pl.all(), nulls_last=True), MOST_ROWS) if known.height else None


def training_rows(
    case: Case, kind: str, recent: pl.DataFrame, old: pl.DataFrame | None, most: int = MOST_ROWS
) -> pl.DataFrame:
    """What a challenger of this kind is fitted on."""
    weight = KINDS[kind]
    return mixed_rows(plain(case, recent), None if weight is None else old, weight or 1.0, most)


def choose_challenger(case: Case, windows: Windows) -> Choice:
    """The kind of challenger with the lowest bad rate inside the training rows.

    Each of the training parts is judged by what learned from the others, where the rows are few;
    where they are many, the last part alone is, by those before it. On a tie the one that stands
    first in `KINDS`.
    """
    import numpy as np

    old = older_rows(case, windows)
    last = TRAINED - 1
    few = int((windows.part < TRAINED).sum()) < FEW_CHOOSING
    parts = range(TRAINED) if few else (last,)
    tried: list[Tried] = []
    best: tuple[float, str, NDArray[Any]] | None = None
    fit = case.models.fit
    judged = windows.rows.filter(windows.part == last)
    for kind, weight in KINDS.items():
        if fit is None or (weight is not None and old is None) or not judged.height:
            why = case.models.why_not("fit") if fit is None else "there are no older rows"
            tried.append(Tried(kind, None, why if judged.height else "no rows to choose on"))
            continue
        bad = [_bad_of_part(case, windows, fit, kind, old, part) for part in parts]
        whole = [one for one in bad if not isinstance(one, str)]
        if isinstance(bad[-1], str):
            tried.append(Tried(kind, None, bad[-1]))
            continue
        rate = float(np.concatenate(whole).mean())
        tried.append(Tried(kind, rate))
        if best is None or rate < best[0]:
            best = rate, kind, whole[-1]
    kind = best[1] if best else ("mixed" if old is not None else "incident")
    rows = int((windows.part < TRAINED).sum()) if few else judged.height
    return Choice(kind, tuple(tried), rows, old, best[2] if best else None)


def _bad_of_part(
    case: Case, windows: Windows, fit: Fitter, kind: str, old: pl.DataFrame | None, part: int
) -> NDArray[Any] | str:
    """The badness of a part, judged by a challenger of the other training parts; or why there is none."""
    last = TRAINED - 1
    others = (
        windows.until(last) if part == last else (windows.part < TRAINED) & (windows.part != part)
    )
    judged = windows.rows.filter(windows.part == part)
    learned = training_rows(case, kind, windows.rows.filter(others), old, MOST_CHOOSING)
    return refitted_losses(fit, learned, judged, case.feature_names, case.rules, case.seed)
