"""Are classes only more or less frequent than before, each looking as it did? Black-box shift estimation.

With S the scores, C_ij = mean of the score of class i over the reference's rows of class j, and
mu_i = mean score of class i now, the shares q of the classes now solve C q = mu as long as rows of a
class are as before (Lipton, Wang, Smola, ICML 2018, with soft scores; the shares are held to be
at least 0 and to add up to 1). No label of the incident is used; where there are labels they tell
whether rows of a class are still scored as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of, few_blocks, resampled_sums
from workbench.triage.case import Case
from workbench.triage.refitting import labelled_rows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

STEP = "label_shift"
LEAST_ROWS = 50
"""Rows that are needed now, and labelled in the reference; of each class, a tenth of it."""
_LEAST_TOLD = 0.05
"""Smallest singular value of C: below, the scores do not tell the classes apart."""
_MOVED, _MOVED_Z = 0.05, 3.0
"""From here on a class is scored in another way than before: by so much, and so surely."""


@dataclass(frozen=True)
class ClassShare:
    """How frequent a class is."""

    name: str
    reference: float
    current: float
    """Estimated, without labels."""
    low: float
    high: float
    labelled: float | None
    """Its share among the labels of the incident; None without any."""


@dataclass(frozen=True)
class LabelShift:
    """How frequent the classes are now."""

    shares: tuple[ClassShare, ...] = ()
    moved: float | None = None
    """Total variation distance between the shares before and now: half the sum of differences."""
    scored_otherwise: float | None = None
    """The largest change of a class's mean score among the incident's labels; None without labels."""
    is_plausible: bool | None = None
    """Whether rows of a class are scored as before, so that only their shares may have changed."""
    n: int = 0
    skipped: str | None = None
    factors: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(classes,): share now / share in the reference."""

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in words."""
        if self.skipped:
            return (
                Evidence(
                    STEP, "class_shares", None, f"Shares of classes not estimated: {self.skipped}."
                ),
            )
        one = max(self.shares, key=lambda share: abs(share.current - share.reference))
        is_moved = not one.low <= one.reference <= one.high
        verb = "is now" if is_moved else "is much as before:"
        reading = (
            f"Class {one.name} {verb} {one.current:.1%} by the scores, {one.reference:.1%} in the "
            "reference"
        )
        reading += f", and {one.labelled:.1%} of the labels." if one.labelled is not None else "."
        if self.is_plausible is False:
            reading += " But rows of a class are scored otherwise than before: it is not only that."
        return (
            Evidence(
                STEP, "class_shares", one.current, reading, one.low, one.high, self.n, one.reference,
                supports="recalibrate" if is_moved and self.is_plausible else None,
            ),
        )  # fmt: skip


def score_matrix(frame: pl.DataFrame, classes: Sequence[str]) -> NDArray[Any] | None:
    """The scores as probabilities, a column a class; None where they are none, or are not logged.

    Rows without all scores are not a number. Several classes' scores are divided by their sum.

    Args:
        frame: `wb_score` for two classes (of the second), else `score_<class>`.
        classes: their names.
    """
    import numpy as np
    import polars as pl

    def column(name: str) -> NDArray[Any]:
        return np.asarray(frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy())

    if len(classes) == 2 and "wb_score" in frame.columns:
        score = column("wb_score")
        found = np.column_stack([1 - score, score])
    else:
        names = [f"score_{name}" for name in classes]
        if len(names) < 2 or not set(names) <= set(frame.columns):
            return None
        found = np.column_stack([column(name) for name in names])
    known = found[np.isfinite(found).all(axis=1)]
    if not len(known) or known.min() < -1e-9 or known.max() > 1 + 1e-9:
        return None
    total = found.sum(axis=1, keepdims=True)
    made: NDArray[Any] = np.where(total > 0, found / np.where(total > 0, total, 1.0), np.nan)
    return made


def classes_of(case: Case) -> tuple[str, ...]:
    """The classes: negative and positive; or those of the reference's labels that have a score."""
    if case.rules.task == "binary":
        return (case.rules.negative_class, case.rules.positive_class)
    if "wb_label" not in case.reference.columns:
        return ()
    names = case.reference["wb_label"].drop_nulls().cast(str).unique().sort().to_list()
    return tuple(name for name in names if f"score_{name}" in case.reference.columns)


def measure_label_shift(
    case: Case, *, base: pl.DataFrame | None = None, current: pl.DataFrame | None = None
) -> LabelShift:
    """The shares of the classes now, by the scores alone, and whether that may be believed.

    Args:
        case: the case.
        base: rows with labels and scores of the time before; by default the reference.
        current: rows with scores, labelled or not; by default the period's.
    """
    import numpy as np

    if not case.rules.is_classification:
        return LabelShift(skipped="predictions are numbers, not classes")
    base = case.reference if base is None else base
    current = case.current if current is None else current
    classes = classes_of(case)
    before_rows = labelled_rows(base, case.feature_names)
    known = _scored(before_rows, classes)
    now = _scored(current.sort("wb_timestamp", "wb_id"), classes) if current.height else None
    if known is None or now is None:
        return LabelShift(skipped=_missing(before_rows, current))
    place = _places(known[0], classes)
    sizes = np.bincount(place[place >= 0], minlength=len(classes))
    means = _class_means(known[1], place, len(classes))
    shortage = _shortage(sizes, means, len(now[1]))
    if shortage:
        return LabelShift(skipped=shortage, n=len(now[1]))
    share = _shares(means, now[1].mean(axis=0))
    drawn, wider = _drawn(case, known, place, now, len(classes))
    ends = np.quantile(drawn, (0.025, 0.975), axis=0)
    low, high = np.clip(share + wider * (ends - share), 0.0, 1.0)
    before = sizes / sizes.sum()
    place_now = _places(now[0], classes)
    seen = np.bincount(place_now[place_now >= 0], minlength=len(classes))
    labelled = seen / seen.sum() if seen.sum() >= LEAST_ROWS else None
    moved, is_plausible = _scored_otherwise(known[1], place, now[1], place_now, len(classes))
    return LabelShift(
        tuple(
            ClassShare(
                name, float(before[i]), float(share[i]), float(low[i]), float(high[i]),
                None if labelled is None else float(labelled[i]),
            )
            for i, name in enumerate(classes)
        ),
        float(np.abs(share - before).sum() / 2), moved, is_plausible, len(now[1]),
        factors=share / before,
    )  # fmt: skip


def _missing(before: pl.DataFrame, current: pl.DataFrame) -> str:
    """Why a side has no rows with scores."""
    if not before.height:
        return "the reference has no labelled rows"
    return (
        "no scores are logged that are probabilities" if current.height else "there are no rows now"
    )


def _shortage(sizes: NDArray[Any], means: NDArray[Any], now: int) -> str | None:
    """Why the shares of the classes cannot be told from so many rows of each, and their mean scores."""
    import numpy as np

    if sizes.sum() < LEAST_ROWS or sizes.min() < LEAST_ROWS // 10:
        return "the reference has too few labelled rows of a class"
    if now < LEAST_ROWS:
        return f"only {now} rows with scores now"
    if np.linalg.svd(means, compute_uv=False)[-1] < _LEAST_TOLD:
        return "the scores do not tell the classes apart"
    return None


_Rows = tuple["pl.DataFrame", "NDArray[Any]"]


def _scored(frame: pl.DataFrame, classes: Sequence[str]) -> _Rows | None:
    """The rows with all scores, and the scores."""
    import numpy as np

    scores = score_matrix(frame, classes) if frame.height else None
    if scores is None:
        return None
    kept = np.isfinite(scores).all(axis=1)
    return frame.filter(kept), scores[kept]


def _places(frame: pl.DataFrame, classes: Sequence[str]) -> NDArray[Any]:
    """The place of each row's label among the classes; -1 for none of them."""
    import numpy as np
    import polars as pl

    if "wb_label" not in frame.columns:
        return np.full(frame.height, -1)
    codes = {name: place for place, name in enumerate(classes)}
    found = frame["wb_label"].cast(pl.String).replace_strict(
        codes, default=-1, return_dtype=pl.Int64
    )  # fmt: skip
    return np.asarray(found.fill_null(-1).to_numpy())


def _class_means(scores: NDArray[Any], place: NDArray[Any], many: int) -> NDArray[Any]:
    """C: column j is the mean scores over the rows of class j; zero without any."""
    import numpy as np

    return np.column_stack(
        [scores[place == j].sum(axis=0) / max((place == j).sum(), 1) for j in range(many)]
    )


def _shares(means: NDArray[Any], mu: NDArray[Any]) -> NDArray[Any]:
    """The shares that solve C q = mu, at least 0, adding up to 1."""
    import numpy as np
    from scipy.optimize import nnls

    heavy = 1e3
    matrix = np.vstack([means, np.full(means.shape[1], heavy)])
    found = nnls(matrix, np.append(mu, heavy))[0]
    total = float(found.sum())
    share: NDArray[Any] = found / total if total > 0 else np.full(len(found), 1 / len(found))
    return share


def _drawn(
    case: Case, known: _Rows, place: NDArray[Any], now: _Rows, many: int
) -> tuple[NDArray[Any], float]:
    """The shares when blocks of both sides are drawn again, (draws, classes), and how much to widen them."""
    import numpy as np

    entity = case.card.columns.entity
    yes = (place[:, None] == np.arange(many)[None]).astype(float)
    table = np.concatenate([yes, *(known[1] * yes[:, [j]] for j in range(many))], axis=1)
    draws = 200
    blocks = [blocks_of(rows, entity)[0] for rows in (known[0], now[0])]
    sums = resampled_sums(table, blocks[0], case.seed, draws)
    table = np.column_stack([np.ones(len(now[1])), now[1]])
    after = resampled_sums(table, blocks[1], case.seed + 1, draws)
    found = []
    for one, other in zip(sums, after, strict=True):
        counts, means = one[:many], one[many:].reshape(many, many).T
        if counts.min() > 0 and other[0] > 0:
            found.append(_shares(means / counts[None], other[1:] / other[0]))
    fewest = min(int(block.max()) + 1 for block in blocks)
    return np.array(found) if found else np.full((1, many), np.nan), few_blocks(fewest)


def _scored_otherwise(
    before: NDArray[Any], place: NDArray[Any], now: NDArray[Any], place_now: NDArray[Any], many: int
) -> tuple[float | None, bool | None]:
    """The largest change of a class's mean score, and whether all changes are small or unsure."""
    import numpy as np

    largest, is_plausible = None, None
    for j in range(many):
        old, new = before[place == j], now[place_now == j]
        if len(new) < LEAST_ROWS // 2 or len(old) < 2:
            continue
        change = np.abs(new.mean(axis=0) - old.mean(axis=0))
        error = np.sqrt(new.var(axis=0) / len(new) + old.var(axis=0) / len(old))
        largest = max(largest or 0.0, float(change.max()))
        is_same = not bool(((change > _MOVED) & (change > _MOVED_Z * error)).any())
        is_plausible = is_same if is_plausible is None else is_plausible and is_same
    return largest, is_plausible
