"""Did the columns of the export change? Gone, new, or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workbench.domain.names import shown
from workbench.domain.period import Period, bucket_start
from workbench.domain.shape import FeatureColumn
from workbench.quality.findings import Finding


@dataclass(frozen=True)
class Era:
    """A stretch of the log whose exports had the same columns."""

    start: datetime
    end: datetime
    is_raw: bool
    """Columns and types are as they came; otherwise known columns always are there, as the card
    has them."""
    types: Mapping[str, str]
    """Name to `number`, `text`, `boolean`, `time` or `other`."""


def extra_columns(
    eras: Sequence[Era], known: Iterable[str], period: Period, bucket: timedelta
) -> list[Finding]:
    """Columns of the period's exports that neither the card nor the reference knows.

    They harm nobody; those that came at the same time are one finding.
    """
    named = {name.lower() for name in known}
    since: dict[str, datetime] = {}
    current: set[str] = set()
    for era in eras:
        for name in era.types:
            if name.lower() in named or name.lower().startswith("wb_"):
                continue
            since.setdefault(name, era.start)
            if era.start < period.end and era.end >= period.start:
                current.add(name)
    first = min((era.start for era in eras), default=None)
    by_time: dict[datetime, list[str]] = {}
    for name in sorted(current):
        by_time.setdefault(bucket_start(since[name], bucket), []).append(name)
    found = []
    for start, names in sorted(by_time.items()):
        came = None if first is not None and start <= first else start
        listed = ", ".join(shown(name, 24) for name in names[:6])
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        found.append(
            Finding(
                names[0], "extra_column", f"not in the reference: {listed}{more}", since=came,
                share=1.0, also=tuple(names[1:]), status="ok", note="kept, and used by nothing",
            )
        )  # fmt: skip
    return found


def changed_types(
    eras: Sequence[Era],
    features: Sequence[FeatureColumn],
    unread: Iterable[str],
    period: Period,
    bucket: timedelta,
) -> list[Finding]:
    """Features that the exports hold in another type than the reference, as far as it is known.

    Args:
        eras: the log's columns over time.
        features: the model's inputs, with the reference's types.
        unread: features whose values could not be read, which is said of them already.
        period: what was asked.
        bucket: the model's.
    """
    spoilt = set(unread)
    found = []
    first = min((era.start for era in eras), default=None)
    for feature in features:
        since: datetime | None = None
        until: datetime | None = None
        last = ""
        for era in eras:
            family = era.types.get(feature.name) if era.is_raw else feature.storage
            if family is None or family in (feature.storage, "other"):
                until = era.start if since is not None and until is None else until
                continue
            since, until, last = (era.start if since is None or until else since), None, family
        if since is None or since >= period.end or (until is not None and until <= period.start):
            continue
        if feature.name in spoilt:
            continue
        start = bucket_start(since, bucket)
        found.append(
            Finding(
                feature.name, "type_change",
                f"{last} in the export, {feature.storage} in the reference",
                since=None if first is not None and since <= first else start,
                until=bucket_start(until, bucket) if until is not None else None, share=1.0,
                repair=f"write it as {feature.storage}", status="ok", note="every value could be read",
            )
        )  # fmt: skip
    return found


def as_missing_column(finding: Finding, eras: Sequence[Era]) -> Finding:
    """A column without any value as one that the exports do not have, unless they do have it.

    Whether an export that was stored in the card's types had the column is not known.
    """
    since, until = finding.since, finding.until
    inside = [
        era
        for era in eras
        if (since is None or era.end >= since) and (until is None or era.start < until)
    ]
    if not inside:
        return finding
    raw = [era for era in inside if era.is_raw]
    if any(finding.column in era.types for era in raw):
        return finding
    text = "the exports do not have it" if len(raw) == len(inside) else (
        "the exports do not have it, or it is empty in every row"
    )  # fmt: skip
    return replace(finding, kind="missing_column", detail=text)
