"""What would any retraining have gained, incident or not? The same done before the incident.

A challenger can beat a champion that was never good, or that saw fewer rows. Trained and
judged on times before the onset in the same way, it shows what that is worth; only what a
retraining gains beyond it is owed to the incident. One split says little: there are several,
and their spread counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.triage.challengers import Choice, trained_table, training_rows
from workbench.triage.figures import Figure, figure
from workbench.triage.refitting import labelled_rows, losses, refitted_outputs, thinned
from workbench.triage.windows import Windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

SPLITS = 3
LEAST_JUDGED = 50
MOST_FITTED = 8_000


@dataclass(frozen=True)
class Control:
    """The gain of retraining where nothing had happened."""

    skipped: str | None = None
    gain: Figure | None = None
    """Its interval is that of one more such retraining, not of the mean of those made."""
    splits: tuple[float, ...] = ()
    """The gain of each split."""
    source: str = "before"
    """Where the rows are from: `before` the onset, or the `reference`."""
    losses: tuple[NDArray[Any], ...] = field(default=(), repr=False, compare=False)
    """Of each split, the paired gains of its rows."""


def measure_control(case: Case, windows: Windows, choice: Choice, draws: int) -> Control:
    """The same kind of challenger, trained on earlier rows before the onset, judged on later ones.

    The rows are cut into four parts; each part but the first judges what was trained on those
    before it, on as many rows as the challenger of the incident had. The gain of one more
    retraining is drawn from a normal law around the mean of the splits, with variance
    s^2 (1 + 1/k) + e^2 / k: s^2 the variance between splits beyond chance, e^2 the mean of their
    variances by chance, k splits.

    Args:
        case: the case.
        windows: the rows of the incident, and before it.
        choice: the kind of challenger.
        draws: how many to make.
    """
    import numpy as np

    fit = case.models.fit
    if fit is None:
        return Control(case.models.why_not("fit"))
    rows, source = _rows(case, windows)
    if rows is None:
        return Control("too few labelled rows before the onset to retrain on")
    many = int(windows.train.sum())
    part = np.arange(rows.height) * (SPLITS + 1) // rows.height
    old = trained_table(case)
    names = case.feature_names
    judged = [rows.filter(part == number) for number in range(1, SPLITS + 1)]
    made = case.models.each(
        refitted_outputs,
        [
            (
                fit,
                training_rows(
                    case, choice.kind, thinned(rows.filter(part < number), many), old, MOST_FITTED
                ),
                own.select(*names), names, case.seed,
            )
            for number, own in enumerate(judged, 1)
        ],
    )  # fmt: skip
    gains: list[NDArray[Any]] = [
        own["wb_bad"].to_numpy() - losses(outputs, own, case.rules)
        for own, outputs in zip(judged, made, strict=True)
        if not isinstance(outputs, str)
    ]
    if not gains:
        return Control("the recipe could not be fitted to the rows before the onset")
    means = np.array([gain.mean() for gain in gains])
    errors = np.array([gain.var() / len(gain) for gain in gains])
    k = len(gains)
    between = max(float(means.var(ddof=1)) - float(errors.mean()), 0.0) if k > 1 else 0.0
    spread = float(np.sqrt(between * (1 + 1 / k) + errors.mean() / k))
    drawn = means.mean() + spread * np.random.default_rng(case.seed + 7).normal(size=draws)
    own = figure(float(means.mean()), drawn, sum(len(gain) for gain in gains), "splits")
    return Control(None, own, tuple(float(mean) for mean in means), source, tuple(gains))


def _rows(case: Case, windows: Windows) -> tuple[pl.DataFrame | None, str]:
    """Labelled rows in time order: those before the onset, else the reference's."""
    enough = LEAST_JUDGED * (SPLITS + 1)
    if windows.before.height >= enough:
        return windows.before, "before"
    reference = labelled_rows(case.reference, case.feature_names)
    if reference.height < enough:
        return None, "before"
    return reference, "reference"
