"""Are the labels in that should be? A bucket's share of labels against the usual one at its age.

Labels come late, and the first are seldom like the rest: a bucket whose labels are mostly still
to come, or fewer than usual, is not judgeable yet. The usual share comes from old buckets, by
the time of each label where it is known, else by which commits brought them. Ages are counted in
buckets, on the clock of the data: exports may be older than the day they are ingested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from workbench.domain.outcomes import LabelArrival, OutcomeBucket
from workbench.domain.rates import RateBucket

LEAST_BUCKETS = 3
"""With fewer buckets of an age, what is usual at it is not known."""
USUAL = 0.8
"""A bucket with less than this part of the usual share has labels missing."""
NEWEST = 400
"""How many buckets back tell what is usual: the work grows with its square."""
RIPE = 0.5
"""At an age at which usually less than this part of all labels is there, they are early ones."""


@dataclass(frozen=True)
class DelayLaw:
    """The usual share of labelled rows by age."""

    shares: Mapping[int, float]
    """By age in whole buckets since the bucket ended; ages without enough buckets are missing."""

    def usual(self, age: int) -> float | None:
        """The share at an age, or at the nearest younger one that is known; None before the first."""
        known = [a for a in self.shares if a <= age]
        return self.shares[max(known)] if known else None

    @property
    def final(self) -> float | None:
        """The share at the end, when nearly all labels are in; None when nothing is known."""
        return max(self.shares.values(), default=None)


def law_from_commits(arrivals: Sequence[LabelArrival], width: timedelta) -> DelayLaw:
    """The usual share by age, from which commits brought the labels of which bucket.

    The data's clock at a commit is the end of the newest bucket with rows by then. Each commit
    after a bucket's end shows the bucket at one age; the usual share at an age is the median
    over at least `LEAST_BUCKETS` buckets. A bucket with counts of an unknown commit shows nothing.

    Args:
        arrivals: in any order.
        width: of a bucket.
    """
    lost = {a.bucket for a in arrivals if a.version == 0}
    clock: dict[int, datetime] = {}
    newest: datetime | None = max(lost, default=None)
    for arrival in sorted(arrivals, key=lambda a: a.version):
        if arrival.rows > 0:
            newest = arrival.bucket if newest is None else max(newest, arrival.bucket)
        if newest is not None:
            clock[arrival.version] = newest + width
    by_bucket: defaultdict[datetime, list[LabelArrival]] = defaultdict(list)
    for arrival in sorted(arrivals, key=lambda a: a.version):
        if arrival.bucket not in lost:
            by_bucket[arrival.bucket].append(arrival)
    seen: defaultdict[int, list[float]] = defaultdict(list)
    for bucket, own in by_bucket.items():
        for age, share in _shares(own, bucket + width, width, clock).items():
            seen[age].append(share)
    return DelayLaw({a: median(s) for a, s in sorted(seen.items()) if len(s) >= LEAST_BUCKETS})


def _shares(
    own: Sequence[LabelArrival], end: datetime, width: timedelta, clock: Mapping[int, datetime]
) -> dict[int, float]:
    """The share of a bucket's rows that were labelled, by age, at each commit after its end."""
    rows = sum(arrival.rows for arrival in own)
    if rows <= 0:
        return {}
    found: dict[int, float] = {}
    added: defaultdict[int, float] = defaultdict(float)
    for arrival in own:
        added[arrival.version] += arrival.labelled
    first = min(arrival.version for arrival in own)
    labelled = 0.0
    for version, time in sorted(clock.items()):
        labelled += added[version]
        if version >= first and time >= end:
            found[int((time - end) / width)] = min(max(labelled / rows, 0.0), 1.0)
    return found


def law_from_ages(
    labelled: Mapping[tuple[datetime, int], float], rows: Mapping[datetime, float], *,
    now: datetime, width: timedelta,
) -> DelayLaw:  # fmt: skip
    """The usual share by age, from the time of each label, over the newest `NEWEST` buckets.

    Args:
        labelled: by (start of the bucket, whole buckets from its end to the label): how many
            rows got their first label then; -1 for before the end.
        rows: by start of the bucket.
        now: the end of the newest bucket; a bucket says nothing of ages it has not reached.
        width: of a bucket.
    """
    seen: defaultdict[int, list[float]] = defaultdict(list)
    for bucket, count in rows.items():
        if count <= 0 or bucket < now - NEWEST * width:
            continue
        total = 0.0
        for age in range(int((now - bucket - width) / width) + 1):
            total += labelled.get((bucket, age - 1), 0.0)
            seen[age].append(min(total / count, 1.0))
    return DelayLaw({a: median(s) for a, s in sorted(seen.items()) if len(s) >= LEAST_BUCKETS})


def with_completeness(
    bucket: RateBucket, law: DelayLaw, *, now: datetime, width: timedelta, delay: timedelta | None
) -> RateBucket:
    """A bucket with its share of labels and the usual one; `unknown` where that is not enough.

    It is not judgeable yet when it has less than `USUAL` of what is usual at its age; when at
    its age usually less than `RIPE` of all labels that come are there; or, where nothing is
    known of when labels come, when it is younger than the card's delay and has less than
    `USUAL` of its labels. A bucket without labels is unknown anyhow.

    Args:
        bucket: one bucket of the timeline.
        law: the usual share by age.
        now: the end of the newest bucket.
        width: of the model's bucket, the unit of age.
        delay: what the card says; None where it does not.
    """
    share = bucket.labelled / bucket.rows if bucket.rows else None
    age = max(int((now - bucket.end) / width), 0)
    usual = law.usual(age)
    found = replace(bucket, completeness=share, expected_completeness=usual)
    if share is None or bucket.labelled == 0:
        return found
    reason = _reason(share, bucket.end, law, now=now, width=width, delay=delay)
    return found if reason is None else replace(found, status="unknown", reason=reason)


def is_short(
    share: float, end: datetime, law: DelayLaw, *, now: datetime, width: timedelta,
    delay: timedelta | None,
) -> bool:  # fmt: skip
    """Whether a bucket with labels is not judgeable yet, as `with_completeness` says it.

    Args:
        share: labelled / rows of the bucket.
        end: of the bucket.
        law: the usual share by age.
        now: the end of the newest bucket.
        width: of the model's bucket, the unit of age.
        delay: what the card says; None where it does not.
    """
    return _reason(share, end, law, now=now, width=width, delay=delay) is not None


def _reason(
    share: float, end: datetime, law: DelayLaw, *, now: datetime, width: timedelta,
    delay: timedelta | None,
) -> str | None:  # fmt: skip
    usual = law.usual(max(int((now - end) / width), 0))
    return _shortage(share, usual, law.final, delay if now - end < (delay or width * 0) else None)


def whole_completeness(
    whole: RateBucket,
    parts: Sequence[OutcomeBucket],
    law: DelayLaw,
    *,
    now: datetime,
    width: timedelta,
) -> RateBucket:
    """A whole period with its share of labels and the usual one, given the ages of its buckets.

    The usual share is the mean of its buckets' weighted by rows, and known only where each of
    theirs is. The whole is not judgeable with less than `USUAL` of it; young buckets are no
    reason, as their missing labels are among what is usual.

    Args:
        whole: all of the period.
        parts: its buckets.
        law: the usual share by age.
        now: the end of the newest bucket.
        width: of the model's bucket, the unit of age.
    """
    share = whole.labelled / whole.rows if whole.rows else None
    expected = rows = 0.0
    usual: float | None = None
    for part in parts:
        own = law.usual(max(int((now - part.end) / width), 0))
        if part.counts.rows <= 0:
            continue
        if own is None:
            break
        expected += own * part.counts.rows
        rows += part.counts.rows
    else:
        usual = expected / rows if rows > 0 else None
    found = replace(whole, completeness=share, expected_completeness=usual)
    if share is None or whole.labelled == 0:
        return found
    reason = _shortage(share, usual, None, None)
    return found if reason is None else replace(found, status="unknown", reason=reason)


def _shortage(
    share: float, usual: float | None, final: float | None, delay: timedelta | None
) -> str | None:
    if usual is not None:
        if share < USUAL * usual:
            return (
                f"not judgeable yet: {share:.0%} of the labels are in, "
                f"{usual:.0%} are usual at this age"
            )
        if final is not None and usual < RIPE * final and share < USUAL * final:
            return (
                f"not judgeable yet: {share:.0%} of the labels are in, as usual at this age; "
                f"{final:.0%} will come, and early labels are not like the rest"
            )
        return None
    if delay is not None and share < USUAL:
        return f"not judgeable yet: {share:.0%} of the labels are in; the card says that they come late"
    return None
