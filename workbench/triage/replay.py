"""Does the champion say today of the logged inputs what it is logged to have said?

If it does not, what serves it is broken: other code, another artifact, inputs prepared otherwise.
Needs no labels. Two outputs agree when they differ by no more than single precision makes
(relative 1e-5). Where they differ by more, but not once the inputs are rounded to single
precision, rounding has moved rows across the border of a tree: harmless, and told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence, Exclusion
from workbench.errors import WorkbenchError
from workbench.performance.blocks import Resampled
from workbench.quality.sides import VERSION
from workbench.quality.stretches import affected_run
from workbench.triage.case import Case, Scorer
from workbench.triage.confined import confined_rows, is_hidden
from workbench.triage.disagreement import Disagreement, compared
from workbench.triage.rescoring import (
    Rescored,
    badness_of,
    expectations,
    floor_of,
    ordered,
    rise_of,
    sampled,
)
from workbench.triage.served_since import newly_live
from workbench.triage.undoing import in_time

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_SHARE = 0.002
"""Of the rows; a smaller share of disagreement decides nothing."""
NOT_THE_MODEL = 0.5
"""Share of disagreement in the reference from which the artifact is not the model that made it."""
LEAST_LABELS = 50
_STEP = "replay"


@dataclass(frozen=True)
class Replay:
    """What replaying the champion on the logged inputs shows."""

    skipped: str | None = None
    share: float | None = None
    """Of the period's rows whose output is another one."""
    share_decided: float | None = None
    """Of the period's rows that were decided otherwise."""
    share_before: float | None = None
    share_reference: float | None = None
    n: int = 0
    since: datetime | None = None
    """The first bucket from which on the outputs differ; None: in all of the log, or not at all."""
    until: datetime | None = None
    from_the_first_day: bool = False
    """All of the log disagrees, while the reference agrees."""
    segment: tuple[str, str] | None = None
    """(column, value) that the disagreement is confined to."""
    is_rounding: bool = False
    """Single precision of the inputs explains it."""
    is_previous: bool = False
    """The previous version's artifact gives the logged outputs: it is what serves."""
    is_comparable: bool = True
    """False: the artifact does not give the reference's outputs either."""
    harm: Resampled | None = None
    """Logged minus replayed badness of the period's labelled rows; > 0: replaying would be better."""
    basis: str = ""
    """`labels`, or `estimate` (by the reference-calibrated score); what `harm` rests on."""
    share_of_rise: float | None = None
    floor: float | None = None
    sensitive: tuple[str, ...] = ()
    badness: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(rows of the period, 2): logged and replayed; not a number without a label."""
    anew: Rescored | None = field(default=None, repr=False, compare=False)
    """The champion's outputs for the period's rows."""

    @property
    def agrees(self) -> bool:
        """Whether the logged outputs are the champion's, but for next to none."""
        return self.skipped is None and (self.share or 0.0) < LEAST_SHARE

    @property
    def is_harmful(self) -> bool | None:
        """Whether serving makes predictions worse by what matters; None where it cannot be told."""
        if self.skipped is not None or not self.is_comparable:
            return None
        if self.agrees or self.share_decided == 0.0:
            return False
        # Rounding is taken for harmless unless labels say otherwise.
        unknown = False if self.is_rounding else None
        if self.harm is None or self.floor is None:
            return unknown
        if self.harm.high < self.floor:
            return False
        return True if self.harm.low > 0 else unknown

    @property
    def decides(self) -> bool:
        """Whether serving must be mended before anything else is judged.

        Also where harm cannot be told: what is logged is then not what the champion says.
        """
        if self.skipped is not None or not self.is_comparable or self.agrees:
            return False
        return self.is_harmful is not False

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        if self.skipped is not None:
            return (Evidence(_STEP, "replay_disagreement", None, f"Not replayed: {self.skipped}."),)
        if self.share is None:
            return ()
        found = [
            Evidence(
                _STEP, "replay_disagreement", self.share, self._reading(), n=self.n,
                threshold=LEAST_SHARE, supports="fix_serving" if self.decides else None,
                against="fix_serving" if self.agrees else None,
            )
        ]  # fmt: skip
        if self.harm is not None and not self.agrees and self.is_comparable:
            found.append(
                Evidence(
                    _STEP, "replay_harm", self.harm.value, self._harm_reading(), self.harm.low,
                    self.harm.high, self.harm.n, self.floor,
                    supports="fix_serving" if self.is_harmful else None,
                    against="fix_serving" if self.is_harmful is False else None,
                )
            )  # fmt: skip
        return tuple(found)

    def causes(self) -> tuple[Cause, ...]:
        """What would have to be mended in serving; none where replaying agrees or says nothing."""
        if not self.decides:
            return ()
        repair = (
            "serve the champion's artifact: the previous version's answers under its name"
            if self.is_previous
            else "make serving prepare the inputs and load the artifact as training did"
        )
        return (
            Cause(
                "serving_mismatch", "serving", segment=None if self._hides_segment else self.segment, since=self.since,
                until=self.until, share_of_rise=self.share_of_rise, repair=repair,
                verdict="fix_serving",
            ),
        )  # fmt: skip

    def exclusions(self) -> tuple[Exclusion, ...]:
        """None: inputs and labels of wrongly served rows are right, and good for training."""
        return ()

    @property
    def _hides_segment(self) -> bool:
        return self.segment is not None and self.segment[0] in self.sensitive

    def _reading(self) -> str:
        share = f"{self.share or 0.0:.2%}"
        if self.agrees:
            few = "" if not self.share else f", but for {share} of the rows"
            return f"The champion gives the logged outputs again{few}: serving is as it should be."
        if self.is_rounding:
            return (
                f"{share} of the outputs differ, and no longer once the inputs are rounded to single "
                f"precision: {'it still does harm' if self.is_harmful else 'harmless'}."
            )
        if not self.is_comparable:
            return (
                f"The artifact gives other outputs than those logged in {share} of the rows, and in "
                f"{self.share_reference or 0.0:.0%} of the reference: it is not the model that was serving."
            )
        words = [f"The champion gives other outputs than those logged in {share} of the rows"]
        if self.segment is not None:
            column, value = self.segment
            words.append(
                f"only where {column} is "
                + ("one value" if self._hides_segment else shown(value, 40))
            )
        if self.from_the_first_day:
            words.append("in all of the log, while it gives those of the reference")
        elif self.since is not None:
            words.append(f"since {self.since:%Y-%m-%d %H:%M}")
        if self.is_previous:
            words.append("and the previous version gives them")
        return ", ".join(words) + "."

    def _harm_reading(self) -> str:
        basis = "by its labels" if self.basis == "labels" else "by the calibrated score"
        value = self.harm.value if self.harm is not None else 0.0
        if self.is_harmful is False:
            return f"Of no weight: {basis} the bad rate would fall by {100 * value:.2f} points."
        return f"As the champion itself decides, the bad rate would fall by {100 * value:.2f} points, {basis}."


def measure_replay(case: Case) -> Replay:
    """The champion's outputs for the logged inputs of the period, of before, and of the reference.

    `skipped` where there is no artifact, it fails, or no row has an output to compare with.
    """
    case = ordered(case)
    champion = case.models.champion
    if champion is None:
        return Replay(skipped=case.models.why_not("champion"))
    if not case.current.height:
        return Replay(skipped="the period has no rows")
    try:
        now = compared(case, champion, case.current)
        before = compared(case, champion, case.before)
        reference = compared(case, champion, case.reference)
    except WorkbenchError as error:
        return Replay(skipped=error.message)
    if now.share is None:
        return Replay(skipped="no row has an output to compare with")
    floor = floor_of(case)
    found = Replay(
        share=now.share,
        share_decided=float(now.decided.sum()) / int(now.known.sum()),
        share_before=before.share,
        share_reference=reference.share,
        n=int(now.known.sum()),
        floor=floor,
        sensitive=tuple(n for n in (*case.current.columns, VERSION) if is_hidden(case, n)),
        anew=now.anew,
    )
    if found.agrees:
        return replace(found, badness=_both(case, now))
    return _explained(case, champion, found, before, now)


def _explained(
    case: Case, champion: Scorer, found: Replay, before: Disagreement, now: Disagreement
) -> Replay:
    """What is found, with where and since when outputs differ, why, and what it does."""
    import polars as pl

    usual = found.share_reference or 0.0
    comparable = not (
        usual > NOT_THE_MODEL or (usual >= LEAST_SHARE and usual >= 0.8 * (found.share or 0.0))
    )  # fmt: skip
    rows = pl.concat([case.before, case.current], how="diagonal_relaxed")
    hits, known = _joined(before.differs, now.differs), _joined(before.known, now.known)
    since, until, everywhere = _stretch(case, rows, hits, known)
    if everywhere and newly_live(case) is not None:
        since, everywhere = newly_live(case), False
    rounding = _is_rounding(case, champion, now)
    previous = case.models.previous
    is_previous = False
    if previous is not None and not rounding:
        is_previous = _is_given_by(case, previous, now)
    # A fault of this morning must not be diluted by the days before it.
    scope = _since(case, since, until)
    harm, basis = (None, "") if not comparable else _harm(case, now, scope)
    rise = rise_of(replace(case, current=case.current.filter(scope)))
    share = None
    if harm is not None and rise is not None and rise.low > 0:
        share = min(max(harm.value / rise.value, 0.0), 1.0)
    return replace(
        found,
        since=since,
        until=until,
        from_the_first_day=everywhere
        and comparable
        and not rounding
        and found.share_reference is not None,
        segment=confined_rows(case, rows, hits & known, since, until),
        is_rounding=rounding,
        is_previous=is_previous,
        is_comparable=comparable or is_previous,
        harm=harm,
        basis=basis,
        share_of_rise=share,
        badness=_both(case, now),
    )


def _stretch(
    case: Case, rows: pl.DataFrame, hits: NDArray[Any], known: NDArray[Any]
) -> tuple[datetime | None, datetime | None, bool]:
    """(since, until, whether in all there is) of the disagreement, in buckets."""
    import numpy as np

    part = rows.filter(known)
    if not part.height or "wb_timestamp" not in part.columns:
        return None, None, False
    seconds = part["wb_timestamp"].dt.epoch("us").to_numpy() / 1e6
    length = case.bucket.total_seconds()
    # Buckets as the store has them are those that the period's start lies on the border of.
    zero = case.period.start.timestamp() % length
    numbers, at = np.unique(np.floor((seconds - zero) / length), return_inverse=True)
    total = np.bincount(at)
    hit = np.bincount(at, weights=hits[known], minlength=len(total))
    rates = hit / np.maximum(total, 1)
    base = float(min(np.quantile(rates, 0.1), 0.5 * rates.max()))
    run = affected_run(hit, total, max(base, LEAST_SHARE / 2), LEAST_SHARE)
    if run is None:
        return None, None, True

    def moment(place: int) -> datetime:
        return datetime.fromtimestamp(numbers[place] * length + zero, UTC)

    since = moment(run[0]) if run[0] > 0 else None
    until = moment(run[1] - 1) + case.bucket if run[1] < len(total) else None
    return since, until, since is None and until is None


def _is_rounding(case: Case, scorer: Scorer, now: Disagreement) -> bool:
    """Whether next to all of the disagreement goes once the inputs are in single precision."""
    import polars as pl

    part = case.current.filter(now.differs)
    numeric = [n for n in case.feature_names if n in part.columns and part[n].dtype == pl.Float64]
    if not part.height or not numeric:
        return False
    single = part.with_columns(pl.col(numeric).cast(pl.Float32).cast(pl.Float64))
    left = compared(case, scorer, single)
    return int(left.differs.sum()) <= 0.02 * part.height


def _is_given_by(case: Case, previous: Scorer, now: Disagreement) -> bool:
    """Whether the previous version gives what was logged where the champion does not."""
    part = case.current.filter(now.differs)
    try:
        own = compared(case, previous, part)
    except WorkbenchError:
        return False  # an artifact that cannot be asked is none that is known to answer
    return int(own.known.sum()) > 0 and int(own.differs.sum()) <= 0.05 * int(own.known.sum())


def _since(case: Case, since: datetime | None, until: datetime | None) -> NDArray[Any]:
    """The rows of the period in the stretch in which outputs differ; all where it has none of them."""
    found = in_time(case.current, since, until)
    return found if found.any() else ~found


def _harm(case: Case, now: Disagreement, scope: NDArray[Any]) -> tuple[Resampled | None, str]:
    """(logged minus replayed badness over the rows of a stretch of the period, its basis)."""
    import numpy as np

    both = np.where(scope[:, None], _both(case, now), np.nan)
    fall = both[:, 0] - both[:, 1]
    if int(np.isfinite(fall).sum()) >= LEAST_LABELS and np.isfinite(fall[now.differs]).any():
        return sampled(case, fall, case.current), "labels"
    found = expectations(case)
    if isinstance(found, str):
        return None, ""
    if not set(found.columns) <= set(now.anew.scores.columns):
        return None, ""
    logged = found.of(case.current["wb_prediction"], now.anew)
    anew = found.of(now.anew.prediction, now.anew)
    return sampled(case, np.where(scope, logged - anew, np.nan), case.current), "estimate"


def _both(case: Case, now: Disagreement) -> NDArray[Any]:
    import numpy as np

    return np.column_stack([badness_of(case, case.current, None), now.anew.bad])


def _joined(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.concatenate([one, other])
