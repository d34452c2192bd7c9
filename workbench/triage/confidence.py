"""How sure is a verdict? As often as it comes out again when rows are drawn again, fits held fixed.

The share of resamplings that give the same verdict is not yet how often such verdicts are right:
`CALIBRATION` says that, as measured on worlds whose causes are known (`benchmarks/triage.py`).
"""

from __future__ import annotations

from itertools import pairwise

from workbench.triage.examining import Findings
from workbench.triage.rules import Decision, decide

DRAWS = 200
"""Resamplings that the rules are asked of."""

SURE = 0.8
"""Below this a verdict is called leaning."""

CALIBRATION: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.99))
"""(share of resamplings, share of such verdicts that are right): lines between these points."""


def confidence_of(found: Findings, decision: Decision) -> float:
    """How often verdicts like this are right: 0 to 1."""
    same = sum(decide(found, draw).verdict == decision.verdict for draw in range(DRAWS)) / DRAWS
    return calibrated(same)


def calibrated(share: float) -> float:
    """The share of right verdicts among those that this share of resamplings confirm."""
    for (low, at_low), (high, at_high) in pairwise(CALIBRATION):
        if share <= high:
            return at_low + (at_high - at_low) * (share - low) / (high - low)
    return CALIBRATION[-1][1]
