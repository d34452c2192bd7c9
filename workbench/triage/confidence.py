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

WAITS = ("wait", "undecided")

CALIBRATION: dict[str, tuple[tuple[float, float], ...]] = {
    "decides": ((0.0, 0.3), (0.6, 0.5), (0.9, 0.7), (0.96, 0.88), (1.0, 0.98)),
    "waits": ((0.0, 0.85), (1.0, 0.95)),
}
"""(share of resamplings, share of such verdicts that are right), lines between these points: of verdicts
that decide, and of those that ask for more. To wait where rows are few is seldom wrong."""


def confidence_of(found: Findings, decision: Decision) -> float:
    """How often verdicts like this are right: 0 to 1."""
    same = sum(decide(found, draw).verdict == decision.verdict for draw in range(DRAWS)) / DRAWS
    return calibrated(same, decision.verdict)


def calibrated(share: float, verdict: str) -> float:
    """The share of right verdicts among those like this that this share of resamplings confirm."""
    points = CALIBRATION["waits" if verdict in WAITS else "decides"]
    for (low, at_low), (high, at_high) in pairwise(points):
        if share <= high:
            return at_low + (at_high - at_low) * (share - low) / (high - low)
    return points[-1][1]
