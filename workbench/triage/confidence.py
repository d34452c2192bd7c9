"""How sure is a verdict? As often as it comes out again when rows are drawn again, fits held fixed.

The share of resamplings that give the same verdict is not yet how often such verdicts are right:
`CALIBRATION` says that, as measured on worlds whose causes are known (`benchmarks/triage.py`, family
`tuning`, scenarios that the rules were not changed by).
"""

from __future__ import annotations

from itertools import pairwise

from workbench.triage.examining import Findings
from workbench.triage.rules import Decision, decide

DRAWS = 200
"""Resamplings that the rules are asked of."""

SURE = 0.8
"""Below this a verdict is called leaning."""

GROUPS = {
    "fix_upstream": "mends", "fix_serving": "mends", "roll_back": "mends",
    "retrain": "changes", "redesign": "changes", "recalibrate": "changes",
    "no_action": "calm", "wait": "waits", "undecided": "waits",
}  # fmt: skip
"""Verdicts that are as often right as one another, given the share of resamplings that confirm them."""

CALIBRATION: dict[str, tuple[tuple[float, float], ...]] = {
    "mends": ((0.0, 0.4), (0.8, 0.7), (0.97, 0.9), (1.0, 0.97)),
    "changes": ((0.0, 0.25), (0.55, 0.5), (0.8, 0.7), (1.0, 0.86)),
    "calm": ((0.0, 0.5), (0.6, 0.66), (0.83, 0.79), (0.97, 0.94), (1.0, 0.98)),
    "waits": ((0.0, 0.72), (0.45, 0.84), (0.75, 0.9), (1.0, 0.97)),
}
"""(share of resamplings, share of such verdicts that are right), lines between these points, drawn through
shares of right verdicts that were made to rise (pooled neighbours) in some 500 runs. To wait where rows
are few is seldom wrong. A change of the model that all resamplings confirm is wrong more often than a
mended fault is: they draw rows, and know nothing of a fault that was not found."""


def confidence_of(found: Findings, decision: Decision) -> float:
    """How often verdicts like this are right: 0 to 1."""
    same = sum(decide(found, draw).verdict == decision.verdict for draw in range(DRAWS)) / DRAWS
    return calibrated(same, decision.verdict)


def calibrated(share: float, verdict: str) -> float:
    """The share of right verdicts among those like this that this share of resamplings confirm."""
    points = CALIBRATION[GROUPS[verdict]]
    for (low, at_low), (high, at_high) in pairwise(points):
        if share <= high:
            return at_low + (at_high - at_low) * (share - low) / (high - low)
    return points[-1][1]
