"""How long did each promoted version keep its gain? Its bad rate since it took over, from stored counts.

A version's gain is what the holdout gave it over the champion before. It is half gone when its bad
rate is nearer to that champion's than to its own on the holdout, and gone when it is no lower than
that champion's was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.decision import PROMOTION
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import bucket_start
from workbench.errors import WorkbenchError
from workbench.performance.completeness import DelayLaw
from workbench.retrain.registry import ChampionChange, champion_history
from workbench.store.connections import writing
from workbench.store.measured import Choice
from workbench.store.version_lives import VersionLife, write_lives
from workbench.triage.half_life import Retraining
from workbench.workspace.completing import label_law, without_unripe
from workbench.workspace.subjects import Subject, reference_outcomes

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_BUCKETS = 3
"""One bad day is no end: so many buckets together must have lost the gain."""
_LABELS = 100
"""And so many labels, as far as there are later buckets to get them from."""
_LEAST_LABELS = 30


def lives_of(subject: Subject, root: Path) -> tuple[VersionLife, ...]:
    """The life of every version that was promoted, oldest first.

    Only live rows of a version count, from the bucket of its takeover to that of the next change of
    the champion, and only buckets whose labels are in.

    Args:
        subject: the model.
        root: the workspace.

    Raises:
        CardError: the registry cannot be read.
    """
    changes = champion_history(root, subject.card)
    if subject.store.as_of is not None:
        changes = tuple(one for one in changes if one.takes_over <= subject.store.as_of)
    promotions = [place for place, one in enumerate(changes) if one.decision.kind == PROMOTION]
    if not promotions:
        return ()
    outcomes, law = _by_version(subject), label_law(subject)
    lives = []
    for place in promotions:
        until = changes[place + 1].takes_over if place + 1 < len(changes) else None
        lives.append(_life(subject, changes[place], until, outcomes, law))
    return tuple(lives)


def retrainings_of(subject: Subject, root: Path) -> tuple[Retraining, ...]:
    """The retrainings that went live, oldest first, as `triage.half_life` judges them.

    One is worn off when its gain is gone; one without a gain on a holdout has None.

    Args:
        subject: the model.
        root: the workspace.

    Raises:
        CardError: the registry cannot be read.
    """
    return tuple(
        Retraining(life.version, life.born, life.gain, life.gone_at)
        for life in lives_of(subject, root)
    )


def store_lives(ws: Workspace, name: str) -> tuple[str, ...]:
    """Stores what is known of the versions' lives by now; why that was not possible, if so.

    What it follows has happened: nothing is raised.
    """
    try:
        subject = ws.subject(name)
        lives = lives_of(subject, ws.root)
        with writing(ws.store, f"storing the lives of versions of {name}") as catalog:
            write_lives(catalog, name, lives, ws.clock.now())
    except WorkbenchError as error:
        return (f"how long versions lasted was not stored: {error.message}",)
    return subject.notes


def gone_since(buckets: Sequence[OutcomeBucket], level: float) -> datetime | None:
    """The start of the first bucket from which on the bad rate has been at a level; None: never.

    The bucket and the next are taken together: three, and more until there are a hundred labels. At
    the end of the log fewer do, with thirty labels at least.

    Args:
        buckets: labelled, in time order.
        level: a rate.
    """
    for place in range(len(buckets)):
        labelled = bad = 0.0
        for many, bucket in enumerate(buckets[place:], 1):
            labelled += bucket.counts.labelled
            bad += bucket.counts.bad
            if many >= _BUCKETS and labelled >= _LABELS:
                break
        if labelled >= _LEAST_LABELS and bad >= level * labelled:
            return buckets[place].start
    return None


def _by_version(subject: Subject) -> list[OutcomeBucket]:
    if subject.extent is None:
        return []
    everything, store = subject.period("all"), subject.store
    with store.counts(everything, store.own_by) as counts:
        return counts.outcomes(
            Choice(everything, assumed_before=subject.assumed_before()),
            by=store.own_by, start=everything.start, group="model_version",
        )  # fmt: skip


def _life(
    subject: Subject,
    change: ChampionChange,
    until: datetime | None,
    outcomes: Sequence[OutcomeBucket],
    law: DelayLaw,
) -> VersionLife:
    metrics = change.decision.evidence.get("metrics")
    known = metrics if isinstance(metrics, dict) else {}
    gain, former = _rate(known.get("gain")), _rate(known.get("champion_bad_rate"))
    judged = reference_outcomes(subject, versions=(change.version,))
    own = _rate(known.get("challenger_bad_rate"))
    if subject.own_baseline((change.version,)) is not None and judged:
        rows = sum(one.counts.labelled for one in judged)
        own = sum(one.counts.bad for one in judged) / rows
    start = bucket_start(change.takes_over, subject.bucket)
    mine = [
        one
        for one in outcomes
        if one.segment == change.version and one.start >= start
        and (until is None or one.start <= until) and one.counts.rows > 0
    ]  # fmt: skip
    ripe = [one for one in without_unripe(subject, law, mine) if one.counts.labelled > 0]
    half_at = gone_at = None
    if gain is not None and gain > 0 and former is not None and own is not None:
        half_at = gone_since(ripe, own + gain / 2)
        gone_at = gone_since(ripe, former)
    return VersionLife(
        change.version, change.decision.previous, mine[0].start if mine else change.takes_over,
        until, own, former, gain, round(sum(one.counts.labelled for one in ripe)), half_at, gone_at,
    )  # fmt: skip


def _rate(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
