"""Was a verdict right? It, its cause, its onset, and what simpler rules would have said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC
from typing import Any

import numpy as np
import polars as pl

from tests.triage.scenarios.incidents import Incident
from tests.triage.scenarios.oracle import Judged, is_dangerous
from workbench.domain.verdict import Cause, Verdict


@dataclass(frozen=True)
class Answer:
    """One scenario and what was said of it, as a line of JSON."""

    family: str
    kind: str
    number: int
    world: str
    where: str
    asked_severity: float
    severity: float
    power: float
    labelled: int
    accepted: list[str]
    is_counted: bool
    reason: str
    psi: float
    """The largest PSI of an input since the onset."""
    verdict: str | None = None
    """None: triage was not asked; `error`: it failed."""
    confidence: float | None = None
    is_dangerous: bool = False
    residual: str | None = None
    is_residual_right: bool | None = None
    causes: list[str] = field(default_factory=list)
    is_column_right: bool | None = None
    """None where there is no column to be named, or the verdict is not that of the cause."""
    is_segment_right: bool | None = None
    onset_error_hours: float | None = None
    summary: str = ""
    recovered: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    """Of triage alone."""

    @property
    def is_right(self) -> bool:
        """Whether an expert would accept the verdict."""
        return self.verdict in self.accepted

    @property
    def is_clear(self) -> bool:
        """Whether nothing but the right action, or no action where nothing is wrong, is accepted."""
        return not set(self.accepted) & (
            {"wait", "undecided"} | ({"no_action"} if self.where else set())
        )

    @property
    def is_calm(self) -> bool:
        """Whether nothing that matters is wrong."""
        return not self.where

    @property
    def key(self) -> tuple[str, str, int]:
        """Which scenario it is of."""
        return self.family, self.kind, self.number

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        return asdict(self)


def answer_of(
    family: str, number: int, incident: Incident, judged: Judged, verdict: Verdict | None,
    *, error: str = "", seconds: float = 0.0,
) -> Answer:  # fmt: skip
    """What is kept of a scenario and its verdict."""
    kind, plant = incident.kind, incident.plant
    plain = Answer(
        family=family, kind=kind.name, number=number, world=incident.setup.world.name,
        where=kind.where, asked_severity=incident.severity, severity=judged.severity,
        power=judged.power, labelled=judged.labelled, accepted=sorted(judged.accepted),
        is_counted=judged.is_counted, reason=judged.reason, psi=largest_psi(incident),
        recovered=judged.recovered, seconds=seconds,
    )  # fmt: skip
    if verdict is None:
        return replace(plain, verdict="error" if error else None, summary=error)
    if verdict.verdict in kind.twins and verdict.cannot_distinguish:
        plain = replace(plain, accepted=sorted({*plain.accepted, verdict.verdict}))
    acted = verdict.verdict in kind.verdicts and verdict.verdict in judged.accepted
    own = [cause for cause in verdict.causes if cause.where == kind.where]
    onset = None
    if verdict.onset is not None:
        off = verdict.onset - incident.onset.replace(tzinfo=UTC)
        onset = off.total_seconds() / 3600
    has_column = acted and kind.where == "feature" and bool(plant.columns)
    return replace(
        plain,
        verdict=verdict.verdict,
        confidence=verdict.confidence,
        is_dangerous=verdict.verdict not in plain.accepted
        and is_dangerous(incident, judged, verdict.verdict),
        residual=verdict.residual_verdict,
        is_residual_right=(verdict.residual_verdict in kind.residual)
        if kind.residual and acted else None,
        causes=[_words(cause) for cause in verdict.causes],
        is_column_right=any(cause.column in plant.columns for cause in own) if has_column else None,
        is_segment_right=any(cause.segment == plant.segment for cause in own)
        if acted and kind.where in ("feature", "serving") else None,
        onset_error_hours=onset,
        summary=verdict.summary,
    )  # fmt: skip


def _words(cause: Cause) -> str:
    where = f" in {cause.segment[0]}={cause.segment[1]}" if cause.segment else ""
    return f"{cause.where}: {cause.kind} {cause.column}{where} ({cause.verdict})"


def largest_psi(incident: Incident) -> float:
    """The largest PSI of an input between the reference and the rows since the onset.

    Ten bins by the reference's quantiles, or its categories with all others together; missing
    values are left out; shares are (count + 0.5) / (n + 0.5 bins).
    """
    since = [
        log.filter(pl.col("timestamp") >= incident.onset) for log in incident.logs.values()
    ]  # fmt: skip
    since = [log for log in since if log.height]
    if not since:
        return 0.0
    found = [0.0]
    for name in incident.setup.world.features:
        reference = incident.reference[name].drop_nulls()
        current = pl.concat([log[name].cast(reference.dtype) for log in since]).drop_nulls()
        found.append(_psi(reference, current))
    return max(found)


def _psi(reference: pl.Series, current: pl.Series) -> float:
    if reference.dtype == pl.String:
        names = sorted(reference.unique().to_list())
        known: Mapping[str, int] = {name: place for place, name in enumerate(names)}
        sides = [
            np.bincount(
                [known.get(v, len(names)) for v in side.to_list()], minlength=len(names) + 1
            )
            for side in (reference, current)
        ]
    else:
        edges = np.unique(np.quantile(reference.to_numpy(), np.linspace(0.1, 0.9, 9)))
        sides = [
            np.bincount(np.searchsorted(edges, side.to_numpy()), minlength=len(edges) + 1)
            for side in (reference, current)
        ]
    shares = [(side + 0.5) / (side.sum() + 0.5 * len(side)) for side in sides]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
