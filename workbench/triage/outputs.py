"""Do the outputs look broken? One answer to everything, the opposite, or not what inputs got before.

Seen without an artifact. That a score runs against the labels can be the world's doing too (a
concept turned round), or the labels': only a score whose distribution is turned round as well, or
one that replaying does not give, is serving's. Where nothing can be replayed, it is learnt from
rows of before what inputs get (`same_function`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence
from workbench.performance.blocks import Resampled
from workbench.quality.distances import ks, ks_by_chance
from workbench.triage.case import Case
from workbench.triage.confined import is_hidden
from workbench.triage.ranking import ranking_of
from workbench.triage.replay import Replay
from workbench.triage.rescoring import ordered, rise_of, score_columns
from workbench.triage.same_function import SameFunction, measure_same_function
from workbench.triage.served_since import newly_live
from workbench.triage.stuck_part import StuckPart, stuck_part

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

COLLAPSED = 0.99
"""Share of one value from which a model is taken to give one answer."""
USUAL = 0.95
"""Share of the commonest value in the reference up to which it is taken to vary."""
MOSTLY = 0.8
RARELY = 0.05
"""The same with fewer: four rows in five with one score, where no score of the reference had one in twenty;
or one class for all, where none of the reference had four in five."""
LEAST_ROWS = 50
_NEARLY_ALL = 0.8
_STEP = "outputs"


@dataclass(frozen=True)
class Outputs:
    """What the logged outputs show by themselves."""

    skipped: str | None = None
    share_of_one: float | None = None
    """Of the period's rows with the commonest output; the score's where there is one, unless it is the
    class that has collapsed."""
    share_of_one_reference: float | None = None
    is_collapsed: bool = False
    ranking: Resampled | None = None
    """How outputs go with labels, -1 to 1: 2 AUC - 1 (classes; over several, the mean of each
    against the rest), or the correlation (numbers)."""
    ranking_reference: float | None = None
    is_inverted: bool = False
    """The ranking is surely below 0, where the reference's is above."""
    is_mirrored: bool | None = None
    """The score's distribution is turned round as well; None where that cannot be told."""
    is_replayed: bool = False
    """The champion, asked anew, gives these outputs."""
    is_cleared: bool = False
    """Replaying the champion gives these outputs: serving gives what the model says."""
    follows_from: str = ""
    """The column of a fault of the inputs that makes outputs collapse all by itself; "": none does."""
    is_new_version: bool = False
    """A version that became live with it brought it."""
    since: datetime | None = None
    n: int = 0
    has_rise: bool | None = None
    """Whether predictions became worse; None where it cannot be told."""
    draws: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    same: SameFunction | None = None
    """Whether the same inputs still get the same outputs; None where replaying tells."""
    stuck: StuckPart | None = None
    """Rows of one segment that all got one score."""
    is_sensitive: bool = False
    """Its column's values must not be shown."""

    @property
    def is_unlike(self) -> bool:
        """Whether the same inputs surely get other outputs than before, under the same version."""
        return self.same is not None and self.same.has_changed is True

    @property
    def is_broken(self) -> bool:
        """Whether the outputs are surely not what the model would say of these inputs."""
        return (
            self.is_collapsed
            or (self.stuck is not None and not self.is_replayed)
            or (self.is_inverted and self.is_mirrored is True)
            or (self.is_unlike and not self.is_cleared)
        )

    @property
    def verdict(self) -> str | None:
        """What mends it: `fix_serving`, or `roll_back` where a new version brought it; else None."""
        if not self.is_broken or self.has_rise is False:
            return None
        # An input that is spoilt everywhere makes outputs collapse or turn, but not another function.
        if self.follows_from and not self.is_unlike:
            return None
        if self.is_new_version:
            return "roll_back"
        if self.stuck is not None and not self.is_replayed:
            return "fix_serving"
        return None if self.is_cleared else "fix_serving"

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        if self.skipped is not None:
            return (Evidence(_STEP, "outputs", None, f"Not looked at: {self.skipped}."),)
        found = []
        if self.share_of_one is not None:
            usual = self.share_of_one_reference or 0.0
            words = f"One answer is given to {self.share_of_one:.1%} of the rows, in the reference to {usual:.1%}"
            if self.follows_from and self.is_collapsed:
                words += f", as {shown(self.follows_from, 40)} is spoilt"
            why = (
                "; replaying gives it too, so it follows from the inputs or the version"
                if self.is_cleared
                else ""
            )
            found.append(
                Evidence(
                    _STEP, "share_of_one_output", self.share_of_one,
                    f"{words}{why if self.is_collapsed else ''}.", n=self.n, threshold=COLLAPSED,
                    supports=self.verdict if self.is_collapsed else None,
                )
            )  # fmt: skip
        if self.stuck is not None:
            found.append(
                Evidence(
                    _STEP, "stuck_part", float(self.stuck.rows), self._stuck_reading(self.stuck), n=self.n,
                    supports=self.verdict if not self.is_replayed else None,
                )
            )  # fmt: skip
        if self.ranking is not None:
            found.append(
                Evidence(
                    _STEP, "ranking", self.ranking.value, self._ranking_reading(), self.ranking.low,
                    self.ranking.high, self.ranking.n, 0.0,
                    supports=self.verdict if self.is_inverted else None,
                )
            )  # fmt: skip
        return (*found, *(self.same.evidence() if self.same is not None else ()))

    def causes(self) -> tuple[Cause, ...]:
        """The cause that the outputs name; none where they are as they should be."""
        if self.verdict is None:
            return ()
        where = "version" if self.verdict == "roll_back" else "serving"
        is_stuck = self.stuck is not None and not self.is_replayed
        is_constant = self.is_collapsed or is_stuck
        kind = "constant_prediction" if is_constant else "serving_mismatch"
        repair = (
            "go back to the version before" if where == "version" else "mend what serves the model"
        )
        part = self.stuck if is_stuck and not self.is_collapsed else None
        segment = None if part is None or self.is_sensitive else part.segment
        since = self.since if part is None else part.since
        return (
            Cause(kind, where, segment=segment, since=since, repair=repair, verdict=self.verdict),
        )

    def _stuck_reading(self, stuck: StuckPart) -> str:
        where = "in all of them"
        if stuck.segment is not None:
            column, value = (shown(one, 40) for one in stuck.segment)
            where = (
                f"in one value of {column}" if self.is_sensitive else f"where {column} is {value}"
            )
        words = f"{stuck.rows:,} rows of different inputs got one and the same score, {where}"
        words = f"{words} since {stuck.since:%Y-%m-%d %H:%MZ}"
        return f"{words}; the champion gives it too." if self.is_replayed else f"{words}."

    def _ranking_reading(self) -> str:
        value = self.ranking.value if self.ranking is not None else 0.0
        if not self.is_inverted:
            return f"Outputs go with the labels by {value:+.2f} (1: perfectly, 0: not at all)."
        words = f"Outputs run against the labels ({value:+.2f}; the reference {self.ranking_reference or 0.0:+.2f})"
        if self.is_cleared:
            return f"{words}, and the champion says so itself: the meaning, the labels or the version turned round."
        if self.is_mirrored:
            return f"{words}, and their distribution is turned round too: the score is that of the other class."
        return f"{words}; serving, labels or the world: outputs alone do not tell."


def measure_outputs(case: Case, replay: Replay | None = None) -> Outputs:
    """Whether the logged outputs of the period have collapsed or turned round.

    Args:
        case: the rows.
        replay: what replaying showed, where it was tried; outputs that the champion gives
            again are not serving's fault.
    """
    case = ordered(case)
    if case.current.height < LEAST_ROWS or "wb_prediction" not in case.current.columns:
        return Outputs(skipped=f"fewer than {LEAST_ROWS} rows with outputs")
    now, usual, collapsed = _collapse(case)
    if now is None:
        return Outputs(skipped="no row has an output")
    ranking = ranking_of(case, case.current)
    reference = ranking_of(case, case.reference)
    inverted = (
        ranking is not None and reference is not None and ranking.high < 0 and reference.low > 0
    )  # fmt: skip
    mirrored = _is_mirrored(case) if inverted else None
    live = newly_live(case)
    onset = case.onset or case.period.start
    is_replayed = replay is None or (replay.skipped is None and replay.is_comparable)
    same = None if is_replayed else measure_same_function(case)
    stuck = stuck_part(case)
    return Outputs(
        share_of_one=now,
        share_of_one_reference=usual,
        is_collapsed=collapsed,
        ranking=ranking,
        ranking_reference=None if reference is None else reference.value,
        is_inverted=inverted,
        is_mirrored=mirrored,
        is_replayed=replay is not None and replay.agrees,
        is_cleared=(replay is not None and replay.agrees)
        or (same is not None and same.has_changed is False),
        follows_from=_spoilt_input(case),
        is_new_version=live is not None and abs(live - onset) <= case.bucket,
        since=case.onset,
        n=case.current.height,
        has_rise=_has_rise(case),
        draws=None if ranking is None else ranking.draws,
        same=same,
        stuck=stuck,
        is_sensitive=stuck is not None and stuck.segment is not None and is_hidden(case, stuck.segment[0]),
    )  # fmt: skip


def _collapse(case: Case) -> tuple[float | None, float | None, bool]:
    """The share of the commonest output now and in the reference, and whether outputs have collapsed.

    Of the scores, or of the predicted classes where only these have: one class for all is a collapse
    though its scores still differ a little.
    """
    both = (case.current, case.reference)
    now, usual = (_share_of_one(case, frame) for frame in both)
    if now is None or usual is None:
        return now, usual, False
    if (now > COLLAPSED and usual <= USUAL) or (now > MOSTLY and usual <= RARELY):
        return now, usual, True
    said, usually = (_share_of_class(case, frame) for frame in both)
    if said is not None and usually is not None and said > COLLAPSED and usually <= MOSTLY:
        return said, usually, True
    return now, usual, False


def _has_rise(case: Case) -> bool | None:
    """Whether predictions became worse; None where it cannot be told."""
    rise = rise_of(case)
    if rise is None:
        return None
    if rise.low > 0:
        return True
    return False if rise.high < rise.floor else None


def _spoilt_input(case: Case) -> str:
    """An input that is spoilt in nearly all rows of the period; "" without."""
    names = set(case.feature_names)
    return next(
        (
            f.column
            for f in case.faults
            if f.column in names and f.status != "ok" and f.share >= _NEARLY_ALL
        ),
        "",
    )


def _share_of_one(case: Case, frame: pl.DataFrame) -> float | None:
    """The share of the commonest output: of the scores where there are any, else the predictions."""
    if "wb_prediction" not in frame.columns:
        return None
    columns = [c for _, c in score_columns(case, frame) if frame[c].null_count() < frame.height]
    shares = []
    for name in columns or ["wb_prediction"]:
        known = frame[name].drop_nulls()
        if len(known):
            top = known.value_counts(sort=True)["count"][0]
            shares.append(float(top) / len(known))
    return min(shares) if shares else None


def _share_of_class(case: Case, frame: pl.DataFrame) -> float | None:
    """The share of the class that is predicted most; None of a regression, or of too few rows."""
    if not case.rules.is_classification or "wb_prediction" not in frame.columns:
        return None
    known = frame["wb_prediction"].drop_nulls()
    if len(known) < LEAST_ROWS:
        return None
    return float(known.value_counts(sort=True)["count"][0]) / len(known)


def _is_mirrored(case: Case) -> bool | None:
    """Whether 1 - score (numbers: the mirror image) is spread as the reference's, and the score is not.

    None where a distribution is its own mirror image, or there is no score.
    """
    import polars as pl

    if case.rules.task == "multiclass":
        return None
    name = "wb_score" if case.rules.task == "binary" else "wb_prediction"
    if name not in case.current.columns or name not in case.reference.columns:
        return None
    now = case.current[name].cast(pl.Float64).drop_nulls().to_numpy()
    usual = case.reference[name].cast(pl.Float64).drop_nulls().to_numpy()
    if min(now.size, usual.size) < LEAST_ROWS:
        return None
    mirror = 1 - now if case.rules.task == "binary" else -now
    as_is, turned = ks(now, usual), ks(mirror, usual)
    chance = ks_by_chance(now.size, usual.size)
    if max(as_is, turned) <= chance or abs(as_is - turned) <= chance:
        return None
    return turned < 0.5 * as_is
