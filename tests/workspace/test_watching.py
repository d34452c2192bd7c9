"""A check answers the same within a bucket, keeps an alert until it is over, and records causes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.workspace.daily_site import DAY, FIRST, after, calm, make_site, moved, wrong
from workbench.alerts.looking import HOLD
from workbench.clock import FixedClock
from workbench.domain.alert import CheckReport, ModelLooks, RaisedAlert
from workbench.domain.card import Privacy
from workbench.errors import StoreError
from workbench.workspace import Workspace, watching
from workbench.workspace.fleet import unreadable_status

SHORT = '[monitoring]\nwindow = "2d"\n'


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_site(tmp_path_factory.mktemp("site"), SHORT)


@pytest.fixture
def ws(template: Workspace, tmp_path: Path) -> Workspace:
    root = tmp_path / "ws"
    shutil.copytree(template.root, root)
    return replace(Workspace.open(root), clock=template.clock)


def told(report: CheckReport) -> list[tuple[str, int | None, bool]]:
    return [(alert.kind, alert.id, alert.is_new) for alert in report.alerts]


def test_calm_days_are_ok(ws: Workspace) -> None:
    report = ws.check()

    assert report.exit_code == 0
    assert report.alerts == ()
    assert report.looks[0].until == FIRST + 10 * DAY
    assert {"bad_rate", "drift", "missing_values"} <= set(report.looks[0].kinds)
    assert ws.incidents.all() == ()


def test_a_rise_is_critical_once_and_opens_one_incident(ws: Workspace) -> None:
    ws.check()
    ws = after(ws, wrong(10), 10)
    first = ws.check()
    again = ws.check()

    assert first.exit_code == again.exit_code == 2
    assert told(first) == [("bad_rate", 1, True)] == told(again)
    assert first.alerts[0].message == again.alerts[0].message
    assert first.alerts[0].since == FIRST + 10 * DAY
    assert not first.alerts[0].is_said
    assert not again.alerts[0].is_said
    ws.mark_said(again.alerts)
    assert ws.check().alerts[0].is_said
    (incident,) = ws.incidents.all()
    assert [entry.kind for entry in incident.entries] == ["opened"]
    assert ws.status()[0].open_incidents == 1


def test_rows_of_a_bucket_that_is_not_closed_change_nothing(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    before = ws.check()
    begun = replace(ws, clock=FixedClock(ws.clock.now() + timedelta(hours=6)))
    path = ws.root / "part.parquet"
    moved(11).head(60).write_parquet(path)
    assert not begun.ingest(path, model="m").failed
    after_it = begun.check()

    assert [a.message for a in after_it.alerts] == [a.message for a in before.alerts]
    assert told(after_it) == told(before)


def test_an_alert_stays_until_enough_buckets_were_calm(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    raised = report = ws.check()
    days = 0
    while report.alerts:
        days += 1
        ws = after(ws, calm(10 + days), 10 + days)
        report = ws.check()
        assert [a.id for a in report.alerts] in ([1], [])
        assert not any(alert.is_new for alert in report.alerts)

    assert told(raised) == [("bad_rate", 1, True)]
    # The window of two days holds the bad day for one more.
    assert days == HOLD + 1
    (incident,) = ws.incidents.all()
    assert [entry.kind for entry in incident.entries] == ["opened", "alert"]
    assert incident.state == "open"  # only a person closes it


def test_a_cause_that_returns_opens_an_incident_that_names_the_old(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    ws.check()
    ws.incidents.close(1, "a feed", "ann")
    still = ws.check()
    assert [incident.id for incident in ws.incidents.all()] == [1]
    assert still.alerts[0].incident == 1
    ws = after(ws, pl.concat([calm(day) for day in range(11, 18)]), 17)
    assert ws.check().alerts == ()
    ws = after(ws, wrong(18), 18)
    returned = ws.check()

    assert told(returned) == [("bad_rate", 2, True)]
    new, old = ws.incidents.all()
    assert (new.previous, old.state) == (1, "closed")
    assert "INC-1" in new.title
    assert new.state == "open"


def test_a_cause_that_returns_while_its_incident_is_open_joins_it(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    ws.check()
    ws = after(ws, pl.concat([calm(day) for day in range(11, 18)]), 17)
    ws.check()
    ws = after(ws, wrong(18), 18)
    ws.check()

    (incident,) = ws.incidents.all()
    assert [e.kind for e in incident.entries] == ["opened", "alert", "alert"]
    assert "returned" in incident.entries[-1].text


def test_a_moved_feature_is_one_alert_of_its_own(ws: Workspace) -> None:
    ws = after(ws, moved(10), 10)
    (alert,) = ws.check().alerts

    assert (alert.kind, alert.columns) == ("drift", ("x",))
    assert alert.since == FIRST + 10 * DAY


def test_a_fault_and_the_drift_that_it_makes_are_one_alert(ws: Workspace) -> None:
    ws = after(ws, calm(10).drop("label").with_columns(x=pl.col("x") * 60), 10)
    (alert,) = ws.check().alerts

    assert (alert.kind, alert.status, alert.columns) == ("unit_change", "critical", ("x",))
    assert "divide by 60" in alert.message
    assert alert.since == FIRST + 10 * DAY


def test_a_move_that_proves_to_be_a_fault_goes_on_in_the_incident_of_the_fault(
    ws: Workspace,
) -> None:
    ws = after(ws, moved(10), 10)
    assert [alert.kind for alert in ws.check().alerts] == ["drift"]
    ws.incidents.acknowledge(1, "ann")
    before = ws.incidents.all()[0].entries
    ws = after(ws, calm(11).with_columns(x=pl.col("x") * 60), 11)
    report = ws.check()

    faults = [a for a in report.alerts if a.kind == "unit_change"]
    assert [(a.columns, a.incident) for a in faults] == [(("x",), 2)]
    assert not any(a.kind == "drift" for a in report.alerts)
    fault, move = ws.incidents.all()
    assert (fault.id, fault.state) == (2, "open")
    assert (move.id, move.state) == (1, "closed")
    assert move.entries[: len(before)] == before
    (joined,) = move.entries[len(before) :]
    assert joined.text == (
        "goes on as INC-2; ALERT-1, drift of x, is explained by ALERT-2, unit change of x"
    )
    assert fault.entries[-1].text == (
        "INC-1 joined; ALERT-1, drift of x, is explained by ALERT-2, unit change of x; it was "
        "acknowledged by ann"
    )
    assert ws.status()[0].open_incidents == 1
    assert [a.kind for a in ws.check().alerts] == [a.kind for a in report.alerts]
    assert len(ws.incidents.all()) == 2


def test_missing_values_are_an_alert(ws: Workspace) -> None:
    gone = pl.when(pl.int_range(300) % 3 == 0).then(None).otherwise(pl.col("c"))
    ws = after(ws, calm(10).with_columns(c=gone), 10)
    found = {alert.kind: alert for alert in ws.check().alerts}

    assert found["missing_values"].columns == ("c",)
    assert found["missing_values"].status == "critical"


def test_late_labels_are_judged_when_they_come(ws: Workspace) -> None:
    ws = after(ws, wrong(10).drop("label"), 10)
    ws = after(ws, calm(11).drop("label"), 11)
    assert ws.check().alerts == ()
    labels = ws.root / "labels.parquet"
    wrong(10).select("prediction_id", "label").write_parquet(labels)
    assert not ws.ingest(labels, model="m").failed
    (alert,) = ws.check().alerts

    assert alert.kind == "bad_rate"
    assert alert.since == FIRST + 10 * DAY


def test_silence_is_critical_by_the_clock_and_ends_when_rows_come(tmp_path: Path) -> None:
    ws = make_site(tmp_path, '[monitoring]\nexpect_every = "2d"\n')
    assert ws.check().exit_code == 0
    quiet = replace(ws, clock=FixedClock(ws.clock.now() + 3 * DAY))
    report = quiet.check()

    assert report.exit_code == 2
    assert told(report) == [("silence", 1, True)]
    assert told(quiet.check()) == [("silence", 1, True)]
    later = replace(quiet, clock=FixedClock(quiet.clock.now() + DAY))
    assert told(later.check()) == [("silence", 1, False)]
    back = after(later, pl.concat([calm(day) for day in range(10, 14)]), 13)
    assert back.check().alerts == ()


def test_a_check_that_looked_earlier_does_not_end_what_a_later_one_raised(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = watching._look
    later: list[Workspace] = []

    def slow(ws: Workspace, name: str) -> watching._Looked:
        found = look(ws, name)
        monkeypatch.undo()
        later.append(after(ws, wrong(10), 10))
        assert told(later[0].check()) == [("bad_rate", 1, True)]
        return found

    monkeypatch.setattr(watching, "_look", slow)
    assert told(ws.check()) == [("bad_rate", 1, False)]

    assert told(later[0].check()) == [("bad_rate", 1, True)]
    (incident,) = ws.incidents.all()
    assert [entry.kind for entry in incident.entries] == ["opened"]


def test_early_labels_are_not_judged_before_the_rest(tmp_path: Path) -> None:
    """Positives are known first: of the day's labels, a fifth is in, and all of it positive."""
    ws = make_site(tmp_path, '[labels]\ndelay = "3d"\n')
    day = wrong(10)
    ws = after(ws, day.with_columns(label=pl.when(pl.int_range(300) < 60).then(1)), 10)
    early = ws.check()
    assert ws.performance_report("m", "all", "1d").buckets[-1].status == "unknown"
    assert early.alerts == ()
    assert early.looks[0].until == FIRST + 11 * DAY
    assert {"bad_rate", "label_drift"} <= set(early.looks[0].kinds)
    ws = after(ws, calm(11).drop("label"), 11)
    labels = ws.root / "labels.parquet"
    day.select("prediction_id", label=pl.lit(1)).write_parquet(labels)
    assert not ws.ingest(labels, model="m").failed
    found = {alert.kind: alert for alert in ws.check().alerts}

    assert found.keys() == {"bad_rate", "label_drift"}
    assert {alert.since for alert in found.values()} == {FIRST + 10 * DAY}


def test_what_cannot_be_looked_at_is_neither_over_nor_new(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    ws.check()
    card = ws.root / "models" / "m.toml"
    text = card.read_text()
    card.write_text(text + "nonsense = 1\n")
    broken = ws.check()
    card.write_text(text)

    assert told(broken) == [("bad_rate", 1, False)]
    assert broken.exit_code == 2
    assert told(ws.check()) == [("bad_rate", 1, True)]


def test_a_model_without_rows_and_no_model_are_unknown(tmp_path: Path) -> None:
    empty = Workspace.create(tmp_path / "empty")
    assert empty.check().exit_code == 3
    ws = make_site(tmp_path)
    (ws.root / "models" / "m.toml").rename(ws.root / "models" / "n.toml")
    text = (ws.root / "models" / "n.toml").read_text()
    (ws.root / "models" / "n.toml").write_text(text.replace('"m"', '"n"'))

    report = ws.check()
    assert report.exit_code == 3
    assert report.looks[0].reason == "no predictions are stored yet"


def test_as_of_an_earlier_moment_nothing_is_recorded(ws: Workspace) -> None:
    ws = after(ws, wrong(10), 10)
    ws = after(ws, calm(11), 11)
    then = ws.as_of(FIRST + 11 * DAY).check()
    next_day = ws.as_of(FIRST + 12 * DAY).check()

    assert told(then) == [("bad_rate", None, True)]
    assert told(next_day) == [("bad_rate", None, False)]
    assert ws.as_of(FIRST + 10 * DAY).check().alerts == ()
    assert ws.incidents.all() == ()
    assert "nothing is recorded" in then.notes[0]


def test_a_store_that_cannot_be_written_is_answered_and_said(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = after(ws, wrong(10), 10)

    def refuse(*_: object) -> None:
        raise StoreError("the store is read-only")

    monkeypatch.setattr(watching, "writing", refuse)
    report = ws.check()

    assert told(report) == [("bad_rate", None, True)]
    assert report.exit_code == 2
    assert "read-only" in report.notes[0]


def test_what_was_said_of_a_column_is_withheld_once_it_is_sensitive(ws: Workspace) -> None:
    secret = pl.when(pl.int_range(300) % 3 == 0).then(pl.lit("XYZZY")).otherwise(pl.col("c"))
    ws = after(ws, calm(10).with_columns(c=secret), 10)
    (alert,) = (a for a in ws.check().alerts if a.kind in ("new_category", "renamed_category"))
    number = alert.incident
    assert number is not None
    asked = "SELECT message FROM catalog.alert_entries UNION ALL SELECT text FROM catalog.incident_entries"
    assert "XYZZY" in alert.message
    assert "XYZZY" in repr(ws.incidents.record(number))
    assert "XYZZY" in repr(ws.sql(asked).rows())

    card = ws.root / "models" / "m.toml"
    card.write_text(card.read_text() + '[privacy]\nsensitive = ["c"]\n')
    (ws.root / "data" / "reference.parquet").rename(ws.root / "gone.parquet")
    ws = replace(Workspace.open(ws.root), clock=ws.clock)
    assert "XYZZY" not in repr(ws.check())
    (entry, *_) = ws.incidents.record(number).incident.entries
    assert "XYZZY" not in entry.text
    assert entry.text.endswith("of c; what was said of sensitive values is withheld")
    assert "XYZZY" not in repr(ws.incidents.all())
    assert "XYZZY" not in repr(ws.sql(asked).rows())
    assert "XYZZY" not in repr(ws.incidents.acknowledge(number, "ann"))


def test_a_kept_alert_tells_no_value_of_a_column_that_is_sensitive_now() -> None:
    raised = RaisedAlert(
        1, "m", "new_category", ("c",), FIRST, FIRST, 1, "critical", FIRST, "c: XYZZY is new"
    )
    for privacy, is_told in ((Privacy(), True), (Privacy(sensitive=("C",)), False), (None, False)):
        status = unreadable_status("m", "no card")
        looks = ModelLooks("m", (), None, "no card")
        one = watching._Looked(looks, status, (), DAY, FIRST, privacy)
        (kept,) = watching._kept(one, [raised], [])
        assert ("XYZZY" in kept.message) == is_told
