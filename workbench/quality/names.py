"""Are these new categories, or old ones under other names? Or words that mean that there is none?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.domain.names import shown
from workbench.quality.codes import Coded, likeness
from workbench.quality.confinement import confined_to
from workbench.quality.findings import Finding, times_of
from workbench.quality.sides import Sides, Values
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_VALUE = frozenset(
    [
        "unknown", "unk", "undefined", "unspecified", "missing", "none", "null", "nil", "nan", "na",
        "n/a", "n.a.", "?", "??", "-", "--", "default", "not_available", "not_set", "no_value",
        "tbd", "error", "#n/a", "#value!", "#ref!", "-1", "-99", "-999", "-9999", "99", "999",
        "9999", "99999", "0", "1970-01-01", "1900-01-01", "0000-00-00", "9999-12-31",
    ]
)  # fmt: skip
"""Words and numbers that stand for a value that is not there, in lower case."""
_MOST_NAMED = 6
_SIMPLE = {"true": "1", "false": "0", "yes": "1", "no": "0", "y": "1", "n": "0", "t": "1", "f": "0"}


@dataclass(frozen=True)
class _Unseen:
    """The rows with names that the reference does not have, and where they are."""

    rows: NDArray[Any]
    run: tuple[int, int]
    scope: NDArray[Any]
    """The stretch of time, and the segment if they are confined to one."""
    segment: tuple[str, str] | None


def strange_names(
    sides: Sides, values: Values, rest: Coded, least: float, bucket: timedelta
) -> list[Finding]:
    """Renamed categories, words for no value and new categories of one column.

    Args:
        sides: both sides.
        values: a categorical column.
        rest: the other columns, coded.
        least: a smaller share of the period's rows is not looked at.
        bucket: the model's.
    """
    import numpy as np

    if not values.known:
        return []
    counts = np.bincount(values.log[(values.log >= 0) & sides.asked], minlength=len(values.names))
    rows = max(int(sides.asked.sum()), 1)
    strange = [c for c in range(values.known, len(values.names)) if counts[c] > 0]
    if sum(int(counts[c]) for c in strange) < max(least * rows / 4, 5):
        return []
    found: list[Finding] = []
    most = 0.5 * sum(int(counts[c]) for c in strange)
    words = [
        c for c in strange
        if values.names[c].strip().lower() in NO_VALUE and counts[c] >= max(least * rows, most)
    ]  # fmt: skip
    like_known = _written_otherwise(values, strange)
    words = [c for c in words if c not in like_known]
    found += [_word(sides, values, code, bucket) for code in words]
    left = [c for c in strange if c not in words]
    renamed = {c: b for c, b in like_known.items() if c in left}
    plain = [c for c in left if c not in renamed]
    renamed |= _told_by_rows(sides, values, plain, counts, rest)
    if sum(int(counts[c]) for c in renamed) >= max(least * rows / 4, 5):
        found.append(_renamed(sides, values, renamed, bucket))
    else:
        renamed = {}
    fresh = [c for c in left if c not in renamed]
    if sum(int(counts[c]) for c in fresh) >= _expected(values, rows) + least * rows:
        found.append(_new(sides, values, fresh, counts, bucket))
    return found


def canonical(name: str) -> str:
    """What a name is without case, blanks, marks, leading zeros and a fraction of nought.

    >>> [canonical(name) for name in ("  New York", "new-york", "007", "7.0", "YES")]
    ['newyork', 'newyork', '7', '7', '1']
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    text = re.sub(r"^([+-]?\d+)\.0+$", r"\1", text)
    text = re.sub(r"[\s_\-./]+", "", text) or text
    text = re.sub(r"^0+(?=\d)", "", text)
    return _SIMPLE.get(text, text)


def _written_otherwise(values: Values, strange: Sequence[int]) -> dict[int, int]:
    """Strange names that differ from one known name in writing only."""
    by: dict[str, list[int]] = {}
    for code in range(values.known):
        by.setdefault(canonical(values.names[code]), []).append(code)
    found = {}
    for code in strange:
        same = by.get(canonical(values.names[code]), [])
        if len(same) == 1:
            found[code] = same[0]
    return found


def _told_by_rows(
    sides: Sides, values: Values, plain: Sequence[int], counts: NDArray[Any], rest: Coded
) -> dict[int, int]:
    """Strange names whose share a vanished category had, matched by the rest of their rows."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    new = [c for c in plain if counts[c] >= 30]
    if not new or len(new) > 60:
        return {}
    unseen = _locate(sides, values, new)
    scope = unseen.scope & (values.log >= 0)
    now = np.bincount(values.log[scope], minlength=len(values.names)).astype(float)
    usual = np.bincount(values.reference[values.reference >= 0], minlength=values.known).astype(
        float
    )
    if unseen.segment is not None:
        own = sides.segments[unseen.segment[0]]
        inside = (own.reference == own.names.index(unseen.segment[1])) & (values.reference >= 0)
        if inside.sum() >= 100:
            usual = np.bincount(values.reference[inside], minlength=values.known).astype(float)
    if not now.sum() or not usual.sum():
        return {}
    q, p = now / now.sum(), usual / usual.sum()
    gone = [b for b in range(values.known) if p[b] >= 0.002 and q[b] <= 0.4 * p[b]]
    gained, lost = sum(q[c] for c in new), sum(p[b] - q[b] for b in gone)
    if len(gone) < len(new) or not 0.6 <= lost / max(gained, 1e-9) <= 1.6:
        return {}
    like = likeness(_only(values, new, gone), scope, rest)
    fit = np.zeros((len(new), len(gone)))
    for i, c in enumerate(new):
        for j, b in enumerate(gone):
            apart = abs(np.log(q[c] / p[b]))
            fit[i, j] = now[c] * (like.now[i, j] - 0.5 * apart)
    left, right = linear_sum_assignment(-fit)
    pairs = {new[i]: gone[j] for i, j in zip(left, right, strict=True)}
    return pairs if all(abs(np.log(q[c] / p[b])) < np.log(2) for c, b in pairs.items()) else {}


def _only(values: Values, new: Sequence[int], gone: Sequence[int]) -> Values:
    """The column with some names of the log and some of the reference's; its others are one.

    Of all names against all there would be a table of billions where there are many.
    """
    import numpy as np

    log = np.full(len(values.names) + 1, -1, dtype=np.int64)
    log[list(new)] = np.arange(len(new))
    reference = np.full(len(values.names) + 1, len(gone), dtype=np.int64)
    reference[list(gone)] = np.arange(len(gone))
    reference[-1] = -1
    return Values(
        values.name, values.kind, log[values.log], reference[values.reference],
        tuple(values.names[c] for c in new), len(gone) + 1,
    )  # fmt: skip


def _locate(sides: Sides, values: Values, codes: Sequence[int]) -> _Unseen:
    """Where in time, and in which segment, the rows of some codes are."""
    import numpy as np

    rows = np.isin(values.log, list(codes))
    run = affected_run(sides.buckets(rows), sides.buckets(rows | ~rows), 0.0005)
    if run is None:
        run = (0, len(sides.starts))
    scope = (sides.at >= run[0]) & (sides.at < run[1])
    segment = confined_to(sides, rows, scope, but=(values.name,))
    if segment is not None:
        own = sides.segments[segment[0]]
        scope &= own.log == own.names.index(segment[1])
    return _Unseen(rows & scope, run, scope, segment)


def _word(sides: Sides, values: Values, code: int, bucket: timedelta) -> Finding:
    where = _locate(sides, values, [code])
    since, until = times_of(sides.starts, where.run, bucket)
    name = shown(values.names[code], 24)
    return Finding(
        values.name, "sentinel_value", f"{name!r} stands for no value; the reference never has it",
        since, until, rows=where.rows, repair=f"treat {name!r} as missing",
        transform=Transform("to_missing", values=(values.names[code],)), segment=where.segment,
    )  # fmt: skip


def _renamed(sides: Sides, values: Values, pairs: dict[int, int], bucket: timedelta) -> Finding:
    where = _locate(sides, values, list(pairs))
    since, until = times_of(sides.starts, where.run, bucket)
    mapping = tuple((values.names[a], values.names[b]) for a, b in sorted(pairs.items()))
    words = [f"{shown(a, 24)!r} to {shown(b, 24)!r}" for a, b in mapping[:_MOST_NAMED]]
    more = f" and {len(mapping) - _MOST_NAMED} more" if len(mapping) > _MOST_NAMED else ""
    kind = _way(mapping)
    return Finding(
        values.name, "renamed_category", f"known categories under other names ({kind})", since,
        until, rows=where.rows, repair="rename " + ", ".join(words) + more,
        transform=Transform("recode", mapping=mapping), segment=where.segment,
    )  # fmt: skip


def _way(mapping: Sequence[tuple[str, str]]) -> str:
    """How the names were changed, in words."""
    if all(a.strip() == b for a, b in mapping):
        return "blanks around them"
    if all(a.casefold() == b.casefold() for a, b in mapping):
        return "upper and lower case"
    if all(a.lstrip("0") == b.lstrip("0") for a, b in mapping):
        return "leading zeros"
    if all(canonical(a) == canonical(b) for a, b in mapping):
        return "written otherwise"
    return "matched by their shares and the rest of their rows"


def _new(
    sides: Sides, values: Values, codes: Sequence[int], counts: NDArray[Any], bucket: timedelta
) -> Finding:
    where = _locate(sides, values, codes)
    since, until = times_of(sides.starts, where.run, bucket)
    ranked = sorted(codes, key=lambda c: (-int(counts[c]), values.names[c]))
    listed = ", ".join(repr(shown(values.names[c], 24)) for c in ranked[:_MOST_NAMED])
    more = f" and {len(ranked) - _MOST_NAMED} more" if len(ranked) > _MOST_NAMED else ""
    return Finding(
        values.name, "new_category", f"not in the reference: {listed}{more}", since, until,
        rows=where.rows, segment=where.segment,
    )  # fmt: skip


def _expected(values: Values, rows: int) -> float:
    """Rows with names that a reference of this size has not met: Good and Turing's share, thrice."""
    import numpy as np

    counts = np.bincount(values.reference[values.reference >= 0], minlength=values.known)
    total = int(counts.sum())
    return 3 * rows * float((counts == 1).sum()) / total if total else 0.0
