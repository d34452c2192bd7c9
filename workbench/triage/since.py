"""Since when is it worse, is it over, and what else happened then?

A moment is looked for in the outcomes bucket by bucket. Days differ by themselves, so that the gain
of a division is measured in units of how much buckets on one side of it differ from each other:
without that the largest day effect would always be an onset. A rise that ended again is looked for
too: a stretch with a higher rate inside what was asked that explains much more than a rise that lasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.event import Event
from workbench.domain.fault import OF_LABELS, Fault
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period
from workbench.domain.verdict import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = "since"

LEAST_GAIN = 8.0
"""Log-likelihood, in units of what buckets differ by, that a division must gain."""

NO_CHANGES = ("holiday", "campaign")
"""Kinds of events that change who comes, and not what is done with it."""

_OVER = 4.0
"""How much more an ended rise must gain than a lasting one: it has a border more."""

_MOST = 400
"""Buckets that are looked at, the newest ones: the work grows with their square."""


@dataclass(frozen=True)
class Rise:
    """A stretch of buckets with a higher bad rate than the others."""

    start: datetime
    end: datetime | None
    """None while it lasts."""
    before: float
    rate: float
    gain: float


@dataclass(frozen=True)
class Since:
    """Since when, and what else happened."""

    onset: datetime | None
    basis: str | None
    """`outcomes`, `fault`, `version` or `inputs`: what showed it; None without an onset."""
    ended: datetime | None
    """When the rise was over again; None while it lasts, or without one."""
    rise: Rise | None
    events: tuple[Event, ...] = ()
    """Within a bucket of the onset, nearest first: they rank explanations, and never decide."""
    skipped: str | None = None

    @property
    def changes(self) -> tuple[Event, ...]:
        """Those of the events that are people's changes of a system, and no holidays or campaigns."""
        return tuple(e for e in self.events if e.kind not in NO_CHANGES)

    def evidence(self) -> tuple[Evidence, ...]:
        """What the operator is told of it."""
        found = []
        if self.rise is not None:
            until = f" until {self.ended:%Y-%m-%d %H:%MZ}" if self.ended else ""
            found.append(
                Evidence(
                    STEP, "onset_rate", self.rise.rate - self.rise.before,
                    f"the bad rate went from {self.rise.before:.1%} to {self.rise.rate:.1%} on "
                    f"{self.rise.start:%Y-%m-%d %H:%MZ}{until}",
                    supports="no_action" if self.ended else None,
                )
            )  # fmt: skip
        elif self.onset is not None:
            found.append(
                Evidence(
                    STEP, "onset", None, f"since {self.onset:%Y-%m-%d %H:%MZ}, by the {self.basis}"
                )
            )
        else:
            found.append(Evidence(STEP, "onset", None, self.skipped or "no moment stands out"))
        told = [
            f"{e.kind} at {e.at:%Y-%m-%d %H:%MZ}, within a bucket of the onset: {e.text}"
            for e in self.events
        ]
        return (*found, *(Evidence(STEP, "event", None, words) for words in told))


def find_since(
    buckets: Sequence[OutcomeBucket],
    *,
    asked: Period,
    bucket: timedelta,
    faults: Sequence[Fault] = (),
    version_since: datetime | None = None,
    moved_since: datetime | None = None,
    events: Sequence[Event] = (),
) -> Since:
    """The onset of what is wrong now.

    Outcomes come first; a fault that begins within two buckets of their onset says more exactly
    when. Without a rise in the outcomes the oldest alarming fault, a new version inside what was
    asked, and inputs or scores that moved say since when to look.

    Args:
        buckets: the outcomes, up to the end of what is asked; those without labels are passed over.
        asked: the period.
        bucket: their width.
        faults: of the inputs.
        version_since: when the live version was first seen; None when it always was.
        moved_since: since when an alert says that inputs or scores moved.
        events: what is recorded of the model.
    """
    rise = find_rise([b for b in buckets if b.end <= asked.end])
    if rise is not None and rise.end is not None and rise.end <= asked.start:
        rise = None
    alarming = [f for f in faults if f.status in ("warning", "critical") and f.since is not None]
    onset: datetime | None = rise.start if rise else None
    basis = "outcomes" if rise else None
    near = [
        f.since for f in alarming
        if onset is not None and f.since is not None and abs(f.since - onset) <= 2 * bucket
    ]  # fmt: skip
    if near:
        onset = min(near, key=lambda moment: abs(moment - (onset or moment)))
    if onset is None:
        # Labels that are few or late say less of when than an input that broke.
        inputs = [f for f in alarming if f.kind not in OF_LABELS] or alarming
        inside = [f.since for f in inputs if f.since is not None and f.since < asked.end]
        for name, moment in (
            ("fault", min(inside, default=None)), ("version", version_since), ("inputs", moved_since),
        ):  # fmt: skip
            if moment is not None and moment < asked.end:
                onset, basis = moment, name
                break
    nearby: tuple[Event, ...] = ()
    if onset is not None:
        moment = onset
        close = [e for e in events if abs(e.at - moment) <= max(bucket, timedelta(hours=1))]
        nearby = tuple(sorted(close, key=lambda e: (abs(e.at - moment), e.id)))
    has_labels = any(b.counts.labelled > 0 for b in buckets)
    return Since(
        onset, basis, rise.end if rise else None, rise, nearby,
        None if has_labels else "no labels: outcomes cannot tell since when",
    )  # fmt: skip


def find_rise(buckets: Sequence[OutcomeBucket], least: float = LEAST_GAIN) -> Rise | None:
    """The stretch of buckets in which the bad rate is higher, or None where none stands out.

    Every stretch is tried: the gain of one is the binomial log-likelihood of two rates over that of
    one (Hinkley, 1970), divided by the dispersion of the buckets around the two rates (quasi-
    likelihood, Wedderburn, 1974) where that is above 1. A stretch that ends before the newest
    bucket needs a gain larger by `_OVER`.
    """
    import numpy as np

    kept = [b for b in buckets if b.counts.labelled > 0][-_MOST:]
    if len(kept) < 2:
        return None
    n = np.array([b.counts.labelled for b in kept])
    bad = np.array([b.counts.bad for b in kept])
    lasting = _best(n, bad, only_lasting=True)
    passing = _best(n, bad, only_lasting=False)
    best = lasting
    if passing is not None and (lasting is None or _is_over(passing, lasting)):
        best = passing
    if best is None or best.gain < least:
        return None
    start, end, gain = best.start, best.end, best.gain
    inside = slice(start, end)
    rows, hits = n[inside].sum(), bad[inside].sum()
    return Rise(
        start=kept[start].start,
        end=None if end == len(kept) else kept[end].start,
        before=float((bad.sum() - hits) / (n.sum() - rows)),
        rate=float(hits / rows),
        gain=gain,
    )


def without_passed(before: Sequence[OutcomeBucket]) -> list[OutcomeBucket]:
    """Earlier buckets without those of a rise that stands out and is over.

    What an incident made of its days says nothing of how usual days differ.
    """
    rise = find_rise(before)
    if rise is None or rise.end is None:
        return list(before)
    return [b for b in before if not rise.start <= b.start < rise.end]


@dataclass(frozen=True)
class _Stretch:
    """A stretch of the buckets, by places, and what it explains."""

    start: int
    end: int
    """After the last."""
    likelihood: float
    """What two rates gain over one."""
    spread: float
    """Dispersion of the buckets around the two rates."""

    @property
    def gain(self) -> float:
        return self.likelihood / self.spread


def _is_over(passing: _Stretch, lasting: _Stretch) -> bool:
    """Whether an end explains much more than none does, both in units of the same dispersion.

    A handful of rows after a rise can lower the dispersion of the others, and so raise the gain,
    without saying anything of an end themselves.
    """
    return passing.likelihood - lasting.likelihood >= _OVER * passing.spread


def _best(n: NDArray[Any], bad: NDArray[Any], *, only_lasting: bool) -> _Stretch | None:
    """The stretch with the largest gain."""
    import numpy as np

    many = len(n)
    rows, hits = (np.concatenate([[0.0], np.cumsum(values)]) for values in (n, bad))
    ends = np.array([many]) if only_lasting else np.arange(1, many + 1)
    starts = np.arange(0, many)
    a, b = np.meshgrid(starts, ends, indexing="ij")
    valid = (b > a) & ~((a == 0) & (b == many))
    if only_lasting:
        valid &= a > 0
    a, b = a[valid], b[valid]
    if not len(a):
        return None
    inside, inside_bad = rows[b] - rows[a], hits[b] - hits[a]
    outside, outside_bad = rows[-1] - inside, hits[-1] - inside_bad
    higher = inside_bad / inside > outside_bad / outside
    if not higher.any():
        return None
    gain = (
        _likelihood(inside_bad, inside) + _likelihood(outside_bad, outside)
        - _likelihood(hits[-1:], rows[-1:])
    )  # fmt: skip
    gain = np.where(higher, gain, -math.inf)
    place = int(np.argmax(gain))
    spread = _dispersion(n, bad, int(a[place]), int(b[place]))
    return _Stretch(int(a[place]), int(b[place]), float(gain[place]), spread)


def _dispersion(n: NDArray[Any], bad: NDArray[Any], start: int, end: int) -> float:
    """Pearson's statistic of the buckets around the two rates, by its degrees of freedom; at least 1."""
    import numpy as np

    inside = np.zeros(len(n), dtype=bool)
    inside[start:end] = True
    total, freedom = 0.0, 0
    for part in (inside, ~inside):
        rate = float(bad[part].sum() / n[part].sum())
        variance = max(rate * (1 - rate), 1e-12)
        total += float(((bad[part] - rate * n[part]) ** 2 / (n[part] * variance)).sum())
        freedom += max(int(part.sum()) - 1, 0)
    return max(total / freedom, 1.0) if freedom else 1.0


def _likelihood(bad: NDArray[Any], n: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    def term(count: NDArray[Any]) -> NDArray[Any]:
        share = np.where(count > 0, count / n, 1.0)
        found: NDArray[Any] = np.where(count > 0, count * np.log(share), 0.0)
        return found

    found: NDArray[Any] = term(bad) + term(n - bad)
    return found
