"""A verdict is written into the incident of its cause, which check and triage share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.store.upkeep import make_workspace
from workbench.domain.incident import Incident, IncidentEntry
from workbench.domain.period import Period
from workbench.domain.verdict import Cause, Verdict
from workbench.store.connections import writing
from workbench.store.incidents import add_incident
from workbench.workspace import Workspace
from workbench.workspace.verdict_incidents import AUTHOR, enter_verdict

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
NOW = datetime(2024, 3, 9, tzinfo=UTC)
UNIT = Cause("unit_change", "feature", "x", ("carrier", "UA"), MONDAY)
CONCEPT = Cause("concept", "world", verdict="retrain")


def verdict(word: str, *causes: Cause, model: str = "m") -> Verdict:
    period = Period(MONDAY, MONDAY + timedelta(days=7))
    return Verdict(
        model, period, MONDAY + timedelta(hours=6), None, word, "a reason", None, 0.9, "a summary", causes
    )  # fmt: skip


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


def enter(ws: Workspace, found: Verdict, number: int = 1) -> int | None:
    with writing(ws.store, "a test") as catalog:
        return enter_verdict(catalog, found, number, NOW)


def raised(ws: Workspace, kind: str | None, *columns: str) -> int:
    """What a check, or a person, has opened."""
    entry = IncidentEntry(NOW, "workbench check", "opened", "critical: something")
    with writing(ws.store, "a test") as catalog:
        return add_incident(catalog, "m", "title", MONDAY, entry, kind=kind, columns=columns)


def only(ws: Workspace) -> Incident:
    (found,) = ws.incidents.all("m")
    return found


def test_a_fault_opens_the_incident_that_a_check_would(ws: Workspace) -> None:
    number = enter(ws, verdict("fix_upstream", UNIT))
    found = only(ws)
    assert found.id == number
    assert (found.kind, found.columns, found.state) == ("unit_change", ("x",), "open")
    assert found.title == "unit change of x"
    assert found.onset == MONDAY + timedelta(hours=6)
    assert (
        found.entries[0].text == "triage says fix upstream: a reason; unit change of x (verdict 1)"
    )
    assert "UA" not in str(found)


@pytest.mark.parametrize("word", ["no_action", "wait"])
def test_nothing_to_do_opens_none_and_is_told_to_an_open_one(ws: Workspace, word: str) -> None:
    assert enter(ws, verdict(word)) is None
    assert ws.incidents.all("m") == ()
    number = raised(ws, "bad_rate")
    assert enter(ws, verdict(word)) == number
    assert (
        only(ws).entries[-1].text == f"triage says {word.replace('_', ' ')}: a reason (verdict 1)"
    )


def test_a_change_of_the_world_joins_what_was_opened_for_the_bad_rate(ws: Workspace) -> None:
    number, _ = raised(ws, "bad_rate"), raised(ws, "drift", "y")
    assert enter(ws, verdict("retrain", CONCEPT)) == number
    assert len(ws.incidents.all("m")) == 2


def test_the_newest_open_one_is_joined_where_none_has_the_cause(ws: Workspace) -> None:
    raised(ws, "drift", "y")
    by_hand = raised(ws, None)
    assert enter(ws, verdict("fix_upstream", UNIT)) == by_hand
    record = ws.incidents.record(by_hand).incident
    assert [(e.kind, e.author) for e in record.entries][1:] == [("note", AUTHOR)]


def test_the_same_again_is_not_written_twice_and_another_verdict_is(ws: Workspace) -> None:
    for number, word in enumerate(("retrain", "retrain", "redesign", "retrain"), start=1):
        enter(ws, verdict(word, CONCEPT), number)
    texts = [entry.text for entry in only(ws).entries]
    assert [t.split(":")[0] for t in texts] == [
        "triage says retrain", "triage says redesign", "triage says retrain",
    ]  # fmt: skip


def test_a_closed_incident_stays_closed_and_the_next_one_names_it(ws: Workspace) -> None:
    first = enter(ws, verdict("fix_upstream", UNIT))
    assert first is not None
    ws.incidents.close(first, "mended", "me")
    second = enter(ws, verdict("fix_upstream", UNIT), 2)
    assert second != first
    found = ws.incidents.all("m")[0]
    assert (found.previous, found.title) == (
        first,
        f"unit change of x (returned after INC-{first})",
    )
    assert len(ws.incidents.all("m")[1].entries) == 2


def test_other_models_incidents_are_left_alone(ws: Workspace) -> None:
    raised(ws, "bad_rate")
    enter(ws, verdict("retrain", CONCEPT, model="another"))
    assert len(only(ws).entries) == 1
