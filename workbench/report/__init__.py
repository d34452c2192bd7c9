"""What happened, in a document that another person can read and re-run? Incident reports."""

from __future__ import annotations

from workbench.report.building import build_report
from workbench.report.markdown import to_markdown
from workbench.report.plain import to_json
from workbench.report.sections import Column, Figure, IncidentReport, Section, Table

__all__ = [
    "Column",
    "Figure",
    "IncidentReport",
    "Section",
    "Table",
    "build_report",
    "to_json",
    "to_markdown",
]
