"""`incident` and `event`: the record as a person writes and reads it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command import done, make_workspace, workbench


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("incidents") / "ws")


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def test_an_incident_from_its_opening_to_its_end(root: Path) -> None:
    opened = done("-C", root, "incident", "open", "m", "late feed", "--author", "ann", "--json")
    assert opened.document["id"] == "INC-1"
    assert opened.document["state"] == "open"
    done("-C", root, "incident", "ack", "INC-1", "--author", "bob")
    done("-C", root, "incident", "note", "inc-1", "the feed is [bold]slow[/]", "--author", "bob")
    acknowledged = done("-C", root, "incident", "show", "1", "--json").document
    assert acknowledged["state"] == "acknowledged"
    done("-C", root, "incident", "close", "1", "--cause", "a full disk", "--author", "ann")
    closed = done("-C", root, "incident", "show", "1", "--json").document

    assert (closed["state"], closed["cause"]) == ("closed", "a full disk")
    assert [e["kind"] for e in closed["entries"]] == ["opened", "acknowledged", "note", "closed"]
    assert [e["author"] for e in closed["entries"]] == ["ann", "bob", "bob", "ann"]
    assert closed["entries"][:3] == acknowledged["entries"]
    shown = done("-C", root, "incident", "show", "1").out
    assert "the feed is [bold]slow[/]" in shown


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("0001-01-01T00:00:00", "0001-01-01 00:00Z, which is before 1970"),
        ("1969-12-31T23:59:59Z", "1969-12-31 23:59Z, which is before 1970"),
        ("2204-02-01", "2204-02-01 00:00Z, which is more than a day ahead of the clock"),
        ("0001-01-01T00:00:00+14:00", "beyond the calendar"),
    ],
)
def test_a_time_that_nobody_means_is_refused_with_what_was_understood(
    root: Path, time: str, said: str
) -> None:
    opened = workbench("-C", root, "incident", "open", "m", "old", "--since", time)
    opened.assert_refused(said)
    event = ("event", "add", "m", "x", "--kind", "deploy", "--at", time)
    workbench("-C", root, *event).assert_refused(said)

    assert done("-C", root, "incident", "list", "--json").document["incidents"] == []
    assert done("-C", root, "event", "list", "--json").document["events"] == []


def test_the_first_day_that_is_taken_and_the_last_are_said(root: Path) -> None:
    soon = datetime.now(UTC) + timedelta(hours=23)
    opened = done("-C", root, "incident", "open", "m", "old", "--since", "1970-01-01")
    assert "since 1970-01-01 00:00Z" in opened.out
    event = ("event", "add", "m", "x", "--kind", "holiday", "--at", f"{soon:%Y-%m-%dT%H:%M}")
    assert f"{soon:%Y-%m-%d %H:%MZ}" in done("-C", root, *event).out


def test_as_of_a_moment_there_is_only_what_was_written_by_then(root: Path) -> None:
    done("-C", root, "incident", "open", "m", "up", "--since", "2024-02-01")
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    done("-C", root, "incident", "note", "1", "afterwards")
    done("-C", root, "incident", "close", "1", "--cause", "x")
    for at in ("2024-01-05", "2024-02-05"):
        done("-C", root, "event", "add", "m", at, "--kind", "deploy", "--at", at)

    then = ("--as-of", moment)
    (one,) = done("-C", root, *then, "incident", "list", "--json").document["incidents"]
    assert (one["state"], [e["kind"] for e in one["entries"]]) == ("open", ["opened"])
    shown = done("-C", root, *then, "incident", "show", "1", "--json").document
    assert [e["kind"] for e in shown["entries"]] == ["opened"]
    assert [e["text"] for e in shown["events"]] == ["2024-02-05"]
    assert "afterwards" not in done("-C", root, *then, "incident", "show", "1").out
    long_ago = ("--as-of", "2024-02-02")
    assert "by then" in done("-C", root, *long_ago, "incident", "list").err
    workbench("-C", root, *long_ago, "incident", "show", "1").assert_refused("INC-1 was opened at")
    events = done("-C", root, *long_ago, "event", "list", "--json").document["events"]
    assert [e["text"] for e in events] == ["2024-01-05"]


def test_closed_ones_are_listed_only_when_asked_for(root: Path) -> None:
    done("-C", root, "incident", "open", "m", "one")
    done("-C", root, "incident", "open", "m", "two")
    done("-C", root, "incident", "close", "1", "--cause", "x")

    listed = done("-C", root, "incident", "list", "--json").document["incidents"]
    assert [one["id"] for one in listed] == ["INC-2"]
    everything = done("-C", root, "incident", "list", "--all", "--json").document["incidents"]
    assert [one["id"] for one in everything] == ["INC-2", "INC-1"]
    assert "INC-2" in done("-C", root, "incident", "list", "m").out
    (model,) = done("-C", root, "status", "--json").document["models"]
    assert model["open_incidents"] == 1


def test_what_is_closed_takes_notes_and_nothing_else(root: Path) -> None:
    done("-C", root, "incident", "open", "m", "one")
    done("-C", root, "incident", "close", "1", "--cause", "x")

    done("-C", root, "incident", "note", "1", "afterwards")
    workbench("-C", root, "incident", "ack", "1").assert_refused("closed already")
    workbench("-C", root, "incident", "close", "1", "--cause", "y").assert_refused("closed already")


def test_a_second_acknowledgement_says_whose_the_first_was(root: Path) -> None:
    done("-C", root, "incident", "open", "m", "one", "--author", "ann")
    first = done("-C", root, "incident", "ack", "1", "--author", "bob")
    assert first.out == "INC-1 acknowledged: one\n"
    second = done("-C", root, "incident", "ack", "1", "--author", "carol\x1b[1m")
    third = done("-C", root, "incident", "ack", "1", "--author", "bob", "--json").document

    assert second.out == "INC-1 acknowledged (already acknowledged by bob): one\n"
    assert third["acknowledged_by"] == ["bob", "carol\x1b[1m"]
    said = [e["text"] for e in third["entries"] if e["kind"] == "acknowledged"]
    assert said == [
        "", "already acknowledged by bob", "already acknowledged by bob and carol\x1b[1m",
    ]  # fmt: skip
    assert "already acknowledged by bob" in done("-C", root, "incident", "show", "1").out


def test_what_is_not_there_or_says_nothing_is_refused(root: Path) -> None:
    workbench("-C", root, "incident", "show", "99").assert_refused("INC-99")
    workbench("-C", root, "incident", "open", "nobody", "x").assert_refused("nobody")
    workbench("-C", root, "incident", "open", "m", "  ").assert_refused("empty")
    workbench("-C", root, "incident", "note", "9", "x").assert_refused("INC-9")
    workbench("-C", root, "incident", "show", "first").assert_refused("INC-12", code=2)
    workbench("-C", root, "incident", "open", "m", "x" * 5000).assert_refused("characters")
    assert workbench("-C", root, "incident", "close", "1").code == 2


def test_an_author_is_the_account_unless_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "carol")
    opened = done("-C", root, "incident", "open", "m", "x", "--json").document

    assert opened["entries"][0]["author"] == "carol"


def test_events_of_its_time_are_in_an_incidents_timeline(root: Path) -> None:
    def add(text: str, at: str, model: str = "m") -> None:
        done("-C", root, "event", "add", model, text, "--kind", "deploy", "--at", at)

    done("-C", root, "incident", "open", "m", "up", "--since", "2024-02-01T12:00")
    add("too early", "2024-01-30")
    add("release 7", "2024-02-01T06:00Z")
    record = done("-C", root, "incident", "show", "1", "--json").document

    assert [event["text"] for event in record["events"]] == ["release 7"]
    assert [line["what"] for line in record["timeline"]] == ["event deploy", "opened"]
    done("-C", root, "incident", "close", "1", "--cause", "release 7")
    add("long after", f"{datetime.now(UTC) + timedelta(hours=20):%Y-%m-%dT%H:%MZ}")
    record = done("-C", root, "incident", "show", "1", "--json").document
    assert [event["text"] for event in record["events"]] == ["release 7"]
    listed = done("-C", root, "event", "list", "m", "--json").document["events"]
    assert [event["text"] for event in listed] == ["too early", "release 7", "long after"]
    assert "release 7" in done("-C", root, "event", "list").out


def test_an_event_needs_a_kind_and_a_time(root: Path) -> None:
    add = ("-C", root, "event", "add", "m", "x")
    assert workbench(*add, "--kind", "party", "--at", "2024-01-01").code == 2
    assert workbench(*add, "--kind", "deploy").code == 2
    workbench(*add, "--kind", "deploy", "--at", "yesterday").assert_refused("yesterday")
    workbench(
        "-C", root, "event", "add", "nobody", "x", "--kind", "deploy", "--at", "2024-01-01"
    ).assert_refused("nobody")


def test_the_record_is_seen_by_sql_and_survives_a_backup(root: Path, tmp_path: Path) -> None:
    done("-C", root, "incident", "open", "m", "up", "--author", "ann")
    done("-C", root, "event", "add", "m", "r7", "--kind", "deploy", "--at", "2024-02-01")
    rows = done(
        "-C", root, "sql", "SELECT title FROM catalog.incidents UNION ALL "
        "SELECT text FROM catalog.events UNION ALL SELECT author FROM catalog.incident_entries",
        "--json",
    ).document["rows"]  # fmt: skip
    assert [row[0] for row in rows] == ["up", "r7", "ann"]
    for table in ("alerts", "alert_entries"):
        assert done("-C", root, "sql", f"SELECT * FROM catalog.{table}", "--json").document
    done("-C", root, "store", "backup", tmp_path / "b.tar")
    done("-C", root, "incident", "close", "1", "--cause", "x")
    done("-C", root, "store", "restore", tmp_path / "b.tar", "--yes")

    restored = done("-C", root, "incident", "show", "1", "--json").document
    assert restored["state"] == "open"
