"""Do as many predictions come as usual, and do they come at all?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.period import Period, bucket_start, iso
from workbench.quality.findings import Finding, times_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_HISTORY = 8
"""Buckets that a usual volume is taken from."""
_LOOKED_BACK, _MOST_BACK = timedelta(weeks=8), 400
"""How far before the period usual volumes are taken from: the longer of a time and of buckets."""
_MATCHED = 6
_LARGE = math.log(1.5)
_SURE = 5.0
_HABITUAL = 0.9
_LEAST_SHARE = 0.01


def volume_changes(
    rows: Mapping[datetime, float], period: Period, newest: datetime, bucket: timedelta
) -> list[Finding]:
    """The stretches of the period with far more or far fewer rows than usual, or with none.

    Usual is the median of the six nearest earlier buckets of the same hour and weekday (of all
    earlier ones while there are too few), its spread theirs. A stretch without any rows, where
    there always are some, is `late_data`; what is left is `volume_change`.

    Args:
        rows: live rows of each bucket that has some, from the oldest on.
        period: what was asked.
        newest: the newest prediction: the bucket that holds it is not judged unless it is full.
        bucket: the model's.
    """
    import numpy as np

    last = bucket_start(newest, bucket)
    # One row of long ago must not make millions of empty buckets.
    back = max(_LOOKED_BACK, _MOST_BACK * bucket)
    known = [start for start in rows if period.start - start <= back and start <= last]
    if not known:
        return []
    first = bucket_start(min(known), bucket)
    count = int((last - first) / bucket) + 1
    starts = [first + i * bucket for i in range(count)]
    counts = np.array([rows.get(start, 0.0) for start in starts])
    # The first and the newest bucket may be cut.
    is_full = newest >= last + bucket - bucket / 20
    ratios = _against_usual(counts, bucket, count if is_full else count - 1)
    asked = np.array([period.start <= start < period.end for start in starts])
    found = []
    for kind, odd in (
        ("late_data", (counts == 0) & (ratios < -_LARGE)),
        ("volume_change", (counts > 0) & (ratios < -_LARGE)),
        ("volume_change", (counts > 0) & (ratios > _LARGE)),
    ):
        for run in _runs(odd):
            if not asked[slice(*run)].any():
                continue
            since, until = times_of(starts, run, bucket)
            if not is_full and run[1] == count - 1:
                until = None
            found.append(_finding(kind, counts, ratios, run, asked, since, until))
    found.sort(key=lambda f: -(f.share or 0))
    return found[:3]


def silence(newest: datetime, now: datetime, limit: timedelta | None) -> Finding | None:
    """That no prediction has come for longer than the card's `expect_every`."""
    if limit is None or now - newest <= limit:
        return None
    return Finding(
        "", "late_data", f"no prediction since {iso(newest)}", since=newest, share=1.0,
        status="critical", repair="look at the export of the serving system",
    )  # fmt: skip


def _against_usual(counts: NDArray[Any], bucket: timedelta, judged: int) -> NDArray[Any]:
    """The logarithm of each bucket's rows over the usual, 0 where that is not sure."""
    import numpy as np

    cycle = max(int(timedelta(days=7) / bucket), 1)
    ratios = np.zeros(len(counts))
    older: list[int] = []
    matching: list[list[int]] = [[] for _ in range(cycle)]
    for place in range(1, judged):  # the first may be cut
        ratios[place] = _ratio(counts, place, older, matching[place % cycle], cycle)
        # Odd buckets are no measure for later ones, unless they have become the rule.
        if not ratios[place] or (place >= 14 and bool((ratios[place - 14 : place] != 0).all())):
            older.append(place)
            matching[place % cycle].append(place)
    return ratios


def _ratio(
    counts: NDArray[Any], place: int, older: list[int], matching: list[int], cycle: int
) -> float:
    """One bucket's: `older` and `matching` are the places before it that say what is usual."""
    import numpy as np

    is_matched = len(matching) >= 3
    chosen = matching[-_MATCHED:] if is_matched else older[-4 * cycle :]
    if len(older) < LEAST_HISTORY or len(chosen) < 3:
        return 0.0
    same = counts[chosen]
    if np.count_nonzero(same) < _HABITUAL * len(chosen):
        return 0.0
    if not is_matched and 0.6 * same.min() < counts[place] < 1.6 * same.max():
        return 0.0  # it may be a weekend, which nobody has seen often enough
    usual = float(np.median(same))
    logs = np.log(np.maximum(same, 0.5))
    spread = max(1.4826 * float(np.median(abs(logs - np.median(logs)))), float(logs.std()) / 2)
    error = math.hypot(max(spread, 0.05), math.sqrt(1 / usual))
    ratio = math.log(max(counts[place], 0.5) / usual)
    return ratio if abs(ratio) > _LARGE and abs(ratio) > _SURE * error else 0.0


def _runs(odd: NDArray[Any]) -> list[tuple[int, int]]:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], odd.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _finding(
    kind: str,
    counts: NDArray[Any],
    ratios: NDArray[Any],
    run: tuple[int, int],
    asked: NDArray[Any],
    since: datetime | None,
    until: datetime | None,
) -> Finding:
    import numpy as np

    inside = np.zeros(len(counts), dtype=bool)
    inside[slice(*run)] = True
    inside &= asked
    usual = float((np.maximum(counts[inside], 0.5) / np.exp(ratios[inside])).sum())
    own = float(counts[inside].sum())
    expected = float(counts[asked].sum()) - own + usual
    share = abs(usual - own) / max(expected, own, 1.0)
    if kind == "late_data":
        detail = f"no rows, where {usual:,.0f} are usual"
    else:
        detail = (
            f"{own:,.0f} rows where {usual:,.0f} are usual ({own / max(usual, 1e-9):.2f} times)"
        )
    gone = own < 0.2 * usual or own > 5 * usual
    status = "critical" if gone and until is None else "warning"
    if share < _LEAST_SHARE:
        status = "ok"
    return Finding(
        "", kind, detail, since, until, share=share,
        status=status,
        note="rows may still come" if kind == "late_data" and until is None else None,
    )  # fmt: skip
