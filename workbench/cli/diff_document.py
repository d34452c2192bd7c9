"""The document of `diff --json`."""

from __future__ import annotations

from typing import Any

from workbench.diff.result import (
    ColumnDifference,
    ComparedSide,
    DatasetDifference,
    OutcomeDifference,
)


def diff_document(found: DatasetDifference) -> dict[str, Any]:
    """The document: shares and rates as fractions, what is not known as null with a reason."""
    schema, rows = found.schema, found.rows
    return {
        "same": found.is_same,
        "a": _side(found.a),
        "b": _side(found.b),
        "key": {
            "columns": list(found.key.columns),
            "inferred": found.key.is_inferred,
            "reason": found.key.reason,
        },
        "schema": {
            "added": list(schema.added),
            "removed": list(schema.removed),
            "changed": [{"column": c.column, "a": c.a, "b": c.b} for c in schema.retyped],
            "reordered": list(schema.reordered),
            "renamed": [
                {"a": r.a, "b": r.b, "share": r.share, "basis": r.basis} for r in schema.renamed
            ],
        },
        "rows": {
            "added": rows.added,
            "removed": rows.removed,
            "changed": rows.changed,
            "unchanged": rows.unchanged,
            "duplicate_keys": rows.duplicate_keys,
        },
        "columns": [_column(column) for column in found.columns],
        "outcomes": _outcomes(found.outcomes),
        "notes": list(found.notes),
    }


def _side(side: ComparedSide) -> dict[str, Any]:
    period = side.period
    return {
        "name": side.name,
        "rows": side.rows,
        "hash": side.digest,
        "period": {"start": period.start, "end": period.end} if period else None,
    }


def _column(column: ColumnDifference) -> dict[str, Any]:
    return {
        "name": column.name,
        "changed": column.changed,
        "within_tolerance": column.within_tolerance,
        "missing_a": column.missing_a,
        "missing_b": column.missing_b,
        "psi": column.psi,
        "js": column.js,
        "wasserstein": column.wasserstein,
        "p_value": column.p_value,
        "p_adjusted": column.p_adjusted,
        "status": column.status,
        "is_key": column.is_key,
        "type_a": column.type_a,
        "type_b": column.type_b,
        "reason": column.reason,
    }


def _outcomes(found: OutcomeDifference) -> dict[str, Any]:
    return {
        "bad_rate_a": found.rate_a,
        "bad_rate_b": found.rate_b,
        "parts": [
            {
                "rows": part.change,
                "labelled_a": part.labelled_a,
                "bad_a": part.bad_a,
                "bad_rate_a": part.rate_a,
                "labelled_b": part.labelled_b,
                "bad_b": part.bad_b,
                "bad_rate_b": part.rate_b,
                "share_of_bad_a": part.share_of_bad_a,
                "share_of_bad_b": part.share_of_bad_b,
                "contribution": part.contribution,
            }
            for part in found.parts
        ],
        "reason": found.reason,
    }
