"""A report of a real workspace says what the workspace says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.report.site import (
    A_DAY,
    DAYS,
    HOSTILE,
    MODEL,
    PERIOD,
    POSTCODES,
    SENSITIVE,
    START,
    UNSEEN,
    UNSEEN_POSTCODE,
)
from workbench.errors import NoRowsError, PeriodError, UnknownModelError
from workbench.report import build_report, to_json, to_markdown
from workbench.report.sections import IncidentReport, Section
from workbench.workspace import Workspace


def section(report: IncidentReport, key: str) -> Section:
    """The section of a key."""
    return next(section for section in report.sections if section.key == key)


def test_figures_are_those_of_the_workspace(incident: Workspace) -> None:
    report = build_report(incident, MODEL, PERIOD)
    rates = incident.performance_report(MODEL, PERIOD)
    buckets = section(report, "bad_rate").tables[1]
    keys = [column.key for column in buckets.columns]
    assert [row[keys.index("bad_rate")] for row in buckets.rows] == [
        b.bad_rate for b in rates.buckets
    ]
    assert [row[keys.index("labelled")] for row in buckets.rows] == [A_DAY] * (DAYS - 2) + [0, 0]
    columns = section(report, "drift").tables[0]
    moved = {row[0]: row[4] for row in columns.rows}
    assert moved == {c.name: c.psi for c in incident.drift(MODEL, PERIOD).columns}


def test_the_broken_feed_is_named_with_the_day_it_broke(incident: Workspace) -> None:
    report = build_report(incident, MODEL, PERIOD)
    assert report.status == "critical"
    text = " ".join(section(report, "what_happened").paragraphs)
    assert f"{HOSTILE} (critical)" in text
    assert (START + timedelta(days=DAYS // 2)).strftime("since %Y-%m-%d") in text


def test_the_rise_began_where_the_fleet_says(incident: Workspace) -> None:
    period = f"{START + timedelta(days=5):%Y-%m-%d}/{START + timedelta(days=DAYS):%Y-%m-%d}"
    report = build_report(incident, MODEL, period)
    began = section(report, "what_happened").paragraphs[1]
    assert began.startswith("The rate rose at 2024-02-06 00:00Z")
    fleet = incident.status()[0]
    assert fleet.since in (None, START + timedelta(days=5))


def test_drift_and_rates_are_of_one_period_whatever_its_words(incident: Workspace) -> None:
    report = build_report(incident, MODEL, "3d")
    assert str(report.period) == "2024-02-08T00:00:00Z/2024-02-11T00:00:00Z"
    basis = {row[0]: row[1] for row in section(report, "basis").tables[0].rows}
    assert basis["rows compared for drift"] == basis["live rows in the period"] == 3 * A_DAY


def test_sensitive_values_are_nowhere_and_others_are(incident: Workspace) -> None:
    report = build_report(incident, MODEL, PERIOD)
    for text in (to_markdown(report), to_json(report)):
        assert SENSITIVE in text
        for secret in (*POSTCODES, UNSEEN_POSTCODE):
            assert secret not in text
    assert UNSEEN in json.loads(to_json(report))["sections"][2]["tables"][0]["rows"][1]["unseen"]


def test_header_tells_owner_version_and_state_of_the_store(incident: Workspace) -> None:
    report = build_report(incident, MODEL)
    assert (report.owner, report.versions, report.catalog_version) == ("on-call <ops>", ("1",), 1)


def test_as_of_is_kept_in_the_commands(incident: Workspace) -> None:
    moment = START + timedelta(days=3)
    report = build_report(incident.as_of(moment), MODEL, "all")
    assert report.generated_at == moment
    assert all("--as-of 2024-02-04T00:00:00Z" in line for line in section(report, "rerun").commands)


def test_the_commands_of_a_report_give_the_same_figures_again(
    incident: Workspace, tmp_path: Path
) -> None:
    report = build_report(incident, MODEL, "7d")
    run = [sys.executable, "-c", "from workbench.cli.main import run; run()"]
    outputs = []
    for line in section(report, "rerun").commands:
        words = shlex.split(line)
        assert words[0] == "workbench"
        extra = ["-o", "-"] if words[1] == "report" else ["--json"]
        done = subprocess.run(
            [*run, *words[1:], *extra], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        outputs.append(done.stdout)
    rates, drift, again = outputs
    assert (
        json.loads(rates)["whole"]["bad_rate"]
        == incident.performance_report(MODEL, "7d").whole.bad_rate
    )
    assert json.loads(drift)["current"]["rows"] == 7 * A_DAY

    def undated(text: str) -> str:
        return re.sub(r"\*\*Made:\*\* \S+", "", text)

    assert undated(again) == undated(to_markdown(report))


def test_a_period_without_rows_is_reported_as_such(incident: Workspace) -> None:
    report = build_report(incident, MODEL, "2019-01-01/2019-01-03")
    assert report.status == "unknown"
    assert "cannot be judged" in section(report, "what_happened").paragraphs[0]


def test_what_cannot_be_reported_is_an_error_in_words(incident: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError):
        build_report(incident, "delay")
    with pytest.raises(PeriodError):
        build_report(incident, MODEL, "yesterday")
    bare = Workspace.create(tmp_path)
    bare.add_model("new", incident.root / "data" / "reference.parquet", task="regression")
    with pytest.raises(NoRowsError):
        build_report(bare, "new")
