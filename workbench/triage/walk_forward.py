"""Would retraining have won all along? Each part of the incident, judged by what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.triage.challengers import MOST_CHOOSING, Choice, training_rows
from workbench.triage.refitting import refitted_losses
from workbench.triage.windows import PARTS, TRAINED, Windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.triage.case import Case


@dataclass(frozen=True)
class WindowGain:
    """What a challenger trained on all labels before a window gains in it."""

    start: datetime
    trained: int
    n: int
    gain: float


def walk_forward(
    case: Case, windows: Windows, choice: Choice, gain: NDArray[Any]
) -> tuple[WindowGain, ...]:
    """The gain in each part but the first two; the fits that were made already are not made again.

    Args:
        case: the case.
        windows: its parts.
        choice: the challenger, with its losses on the part that chose it.
        gain: champion's minus challenger's badness on the judged rows.
    """
    rows, found = windows.rows, []
    own = rows["wb_bad"].to_numpy()
    for part in range(TRAINED - 1, PARTS):
        inside = windows.part == part
        before = windows.until(part)
        if not inside.any() or not before.any():
            continue
        if part == TRAINED - 1:
            if choice.losses is None:
                continue
            own_gain = own[inside] - choice.losses
        elif part == TRAINED:
            own_gain = gain[windows.part[windows.judge] == part]
        else:
            learned = training_rows(
                case, choice.kind, rows.filter(before), choice.old, MOST_CHOOSING
            )
            fit, names = case.models.fit, case.feature_names
            if fit is None:
                continue
            bad = refitted_losses(fit, learned, rows.filter(inside), names, case.rules, case.seed)
            if isinstance(bad, str):
                continue
            own_gain = own[inside] - bad
        start = windows.cuts[part - 1]
        found.append(
            WindowGain(start, int(before.sum()), int(inside.sum()), float(own_gain.mean()))
        )
    return tuple(found)
