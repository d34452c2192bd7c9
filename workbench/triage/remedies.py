"""What could be changed about a model's outputs, short of the model itself? Thresholds, priors, offsets.

Each remedy is fitted to rows with labels and gives new predictions from the logged outputs alone; it
needs no artifact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.triage.case import Case
from workbench.triage.class_remedies import class_offsets, new_prior, new_threshold, platt
from workbench.triage.number_remedies import new_offset, new_scale
from workbench.triage.remedy import KINDS, LEAST_ROWS, Lessons, Remedy


def remedies(
    case: Case, lessons: Lessons, kinds: Sequence[str] = KINDS
) -> tuple[tuple[Remedy, ...], tuple[tuple[str, str], ...]]:
    """All remedies that can be made for the case's task, and why each other could not be.

    Args:
        case: the case.
        lessons: the rows to learn from.
        kinds: which to try.
    """
    if not case.rules.is_classification:
        fits: dict[str, Callable[[Case, Lessons], Remedy | str]] = {
            "offset": new_offset, "scale": new_scale,
        }  # fmt: skip
    elif case.rules.task == "binary":
        fits = {"prior": new_prior, "threshold": new_threshold, "calibration": platt}
    else:
        fits = {"prior": new_prior, "calibration": class_offsets}
    made, missing = [], []
    for kind in (kind for kind in KINDS if kind in fits and kind in kinds):
        fit = fits[kind]
        if kind != "prior" and lessons.labelled.height < LEAST_ROWS:
            found: Remedy | str = f"only {lessons.labelled.height} labelled rows to fit to"
        else:
            found = fit(case, lessons)
        if isinstance(found, str):
            missing.append((kind, found))
        else:
            made.append(found)
    return tuple(made), tuple(missing)
