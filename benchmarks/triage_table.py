"""What do the runs of the bench of triage say? Tables of verdicts, shares with intervals, a curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from tests.triage.scenarios.answers import Answer
from workbench.domain.verdict import VERDICTS
from workbench.performance.intervals import wilson

SEVERE = 2.0
"""Floors from which the pass marks hold."""

_NEAR = 0.9
"""A plant that was made for two floors has about two."""

PASSIVE = ("no_action", "wait", "undecided")
SHORT = {
    "no_action": "none", "wait": "wait", "fix_upstream": "feed", "fix_serving": "serv",
    "roll_back": "back", "recalibrate": "recal", "retrain": "train", "redesign": "redes",
    "undecided": "undec", "error": "error",
}  # fmt: skip

Rule = Callable[[Answer], "str | None"]

RULES: dict[str, Rule] = {
    "workbench triage": lambda answer: answer.verdict,
    "always retrain": lambda _: "retrain",
    "PSI > 0.2: retrain": lambda answer: "retrain" if answer.psi > 0.2 else "no_action",
}
"""What is compared: a verdict of each scenario."""


def is_severe(answer: Answer) -> bool:
    """Whether the pass marks hold for it: no harm, or at least about two floors of it."""
    return answer.is_calm or answer.severity >= SEVERE * _NEAR


def print_tables(answers: Sequence[Answer]) -> None:
    """Prints everything."""
    counted = [a for a in answers if a.is_counted]
    asked = [a for a in counted if a.verdict is not None]
    severe = [a for a in asked or counted if is_severe(a)]
    print(f"{len(answers)} scenarios, {len(counted)} counted, {len(severe)} severe or calm")
    _print_kinds(severe)
    _print_rules(severe)
    if asked:
        _print_severities(asked)
        _print_confidence([a for a in asked if a.confidence is not None])
        _print_causes(severe)
    _print_left_out(answers)


def share(hits: int, of: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    interval = wilson(hits, of) if of else None
    if interval is None:
        return "     -"
    return f"{hits / of:6.1%} ({interval[0]:.1%} to {interval[1]:.1%}) of {of}"


def _print_kinds(answers: Sequence[Answer]) -> None:
    print("\nVerdicts of each kind (* accepted in at least one of its scenarios)")
    columns = [*VERDICTS, "error"]
    print(
        f"{'kind':22s}"
        + "".join(f"{SHORT[c]:>7s}" for c in columns)
        + "  accepted; of those where nothing but the right action is"
    )
    for kind in dict.fromkeys(a.kind for a in answers):
        own = [a for a in answers if a.kind == kind]
        counts = Counter(a.verdict for a in own)
        accepted = {verdict for a in own for verdict in a.accepted}
        cells = "".join(f"{counts[c] or '.'!s:>6}{'*' if c in accepted else ' '}" for c in columns)
        if any(a.verdict is None for a in own):
            print(f"{kind:22s}{cells}  not asked, {len(own)}")
            continue
        clear = [a.is_right for a in own if a.is_clear]
        print(
            f"{kind:22s}{cells}  {share(sum(a.is_right for a in own), len(own)):32s}; "
            f"{sum(clear)} of {len(clear)}"
        )


def _print_rules(answers: Sequence[Answer]) -> None:
    print("\nBeside simpler rules, on the same scenarios")
    for name, rule in RULES.items():
        told = [(a, rule(a)) for a in answers]
        if any(verdict is None for _, verdict in told):
            continue
        right = sum(verdict in a.accepted for a, verdict in told)
        dangerous = sum(_is_dangerous(a, verdict, name) for a, verdict in told)
        calm = [(a, v) for a, v in told if a.is_calm]
        actions = sum(v not in PASSIVE and v not in a.accepted for a, v in calm)
        print(f"{name}")
        print(f"  accepted                       {share(right, len(told))}")
        print(f"  dangerous                      {share(dangerous, len(told))}")
        print(f"  action where nothing is wrong  {share(actions, len(calm))}")
    worst = [(share_of(a for a in answers if a.kind == k), k) for k in {a.kind for a in answers}]
    if worst and answers[0].verdict is not None:
        print(f"  the worst kind: {min(worst)[1]} with {min(worst)[0]:.1%}")


def share_of(answers: Iterable[Answer]) -> float:
    """Share of accepted verdicts."""
    found = [a.is_right for a in answers]
    return sum(found) / len(found)


def _is_dangerous(answer: Answer, verdict: str | None, rule: str) -> bool:
    if rule == "workbench triage":
        return answer.is_dangerous
    if verdict in answer.accepted or answer.severity < 1:
        return False
    if verdict == "retrain":
        return answer.where in ("feature", "label", "serving", "version")
    return bool(answer.where) and answer.power >= 4


def _print_severities(answers: Sequence[Answer]) -> None:
    print("\nBy how much the bad rate rises, in floors (where something is wrong)")
    limits = (0.3, 0.75, 1.25, 1.8, 2.5, 3.5, 5.0, 1e9)
    for low, high in pairwise(limits):
        own = [a for a in answers if not a.is_calm and low <= a.severity < high]
        found = [a for a in own if a.verdict not in PASSIVE]
        top = f"{high:4.2f}" if high < 1e9 else "   -"
        print(
            f"  {low:4.2f} to {top}  accepted {share(sum(a.is_right for a in own), len(own))}"
            f"  acted on {len(found) / max(len(own), 1):.0%}"
        )


def _print_confidence(answers: Sequence[Answer]) -> None:
    print("\nConfidence as told, and how many of those verdicts are accepted")
    limits = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)
    for low, high in pairwise(limits):
        own = [a for a in answers if low <= (a.confidence or 0) < high]
        if own:
            told = float(np.mean([a.confidence or 0 for a in own]))
            print(f"  {told:.2f}  {share(sum(a.is_right for a in own), len(own))}")


def _print_causes(answers: Sequence[Answer]) -> None:
    for name, values in (
        ("the cause's column is right", [a.is_column_right for a in answers]),
        ("its segment is right", [a.is_segment_right for a in answers]),
        ("what remains is right", [a.is_residual_right for a in answers]),
    ):
        known = [value for value in values if value is not None]
        print(f"\n{name}: {share(sum(known), len(known))}", end="")
    off = [abs(a.onset_error_hours) for a in answers if a.onset_error_hours is not None and a.where]
    if off:
        print(f"\nonset off by a day or less: {share(sum(o <= 24 for o in off), len(off))}", end="")
    seconds = sorted(a.seconds for a in answers)
    print(
        f"\nseconds: median {np.median(seconds):.1f}, 95 % below {np.quantile(seconds, 0.95):.1f}"
    )
    for answer in answers:
        if answer.is_dangerous:
            print(f"dangerous: {answer.kind} {answer.number} ({answer.world}): {answer.verdict}")


def _print_left_out(answers: Sequence[Answer]) -> None:
    left = [a for a in answers if not a.is_counted]
    if left:
        print("\nNot counted, since the oracle does not confirm the harm or its absence")
    for answer in left:
        print(f"  {answer.kind} {answer.number} ({answer.world}): {answer.reason}")
