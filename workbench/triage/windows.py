"""Which labelled rows of an incident may a challenger learn from, and which are to judge it?

The rows are cut by time into `PARTS` parts of as many rows each. The older three are there to
train on (Q1), the newest two to judge (Q2), once. Within the older three, the third judges
what was trained on the first two: that is where a challenger is chosen. A split at random
would let rows of the same hour stand on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.period import parse_duration
from workbench.performance.blocks import blocks_of
from workbench.triage.figures import mean_figures
from workbench.triage.refitting import MOST_ROWS, labelled_rows, thinned
from workbench.triage.tolerated import tolerated

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

PARTS = 5
TRAINED = 3
"""How many of the parts, the older ones, are trained on."""
LEAST_LABELLED = 200
"""With fewer labelled rows since the onset nothing is trained."""
_DAYS_TO_SNAP = 10
_LEAST_MATURE = 0.5


@dataclass(frozen=True)
class Windows:
    """The labelled rows of an incident in time order, and where they are cut."""

    skipped: str | None
    rows: pl.DataFrame = field(repr=False, compare=False)
    """At most `MOST_ROWS`, thinned evenly over time."""
    part: NDArray[Any] = field(repr=False, compare=False)
    """Of each row, 0 (oldest) to `PARTS` - 1."""
    before: pl.DataFrame = field(repr=False, compare=False)
    """Labelled rows before the incident, likewise thinned; none where it was as bad already."""
    cuts: tuple[datetime, ...] = ()
    """When each part but the first begins."""
    gap: timedelta = timedelta(0)
    """How much older than the cut a row must be to be trained on."""
    labelled: int = 0
    """Labelled rows before thinning."""
    notes: tuple[str, ...] = ()
    worse: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """Those before the incident when the champion was worse than usual already: to learn from, and
    no example of how things are when nothing has happened."""

    def until(self, part: int) -> NDArray[Any]:
        """Whether each row may be trained on by what `part` is to judge."""
        import numpy as np

        if not self.gap:
            return np.asarray(self.part < part)
        early = (self.rows["wb_timestamp"] < self.cuts[part - 1] - self.gap).to_numpy()
        return np.asarray((self.part < part) & early)

    @property
    def train(self) -> NDArray[Any]:
        """Whether each row is in Q1."""
        return self.until(TRAINED)

    @property
    def judge(self) -> NDArray[Any]:
        """Whether each row is in Q2."""
        import numpy as np

        return np.asarray(self.part >= TRAINED)


def split_windows(case: Case) -> Windows:
    """The labelled rows since the onset, cut by time.

    Rows younger than the usual delay of labels are left out where the others are enough: their
    labels are a choice of the early ones. The gap is the delay too, held to half a part.
    """
    import numpy as np
    import polars as pl

    since, before = (labelled_rows(f, case.feature_names) for f in (case.current, case.before))
    if case.onset is not None and before.height:
        # The period may begin later than the incident did.
        late = before.filter(pl.col("wb_timestamp") >= case.onset)
        before = before.filter(pl.col("wb_timestamp") < case.onset)
        since = pl.concat([late, since], how="diagonal_relaxed") if late.height else since
        since = labelled_rows(since, case.feature_names)
    before, worse = thinned(before, MOST_ROWS), None
    if _is_worse(case, before):
        before, worse = before.head(0), before
    delay = parse_duration(case.card.labels.delay)
    notes: list[str] = []
    if delay and case.labels_as_of is not None:
        mature = since.filter(pl.col("wb_timestamp") <= case.labels_as_of - delay)
        if mature.height >= max(LEAST_LABELLED, _LEAST_MATURE * since.height):
            since = mature
        elif mature.height < since.height:
            notes.append(
                "labels younger than the usual delay are among those trained and judged on"
            )
    labelled = since.height
    rows = thinned(since, MOST_ROWS)
    if labelled < LEAST_LABELLED:
        reason = (
            f"only {labelled:,} labelled rows since the onset; {LEAST_LABELLED} are needed to "
            "train on the older and judge on the newer"
        )
        part = np.zeros(rows.height, int)
        return Windows(reason, rows, part, before, labelled=labelled, worse=worse)
    times = rows["wb_timestamp"].dt.epoch("us").to_numpy()
    cuts = _cuts(times)
    span = timedelta(microseconds=int(times[-1] - times[0]))
    gap = min(delay, span / (2 * PARTS))
    if gap < delay:
        notes.append("the gap between training and judging is shorter than the delay of labels")
    part = np.searchsorted(cuts, times, side="right")
    sizes = np.bincount(part, minlength=PARTS)
    early = None
    if sizes[:TRAINED].sum() < LEAST_LABELLED / 4 or sizes[TRAINED:].sum() < LEAST_LABELLED / 4:
        early = "the labelled rows since the onset are of too few moments to be cut by time"
    start = rows["wb_timestamp"][0]
    at = tuple(start + timedelta(microseconds=int(cut - times[0])) for cut in cuts)
    return Windows(early, rows, part, before, at, gap, labelled, tuple(notes), worse)


def _is_worse(case: Case, before: pl.DataFrame) -> bool:
    """Whether the champion was surely worse before the onset than the reference warns of."""
    usual = tolerated(case) if before.height >= LEAST_LABELLED else None
    if usual is None:
        return False
    blocks, basis = blocks_of(before, case.card.columns.entity)
    (rate,) = mean_figures([before["wb_bad"].to_numpy()], blocks, basis, case.seed + 13)
    return rate.low > usual.warning


def _cuts(times: NDArray[Any]) -> NDArray[Any]:
    """Where parts begin: even in rows, on the border of a day where there are days enough."""
    import numpy as np

    cuts = times[np.arange(1, PARTS) * len(times) // PARTS]
    day = 86_400_000_000
    if (times[-1] - times[0]) / day >= _DAYS_TO_SNAP:
        cuts = (cuts + day // 2) // day * day
    return np.asarray(cuts)
