"""What is left once the proven faults are gone? The clean rows, and those to keep out of training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault
from workbench.domain.verdict import Exclusion
from workbench.errors import WorkbenchError
from workbench.triage.case import Case
from workbench.triage.confined import is_hidden
from workbench.triage.effects import is_input, usual_rows
from workbench.triage.injection import Injections
from workbench.triage.label_faults import LabelFaults
from workbench.triage.repair import Repairs
from workbench.triage.rescoring import rescored
from workbench.triage.undoing import affected, in_scope, undone

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_MOST_OF_IT = 0.5


def repaired(
    case: Case, repairs: Repairs, injections: Injections, labels: LabelFaults | None = None
) -> Case:
    """The case with all proven repairs applied, and without the rows that nothing repairs.

    Repaired rows have the champion's outputs for the repaired inputs, and the badness that follows.
    Rows of a harmful fault without an inverse are dropped, so are rows whose labels are wrong.
    Faults that do no harm, and those that are only suspected, leave their rows as they are. The
    case is the same where there is nothing to do.
    """
    proven = [r.fault for r in repairs.repairs if r.is_proven]
    lost = [i.fault for i in injections.injections if i.is_proven]
    lost += [r.fault for r in repairs.repairs if r.is_harmful and not r.is_proven]
    copied = any(r.is_proven and r.fault.kind == "duplicate_rows" for r in repairs.repairs)
    wrong = [f.fault for f in labels.faults if f.decides] if labels is not None else []
    if not proven and not lost and not wrong:
        return case

    def clean(frame: pl.DataFrame) -> pl.DataFrame:
        kept = _without(case, _mended(case, frame, proven), lost, wrong)
        return _single(case, kept) if copied else kept

    gone = {*proven, *lost, *wrong}
    note = "judged on rows with the proven faults undone, and without those that nothing repairs"
    return replace(
        case,
        current=clean(case.current),
        before=clean(case.before),
        others=_without(case, case.others, lost, wrong),
        faults=tuple(f for f in case.faults if f not in gone),
        notes=(*case.notes, note),
    )


def exclusions(
    case: Case, repairs: Repairs, injections: Injections, labels: LabelFaults | None = None
) -> tuple[Exclusion, ...]:
    """The rows to keep out of training: those of every alarming fault in the values, harmful or not.

    A fault without harm to this champion may well harm the next, which would learn from it; what is
    only listed (`ok`) is left in unless undoing it showed harm. Rows
    are named by the segment and the time; those of a single sentinel by its value. Where neither is
    known, and less than half of all rows is touched, nothing is named: the whole log would be out.
    """
    found: list[Exclusion] = []
    touched = [
        (r.fault, r.share) for r in repairs.repairs if r.fault.status != "ok" or r.is_harmful
    ]
    touched += [
        (i.fault, i.share) for i in injections.injections if i.fault.status != "ok" or i.is_harmful
    ]
    for own, share in touched:
        if is_input(case, own) and own.kind != "duplicate_rows":
            found += _excluded(case, own, share)
    for fault in labels.faults if labels is not None else ():
        if fault.decides:
            found += _excluded(case, fault.fault, fault.fault.share)
    return tuple(dict.fromkeys(found))


def _excluded(case: Case, fault: Fault, share: float) -> Iterable[Exclusion]:
    start, end = fault.since, fault.until
    if fault.segment is not None:
        column, value = fault.segment
        if is_hidden(case, column):
            return [Exclusion((), start, end)]
        return [Exclusion(((column, v),), start, end) for v in (value, *fault.also_in)]
    named = fault.transform.values if fault.transform is not None else ()
    if fault.kind == "sentinel_value" and len(named) == 1 and not is_hidden(case, fault.column):
        return [Exclusion(((fault.column, named[0]),), start, end)]
    if start is None and end is None and share < _MOST_OF_IT:
        return []
    return [Exclusion((), start, end)]


def _mended(case: Case, frame: pl.DataFrame, faults: Sequence[Fault]) -> pl.DataFrame:
    """The frame with faults undone, and with the champion's outputs where that changed inputs."""
    import numpy as np
    import polars as pl

    champion = case.models.champion
    if champion is None or not frame.height or not faults:
        return frame
    touched = np.zeros(frame.height, dtype=bool)
    clean = frame
    for fault in faults:
        rows = affected(frame, fault, usual_rows(case, fault), case.bucket)
        clean = undone(clean, fault, case.reference, rows)
        touched |= rows
    if not touched.any():
        return frame
    try:
        made = rescored(case, champion, clean.filter(touched))
    except WorkbenchError:
        return frame.filter(~touched)  # what cannot be scored anew is as good as lost
    at = np.flatnonzero(touched)
    outputs: dict[str, tuple[Any, Any]] = {
        "wb_prediction": (clean["wb_prediction"], made.prediction),
        **{c: (clean[c], made.scores[c]) for c in made.scores.columns if c in clean.columns},
    }
    if "wb_bad" in clean.columns:
        outputs["wb_bad"] = clean["wb_bad"].cast(pl.Float64), pl.Series(made.bad).fill_nan(None)
    return clean.with_columns(
        old.clone().scatter(at, new.cast(old.dtype, strict=False)).alias(name)
        for name, (old, new) in outputs.items()
    )


def _single(case: Case, frame: pl.DataFrame) -> pl.DataFrame:
    names = [n for n in (*case.feature_names, "wb_prediction", "wb_score") if n in frame.columns]
    return frame.unique(names, keep="first", maintain_order=True) if names else frame


def _without(
    case: Case, frame: pl.DataFrame, lost: Sequence[Fault], wrong: Sequence[Fault]
) -> pl.DataFrame:
    import numpy as np

    if not frame.height:
        return frame
    gone = np.zeros(frame.height, dtype=bool)
    for fault in lost:
        gone |= _lost_rows(case, frame, fault)
    for fault in wrong:
        gone |= in_scope(frame, fault)
    return frame.filter(~gone)


def _lost_rows(case: Case, frame: pl.DataFrame, fault: Fault) -> NDArray[Any]:
    return affected(frame, fault, usual_rows(case, fault), case.bucket)
