"""What does `slices --json` print? The contract's keys, and what else there is."""

from __future__ import annotations

from typing import Any

from workbench.domain.slices import Condition, SegmentPart, SegmentTable, Slice, SliceReport


def slices_document(report: SliceReport) -> dict[str, Any]:
    """The document of `slices --json`."""
    search, reference = report.search, report.reference
    return {
        "model": report.model,
        "versions": list(report.versions),
        "period": {"start": report.period.start, "end": report.period.end},
        "reference": {
            "start": reference.start if reference else None,
            "end": reference.end if reference else None,
            "reason": None if reference else "the reference has no timestamps",
        },
        "slices": [_slice(one, report) for one in search.slices],
        "reason": search.reason,
        "level": search.level,
        "bad_rate": search.bad_rate,
        "reference_bad_rate": search.reference_bad_rate,
        "sample": {
            "labelled": report.labelled,
            "sampled": report.sampled,
            "searched_on": search.searched_on,
            "measured_on": search.measured_on,
            "reference_labelled": report.reference_labelled,
            "reference_sampled": report.reference_sampled,
            "looked_at": search.looked_at,
        },
        "segments": [_segment(table) for table in report.segments],
        "notes": [*report.notes, *search.notes],
    }


def _slice(one: Slice, report: SliceReport) -> dict[str, Any]:
    search = report.search
    reasons = [
        one.reference_reason,
        "no bad prediction" if one.lift is None else None,
        search.rise_reason if one.share_of_rise is None else None,
    ]
    return {
        "where": {condition.column: condition.words for condition in one.where},
        "conditions": [_condition(condition) for condition in one.where],
        "rows": one.rows,
        "labelled": one.rows,
        "share": one.share,
        "bad_rate": one.bad_rate,
        "low": one.low,
        "high": one.high,
        "reference_rows": one.reference_rows,
        "reference_bad_rate": one.reference_bad_rate,
        "lift": one.lift,
        "share_of_bad": one.share_of_bad,
        "share_of_rise": one.share_of_rise,
        "p_value": one.p_value,
        "p_adjusted": one.p_adjusted,
        "reason": "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None,
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "column": condition.column,
        "value": condition.value,
        "above": condition.above,
        "up_to": condition.up_to,
        "is_missing": condition.is_missing,
        "hidden": condition.hidden,
    }


def _count(rows: float) -> int | float:
    """A number of rows as a whole one; assumed labels may count as parts of rows."""
    return int(rows) if rows == int(rows) else rows


def _no_rate(part: SegmentPart) -> str | None:
    """Why a value has no rate on one side."""
    sides = (("reference", part.reference_bad_rate), ("period", part.bad_rate))
    return next(
        (f"the {side} has no labelled rows of it" for side, rate in sides if rate is None), None
    )


def _segment(table: SegmentTable) -> dict[str, Any]:
    return {
        "column": table.column,
        "rise": table.rise,
        "mix": table.mix,
        "rate": table.rate,
        "reason": table.reason,
        "values": [
            {
                "value": part.value,
                "reference_labelled": _count(part.reference_labelled),
                "labelled": _count(part.labelled),
                "reference_share": part.reference_share,
                "share": part.share,
                "reference_bad_rate": part.reference_bad_rate,
                "bad_rate": part.bad_rate,
                "contribution": part.contribution,
                "mix": part.mix,
                "rate": part.rate,
                "reason": _no_rate(part),
            }
            for part in table.parts
        ],
    }
