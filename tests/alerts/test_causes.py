"""One alert a cause: columns that moved together, a fault and what it moved, and known ones again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.alerts.causes import matched, without_faulty
from workbench.domain.alert import Finding, RaisedAlert
from workbench.domain.fault import Fault

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC)
LOOK = START + 5 * DAY


def moved(column: str, day: int, status: str = "warning", kind: str = "drift") -> Finding:
    return Finding(kind, status, START + day * DAY, LOOK, (f"{column}: PSI",), (column,))


def raised(number: int, *columns: str, day: int = 0, kind: str = "drift") -> RaisedAlert:
    since = START + day * DAY
    return RaisedAlert(number, "m", kind, columns, since, since, 1, "warning", since, "")


def test_columns_that_moved_together_are_one_cause() -> None:
    ((cause, known),) = matched([moved("b", 1, "critical"), moved("a", 0)], [], DAY)

    assert cause.columns == ("a", "b")
    assert cause.status == "critical"
    assert cause.since == START
    assert known is None
    assert "a: PSI" in cause.message
    assert "b: PSI" in cause.message


def test_columns_that_moved_at_other_times_are_other_causes() -> None:
    assert len(matched([moved("a", 0), moved("b", 3)], [], DAY)) == 2
    assert len(matched([moved("a", 0), moved("a", 0, kind="missing_values")], [], DAY)) == 2


def test_a_cause_is_known_again_by_a_column() -> None:
    ((cause, known),) = matched([moved("a", 4), moved("b", 0)], [raised(7, "a", "b")], DAY)

    assert known is not None
    assert known.id == 7
    assert set(cause.columns) == {"a", "b"}


def test_a_column_joins_a_cause_that_is_raised_already() -> None:
    ((cause, known),) = matched([moved("a", 0), moved("new", 1)], [raised(7, "a")], DAY)

    assert known is not None
    assert set(cause.columns) == {"a", "new"}


def test_two_causes_that_are_known_stay_two() -> None:
    found = matched([moved("a", 0), moved("b", 0)], [raised(1, "a"), raised(2, "b")], DAY)

    assert [known.id for _, known in found if known] == [1, 2]


def test_a_cause_without_columns_is_known_by_its_kind() -> None:
    rate = Finding("bad_rate", "warning", START, LOOK, ("up",))
    ((_, known),) = matched([rate], [raised(3, kind="bad_rate"), raised(4, "a")], DAY)

    assert known is not None
    assert known.id == 3


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (Fault("a", "unit_change", "critical", START, 1.0, "x 100"), {"b"}),
        (Fault("a", "unit_change", "critical", None, 1.0, "x 100"), {"b"}),
        (Fault("a", "unit_change", "ok", START, 1.0, "x 100"), {"a", "b"}),
        (Fault("a", "unit_change", "critical", START + 3 * DAY, 1.0, "x 100"), {"a", "b"}),
    ],
)
def test_a_fault_explains_what_its_column_moved_by(fault: Fault, left: set[str]) -> None:
    found = without_faulty([moved("a", 0), moved("b", 0)], [fault], DAY)

    assert {finding.columns[0] for finding in found} == left


def test_a_long_list_of_columns_is_told_in_short() -> None:
    ((cause, _),) = matched([moved(f"c{i}", 0) for i in range(9)], [], DAY)

    assert len(cause.columns) == 9
    assert cause.message.endswith("; and 6 more")
