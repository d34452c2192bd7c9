"""What does the split of the rise say to an operator?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.verdict import Evidence

if TYPE_CHECKING:
    from workbench.triage.decomposition import Decomposition, Term

STEP = "decomposition"
_UNSURE = {
    "known_cases": "more or fewer of the hard cases that were known before",
    "meaning": "the same inputs being predicted better or worse than before",
    "territory": "inputs that were rare or absent before",
}
_FELL = {
    "known_cases": "fewer of the hard cases that were known before",
    "meaning": "the same inputs being predicted better than before",
    "territory": "new inputs that are easier",
}
_ROSE = {
    "known_cases": "more of the hard cases that were known before: retraining seldom helps; route "
    "them to people, abstain, or find better inputs",
    "meaning": "the same inputs being predicted worse than before: their meaning changed, or "
    "something that is not logged. The backtest tells which",
    "territory": "inputs that were rare or absent before: labels from there and a retraining are "
    "the natural remedy",
}


def decomposition_evidence(found: Decomposition) -> tuple[Evidence, ...]:
    """Its figures in words; why there are no parts, where it was skipped."""
    n = sum(found.rows)
    told = []
    rise = found.rise
    if rise is not None and found.known_rate is not None and found.current_rate is not None:
        way = "more" if rise.value >= 0 else "fewer"
        told.append(
            Evidence(
                STEP, "rise", rise.value,
                f"{abs(100 * rise.value):.1f} points {way} predictions are bad than before: "
                f"{found.known_rate:.1%} then, {found.current_rate:.1%} now.",
                rise.low, rise.high, n,
            )
        )  # fmt: skip
    if found.skipped:
        return (*told, Evidence(STEP, "terms", None, f"The rise was not split: {found.skipped}."))
    care = " Read with care: the inputs hardly overlap." if found.is_doubtful else ""
    for name, term in found.terms:
        told.append(
            Evidence(
                STEP, name, term.value, _reading(name, term) + care, term.low, term.high, n, 0.0,
                supports="retrain" if name == found.largest == "territory" else None,
                against="retrain" if name == found.largest == "known_cases" else None,
            )
        )  # fmt: skip
    if found.null is not None and not found.null.holds:
        told.append(
            Evidence(
                STEP, "null_check", max(found.null.values, key=abs),
                "With rows given to the two sides at random the split still finds something: do "
                "not trust the parts.",
                n=n, threshold=0.0,
            )
        )  # fmt: skip
    return tuple(told)


def _reading(name: str, term: Term) -> str:
    points = f"{100 * term.value:+.1f} points from "
    if term.low <= 0 <= term.high:
        return f"{points}{_UNSURE[name]}: not told from 0."
    return f"{points}{(_ROSE if term.value > 0 else _FELL)[name]}."
