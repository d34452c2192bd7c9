"""How grave is what was found? From a finding to a fault with its share, onset and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.card import Thresholds
from workbench.domain.fault import Fault, Transform
from workbench.domain.rates import STATUSES
from workbench.quality.confinement import confined_to, harm_of
from workbench.quality.sides import Sides

if TYPE_CHECKING:
    from numpy.typing import NDArray


_CONSEQUENCES = ("constant_prediction", "label_definition", "duplicate_rows")
_MUCH = 0.05


@dataclass(frozen=True)
class Finding:
    """Something that is not as the reference has it, before it is judged."""

    column: str
    kind: str
    detail: str
    since: datetime | None = None
    until: datetime | None = None
    rows: NDArray[Any] | None = None
    """Which rows of the log are affected; None when no row is (or every one)."""
    share: float | None = None
    """Of the affected rows in the period, where counts say it better than the sample."""
    repair: str | None = None
    transform: Transform | None = None
    segment: tuple[str, str] | None = None
    usual: float = 0.0
    """Share of rows that look affected where nothing is wrong."""
    also: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    """Further values of the segment's column with the same fault."""
    status: str | None = None
    """Already judged; None: by share and harm."""
    note: str | None = None


def times_of(
    starts: Sequence[datetime], run: tuple[int, int], bucket: timedelta
) -> tuple[datetime | None, datetime | None]:
    """(since, until) of a run of buckets; None for what lies beyond what is stored."""
    since = starts[run[0]] if run[0] > 0 else None
    until = starts[run[1] - 1] + bucket if run[1] < len(starts) else None
    return since, until


def judged(finding: Finding, sides: Sides | None, thresholds: Thresholds) -> Fault:
    """The fault that a finding is.

    `critical`: the share reaches the critical `missing_rate`, and affected rows are predicted
    worse, or nobody can tell; `warning`: one of both; `ok`, with a note: a share below the
    warning, or rows that are predicted no worse than others.
    """
    share, segment = finding.share, finding.segment
    status, note = finding.status, finding.note
    if sides is not None and finding.rows is not None:
        asked = max(int(sides.asked.sum()), 1)
        own = float((finding.rows & sides.asked).sum() / asked)
        share = own if share is None else share
        if segment is None:
            scope = _scope(sides, finding)
            segment = confined_to(
                sides, finding.rows, scope, finding.usual, (finding.column, *finding.also)
            )
    share = min(max(share or 0.0, 0.0), 1.0)
    if status is None:
        status, said = _status(finding, sides, share, thresholds)
        note = "; ".join(text for text in (note, said) if text) or None
    return Fault(
        column=finding.column,
        kind=finding.kind,
        status=status,
        since=finding.since,
        share=share,
        detail=finding.detail,
        repair=finding.repair,
        transform=finding.transform,
        segment=segment,
        until=finding.until,
        note=note,
        also=finding.also,
        also_in=finding.also_in,
    )


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of one column and transform in several segment values as one."""
    found: list[Finding] = []
    for finding in findings:
        same = next(
            (
                place
                for place, other in enumerate(found)
                if finding.segment is not None
                and other.segment is not None
                and (other.column, other.kind, other.transform, other.segment[0])
                == (finding.column, finding.kind, finding.transform, finding.segment[0])
                and other.segment != finding.segment
            ),
            None,
        )
        if same is None or finding.rows is None or found[same].rows is None:
            found.append(finding)
            continue
        other = found[same]
        since = None if None in (other.since, finding.since) else min(
            t for t in (other.since, finding.since) if t is not None
        )  # fmt: skip
        note = other.note
        if finding.segment is not None:
            column, value = finding.segment
            note = f"{note} and {value}" if note else f"also where {column} is {value}"
            other = replace(other, also_in=(*other.also_in, value))
        found[same] = replace(other, rows=other.rows | finding.rows, since=since, note=note)
    return found


def without_consequences(faults: Sequence[Fault]) -> list[Fault]:
    """The same faults; those that follow from another one of the same moment are no alarm of their own.

    An input that is spoilt makes a model decide the same for all rows, and its scores disagree
    with the labels.
    """
    causes = [
        f for f in faults
        if f.column and f.kind not in (*_CONSEQUENCES, "extra_column", "type_change")
        and (f.status != "ok" or f.share >= _MUCH)
    ]  # fmt: skip
    kept = []
    for fault in faults:
        cause = next(
            (c for c in causes if c.since == fault.since and c.share >= 0.8 * fault.share), None
        )
        if fault.kind in _CONSEQUENCES and cause is not None:
            note = f"follows from {cause.column}: {cause.kind}"
            fault = replace(fault, status="ok", note=note)  # noqa: PLW2901
        kept.append(fault)
    return kept


def worst_first(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The loudest first; then the largest share; then by name."""
    return tuple(
        sorted(faults, key=lambda f: (-STATUSES.index(f.status), -f.share, f.column, f.kind))
    )


def _scope(sides: Sides, finding: Finding) -> NDArray[Any]:
    import numpy as np

    times = np.array([start.timestamp() for start in sides.starts])
    inside = np.ones(len(times), dtype=bool)
    if finding.since is not None:
        inside &= times >= finding.since.timestamp()
    if finding.until is not None:
        inside &= times < finding.until.timestamp()
    scope: NDArray[Any] = inside[sides.at]
    return scope


def _status(
    finding: Finding, sides: Sides | None, share: float, thresholds: Thresholds
) -> tuple[str, str | None]:
    warning, critical = thresholds.missing_rate
    if share < warning:
        return "ok", f"below {warning:.1%} of the rows"
    if sides is None or finding.rows is None:
        return ("critical" if share >= critical else "warning"), None
    harm = harm_of(sides, finding.rows & sides.asked, thresholds.bad_rate[0])
    if harm.is_harmful is False:
        return "ok", f"predicted no worse than others: {harm.words}"
    return ("critical" if share >= critical else "warning"), harm.words
