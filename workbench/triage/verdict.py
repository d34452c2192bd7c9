"""What is to be done? The verdict of all findings, with its causes, its evidence and how sure it is."""

from __future__ import annotations

from workbench.domain.verdict import Cause, Exclusion, Verdict
from workbench.triage.confidence import confidence_of
from workbench.triage.effects import cause_of
from workbench.triage.examining import Findings
from workbench.triage.remainder import exclusions
from workbench.triage.rules import Decision, decide, residual
from workbench.triage.words import actions, cannot_distinguish, summary, why

_WORLD = {
    "retrain": ("concept", "retrain"), "redesign": ("concept", "redesign"),
    "recalibrate": ("prior", "recalibrate"),
}  # fmt: skip


def reach_verdict(
    found: Findings, versions: tuple[str, ...], inputs: tuple[tuple[str, str], ...] = ()
) -> Verdict:
    """The verdict.

    Args:
        found: what all steps found.
        versions: the versions that it is about.
        inputs: what it was made from, to be stored with it.
    """
    decision = decide(found)
    rest = residual(found) if decision.verdict in ("fix_upstream", "fix_serving") else None
    causes = _causes(found, decision, rest)
    confidence = confidence_of(found, decision)
    case = found.case
    return Verdict(
        model=case.card.name,
        period=case.period,
        onset=found.since.onset,
        labels_as_of=case.labels_as_of,
        verdict=decision.verdict,
        reason=why(decision),
        redesign_reason=decision.redesign_reason,
        confidence=confidence,
        summary=summary(found, decision, causes, confidence),
        causes=causes,
        residual_verdict=_remains(rest),
        cannot_distinguish=cannot_distinguish(found, decision),
        exclude=_exclusions(found),
        evidence=found.evidence(),
        actions=actions(found, decision, causes),
        steps=found.steps,
        versions=versions,
        notes=found.clean.notes,
        inputs=inputs,
    )


def _remains(rest: Decision | None) -> str | None:
    if rest is None or rest.verdict == "no_action" or rest.why == "remainder_unknown":
        return None
    if rest.verdict == "fix_upstream":  # decided because nothing else takes back the rest
        return "undecided"
    return rest.verdict


def _causes(found: Findings, decision: Decision, rest: Decision | None) -> tuple[Cause, ...]:
    """What is to be mended first, then what remains; faults that only are there come last."""
    parts = (
        found.replay, found.outputs, found.repairs, found.injections, found.labels, found.versions,
    )  # fmt: skip
    named = [cause for part in parts for cause in part.causes()]
    if decision.verdict in ("no_action", "wait"):
        named = []
    elif decision.verdict == "fix_upstream" and not named:
        named = _lesser(found, decision)
    kept = {cause.verdict: None for cause in named}
    order = [decision.verdict, *(v for v in kept if v != decision.verdict)]
    causes = [cause for verdict in order for cause in named if cause.verdict == verdict]
    world = rest if rest is not None else decision
    kind = _WORLD.get(world.verdict)
    if kind is not None:
        causes.append(Cause(kind[0], "world", since=found.since.onset, verdict=kind[1]))
    return tuple(causes)


def _lesser(found: Findings, decision: Decision) -> list[Cause]:
    """The faults that stand in the way, though what they do is small or could not be shown."""
    tried = [(r.fault, r.effect) for r in found.repairs.repairs]
    tried += [(i.fault, i.effect) for i in found.injections.injections]
    is_small = decision.why == "small_fault"
    return [
        cause_of(found.case, fault, effect)
        for fault, effect in tried
        if (
            effect is not None and effect.amount.low > 0 if is_small else fault.status == "critical"
        )
    ]


def _exclusions(found: Findings) -> tuple[Exclusion, ...]:
    return exclusions(found.case, found.repairs, found.injections, found.labels)
