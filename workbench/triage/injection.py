"""Would a fault that nothing undoes do the harm that is seen? Put into clean rows, to find out.

Missing values, a value that has frozen, a number that stands for none, a default after a failed
look-up, categories without a map: what was there is gone. So the values of the affected rows are
put into labelled rows without the fault, and the champion says anew what it would have said. What
that adds to the bad rate there, for as many rows as are affected now, is what the fault adds here
(as long as it strikes rows of a segment without regard to the rest of them). Rows of the same time
that it did not touch are a second test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault
from workbench.domain.verdict import Cause, Evidence
from workbench.errors import WorkbenchError
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case, Scorer
from workbench.triage.disagreement import compared
from workbench.triage.effects import (
    LEAST_AFFECTED,
    Effect,
    affected_now,
    called,
    cause_of,
    compared_with_others,
    evidence_of,
    floor_since,
    harmful,
    is_input,
    unclear,
    usual_rows,
)
from workbench.triage.rescoring import ordered, rescored, rise_of, sampled
from workbench.triage.undoing import affected, in_scope, is_invertible

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

KINDS = (
    "missing_column", "missing_values", "parse_failure", "new_category", "renamed_category",
    "sentinel_value", "stale_value", "out_of_range", "unit_change", "clock_shift", "swapped_columns",
)  # fmt: skip
"""Kinds of fault that are in the values of a column."""

LEAST_CLEAN = 100
"""Labelled clean rows without which nothing is put in."""
MOST_CLEAN = 8_000
MOST_FAULTS = 8
_UNSEEN = 0.5
_ONLY_LOGGED = (
    "the outputs logged beside it are not those of the logged values: the model saw others"
)
_STEP = "injection"


@dataclass(frozen=True)
class Injection:
    """One fault, put into clean rows."""

    fault: Fault
    share: float
    """Of the period's rows that it touched."""
    effect: Effect | None
    """What it adds to the bad rate of the period; None where that could not be measured."""
    contrast: Resampled | None = None
    """The same, going by unaffected rows of the same time; None where there are too few."""
    why: str = ""
    is_input: bool = True
    rows: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Which rows of the period it touched."""
    is_only_logged: bool = False
    """The logged outputs of most affected rows are not those of the logged values: the model saw
    others, and it is the log that has the fault."""

    @property
    def is_harmful(self) -> bool | None:
        """Whether it does harm that matters; None where that cannot be told."""
        if not self.is_input or self.is_only_logged:
            return False
        if self.effect is None or not self.effect.is_harmful:
            return None if self.effect is None else self.effect.is_harmful
        if self.effect.sees_no_rise or self._are_no_worse:
            return False
        return None if self.is_contradicted else True

    @property
    def is_proven(self) -> bool:
        """Whether putting it in showed the harm; comparing rows alone makes it suspected."""
        return (
            bool(self.is_harmful) and self.effect is not None and self.effect.basis == "injection"
        )

    @property
    def is_contradicted(self) -> bool:
        """Whether the period's own labels say otherwise: what was put in is not what has happened.

        Affected rows are no worse than others of the same time; or all the rise seen is smaller than
        what the fault would make; or they are numbers beyond what was there before, and labels do not
        say that they are predicted worse. The strange values may then be right.
        """
        effect = self.effect
        if self.fault.kind == "out_of_range" and (self.contrast is None or self.contrast.low <= 0):
            return True
        if effect is None or effect.floor is None or effect.basis != "injection":
            return False
        return self._are_no_worse if self.contrast is not None else effect.exceeds_rise

    @property
    def _are_no_worse(self) -> bool:
        """Whether affected rows are surely no worse than others of the same time, by the floor."""
        if self.contrast is None or self.effect is None or self.effect.floor is None:
            return False
        return self.contrast.high < min(self.effect.floor, self.effect.amount.low)


@dataclass(frozen=True)
class Injections:
    """All faults without an inverse, put into clean rows."""

    skipped: str | None = None
    injections: tuple[Injection, ...] = ()
    words: tuple[Evidence, ...] = ()
    named: tuple[Cause, ...] = ()

    @property
    def harmful(self) -> tuple[Injection, ...]:
        """The faults that do harm, proven or suspected."""
        return harmful(self.injections)

    @property
    def unclear(self) -> tuple[Injection, ...]:
        """The faults whose harm cannot be told, and that may make half of the rise or more."""
        return unclear(self.injections)

    @property
    def decides(self) -> bool:
        """Whether a harmful fault stands, so that no later step may set the verdict."""
        return bool(self.harmful)

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        return self.words

    def causes(self) -> tuple[Cause, ...]:
        """The harmful faults, as causes."""
        return self.named


def measure_injections(case: Case) -> Injections:
    """What the faults that have no inverse add to the bad rate.

    The champion is needed, and labelled rows without the fault (before it, or the reference);
    without an artifact affected rows are compared with others, and the fault is only suspected.
    """
    case = ordered(case)
    listed = [f for f in case.faults if f.column and f.kind in KINDS and not is_invertible(f)]
    masks = {f: affected_now(case, f) for f in listed}
    faults = [f for f in listed if masks[f].any()][:MOST_FAULTS]
    if not faults:
        return Injections(skipped="no fault without an inverse touches the period")
    found = [_injected(case, fault, masks[fault]) for fault in faults]
    words: list[Evidence] = []
    for one in found:
        if not one.is_input:
            name = f"{one.fault.kind}:{one.fault.column}"
            words.append(Evidence(_STEP, name, 0.0, "No input of the model: it does no harm."))
            continue
        unseen = one.effect is not None and bool(one.effect.is_harmful) and not one.is_harmful
        words.append(evidence_of(case, _STEP, one.fault, one.effect, one.why, unseen))
        if one.contrast is not None and one.effect is not None and one.effect.basis == "injection":
            words.append(_second(case, one, one.contrast))
    named = tuple(cause_of(case, i.fault, i.effect) for i in found if i.is_harmful)
    return Injections(None, tuple(found), tuple(words), named)


def spoilt(
    case: Case, fault: Fault, clean: pl.DataFrame, rows: NDArray[Any], donors: pl.DataFrame
) -> pl.DataFrame:
    """Clean rows with the values of affected ones in the columns of a fault.

    Args:
        case: for the seed.
        fault: its column, and those that the same cause spoilt.
        clean: the rows.
        rows: which of them are to have the fault.
        donors: affected rows; each spoilt row gets the values of one of them, drawn with the seed.
    """
    import numpy as np
    import polars as pl

    names = [n for n in (fault.column, *fault.also) if n in clean.columns and n in donors.columns]
    drawn = np.random.default_rng(case.seed).integers(0, donors.height, clean.height)
    given = donors.select(names)[drawn]
    at = pl.Series("at", rows, dtype=pl.Boolean)
    return clean.with_columns(
        given[n].cast(clean[n].dtype, strict=False).zip_with(at, clean[n]).alias(n) for n in names
    )


def _injected(case: Case, fault: Fault, rows: NDArray[Any]) -> Injection:
    share = float(rows.mean())
    if not is_input(case, fault):
        return Injection(fault, share, None, None, "", False, rows)
    contrast = compared_with_others(case, fault, rows)
    champion, why = case.models.champion, case.models.why_not("champion")
    amount = None
    if champion is not None:
        try:
            seen = compared(case, champion, case.current.filter(rows))
            if (seen.share or 0.0) > _UNSEEN:
                return Injection(fault, share, None, contrast, _ONLY_LOGGED, True, rows, True)
            amount, why = _amount(case, champion, fault, rows)
        except WorkbenchError as error:
            why = error.message
    rise, floor = rise_of(case), floor_since(case, fault, rows)
    basis = "injection"
    if amount is None:
        amount, basis = contrast, "comparison"
    if amount is None:
        reason = f"{why}, and too few labelled rows to compare affected ones with others"
        return Injection(fault, share, None, None, reason, True, rows)
    effect = Effect(
        amount, basis, floor, None if rise is None else rise.draws, None if rise is None else rise.value
    )  # fmt: skip
    return Injection(
        fault, share, effect, contrast, why if basis == "comparison" else "", True, rows
    )


def _amount(
    case: Case, champion: Scorer, fault: Fault, rows: NDArray[Any]
) -> tuple[Resampled | None, str]:
    """(what the fault adds to the period's bad rate, or None with the reason)."""
    import numpy as np
    import polars as pl

    clean = usual_rows(case, fault)
    if _labels(clean) < LEAST_CLEAN:
        clean = case.reference
    if not _labels(clean):
        return None, "there are no labelled rows without the fault"
    clean = clean.filter(pl.col("wb_label").is_not_null())
    everywhere = replace(fault, since=None, until=None)
    of_segment = in_scope(clean, everywhere)
    # A segment that the clean rows hardly have is stood for by all of them.
    is_local = fault.segment is not None and int(of_segment.sum()) >= LEAST_CLEAN
    clean = clean.filter(of_segment) if is_local else clean
    if clean.height < LEAST_CLEAN:
        return None, f"fewer than {LEAST_CLEAN} labelled rows without the fault"
    if clean.height > MOST_CLEAN:
        clean = clean[np.linspace(0, clean.height - 1, MOST_CLEAN).astype(np.int64)]
    bare = replace(everywhere, segment=None, also_in=())
    already = affected(clean, bare, case.reference)
    if fault.kind == "stale_value":
        already = np.zeros(clean.height, dtype=bool)
    if (~already).sum() < LEAST_CLEAN:
        return None, "the rows without the fault have such values too"
    donors = case.current.filter(rows)
    dirty = spoilt(case, fault, clean, ~already, donors)
    both = (rescored(case, champion, clean), rescored(case, champion, dirty))
    change = np.where(already, np.nan, both[1].bad - both[0].bad)
    if int(np.isfinite(change).sum()) < LEAST_AFFECTED:
        return None, "too few clean rows could be scored"
    mean = sampled(case, change, clean)
    # Rows that have such values anyhow are not the fault's.
    usual = float(already.mean())
    own = in_scope(case.current, fault)
    inside = float(rows.sum() / max(own.sum(), 1))
    excess = max(inside - usual, 0.0) / max(1 - usual, 1e-9) * float(own.mean())
    return Resampled(excess * mean.value, excess * mean.draws, mean.n, mean.basis), ""


def _labels(frame: pl.DataFrame) -> int:
    return frame.height - frame["wb_label"].null_count() if "wb_label" in frame.columns else 0


def _second(case: Case, one: Injection, contrast: Resampled) -> Evidence:
    floor = one.effect.floor if one.effect is not None else None
    is_no_worse = floor is not None and contrast.high < floor
    if contrast.low > 0:
        words = "are worse than others of the same time"
    elif is_no_worse:
        words = "are no worse than others of the same time"
    else:
        words = "may or may not be worse than others of the same time"
    reading = f"{called(case, one.fault)}: affected rows {words} ({100 * contrast.value:+.1f} points of all rows)."
    return Evidence(
        _STEP, f"unaffected:{one.fault.kind}:{one.fault.column}", contrast.value, reading, contrast.low,
        contrast.high, contrast.n, floor, supports="fix_upstream" if contrast.low > 0 else None,
        against="fix_upstream" if is_no_worse else None,
    )  # fmt: skip
