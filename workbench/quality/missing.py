"""Which values are not there, or cannot be read? And which of them went together?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.history import ColumnHistory
from workbench.domain.names import shown
from workbench.domain.period import Period
from workbench.domain.profile import ColumnProfile
from workbench.quality.findings import Finding, times_of
from workbench.quality.sides import Sides
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURE = 4.5
"""Standard errors: once in 300,000 looks."""
_ALIKE = 0.9
_COMPLETE = 0.9999
COMPLETE = "missing in every row"
"""How the detail of a column begins that has no value at all."""


def missing_values(
    history: ColumnHistory,
    reference: ColumnProfile,
    period: Period,
    sides: Sides | None,
    least: float,
    bucket: timedelta,
) -> Finding | None:
    """The rise of a column's missing share over the reference's; None when chance or habit does it.

    Values that could not be read are not among them: `unread_values` has those.

    Args:
        history: the column, bucket by bucket.
        reference: its profile in the reference.
        period: what was asked.
        sides: both sides, for which rows they are; None: not looked at.
        least: the smallest rise that matters, a fraction.
        bucket: the model's.
    """
    gone = history.missing - history.parse_failures
    found = _rise(history, gone, reference.missing_share or 0.0, period, least)
    if found is None:
        return None
    run, rate, base, share = found
    since, until = times_of(history.starts, run, bucket)
    is_all = rate >= _COMPLETE
    return Finding(
        history.bins.name, "missing_values",
        f"{COMPLETE if is_all else f'missing in {rate:.1%} of the rows'}, in the reference in {base:.1%}",
        since, until, rows=_rows(sides, history.bins.name, since, until), share=share, usual=base,
    )  # fmt: skip


def unread_values(
    history: ColumnHistory,
    period: Period,
    sides: Sides | None,
    texts: Sequence[tuple[str, int]],
    least: float,
    bucket: timedelta,
) -> Finding | None:
    """The rows whose value could not be read as a number; None when they are few.

    Args:
        history: the column, bucket by bucket.
        period: what was asked.
        sides: as for `missing_values`.
        texts: what stood there instead, with the rows; most frequent first.
        least: the smallest share that matters.
        bucket: the model's.
    """
    found = _rise(history, history.parse_failures, 0.0, period, least)
    if found is None:
        return None
    run, rate, _, share = found
    since, until = times_of(history.starts, run, bucket)
    listed = ", ".join(repr(shown(text, 24)) for text, _ in texts[:4])
    return Finding(
        history.bins.name, "parse_failure",
        f"no number in {rate:.1%} of the rows" + (f": {listed}" if listed else ""), since, until,
        rows=_rows(sides, history.bins.name, since, until), share=share, repair=_reading(texts),
    )  # fmt: skip


def together(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, with the columns whose values went missing in the same rows as one.

    Args:
        findings: of `missing_values`, with their rows.
    """
    kept: list[Finding] = []
    for finding in findings:
        for place, other in enumerate(kept):
            if finding.rows is None or other.rows is None:
                continue
            either = int((finding.rows | other.rows).sum())
            both = int((finding.rows & other.rows).sum())
            if finding.since == other.since and either and both >= _ALIKE * either:
                kept[place] = replace(other, also=(*other.also, finding.column))
                break
        else:
            kept.append(finding)
    return [
        replace(
            f, detail=f"{f.detail}; missing together with {', '.join(shown(n, 24) for n in f.also)}"
        )
        if f.also
        else f
        for f in kept
    ]


def _rise(
    history: ColumnHistory, hits: NDArray[Any], usual: float, period: Period, least: float
) -> tuple[tuple[int, int], float, float, float] | None:
    """(run, rate in it, usual rate, share of the period's rows) of a rise; None without a sure one."""
    import numpy as np

    rows = history.rows
    asked = np.array([period.start <= start < period.end for start in history.starts])
    if not asked.any() or not hits[asked].sum():
        return None
    run = affected_run(hits, rows, usual, least)
    if run is None:
        return None
    inside = np.zeros(len(rows), dtype=bool)
    inside[slice(*run)] = True
    if not (inside & asked).any():
        return None
    n, rest = int(rows[inside].sum()), rows[~inside].sum()
    rate = float(hits[inside].sum() / n)
    outside = float(hits[~inside].sum() / rest) if rest else usual
    base = max(usual, outside)
    error = math.sqrt(max(base * (1 - base), 1 / (n + 1)) / n) + _between(hits, rows, ~inside)
    if rate - base < max(least, _SURE * error):
        return None
    both = inside & asked
    excess = float((hits[both] - base * rows[both]).sum() / max(1 - base, 1e-9))
    return run, rate, usual, max(excess, 0.0) / float(rows[asked].sum())


def _between(hits: NDArray[Any], rows: NDArray[Any], outside: NDArray[Any]) -> float:
    """The standard deviation of the buckets' true rates, where nothing is wrong."""
    use = outside & (rows > 0)
    if use.sum() < 3:
        return 0.0
    total = float(rows[use].sum())
    rate = float(hits[use].sum()) / total
    spread = float((rows[use] * (hits[use] / rows[use] - rate) ** 2).sum())
    weight = total - float((rows[use] ** 2).sum()) / total
    return math.sqrt(max(spread - (int(use.sum()) - 1) * rate * (1 - rate), 0.0) / max(weight, 1.0))


def _rows(
    sides: Sides | None, name: str, since: datetime | None, until: datetime | None
) -> NDArray[Any] | None:
    import numpy as np

    if sides is None or name not in sides.columns:
        return None
    values = sides.columns[name]
    starts = np.array([start.timestamp() for start in sides.starts])
    inside = np.ones(len(starts), dtype=bool)
    if since is not None:
        inside &= starts >= since.timestamp()
    if until is not None:
        inside &= starts < until.timestamp()
    rows: NDArray[Any] = values.missing(values.log) & inside[sides.at]
    return rows


def _reading(texts: Sequence[tuple[str, int]]) -> str | None:
    """How the texts could be read as numbers, in words."""
    import re

    total = sum(n for _, n in texts)
    ways = {
        "read it with a decimal comma": r"[+-]?\d+,\d+",
        "take the thousands separators out": r"[+-]?\d{1,3}([ ',.]\d{3})+([.,]\d+)?",
        "take the sign of the currency off": r"[$€£¥]\s*[+-]?[\d.,]+|[+-]?[\d.,]+\s*[$€£¥]",
        "take the percent sign off and divide by 100": r"[+-]?[\d.,]+\s*%",
        "take the unit off": r"[+-]?[\d.,]+\s*[A-Za-z°µ/]{1,8}",
    }
    for words, pattern in ways.items():
        if total and sum(n for t, n in texts if re.fullmatch(pattern, t.strip())) >= 0.9 * total:
            return words
    return None
