"""The JSON report holds the figures themselves."""

from __future__ import annotations

import json
from pathlib import Path

from tests.report import figures
from workbench.report import to_json

GOLDEN = Path(__file__).parent / "golden" / "report.json"


def table(title: str) -> list[dict[str, object]]:
    """The rows of one table of the hand-made report."""
    document = json.loads(to_json(figures.report()))
    tables = [t for section in document["sections"] for t in section["tables"]]
    return next(t["rows"] for t in tables if t["title"] == title)


def test_report_is_as_it_was_approved() -> None:
    assert to_json(figures.report()) == GOLDEN.read_text(encoding="utf-8")


def test_rates_are_fractions_and_times_end_in_z() -> None:
    first = table("By bucket of 1d")[0]
    assert first["bad_rate"] == 0.1
    assert first["start"] == "2024-02-01T00:00:00Z"


def test_a_rate_that_is_not_known_is_null_with_its_reason() -> None:
    third = table("By bucket of 1d")[2]
    assert third["bad_rate"] is None
    assert third["reason"] == "no labels yet"


def test_names_are_kept_as_they_are() -> None:
    assert json.loads(to_json(figures.report()))["model"] == figures.NAME
    assert table("Columns, worst first")[0]["name"] == figures.FEED


def test_no_sensitive_value_is_in_it() -> None:
    assert "secret-" not in to_json(figures.report())
