"""What is written of an incident is never changed, whatever is done after it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.command import done, make_workspace
from workbench.domain.alert import Finding
from workbench.domain.incident import IncidentEntry
from workbench.domain.period import Period
from workbench.store.alerts import add_alert, add_alert_entry, read_raised
from workbench.store.connections import StoreHome, reading, writing
from workbench.store.incidents import (
    add_entry,
    add_event,
    add_incident,
    read_events,
    read_incidents,
)

NOW = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> StoreHome:
    made = StoreHome(tmp_path_factory.mktemp("incidents") / ".workbench")
    made.create()
    return made


ENTRIES = st.lists(
    st.builds(
        IncidentEntry,
        st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        st.sampled_from(["note", "acknowledged", "alert", "closed"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    ),
    max_size=8,
)  # fmt: skip


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(entries=ENTRIES)
def test_every_entry_stays_as_it_was_written(home: StoreHome, entries: list[IncidentEntry]) -> None:
    first = IncidentEntry(NOW, "ann", "opened", "up")
    with writing(home, "test") as catalog:
        number = add_incident(catalog, "m", "up", NOW, first, columns=["a"])
        for place, entry in enumerate(entries):
            add_entry(catalog, number, entry)
            (found,) = read_incidents(catalog, number=number)
            assert found.entries == (first, *entries[: place + 1])
    with reading(home) as catalog:
        (found,) = read_incidents(catalog, number=number)

    assert found.entries == (first, *entries)
    kinds = {entry.kind for entry in entries}
    expected = (
        "closed" if "closed" in kinds else "acknowledged" if "acknowledged" in kinds else "open"
    )
    assert found.state == expected


def test_what_fails_leaves_nothing(home: StoreHome) -> None:
    with reading(home) as catalog:
        before = read_incidents(catalog)

    def fail() -> None:
        with writing(home, "test") as catalog:
            add_incident(catalog, "m", "up", NOW, IncidentEntry(NOW, "ann", "opened", ""))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(home) as catalog:
        assert read_incidents(catalog) == before


def test_open_ones_are_counted_by_model(home: StoreHome) -> None:
    entry = IncidentEntry(NOW, "ann", "opened", "")
    with writing(home, "test") as catalog:
        for _ in range(3):
            number = add_incident(catalog, "counted", "up", NOW, entry)
        add_entry(catalog, number, IncidentEntry(NOW, "ann", "closed", "done"))
        opened = read_incidents(catalog, model="counted", only_open=True)
        assert [one.id for one in opened] == [number - 1, number - 2]


def test_as_of_a_moment_what_was_written_later_does_not_exist(home: StoreHome) -> None:
    hour, look = timedelta(hours=1), datetime(2024, 5, 1, tzinfo=UTC)
    finding = Finding("unit_change", "warning", look, look, ("a",), ("a",))
    louder = Finding("unit_change", "critical", look, look, ("a",), ("a",))
    with writing(home, "test") as catalog:
        number = add_incident(catalog, "past", "up", NOW, IncidentEntry(NOW, "ann", "opened", "up"))
        add_entry(catalog, number, IncidentEntry(NOW + hour, "ann", "acknowledged", ""))
        add_entry(catalog, number, IncidentEntry(NOW + 3 * hour, "ann", "closed", "done"))
        alert = add_alert(catalog, "past", finding, NOW, number).id
        add_alert_entry(catalog, alert, louder, NOW + 2 * hour)
        add_alert_entry(catalog, alert, louder, NOW + 3 * hour, "ok")
    with reading(home) as catalog:

        def states(moment: datetime) -> list[tuple[str, int]]:
            seen = read_incidents(catalog, model="past", as_of=moment)
            still = read_incidents(catalog, model="past", as_of=moment, only_open=True)
            assert still == tuple(one for one in seen if one.state != "closed")
            return [(one.state, len(one.entries)) for one in seen]

        def loud(moment: datetime) -> list[str]:
            return [one.status for one in read_raised(catalog, ["past"], moment)]

        early = NOW - timedelta(microseconds=1)
        assert (states(early), loud(early)) == ([], [])
        assert (states(NOW), loud(NOW)) == ([("open", 1)], ["warning"])
        assert states(NOW + hour) == [("acknowledged", 2)]
        assert loud(NOW + 2 * hour) == ["critical"]
        assert (states(NOW + 3 * hour), loud(NOW + 3 * hour)) == ([("closed", 3)], [])


def test_the_newest_entry_of_an_alert_tells_its_state(home: StoreHome) -> None:
    look = datetime(2024, 5, 1, tzinfo=UTC)
    finding = Finding("drift", "warning", look, look, ("a: PSI 0.2",), ("a",))
    with writing(home, "test") as catalog:
        made = add_alert(catalog, "n", finding, NOW, 1)
        assert read_raised(catalog, ["n"]) == (made,)
        louder = Finding("drift", "critical", look, look, ("a: PSI 0.4",), ("a", "b"))
        add_alert_entry(catalog, made.id, louder, NOW)
        (now,) = read_raised(catalog, ["n", "other"])
        assert (now.status, now.columns, now.since) == ("critical", ("a", "b"), look)
        add_alert_entry(catalog, made.id, louder, NOW + timedelta(days=1), "ok")
        assert read_raised(catalog, ["n"]) == ()
        history = catalog.execute(
            "SELECT status FROM alert_entries WHERE alert = ? ORDER BY noted_at, rowid", [made.id]
        ).fetchall()
    assert [row[0] for row in history] == ["warning", "critical", "ok"]


def test_events_are_found_by_model_and_time(home: StoreHome) -> None:
    at = datetime(2024, 5, 2, tzinfo=UTC)
    with writing(home, "test") as catalog:
        add_event(catalog, "e", at, "deploy", "second", "ann", NOW)
        add_event(catalog, "e", at - timedelta(days=3), "holiday", "first", "ann", NOW)
        add_event(catalog, "other", at, "config", "not this", "ann", NOW)
    with reading(home) as catalog:
        assert [e.text for e in read_events(catalog, model="e")] == ["first", "second"]
        period = Period(at - timedelta(days=1), at)
        assert [e.text for e in read_events(catalog, model="e", period=period)] == ["second"]
        far = Period(at, datetime.max.replace(tzinfo=UTC))
        assert [e.text for e in read_events(catalog, model="e", period=far)] == ["second"]


def test_two_processes_acknowledge_at_once(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    done("-C", root, "incident", "open", "m", "up")
    program = (
        "from workbench.cli.main import run; import sys; "
        "run(['-C', sys.argv[1], 'incident', 'ack', '1', '--author', sys.argv[2]])"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(root), who]) for who in ("ann", "bob")
    ]
    assert [process.wait(60) for process in processes] == [0, 0]

    (one,) = done("-C", root, "incident", "list", "--json").document["incidents"]
    written = sorted(e["author"] for e in one["entries"] if e["kind"] == "acknowledged")
    assert written == ["ann", "bob"]


def test_the_newest_entry_of_an_alert_is_the_last_one_whatever_the_clock_said(
    home: StoreHome,
) -> None:
    found = Finding("drift", "warning", NOW, NOW, ("x",), ("x",))
    with writing(home, "test") as catalog:
        number = add_alert(catalog, "back", found, NOW, 1).id
        add_alert_entry(catalog, number, found, NOW - timedelta(hours=1), "ok")
    with reading(home) as catalog:
        assert read_raised(catalog, ["back"]) == ()
