"""How likely is a positive, given the score? The reference's labels by score bin, made monotone.

A score that is a probability already is left as it is, unless an isotonic fit on the
reference is better calibrated on rows that it has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random

from workbench.performance.metrics import roc_auc

GROUPS = 10
"""Groups of equal size that the calibration error is measured on."""
_SPLITS = 10
_TESTED = 0.1
_SEPARATED = 0.999
"""With a larger area under the curve there is next to nothing to calibrate on."""
_FEW = 32
_FAR = 1e-15

LabelCounts = Sequence[tuple[float, float]]
"""(positives, negatives) a score bin, ascending in score."""


@dataclass(frozen=True)
class Calibration:
    """The probability of a positive in each score bin, and how sure it is."""

    probabilities: tuple[float, ...]
    """Of a positive, one a bin; ascending where `is_isotonic`."""
    scores: tuple[float, ...]
    """The score that stands for each bin."""
    blocks: tuple[int, ...]
    """Bins of the same number stand or fall together: their probability has one error."""
    variances: tuple[float, ...]
    """The variance of that error, one a block."""
    is_isotonic: bool
    """Whether the reference's labels made it; else it is the score itself."""
    error: float | None
    """Expected calibration error of the score itself, cross-validated; None when not measured."""
    isotonic_error: float | None
    """The same of the isotonic fit."""

    @cached_property
    def row_variances(self) -> tuple[float, ...]:
        """The variance of one label, c (1 - c), in each bin."""
        return tuple(c * (1 - c) for c in self.probabilities)

    @cached_property
    def log_losses(self) -> tuple[float, ...]:
        """The expected log loss of a row in each bin; empty where scores are no probabilities."""
        if not self._are_probable:
            return ()
        held = (min(max(score, _FAR), 1 - _FAR) for score in self.scores)
        pairs = zip(self.probabilities, held, strict=True)
        return tuple(-c * math.log(s) - (1 - c) * math.log(1 - s) for c, s in pairs)

    @cached_property
    def squares(self) -> tuple[float, ...]:
        """The expected Brier score of a row in each bin; empty where scores are no probabilities."""
        if not self._are_probable:
            return ()
        pairs = zip(self.probabilities, self.scores, strict=True)
        return tuple(c * (1 - s) ** 2 + (1 - c) * s**2 for c, s in pairs)

    @property
    def _are_probable(self) -> bool:
        return self.scores[0] >= 0 and self.scores[-1] <= 1


def score_centers(edges: Sequence[float], is_discrete: bool = False) -> tuple[float, ...]:
    """A score that stands for each bin: its middle; where bins are single values, the value.

    Args:
        edges: upper, inclusive ends of all bins but the last; the first and last bins are open,
            and reach to 0 and 1 where all edges lie between.
        is_discrete: whether each edge is the only value of its bin.
    """
    if not edges:
        return (0.5,)
    low = min(0.0, edges[0])
    high = max(1.0, edges[-1])
    ends = (low, *edges, high)
    middles = [(a + b) / 2 for a, b in pairwise(ends)]
    if is_discrete:
        middles = [middles[0], *edges[1:], middles[-1]]
    return tuple(middles)


def are_probabilities(edges: Sequence[float]) -> bool:
    """Whether the reference's scores all lie between 0 and 1; rounding may pass the ends."""
    return bool(edges) and edges[0] >= -1e-9 and edges[-1] <= 1 + 1e-9


def calibrate(
    labels: LabelCounts,
    scores: Sequence[float],
    *,
    are_probable: bool = True,
    border: int | None = None,
    seed: int = 0,
) -> Calibration | None:
    """The probability of a positive by score bin; None where the reference cannot tell it.

    The isotonic fit (pool adjacent violators on the bins) is used if it lowers the expected
    calibration error: ten times a random tenth of the rows is set aside, the fit is made on the
    rest, and over all set-aside rows in ten groups of equal size, sum of share x |mean
    probability - share of positives| is compared with that of the score itself. That is NannyML's
    rule (`calibration.needs_calibration`), on bins. With one class only, or an area under the
    curve above 0.999, the score stays as it is. A score that is no probability is always fitted.

    The variances are those of a share, p (1 - p) / n with p = (positives + 1/2) / (n + 1), in
    each block of the isotonic fit or, for the score itself, in each of ten groups of equal size.

    Args:
        labels: the reference's.
        scores: what stands for each bin, as many as there are bins; see `score_centers`.
        are_probable: whether the score may be taken for the probability.
        border: see `isotonic`; the first bin that is predicted positive.
        seed: of the random splits.
    """
    counts = [*labels, *[(0.0, 0.0)] * (len(scores) - len(labels))]
    rows = [pos + neg for pos, neg in counts]
    positives = math.fsum(pos for pos, _ in counts)
    total = math.fsum(rows)
    if total <= 0:
        return None
    is_mixed = 0 < positives < total
    area = roc_auc(counts)
    raw = [min(max(score, 0.0), 1.0) for score in scores]
    error = fitted_error = None
    if is_mixed and are_probable and area is not None and area.value <= _SEPARATED:
        error, fitted_error = _errors(counts, raw, border, Random(seed))  # noqa: S311 - splits of rows
    is_isotonic = is_mixed and (
        not are_probable
        or (error is not None and fitted_error is not None and fitted_error < error)
    )
    if not is_isotonic and not are_probable:
        return None
    fitted, blocks = isotonic(counts, border)
    if not is_isotonic:
        fitted, blocks = raw, _groups(rows)
    return Calibration(
        tuple(fitted), tuple(scores), tuple(blocks), _variances(counts, blocks), is_isotonic, error,
        fitted_error,
    )  # fmt: skip


def isotonic(labels: LabelCounts, border: int | None = None) -> tuple[list[float], list[int]]:
    """The ascending shares of positives closest to those seen, weighted by rows, and their blocks.

    Least squares under the order, by pooling adjacent violators. Bins without rows belong to
    the block below them, those before the first row to the first block. 0 for no rows at all.

    The fit is the slope of the greatest convex minorant of the summed labels, so that it has
    too few positives below any score and too many above: an error rate by a threshold would be
    too small, by some 0.003 with 2,000 rows. Nothing is pooled across a `border`: the positives on
    either side are then as many as were seen, and the order may break there.

    Args:
        labels: (positives, negatives) a bin; whole numbers or sums of weights.
        border: the bin that begins the upper side.
    """
    pools: list[list[float]] = []
    least = 1
    for place, (positive, negative) in enumerate(labels):
        if place and place == border and any(pos + neg > 0 for pos, neg in labels[place:]):
            least = len(pools) + 1
        pools.append([positive, positive + negative, 1])
        while len(pools) > least and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            right = pools.pop()
            for i in range(3):
                pools[-1][i] += right[i]
    shares: list[float] = []
    blocks: list[int] = []
    for number, (hits, rows, bins) in enumerate(pools):
        shares += [hits / rows if rows > 0 else 0.0] * int(bins)
        blocks += [number] * int(bins)
    return shares, blocks


def _variances(counts: LabelCounts, blocks: Sequence[int]) -> tuple[float, ...]:
    sums = [[0.0, 0.0] for _ in range(blocks[-1] + 1)]
    for (positive, negative), block in zip(counts, blocks, strict=True):
        sums[block][0] += positive
        sums[block][1] += positive + negative
    shares = [((hits + 0.5) / (rows + 1), rows) for hits, rows in sums]
    return tuple(share * (1 - share) / max(rows, 1.0) for share, rows in shares)


def _groups(rows: Sequence[float]) -> list[int]:
    """Which of ten groups of equal size each bin belongs to."""
    total = math.fsum(rows)
    found = []
    below = 0.0
    for count in rows:
        found.append(min(int((below + count / 2) / total * GROUPS), GROUPS - 1))
        below += count
    numbers = {group: number for number, group in enumerate(sorted(set(found)))}
    return [numbers[group] for group in found]


def _errors(
    counts: LabelCounts, raw: Sequence[float], border: int | None, random: Random
) -> tuple[float, float]:
    """The calibration error of the score and of the isotonic fit, on rows set aside."""
    plain: list[tuple[float, float, float]] = []
    fitted: list[tuple[float, float, float]] = []
    for _ in range(_SPLITS):
        tested = [
            (_drawn(positive, random), _drawn(negative, random)) for positive, negative in counts
        ]
        kept = [(p - a, n - b) for (p, n), (a, b) in zip(counts, tested, strict=True)]
        shares, _blocks = isotonic(kept, border)
        for score, share, (positive, negative) in zip(raw, shares, tested, strict=True):
            rows = positive + negative
            if rows > 0:
                plain.append((score, positive, rows))
                fitted.append((share, positive, rows))
    return _calibration_error(plain), _calibration_error(fitted)


def _drawn(count: float, random: Random) -> float:
    """How many of some rows are set aside, each with the probability of a tenth."""
    if count <= _FEW:
        return float(sum(random.random() < _TESTED for _ in range(int(count))))
    spread = math.sqrt(count * _TESTED * (1 - _TESTED))
    return float(min(max(round(random.gauss(count * _TESTED, spread)), 0), int(count)))


def _calibration_error(found: list[tuple[float, float, float]]) -> float:
    """Over ten groups of equal size: sum of share x |mean probability - share of positives|."""
    total = math.fsum(rows for _, _, rows in found)
    if total <= 0:
        return 0.0
    sums = [[0.0, 0.0] for _ in range(GROUPS)]
    below = 0.0
    for probability, positive, rows in sorted(found):
        group = sums[min(int((below + rows / 2) / total * GROUPS), GROUPS - 1)]
        group[0] += probability * rows
        group[1] += positive
        below += rows
    return math.fsum(abs(expected - seen) for expected, seen in sums) / total
