"""How is a verdict written down? The document of the contract, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.domain.period import Period, iso
from workbench.domain.verdict import Cause, Evidence, Exclusion, StepNote, Verdict

_DIGITS = 10
"""Significant digits that are kept: sums of the same rows in another order differ beyond them."""


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """The document: times in ISO 8601, rates as fractions, what is not known null.

    How long the steps took is left out, so that the same inputs give the same bytes.
    """
    return {
        "id": verdict.id,
        "model": verdict.model,
        "versions": list(verdict.versions),
        "period": {"start": iso(verdict.period.start), "end": iso(verdict.period.end)},
        "onset": _time(verdict.onset),
        "labels_as_of": _time(verdict.labels_as_of),
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "redesign_reason": verdict.redesign_reason,
        "confidence": _number(verdict.confidence),
        "summary": verdict.summary,
        "causes": [
            {
                "kind": one.kind,
                "where": one.where,
                "column": one.column,
                "segment": dict([one.segment]) if one.segment else None,
                "since": _time(one.since),
                "until": _time(one.until),
                "share_of_rise": _number(one.share_of_rise),
                "repair": one.repair,
                "verdict": one.verdict,
            }
            for one in verdict.causes
        ],
        "residual_verdict": verdict.residual_verdict,
        "cannot_distinguish": list(verdict.cannot_distinguish),
        "exclude": [
            {"where": dict(one.where), "start": _time(one.start), "end": _time(one.end)}
            for one in verdict.exclude
        ],
        "evidence": [
            {
                "name": one.name,
                "step": one.step,
                "value": _number(one.value),
                "low": _number(one.low),
                "high": _number(one.high),
                "n": one.n,
                "threshold": _number(one.threshold),
                "reading": one.reading,
                "supports": one.supports,
                "against": one.against,
            }
            for one in verdict.evidence
        ],
        "actions": list(verdict.actions),
        "steps": [{"step": one.step, "skipped": one.skipped} for one in verdict.steps],
        "notes": list(verdict.notes),
        "inputs": dict(verdict.inputs),
    }


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """The verdict that a document says.

    Raises:
        KeyError, TypeError, ValueError: it is no such document.
    """
    period = document["period"]
    return Verdict(
        model=str(document["model"]),
        period=Period(_moment(period["start"]), _moment(period["end"])),
        onset=_perhaps(document["onset"]),
        labels_as_of=_perhaps(document["labels_as_of"]),
        verdict=str(document["verdict"]),
        reason=str(document["reason"]),
        redesign_reason=document["redesign_reason"],
        confidence=float(document["confidence"]),
        summary=str(document["summary"]),
        causes=tuple(
            Cause(
                one["kind"], one["where"], one["column"], _segment(one["segment"]),
                _perhaps(one["since"]), _perhaps(one["until"]), one["share_of_rise"],
                one["repair"], one["verdict"],
            )
            for one in document["causes"]
        ),
        residual_verdict=document["residual_verdict"],
        cannot_distinguish=tuple(document["cannot_distinguish"]),
        exclude=tuple(
            Exclusion(tuple(one["where"].items()), _perhaps(one["start"]), _perhaps(one["end"]))
            for one in document["exclude"]
        ),
        evidence=tuple(
            Evidence(
                one["step"], one["name"], one["value"], one["reading"], one["low"], one["high"],
                one["n"], one["threshold"], one["supports"], one["against"],
            )
            for one in document["evidence"]
        ),
        actions=tuple(document["actions"]),
        steps=tuple(StepNote(one["step"], one["skipped"]) for one in document["steps"]),
        versions=tuple(document["versions"]),
        notes=tuple(document["notes"]),
        id=document["id"],
        inputs=tuple((str(k), str(v)) for k, v in document["inputs"].items()),
    )  # fmt: skip


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")


def _time(moment: datetime | None) -> str | None:
    return iso(moment) if moment is not None else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _perhaps(text: str | None) -> datetime | None:
    return _moment(text) if text is not None else None


def _segment(found: Mapping[str, str] | None) -> tuple[str, str] | None:
    return next(iter(found.items())) if found else None
