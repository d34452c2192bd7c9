"""Is what the model lacks in the log already? Logged columns that it does not use, added to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.shape import FeatureColumn
from workbench.domain.verdict import Evidence
from workbench.performance.intervals import LEVEL
from workbench.performance.quantiles import normal_quantile
from workbench.triage.backtest import Backtest
from workbench.triage.figures import Figure, mean_figures
from workbench.triage.refitting import MOST_ROWS, refitted_losses, thinned

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.attainable import Attainable
    from workbench.triage.case import Case
    from workbench.triage.windows import Windows

MOST_CATEGORIES = 200
MOST_ALONE = 3
"""How many columns are tried alone, those first that tell most about where the recipe errs."""
MOST_COLUMNS = 40
_GROUPS = 8
_GIVES_AWAY = 0.1


@dataclass(frozen=True)
class ColumnGain:
    """What one unused column, or several, add to the challenger."""

    columns: tuple[str, ...]
    gain: Figure
    """Bad rate of the recipe without them minus with them, paired, both on the incident's rows."""
    gives_away: bool
    """Whether next to nothing is left wrong: the column may be known only after the outcome."""


@dataclass(frozen=True)
class UnusedColumns:
    """What logged but unused columns would add."""

    skipped: str | None = None
    together: ColumnGain | None = None
    alone: tuple[ColumnGain, ...] = ()
    """The best first."""
    smallest: float = 0.0
    """The smallest gain that matters: half the smallest rise that does."""

    @property
    def helpful(self) -> tuple[str, ...]:
        """The columns that surely help, each by itself; all together where only that helps."""
        own = tuple(c.columns[0] for c in self.alone if self._is_sure(c))
        if own or self.together is None or not self._is_sure(self.together):
            return own
        return self.together.columns

    @property
    def best(self) -> ColumnGain | None:
        """The largest gain of those that are sure; None where there is none."""
        both = (*self.alone, *([self.together] if self.together else []))
        sure = [found for found in both if self._is_sure(found)]
        return max(sure, key=lambda found: found.gain.value) if sure else None

    def _is_sure(self, found: ColumnGain) -> bool:
        """Whether it gains what matters, and surely so after all gains looked at (Bonferroni)."""
        looked = len(
            {c.columns for c in (*self.alone, *([self.together] if self.together else []))}
        )
        level = (1 + LEVEL) / 2
        wider = normal_quantile(1 - (1 - level) / max(looked, 1)) / normal_quantile(level)
        gain = found.gain
        return gain.value >= self.smallest and gain.value > wider * (gain.value - gain.low)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step, name = "remaining", "gain of logged but unused columns"
        if self.skipped or self.together is None:
            return (Evidence(step, name, None, self.skipped or "not measured"),)
        found = self.best
        if found is None:
            reading = "no logged column that the model does not use would help"
            return (self.together.gain.evidence(step, name, reading, 0.0),)
        names = ", ".join(shown(column) for column in self.helpful)
        reading = f"{names}: logged, not used by the model, and would help it"
        if found.gives_away:
            reading += (
                "; next to nothing is left wrong, so check that it is known before the outcome"
            )
        return (found.gain.evidence(step, name, reading, 0.0, "redesign"),)


def measure_unused(
    case: Case, windows: Windows, attainable: Attainable, backtest: Backtest
) -> UnusedColumns:
    """Adds the unused columns to the recipe, together, and if that gains, the most telling ones alone.

    All fits learn from Q1 and are judged on Q2, like the challenger. Which columns are tried
    alone is told by the cross-fitted errors on Q1: how much the bad rate differs between
    groups of the column's values.
    """
    import polars as pl

    wider = case.models.wider
    if backtest.skipped or backtest.blocks is None:
        return UnusedColumns(backtest.skipped or "there was no backtest")
    columns = _usable(windows.rows, case)
    if not columns:
        return UnusedColumns("every logged column that could be used is used")
    if wider is None:
        return UnusedColumns(case.models.why_not("wider"))
    rows = windows.rows.with_columns(
        pl.col(c.name).cast(pl.Float64 if c.kind == "numeric" else pl.String) for c in columns
    )
    recent, judged = thinned(rows.filter(windows.train), MOST_ROWS), rows.filter(windows.judge)

    def bad_with(added: tuple[FeatureColumn, ...]) -> NDArray[Any] | str:
        names = (*case.feature_names, *(column.name for column in added))
        fit = wider(added) if added else case.models.fit
        if fit is None:
            return case.models.why_not("fit")
        return refitted_losses(fit, recent, judged, names, case.rules, case.seed)

    plain = backtest.challenger_losses if backtest.kind == "incident" else bad_with(())
    gains: list[ColumnGain] = []
    tried = [columns]
    while tried:
        added = tried.pop(0)
        new = bad_with(added)
        if plain is None or isinstance(plain, str) or isinstance(new, str):
            return UnusedColumns(new if isinstance(new, str) else "the recipe could not be fitted")
        (gain,) = mean_figures([plain - new], backtest.blocks, backtest.basis, case.seed)
        left = float(new.mean())
        gives = gain.low > 0 and left < _GIVES_AWAY * float(plain.mean())
        gains.append(ColumnGain(tuple(c.name for c in added), gain, gives))
        if len(added) > 1 and gain.value > 0:
            ranked = _ranked(rows, windows, attainable, columns)
            tried = [(column,) for column in ranked[:MOST_ALONE]]
    alone = gains[1:] if len(columns) > 1 else gains
    alone = sorted(alone, key=lambda found: (-found.gain.value, found.columns))
    smallest = backtest.usual.floor / 2 if backtest.usual else 0.0
    return UnusedColumns(None, gains[0], tuple(alone), smallest)


def _usable(rows: pl.DataFrame, case: Case) -> tuple[FeatureColumn, ...]:
    """Unused columns that vary and do not name rows, in the order of their names."""
    import polars as pl

    found = []
    for name in sorted(set(case.unused) & set(rows.columns) - set(case.feature_names)):
        column = rows[name]
        if column.drop_nulls().n_unique() < 2:
            continue
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            found.append(FeatureColumn(name, "numeric", "number"))
        elif column.dtype == pl.String and column.n_unique() <= MOST_CATEGORIES:
            found.append(FeatureColumn(name, "categorical", "text"))
    return tuple(found[:MOST_COLUMNS])


def _ranked(
    rows: pl.DataFrame, windows: Windows, attainable: Attainable, columns: tuple[FeatureColumn, ...]
) -> tuple[FeatureColumn, ...]:
    """The columns whose values tell most about where the cross-fitted recipe errs on Q1."""
    import polars as pl

    if attainable.losses is None:
        return columns
    train = rows.with_columns(pl.Series("__bad", attainable.losses)).filter(windows.train)
    told: dict[str, float] = {}
    for column in columns:
        name = column.name
        key = pl.col(name)
        if column.kind == "numeric":
            key = (pl.col(name).rank("min") * _GROUPS / (train.height + 1)).floor()
        table = train.group_by(key.alias("__key")).agg(pl.len(), pl.col("__bad").mean())
        many, mean = table["len"].cast(pl.Float64), table["__bad"]
        centre = float((many * mean).sum()) / train.height
        between = float((many * (mean - centre) ** 2).sum())
        told[name] = between / max(table.height - 1, 1)
    return tuple(sorted(columns, key=lambda c: (-told[c.name], c.name)))
