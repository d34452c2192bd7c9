"""Would more labels do? The bad rate of the recipe over the rows of the incident it learned from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.triage.backtest import Backtest
from workbench.triage.figures import Figure, figure, mean_figures
from workbench.triage.power_law import fit_power_laws
from workbench.triage.refitting import losses, refitted_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.triage.case import Case, Fitter
    from workbench.triage.windows import Windows

REPEATS = (2, 2, 1, 1, 1)
"""How often rows are drawn and fitted at each size, from the smallest to all training rows."""
SMALLEST_SHARE = 0.05
SMALLEST = 60
"""The smallest size in rows, where the share of the training rows is less."""
LEAST_GROWTH = 4
"""How many times the smallest size the training rows must be."""
LEAST_POINTS = 4
_NO_DISTANCE = 1e-4


@dataclass(frozen=True)
class CurvePoint:
    """What the recipe does with so many rows."""

    rows: int
    bad_rate: float
    fits: int


@dataclass(frozen=True)
class LearningCurve:
    """Where the recipe's bad rate goes as the incident's labels grow."""

    skipped: str | None = None
    points: tuple[CurvePoint, ...] = ()
    floor: Figure | None = None
    """a of a + b n^-c: what no number of rows takes it below."""
    target: float | None = None
    """The reference's rate and the smallest rise that matters."""
    state: str = "open"
    """`reached` (with the rows at hand), `enough` (more rows will do), `never` (this recipe and these
    features do not get there), or `open`."""
    rows_needed: int | None = None
    """Rows at which the target is reached; None if it is not, or is already."""
    days_needed: float | None = None
    """Until there are so many labels, at the pace of the incident."""
    labels_per_day: float | None = None
    labels_to_settle: int | None = None
    """Labelled rows of the incident at which an open state would be settled, if nothing changes:
    those at hand x (half the floor's interval / its distance to the target)^2."""
    reach: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(draws,) the floor of each draw minus the target: below 0, that draw's curve gets there."""

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step, name = "learning_curve", "floor of the learning curve"
        if self.skipped or self.floor is None or self.target is None:
            return (Evidence(step, name, None, self.skipped or "not measured"),)
        days = "" if self.days_needed is None else f", some {self.days_needed:,.0f} days from now"
        reading = {
            "reached": f"with the labels at hand the recipe is back at {self.target:.1%}",
            "enough": f"some {self.rows_needed or 0:,} labelled rows of the incident would take it "
            f"back to {self.target:.1%}{days}",
            "never": f"no number of labels takes this recipe with these features to {self.target:.1%}",
            "open": f"whether more labels would take it back to {self.target:.1%} cannot be told yet"
            + (
                f"; some {self.labels_to_settle:,} labelled rows might"
                if self.labels_to_settle
                else ""
            ),
        }[self.state]
        return (
            self.floor.evidence(
                step, name, reading, self.target,
                {"reached": "retrain", "never": "redesign", "enough": "wait"}.get(self.state),
                "retrain" if self.state == "never" else None,
            ),
        )  # fmt: skip


def measure_learning_curve(
    case: Case, backtest: Backtest, labels_per_day: float | None = None
) -> LearningCurve:
    """Fits the recipe to growing numbers of the training rows and judges each on the newest rows.

    The rows of the incident alone are learned from: older ones would hide the curve. The interval
    of the floor draws the judged rows again and adds what repeated fits of one size differ by.

    Args:
        case: the case.
        backtest: its windows, and the challenger, which is the last point if it was of this kind.
        labels_per_day: how many labels come in; that of the sample by default.
    """
    import numpy as np

    windows, usual, fit = backtest.windows, backtest.usual, case.models.fit
    if backtest.skipped or windows is None or fit is None or backtest.blocks is None:
        return LearningCurve(backtest.skipped or case.models.why_not("fit"))
    if usual is None:
        return LearningCurve("the reference has no labels to set a target")
    made = _fits(case, backtest, fit, windows)
    if len(made) < LEAST_POINTS:
        return LearningCurve("too few labelled rows of the incident for a curve")
    random = np.random.default_rng(case.seed + 13)
    columns = [np.mean(bad, axis=0) for bad in made.values()]
    counts = np.array([len(bad) for bad in made.values()])
    curve = mean_figures(columns, backtest.blocks, backtest.basis, case.seed)
    n = np.array(list(made), float)
    spreads = [
        float(np.var(np.mean(bad, axis=1), ddof=1)) * size
        for size, bad in made.items()
        if len(bad) > 1
    ]
    # The variance by the draw of training rows falls as 1 / n: the pooled one stands for all sizes.
    noise = (float(np.mean(spreads)) if spreads else 0.0) / n / counts
    value = np.array([[point.value for point in curve]])
    drawn = np.column_stack([np.asarray(point.draws) for point in curve])
    drawn = drawn + random.normal(size=drawn.shape) * np.sqrt(noise)
    weights = 1 / (noise + float(value.mean()) / curve[0].n / 10)
    own, again = fit_power_laws(n, value, weights), fit_power_laws(n, drawn, weights)
    floor = figure(float(own.a[0]), again.a, curve[-1].n, curve[-1].basis)
    points = tuple(
        CurvePoint(size, point.value, len(bad))
        for (size, bad), point in zip(made.items(), curve, strict=True)
    )
    target = usual.warning
    ends = [curve[-1].high, *([backtest.challenger.high] if backtest.challenger else [])]
    state = _state(min(ends), floor, target)
    many = int(n.max())
    pace = labels_per_day or _pace(case, windows.labelled)
    needed = float(own.rows_to(target)[0])
    is_known = state in {"enough", "open"} and np.isfinite(needed) and needed > many
    return LearningCurve(
        None, points, floor, target, state, round(needed) if is_known else None,
        (needed - many) / pace if is_known and pace else None, pace,
        _to_settle(floor, target, windows.labelled) if state == "open" else None, again.a - target,
    )  # fmt: skip


def _fits(
    case: Case, backtest: Backtest, fit: Fitter, windows: Windows
) -> dict[int, list[NDArray[Any]]]:
    """The losses on the judged rows of each fit, by how many rows it learned from."""
    import numpy as np

    rows, judged = windows.rows.filter(windows.train), windows.rows.filter(windows.judge)
    random = np.random.default_rng(case.seed + 11)
    made: dict[int, list[NDArray[Any]]] = {}
    smallest = max(SMALLEST, SMALLEST_SHARE * rows.height)
    if rows.height < LEAST_GROWTH * smallest:
        return made
    sizes = np.geomspace(smallest, rows.height, len(REPEATS)).round().astype(int).tolist()
    names = case.feature_names
    known = backtest.challenger_losses if backtest.kind == "incident" else None
    planned = [
        (many, np.sort(random.permutation(rows.height)[:many]))
        for many, repeats in zip(sizes, REPEATS, strict=True)
        for _ in range(repeats)
    ]
    fits = [one for one in planned if one[0] < rows.height or known is None]
    learned, asked = rows.select(*names, "wb_label"), judged.select(*names)
    found = case.models.each(
        refitted_outputs, [(fit, learned[chosen], asked, names, case.seed) for _, chosen in fits]
    )
    for (many, _), outputs in zip(fits, found, strict=True):
        if not isinstance(outputs, str):
            made.setdefault(many, []).append(losses(outputs, judged, case.rules))
    if known is not None:
        made.setdefault(rows.height, []).append(known)
    return made


def _state(end: float, floor: Figure, target: float) -> str:
    """How the curve stands to the target, from the upper end of what its last point has."""
    if end <= target:
        return "reached"
    if floor.high <= target:
        return "enough"
    return "never" if floor.low > target else "open"


def _to_settle(floor: Figure, target: float, labelled: int) -> int | None:
    """Labels at which the floor's interval would just end at the target."""
    distance = abs(floor.value - target)
    if distance <= _NO_DISTANCE:
        return None
    return round(labelled * max(((floor.high - floor.low) / 2 / distance) ** 2, 1.0))


def _pace(case: Case, labelled: int) -> float | None:
    """Labelled rows a day since the onset."""
    times = case.current["wb_timestamp"].drop_nulls()
    if not len(times):
        return None
    days = (times.max() - times.min()).total_seconds() / 86_400  # type: ignore[operator,union-attr]
    return labelled / max(days, 1 / 24)
