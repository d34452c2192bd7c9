"""Is a new version worse than the one before it, on the same rows? Then going back mends it.

What the comparisons are, and what they prove, is told in `versions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.concurrent import LEAST_LABELS, by_buckets, by_pairs, labelled
from workbench.triage.rescoring import (
    badness_of,
    floor_of,
    ordered,
    paired,
    reference_rate,
    rescored,
    rise_of,
    sampled,
)
from workbench.triage.served_since import LIVE, newly_live, older_live
from workbench.triage.stand_in import measure_stand_in
from workbench.triage.versions import Comparison, Versions

if TYPE_CHECKING:
    import polars as pl

_NEXT_TO = 7
"""Buckets on either side of a switch of versions that are compared."""


def measure_versions(case: Case) -> Versions:
    """Every comparison of a newer with an older version that the rows and artifacts allow.

    Best proven first. `skipped` where only one version has served and there is no artifact of
    another.
    """
    case = ordered(case)
    floor = floor_of(case)
    if floor is None:
        return Versions(
            skipped="the reference has no labels, so that there is no smallest rise that matters"
        )
    found: list[Comparison] = []
    reasons: list[str] = []
    for made in (_previous_rescored(case, floor), _champion_on_others(case, floor)):
        if isinstance(made, str):
            reasons.append(made)
        else:
            found += made
    if not any(c.how == "rescored" and c.role == LIVE for c in found):
        found += _learnt(case, floor)
    found += _concurrent(case, floor)
    onset = _since_the_switch(case, floor)
    found += [onset] if onset is not None else []
    if not found:
        return Versions(skipped="; ".join(dict.fromkeys(reasons)) or "one version only")
    rise = rise_of(case)
    column = case.card.columns.model_version
    return Versions(
        None,
        tuple(found),
        None if rise is None else rise.value,
        case.card.privacy.is_sensitive(column),
    )


def _previous_rescored(case: Case, floor: float) -> list[Comparison] | str:
    """The version before the champion, asked about the champion's labelled rows."""
    import numpy as np

    previous = case.models.previous
    if previous is None:
        return case.models.why_not("previous")
    logged = badness_of(case, case.current, None)
    part = case.current.filter(np.isfinite(logged))
    if part.height < LEAST_LABELS:
        return f"fewer than {LEAST_LABELS} labels of the champion's rows"
    try:
        anew = rescored(case, previous, part).bad
        usual = rescored(case, previous, labelled(case, case.reference)).bad
    except WorkbenchError as error:
        return error.message
    both = np.column_stack([logged[np.isfinite(logged)], anew])
    usable = np.isfinite(both).all(axis=1)
    if usable.sum() < LEAST_LABELS:
        return "the previous version says nothing of the labelled rows"
    means, drawn, basis = paired(case, both[usable], part.filter(usable))
    worse = Resampled(
        float(means[0] - means[1]), drawn[:, 0] - drawn[:, 1], int(usable.sum()), basis
    )
    older = older_live(case)
    name = (
        str(older["wb_version"][-1])
        if older.height and older["wb_version"][-1] is not None
        else "before"
    )
    return [
        Comparison(
            _version(case.current), name, LIVE, "rescored", worse, floor, float(means[1]),
            float(np.nanmean(usual)) if np.isfinite(usual).any() else None, newly_live(case), 1.0, both[usable],
        )
    ]  # fmt: skip


def _learnt(case: Case, floor: float) -> list[Comparison]:
    """The version before the champion, as far as a model of its outputs speaks for it."""
    switched, onset = newly_live(case), case.onset
    if switched is None or onset is None or abs(switched - onset) > case.bucket:
        return []
    found = measure_stand_in(case)
    if found is None:
        return []
    return [
        Comparison(
            _version(case.current), _version(labelled(case, older_live(case))), LIVE, "learnt",
            found.worse_by, floor, found.older_rate, found.older_reference, switched, 1.0, found.losses,
        )
    ]  # fmt: skip


def _champion_on_others(case: Case, floor: float) -> list[Comparison] | str:
    """The champion, asked about the labelled rows that a canary or shadow served."""
    import numpy as np

    champion = case.models.champion
    if champion is None:
        return case.models.why_not("champion")
    found = []
    for version, role, rows in _candidates(case):
        logged = badness_of(case, rows, None)
        part = rows.filter(np.isfinite(logged))
        if part.height < LEAST_LABELS:
            continue
        try:
            anew = rescored(case, champion, part).bad
        except WorkbenchError as error:
            return error.message
        both = np.column_stack([logged[np.isfinite(logged)], anew])
        usable = np.isfinite(both).all(axis=1)
        if usable.sum() < LEAST_LABELS:
            continue
        means, drawn, basis = paired(case, both[usable], part.filter(usable))
        worse = Resampled(
            float(means[0] - means[1]), drawn[:, 0] - drawn[:, 1], int(usable.sum()), basis
        )
        found.append(
            Comparison(
                version, _version(case.current), role, "rescored", worse, floor, float(means[1]),
                reference_rate(case), _first(rows), _share(case, rows), both[usable],
            )
        )  # fmt: skip
    return found


def _concurrent(case: Case, floor: float) -> list[Comparison]:
    """Versions that served at the same time: by the ids that both have, else bucket by bucket."""
    found = []
    older = (
        {str(v) for v in older_live(case)["wb_version"].unique().to_list()}
        if case.others.height
        else set()
    )
    own = _version(case.current)
    live = labelled(case, case.current)
    for version, role, rows in _others(case):
        theirs = labelled(case, rows)
        # What had been live before the champion is the older one, in whatever role it runs now.
        is_older = version in older
        pair = by_pairs(case, theirs, live) or by_buckets(case, theirs, live)
        if pair is None:
            continue
        how, worse, other_rate, own_rate = pair
        if is_older:
            worse = Resampled(-worse.value, -worse.draws, worse.n, worse.basis)
            usual = _rate(older_live(case).filter(_is(version)))
            found.append(
                Comparison(own, version, LIVE, how, worse, floor, other_rate, usual, newly_live(case))
            )  # fmt: skip
        else:
            found.append(
                Comparison(
                    version, own, role, how, worse, floor, own_rate, reference_rate(case), _first(rows),
                    _share(case, rows),
                )
            )  # fmt: skip
    return sorted(found, key=lambda c: c.how != "pairs")


def _since_the_switch(case: Case, floor: float) -> Comparison | None:
    """Harm that began with the champion, against the version that was live before it."""
    import numpy as np
    import polars as pl

    start, onset = newly_live(case), case.onset
    if start is None or onset is None or abs(start - onset) > case.bucket:
        return None
    reach = _NEXT_TO * case.bucket
    before = labelled(case, older_live(case))
    earlier = before.filter(pl.col("wb_timestamp") >= start - reach)
    after = labelled(case, case.current).filter(pl.col("wb_timestamp") < start + reach)
    if min(earlier.height, after.height) < LEAST_LABELS:
        return None
    one, other = (sampled(case, badness_of(case, f, None), f) for f in (after, earlier))
    worse = Resampled(
        one.value - other.value,
        np.asarray(one.draws) - np.roll(other.draws, 1),
        one.n + other.n,
        one.basis,
    )
    usual = reference_rate(case)
    return Comparison(
        _version(case.current), _version(before), LIVE, "onset", worse, floor, other.value, usual, start
    )  # fmt: skip


def _others(case: Case) -> list[tuple[str, str, pl.DataFrame]]:
    """(version, role, rows of the period) of all others, in order of name."""
    import polars as pl

    if not case.others.height:
        return []
    inside = case.others.filter(pl.col("wb_timestamp") >= case.period.start)
    keys = inside.select("wb_version", "wb_role").unique().sort("wb_version", "wb_role").rows()
    return [
        (str(version), str(role), inside.filter(_is(version) & (pl.col("wb_role") == role)))
        for version, role in keys
        if version is not None
    ]


def _candidates(case: Case) -> list[tuple[str, str, pl.DataFrame]]:
    """Those of them that have not been live before the champion."""
    older = older_live(case)
    known = {str(v) for v in older["wb_version"].unique().to_list()} if older.height else set()
    own = _version(case.current)
    return [(v, role, rows) for v, role, rows in _others(case) if v not in known and v != own]


def _is(version: str) -> pl.Expr:
    import polars as pl

    return pl.col("wb_version") == version


def _rate(frame: pl.DataFrame) -> float | None:
    mean = frame["wb_bad"].mean() if frame.height and "wb_bad" in frame.columns else None
    return float(mean) if isinstance(mean, int | float) else None


def _version(frame: pl.DataFrame) -> str:
    """The version that most of a frame's rows are of; "" where none is named."""
    if not frame.height or "wb_version" not in frame.columns:
        return ""
    counted = frame["wb_version"].drop_nulls().value_counts(sort=True)
    counted = counted.sort("count", "wb_version", descending=[True, False])
    return str(counted["wb_version"][0]) if counted.height else ""


def _first(rows: pl.DataFrame) -> datetime | None:
    first = rows["wb_timestamp"].min() if rows.height else None
    return first if isinstance(first, datetime) else None


def _share(case: Case, rows: pl.DataFrame) -> float:
    return rows.height / max(rows.height + case.current.height, 1)
