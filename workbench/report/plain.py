"""How does a report read for a program? One JSON document with the figures unrounded."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from workbench.domain.period import iso
from workbench.report.sections import Cell, IncidentReport, Section, Table


def to_json(report: IncidentReport) -> str:
    """The report as a JSON document in ASCII that ends in a newline.

    Rates and shares are fractions, times ISO 8601 with `Z`, a figure that is not known null.
    """
    document = {
        "model": report.model,
        "task": report.task,
        "owner": report.owner,
        "description": report.description,
        "versions": list(report.versions),
        "period": {"start": iso(report.period.start), "end": iso(report.period.end)},
        "status": report.status,
        "generated_at": iso(report.generated_at),
        "workbench_version": report.workbench_version,
        "catalog_version": report.catalog_version,
        "sections": [_section(section) for section in report.sections],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _section(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "paragraphs": list(section.paragraphs),
        "figures": [{"name": f.name, "caption": f.caption} for f in section.figures],
        "tables": [_table(table) for table in section.tables],
        "commands": list(section.commands),
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "note": table.note,
        "rows": [
            {column.key: _value(cell) for column, cell in zip(table.columns, row, strict=True)}
            for row in table.rows
        ],
    }


def _value(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell
