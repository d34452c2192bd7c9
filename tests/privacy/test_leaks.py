"""Canary values in private columns: every command is run, and everything is searched for them.

Pseudonymised ones may be in no file of the store, no report and no output; sensitive ones are
stored, and may be in no report and no output.
"""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from textual.pilot import Pilot

from tests.cli.command import Ended, workbench
from tests.logs import binary_log
from tests.privacy.canaries import found_in_store
from tests.tui.conftest import drive, settled
from workbench.cli.options import Session
from workbench.workspace import Workspace

HIDDEN = ["PSEUDO", "55000123456"]
"""What values of the pseudonymised columns begin with."""
SHOWN_NOWHERE = ["SENSI", "66000123"]
"""What values of the sensitive columns begin with."""
CARD = """
[model]
name = "m"
task = "binary"
[columns]
entity = "customer"
experiment = "arm"
segments = ["city", "street", "c"]
[privacy]
sensitive = ["city", "income", "ARM", "street", "label", "prediction", "note"]
pseudonymise = ["customer", "prediction_id", "account", "Street"]
[reference]
data = "data/reference.parquet"
"""


def frame(rows: int, *, first: int = 0, seed: int = 0, unseen: bool = False) -> pl.DataFrame:
    log = binary_log(rows, first_id=first, seed=seed, hours=24.0 * 6)
    number = pl.int_range(rows)
    more = pl.lit("NEW") if unseen else pl.lit("")
    return log.with_columns(
        prediction_id=pl.format("PSEUDOID{}", number + first),
        customer=pl.format("PSEUDOCUSTOMER{}", number % 11),
        account=number.cast(pl.Int64) % 13 + 55_000_123_456_000,
        Street=pl.format("PSEUDOSTREET{}{}", number % 3, more),
        city=pl.format("SENSICITY{}{}", number % 4, more),
        income=(number % 17).cast(pl.Float64) + 66_000_123.25 + (50_000 if unseen else 0),
        arm=pl.format("SENSIARM{}", number % 2),
        note=pl.format("SENSINOTE{}", number % 5),
        label=pl.when(pl.col("label") == 1).then(pl.lit("SENSIYES")).otherwise(pl.lit("SENSINO")),
        prediction=pl.when(pl.col("prediction") == 1)
        .then(pl.lit("SENSIYES"))
        .otherwise(pl.lit("SENSINO")),
    )


@dataclass
class Site:
    """A workspace with private columns, and everything that was printed in it."""

    root: Path
    outside: Path
    printed: list[tuple[str, str]] = field(default_factory=list)

    def run(self, *words: str | Path) -> Ended:
        Session.debugging = False
        try:
            ended = workbench("-C", self.root, *words)
        finally:
            Session.debugging = False
        self.printed.append((" ".join(map(str, words)), f"{ended.out}\n{ended.err}"))
        return ended

    def leaks(self, canaries: list[str]) -> list[str]:
        """The commands that printed one of these, but for their own words."""
        return [
            f"{words}: {canary}: {_around(text, canary)}"
            for words, text in self.printed
            for canary in canaries
            if any(canary in line for line in text.splitlines() if line.strip() not in words)
        ]


def _around(text: str, canary: str) -> str:
    place = text.index(canary)
    return text[max(place - 60, 0) : place + 60]


def exports(outside: Path) -> dict[str, Path]:
    """Logs and label files in every format, broken ones among them."""
    made = {}
    log = frame(700)

    def put(name: str, content: bytes | str) -> None:
        made[name] = outside / name
        data = content if isinstance(content, bytes) else content.encode()
        made[name].write_bytes(data)

    broken = "PSEUDOBROKEN,SENSIBROKEN\n"
    put("a.csv", log[:150].write_csv() + broken)
    put("b.csv.gz", gzip.compress((log[150:300].write_csv() + broken).encode()))
    lines = io.BytesIO()
    log[300:400].write_ndjson(lines)
    put(
        "c.jsonl",
        lines.getvalue() + b'{"customer": "PSEUDOBROKEN", "city": "SENSIBROKEN", \nSENSIBROKEN\n',
    )
    packed = io.BytesIO()
    frame(100, first=400, seed=3, unseen=True).write_ndjson(packed)
    put("d.jsonl.gz", gzip.compress(packed.getvalue()))
    for name, write in (("e.parquet", "write_parquet"), ("f.arrow", "write_ipc")):
        made[name] = outside / name
        rows = frame(100, first=500 if name[0] == "e" else 600, seed=4, unseen=True)
        if name[0] == "e":
            rows = rows.with_columns(
                timestamp=pl.when(pl.int_range(100) < 4).then(None).otherwise("timestamp")
            )
        getattr(rows, write)(made[name])
    put("labels.csv", log.select("prediction_id", "label", "note").write_csv() + broken)
    put(
        "labels.jsonl", b'{"prediction_id": "PSEUDOID1", "label": null}\nPSEUDOBROKEN SENSIBROKEN\n'
    )
    # Files that fail whole, each in its own way.
    put("headless.csv", log[:20].write_csv(include_header=False))
    put("cut.csv.gz", gzip.compress(log.write_csv().encode())[:-40])
    put("cut.parquet", made["e.parquet"].read_bytes()[:-100])
    put("latin.csv", (log[:20].write_csv() + "PSEUDO\u00e9,SENSI\u00e9\n").encode("latin1"))
    put(
        "twice.csv",
        "CITY,city,prediction_id,timestamp,score\nSENSIA,SENSIB,PSEUDO,2024-02-01,0.5\n",
    )
    put("unusable.csv", log[:5].with_columns(timestamp=pl.lit("SENSITIME")).write_csv())
    put("array.json", "[" + '{"customer": "PSEUDOARRAY", "city": "SENSIARRAY"}' + "]")
    put("typed.arrow", b"ARROW1" + b"SENSIPSEUDO" * 30)
    conflict = log[:10].with_columns(city=pl.lit("SENSIOTHER"), x=pl.col("x") + 1)
    put("conflict.csv", conflict.write_csv())
    return made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The workspace after every command was run, failing ones among them; made once for all processes."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "leaks"
    shared.mkdir(exist_ok=True)
    record = shared / "printed.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            made = made_in(shared)
            record.write_text(json.dumps(made.printed))
    printed = [(words, text) for words, text in json.loads(record.read_text())]
    return Site(shared / "w", shared / "exports", printed)


def made_in(folder: Path) -> Site:
    """The workspace in a folder, and what every command printed."""
    root, outside = folder / "w", folder / "exports"
    outside.mkdir()
    made = Site(root, outside)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WORKBENCH_WORKSPACE", raising=False)
        made.run("init", root)
        reference = frame(900, first=10**6, seed=9)
        reference = reference.with_columns(
            timestamp=pl.col("timestamp") - timedelta(days=40),
            label=pl.when(pl.int_range(900) < 3).then(pl.lit("SENSIMAYBE")).otherwise("label"),
        )
        reference.write_parquet(root / "data" / "reference.parquet")
        (root / "models" / "m.toml").write_text(CARD + '[bad_prediction]\npositive_class = "1"\n')
        made.run("model", "check")  # the positive class is none of the reference's
        made.run("model", "check", "--json")
        (root / "models" / "m.toml").write_text(
            CARD + '[bad_prediction]\npositive_class = "SENSIYES"\n'
        )
        for name, path in exports(outside).items():
            made.run("ingest", path, "--model", "m", *(("--json",) if name < "d" else ()))
            if name[0] not in "abcdef":
                made.run("ingest", path, "--model", "m", "--debug")
                made.run("ingest", path, "--model", "m", "--format", "parquet")
        everything(made)
    return made


def everything(made: Site) -> None:
    """Every command that reads or keeps house, as people and as programs call it."""
    reading = [
        ["status"], ["model", "list"], ["model", "check"], ["model", "check", "m"], ["doctor"],
        ["performance", "m", "--period", "all"], ["performance", "m", "--by", "1h"],
        *(["performance", "m", "--period", "all", "--segment", s] for s in ("city", "c", "street", "Street")),
        ["performance", "m", "--segment", "income"], ["performance", "m", "--version", "nope"],
        ["quality", "m", "--period", "all"], ["quality", "m", "--period", "24h"],
        ["drift", "m", "--period", "all"], ["drift", "m", "--period", "24h", "--against", "24h"],
        ["drift", "m", "--period", "2024-02-01T05:00/2024-02-03T07:00"], ["drift", "nobody"],
        ["drift", "m", "--period", "all", "--exact", "--multivariate"], ["slices", "m", "--period", "all"],
        ["check"], ["incident", "list", "--all"], ["triage", "m", "--period", "all"], ["triage", "m"],
        ["triage", "--replay", "1"], ["sql", "SELECT * FROM catalog.verdicts"],
        ["diff", "m:2024-02-01/2024-02-02", "m:2024-02-02/2024-02-04"],
        ["diff", "m:all", "m:2024-02-02/2024-02-04", "--key", "city", "--limit", "50"],
        ["diff", "m:2024-02-01/2024-02-02", "m:2024-02-02/2024-02-04", "--where", "city > 'A'"],
        ["diff", "m:2024-02-01/2024-02-02", "m:2024-02-02/2024-02-04", "--where", "income > 'oops'"],
        ["diff", "m:2024-02-01/2024-02-03", "m:2024-02-01/2024-02-04",
         "--rows", str(made.root / "reports" / "rows.csv")],
        ["retrain", "m", "--window", "all", "--backend", "local", "--fits", "2", "--wait"],
        ["runs"], ["runs", "show", "run-1"], ["runs", "logs", "run-1"],
        ["sql", "SELECT * FROM catalog.runs"], ["sql", "SELECT * FROM catalog.run_fits"],
        ["data", "status"], ["data", "status", "m"],
        ["report", "m", "--period", "all", "-o", "-"], ["report", "m", "--format", "json", "-o", "-"],
        ["report", "m", "--period", "all"], ["report", "m", "--format", "json"], ["notebook"],
        ["sql", "SELECT * FROM m"], ["sql", "SELECT * FROM m_labels"], ["sql", "SELECT * FROM quarantine"],
        *(["sql", f"SELECT * FROM catalog.{t}"] for t in (
            "bins", "profile_unseen", "outcomes", "outcome_classes", "baselines", "profile_moments",
        )),
        ["sql", "SELECT city::DOUBLE FROM m"], ["sql", "SELECT error(city || income) FROM m"],
        ["sql", "SELECT max(income), min(city), any_value(label) FROM m"],
        ["store", "compact"], ["store", "rebuild"], ["store", "retain", "9000d", "--yes"],
        ["store", "erase", "--entity", "nobody at all", "--yes"],
        ["store", "backup", str(made.outside / "backup.tar.gz"), "--yes"],
    ]  # fmt: skip
    for words in reading:
        made.run(*words)
        if words[0] == "retrain":  # `runs` says the same as JSON
            continue
        if words[0] != "model" or words[1] != "list":
            made.run(*words, "--json")
        made.run(*words, "--debug")
        if words[0] in ("status", "performance", "drift", "report"):
            made.run(*words, "--as-of", "2024-02-04T00:00:00")


@pytest.mark.first
def test_pseudonymised_values_are_in_no_file_of_the_store(site: Site) -> None:
    assert found_in_store(site.root / ".workbench", HIDDEN) == []


@pytest.mark.first
def test_pseudonymised_values_are_in_no_report_and_no_output(site: Site) -> None:
    assert site.leaks(HIDDEN) == []
    assert found_in_store(site.root / "reports", HIDDEN) == []


@pytest.mark.first
def test_sensitive_values_are_in_no_report_and_no_output(site: Site) -> None:
    assert site.leaks(SHOWN_NOWHERE) == []
    assert found_in_store(site.root / "reports", SHOWN_NOWHERE) == []


@pytest.mark.first
def test_what_was_run_did_something(site: Site) -> None:
    """The search finds nothing only where there is something to be found."""
    home = site.root / ".workbench"
    assert found_in_store(home, SHOWN_NOWHERE)
    assert list((site.root / "reports").iterdir())
    texts = dict(site.printed)
    assert "value 1" in texts["performance m --period all --segment city"]
    assert "Traceback" in texts["drift nobody --debug"]
    assert "rows_stored" in texts[f"ingest {site.outside / 'a.csv'} --model m --json"]
    assert texts["triage m --period all"].startswith("verdict ")
    assert "verdict 1" in texts["triage --replay 1"]
    assert "rows by" in texts["diff m:2024-02-01/2024-02-02 m:2024-02-02/2024-02-04"]
    assert (site.root / "reports" / "rows.csv").stat().st_size > 0
    assert len(site.printed) > 150
    kept = pl.concat([pl.read_parquet(path) for path in (home / "quarantine").iterdir()])
    reasons = set(kept["reason"])
    assert {"malformed_row", "malformed_line", "unreadable_timestamp", "conflicting_id"} <= reasons


@pytest.mark.first
def test_the_terminal_ui_shows_none(site: Site) -> None:
    seen: list[str] = []

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        seen.append(pilot.app.export_screenshot())
        for key in (
            "enter",
            "d",
            "down",
            "down",
            "down",
            "t",
            "t",
            "t",
            "escape",
            "s",
            "p",
            "question_mark",
        ):
            await pilot.press(key)
            await settled(pilot)
            seen.append(pilot.app.export_screenshot())

    drive(Workspace.open(site.root), steps, (160, 60))
    assert len({len(text) for text in seen}) > 3
    for canary in HIDDEN + SHOWN_NOWHERE:
        assert not any(canary in text for text in seen), canary


@pytest.mark.first
def test_the_python_interface_numbers_what_is_sensitive(site: Site) -> None:
    ws = Workspace.open(site.root)
    with redirect_stdout(io.StringIO()) as out:
        print(ws.performance("m", period="all", segment="city"))  # noqa: T201
        print(ws.performance_report("m", period="all"))  # noqa: T201
        print(ws.drift("m", period="all"))  # noqa: T201
    for canary in [*HIDDEN, "SENSICITY", "SENSIARM", "SENSINOTE", "66000123"]:
        assert canary not in out.getvalue(), canary


KILLED = """
import sys
from workbench.workspace import Workspace
Workspace.open(sys.argv[1]).ingest(sys.argv[2], "m")
"""


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl.gz", "parquet"])
def test_a_kill_in_the_middle_leaves_no_raw_value(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "w"
    ws = Workspace.create(root)
    frame(900, first=10**6, seed=9).write_parquet(root / "data" / "reference.parquet")
    (root / "models" / "m.toml").write_text(
        CARD + '[bad_prediction]\npositive_class = "SENSIYES"\n'
    )
    assert [finding.problem for finding in ws.check_cards()] == [None]
    path = tmp_path / f"log.{kind}"
    rows = frame(260_000)
    if kind == "parquet":
        rows.write_parquet(path)
    else:
        text = io.BytesIO()
        if kind.startswith("csv"):
            rows.write_csv(text)
        else:
            rows.write_ndjson(text)
        content = text.getvalue()
        path.write_bytes(gzip.compress(content, 1) if kind.endswith(".gz") else content)
    staging = root / ".workbench" / "staging"
    found, kills = 0, 0
    for wait in (0.0, 0.3, 0.8, 2.0):
        words = [sys.executable, "-c", KILLED, str(root), str(path)]
        with subprocess.Popen(words) as process:
            while process.poll() is None and not _has_rows(staging):
                time.sleep(0.005)
            deadline = time.monotonic() + wait
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
        found += _has_rows(staging)
        assert found_in_store(root / ".workbench", HIDDEN) == []
    assert kills, "nothing was killed: the file is too small"
    assert found, "no kill left anything behind: it proves nothing"


def _has_rows(staging: Path) -> bool:
    try:
        return any(path.stat().st_size > 0 for path in staging.rglob("*.parquet"))
    except FileNotFoundError:
        return False


def test_the_leftovers_of_a_model_without_privacy_are_found(tmp_path: Path) -> None:
    """The search of the test above would find a raw value in what a kill leaves."""
    target = tmp_path / "left.rows.parquet"
    frame(1000).write_parquet(target, compression="lz4", statistics=False)
    target.write_bytes(target.read_bytes()[:-200])
    assert found_in_store(tmp_path, ["PSEUDO"])


def test_now_is_in_the_past() -> None:
    """The logs lie in the past of the machine's clock, or every row would be refused."""
    assert frame(10)["timestamp"].max() < datetime.now(UTC).replace(tzinfo=None)  # type: ignore[operator]
