"""`check`: exit codes, what is said, and the files for CI servers and Prometheus."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser

from tests.cli.command import Ended, done, workbench
from tests.workspace.daily_site import make_site, moved, wrong

HOSTILE = 'm"<&>|\\[x]'


@pytest.fixture(scope="module")
def calm_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("calm")).root


@pytest.fixture(scope="module")
def loud_template(calm_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("loud") / "ws"
    shutil.copytree(calm_root, root)
    wrong(10).write_parquet(root / "wrong.parquet")
    assert workbench("-C", root, "ingest", root / "wrong.parquet", "--model", "m").code == 0
    return root


@pytest.fixture
def loud(loud_template: Path, tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    shutil.copytree(loud_template, root)
    return root


def check(root: Path, *arguments: str | Path) -> Ended:
    return workbench("-C", root, "check", *arguments)


def test_a_calm_workspace_is_ok(calm_root: Path) -> None:
    ended = check(calm_root)

    assert ended.code == 0
    assert ended.out.startswith("OK - 1 model, no alert | critical=0 warning=0")


def test_an_alert_is_the_first_line_and_the_exit_code(loud: Path) -> None:
    ended = check(loud, "m")

    assert ended.code == 2
    first = ended.out.splitlines()[0]
    assert first.startswith("CRITICAL - m bad_rate: ")
    assert "since 2024-02-11" in first
    assert first.count("|") == 1


def test_the_document_has_what_the_contract_names(loud: Path) -> None:
    ended = check(loud, "--json")
    document = ended.document

    assert ended.code == 2 == document["exit_code"]
    status = workbench("-C", loud, "status", "--json").document
    (model,), (same,) = document["models"], status["models"]
    assert model.keys() == same.keys()
    assert model["open_incidents"] == same["open_incidents"] == 1
    (alert,) = document["alerts"]
    assert {"model", "kind", "status", "message", "since"} <= alert.keys()
    assert (alert["model"], alert["kind"], alert["status"]) == ("m", "bad_rate", "critical")
    assert alert["since"] == "2024-02-11T00:00:00Z"
    assert (alert["id"], alert["incident"], alert["new"]) == ("ALERT-1", "INC-1", True)


def test_the_same_is_answered_again(loud: Path) -> None:
    first, second = check(loud, "--json").document, check(loud, "--json").document
    for document in (first, second):
        for alert in document["alerts"]:
            alert.pop("said")
        for model in document["models"]:
            model.pop("age_seconds")

    assert first == second


def test_what_was_said_is_not_said_again_when_so_asked(loud: Path) -> None:
    first, second = check(loud, "--since-last"), check(loud, "--since-last")

    assert first.code == 2
    assert (second.code, second.out) == (0, "")
    assert check(loud).code == 2
    moved(11).write_parquet(loud / "moved.parquet")
    workbench("-C", loud, "ingest", loud / "moved.parquet", "--model", "m")
    third = check(loud, "--since-last")
    assert third.code in (1, 2)
    assert " drift: x: " in third.out
    assert "bad_rate" not in third.out


def test_a_check_by_hand_does_not_consume_what_a_timer_says(loud: Path) -> None:
    for extra in ((), ("--json",), ("m",)):
        assert check(loud, *extra).code == 2
    document = check(loud, "--json").document
    assert [(a["said"], a["new"]) for a in document["alerts"]] == [(False, True)]
    timer = check(loud, "--since-last")

    assert timer.code == 2
    assert "(new, since" in timer.out
    assert check(loud, "--since-last").out == ""
    assert [a["said"] for a in check(loud, "--json").document["alerts"]] == [True]
    told = workbench(
        "-C", loud, "sql", "SELECT alert, status FROM catalog.alert_tellings", "--json"
    )
    assert told.document["rows"] == [[1, "critical"]]


def test_a_page_that_could_not_be_written_is_said_again(loud: Path) -> None:
    program = "from workbench.cli.main import run; import sys; run(sys.argv[1:])"
    asked = [sys.executable, "-c", program, "-C", str(loud), "check", "--since-last"]
    for extra in ([], ["--json"]):
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(
                [*asked, *extra], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert ended.returncode == 3
        assert ended.stderr.splitlines()[0].startswith("error: cannot write the answer to stdout: ")
        assert len(ended.stderr.splitlines()) == 2
    gone = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert gone.stdout is not None
    gone.stdout.close()
    assert gone.wait(60) == 3
    file = check(loud, "--since-last", "--openmetrics", "/dev/full")
    assert file.code == 3
    assert file.err.startswith("error: cannot write /dev/full")
    assert "CRITICAL - m bad_rate" in file.out

    assert check(loud, "--since-last").code == 2
    assert check(loud, "--since-last").code == 0


def test_a_check_that_fails_says_so_in_every_place(calm_root: Path, tmp_path: Path) -> None:
    junit, metrics = tmp_path / "j.xml", tmp_path / "m.txt"
    both = ("--junit", junit, "--openmetrics", metrics)
    assert check(calm_root, *both).code == 0
    assert "workbench_check_failed 0" in metrics.read_text()
    ended = check(calm_root, "no|body", *both)

    ended.assert_refused("there is no model 'no|body'", code=3)
    assert ended.out == "UNKNOWN - the check failed: there is no model 'no/body'\n"
    families = {
        f.name: f for f in parser.text_string_to_metric_families(metrics.read_text("utf-8"))
    }
    assert families["workbench_check_exit_code"].samples[0].value == 3
    (failed,) = families["workbench_check_failed"].samples
    assert failed.value == 1
    assert "no|body" in failed.labels["reason"]
    suites = ET.parse(junit).getroot()
    assert (suites.get("tests"), suites.get("errors")) == ("1", "1")
    (error,) = suites.iter("error")
    assert "no|body" in error.get("message", "")
    document = check(calm_root, "nobody", "--json").document
    assert (document["exit_code"], document["alerts"], document["models"]) == (3, [], [])
    assert document["error"] == "there is no model 'nobody'"
    outside = workbench("-C", tmp_path, "check", "--since-last", "--json")
    assert (outside.code, outside.document["exit_code"]) == (3, 3)


def test_a_file_that_cannot_be_written_does_not_keep_the_alerts_back(loud: Path) -> None:
    ended = check(loud, "--json", "--junit", "/nowhere/at/all.xml")

    ended.assert_refused("/nowhere/at/all.xml", code=3)
    document = ended.document
    assert [alert["kind"] for alert in document["alerts"]] == ["bad_rate"]
    assert document["exit_code"] == 3
    assert "/nowhere/at/all.xml" in document["notes"][0]


def test_files_may_be_stdout_one_at_a_time(loud: Path) -> None:
    junit = check(loud, "--junit", "-")
    metrics = check(loud, "--openmetrics", "-")

    assert junit.code == metrics.code == 2
    assert ET.fromstring(junit.out.encode()).tag == "testsuites"
    assert metrics.out.endswith("# EOF\n")
    assert not (Path.cwd() / "-").exists()
    for two in (("--json", "--junit", "-"), ("--junit", "-", "--openmetrics", "-")):
        check(loud, *two).assert_refused("stdout takes one document", code=2)
    failed = check(loud, "nobody", "--openmetrics", "-")
    assert failed.code == 3
    assert "workbench_check_failed{" in failed.out


def test_a_junit_report_has_a_test_a_model_and_kind(loud: Path, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    assert check(loud, "--junit", path).code == 2
    suites = ET.parse(path).getroot()

    assert suites.tag == "testsuites"
    (suite,) = suites.findall("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests", "")) == int(suites.get("tests", ""))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["bad_rate"]
    assert suite.get("failures") == "1"
    assert {"drift", "missing_values", "silence"} <= {case.get("name") for case in cases}
    assert datetime.fromisoformat(suite.get("timestamp", "")).year >= 2024
    assert not path.stat().st_mode & stat.S_IWOTH


def test_openmetrics_are_what_prometheus_reads(loud: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.txt"
    assert check(loud, "--openmetrics", path).code == 2
    text = path.read_text("utf-8")
    families = {f.name: f for f in parser.text_string_to_metric_families(text)}

    assert text.endswith("# EOF\n")
    (alert,) = families["workbench_alert"].samples
    assert alert.labels["model"] == "m"
    assert alert.labels["kind"] == "bad_rate"
    assert alert.value == 2
    assert families["workbench_check_exit_code"].samples[0].value == 2
    assert families["workbench_open_incidents"].samples[0].value == 1
    assert 0 < families["workbench_bad_rate_ratio"].samples[0].value < 1


def test_hostile_names_end_nothing(tmp_path: Path) -> None:
    root = make_site(tmp_path, name="m").root
    text = (root / "models" / "m.toml").read_text()
    (root / "models" / "m.toml").unlink()
    from workbench.domain.names import file_stem

    named = text.replace('"m"', json.dumps(HOSTILE))
    (root / "models" / f"{file_stem(HOSTILE)}.toml").write_text(named)
    junit, metrics = tmp_path / "j.xml", tmp_path / "m.txt"
    ended = check(root, "--junit", junit, "--openmetrics", metrics)

    assert ended.code == 3
    (suite,) = ET.parse(junit).getroot().findall("testsuite")
    assert suite.get("name") == HOSTILE
    families = parser.text_string_to_metric_families(metrics.read_text("utf-8"))
    names = {s.labels["model"] for f in families for s in f.samples if "model" in s.labels}
    assert names == {HOSTILE}
    assert all(line.count("|") <= 1 for line in ended.out.splitlines())


def test_a_check_that_fails_is_unknown_and_wrong_usage_is_2(
    tmp_path: Path, calm_root: Path
) -> None:
    outside = workbench("-C", tmp_path, "check")
    outside.assert_refused(code=3)
    check(calm_root, "nobody").assert_refused("nobody", code=3)
    check(calm_root, "--junit", "/nowhere/at/all.xml").assert_refused("all.xml", code=3)
    assert check(calm_root, "--no-such-option").code == 2
    assert workbench("-C", tmp_path, "status").code == 1


def test_two_checks_at_once_raise_one_alert(loud: Path) -> None:
    program = "from workbench.cli.main import run; import sys; run(['-C', sys.argv[1], 'check'])"
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(loud)], stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [one.wait(60) for one in both] == [2, 2]

    listed = workbench("-C", loud, "incident", "list", "--json").document["incidents"]
    assert [one["id"] for one in listed] == ["INC-1"]
    rows = workbench("-C", loud, "sql", "SELECT count(*) FROM catalog.alerts", "--json").document
    assert rows["rows"] == [[1]]


def test_no_model_is_unknown(tmp_path: Path) -> None:
    workbench("init", tmp_path / "ws")
    ended = check(tmp_path / "ws")

    assert ended.code == 3
    assert ended.out == "UNKNOWN - there is no model to check\n"


def test_files_tell_the_state_and_nothing_is_said_that_could_not_be_written(
    loud: Path, tmp_path: Path
) -> None:
    refused = workbench("-C", loud, "check", "--since-last", "--junit", tmp_path / "no" / "x.xml")
    assert refused.code == 3
    assert "cannot write" in refused.err
    first = workbench("-C", loud, "check", "--since-last")
    assert first.code == 2
    assert "(new, since" in first.out
    metrics = tmp_path / "metrics.txt"
    again = workbench("-C", loud, "check", "--since-last", "--openmetrics", metrics)
    assert (again.code, again.out) == (0, "")
    assert "workbench_check_exit_code 2" in metrics.read_text()
    assert "workbench_alert" in metrics.read_text()
    assert "new," not in workbench("-C", loud, "check").out


def test_an_incident_that_was_closed_too_early_is_said(loud: Path) -> None:
    workbench("-C", loud, "check")
    done("-C", loud, "incident", "close", "INC-1", "--cause", "thought so")
    assert "INC-1 is closed" in workbench("-C", loud, "check").out
