"""Everybody on one workspace at the same time: `python -m tests.soak.run 60`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tests.logs import binary_log
from tests.soak.exports import expected, whole_log
from tests.soak.terminal import Terminal
from tests.soak.working import PAUSE
from workbench.domain.rates import PerformanceReport
from workbench.store.catalog import model_segments
from workbench.store.connections import reading, scratch
from workbench.store.rows import make_rows_view
from workbench.workspace import Workspace

ROWS_A_SECOND = 900
"""More than two ingests come to."""
STATUS = "from workbench.cli.main import run; run()"


@dataclass
class Soak:
    """What everybody did."""

    chunks: tuple[int, int] = (0, 0)
    answers: list[int] = field(default_factory=list)
    compactions: int = 0
    statuses: list[float] = field(default_factory=list)
    """Seconds of each `workbench status`."""
    report: PerformanceReport | None = None


def soak(folder: Path, seconds: float, *, upkeep: bool) -> Soak:
    """Two ingest, two read, two ask for the status, one looks at the terminal UI.

    Args:
        folder: for the workspace and the exports.
        seconds: for how long.
        upkeep: somebody compacts as well, and what was replaced goes after a second.
    """
    root = folder / "ws"
    ws = Workspace.create(root)
    (folder / "exports").mkdir()
    binary_log(800, seed=99, first_id=10**7).write_parquet(root / "data" / "reference.parquet")
    ws.add_model("m", root / "data" / "reference.parquet")
    if upkeep:
        (root / "workbench.toml").write_text("[store]\ngrace = 1\n", encoding="utf-8")
    rows = int(ROWS_A_SECOND * seconds) + 3000
    terminal = Terminal(root)
    workers = [
        _start("ingest", root, "0", str(rows)), _start("ingest", root, "1", str(rows)),
        _start("read", root), _start("read", root),
        *([_start("upkeep", root)] if upkeep else []),
    ]  # fmt: skip
    found = Soak()
    problems: list[str] = []
    askers = [
        threading.Thread(target=_ask, args=(root, folder / "over", found.statuses, problems))
        for _ in range(2)
    ]
    for asker in askers:
        asker.start()
    while len(list(folder.glob("ready-*"))) < len(workers) and _all_run(workers):
        time.sleep(0.05)
    end = time.monotonic() + seconds
    while time.monotonic() < end and _all_run(workers):
        time.sleep(0.4)
        if terminal.is_open():
            terminal.press()
    (folder / "over").touch()
    outcomes = [worker.communicate() for worker in workers]
    for asker in askers:
        asker.join()
    code, drawn = terminal.leave()
    for worker, (_, errors) in zip(workers, outcomes, strict=True):
        assert worker.returncode == 0, errors
        assert errors == ""
    assert not problems, problems
    assert code == 0, drawn[-2000:]
    assert "m@1" in drawn, drawn[-2000:]
    for bad in ("is busy", "error", "Traceback"):
        assert bad not in drawn, drawn[-2000:]
    done = [json.loads(text) for text, _ in outcomes]
    found.chunks = (done[0], done[1])
    found.answers = done[2:4]
    found.compactions = done[4] if upkeep else 0
    assert min(found.chunks) >= 1
    found.report = _require_exact(ws, whole_log(rows), found.chunks)
    return found


def _require_exact(ws: Workspace, log: pl.DataFrame, chunks: tuple[int, int]) -> PerformanceReport:
    """Totals and days against a plain reckoning; no label waits, none counts twice."""
    wanted = expected(log, chunks)
    report = ws.performance_report("m", period="all")
    wrong = (pl.col("prediction") != pl.col("label")).sum()
    days = (
        wanted.group_by(pl.col("timestamp").dt.date().alias("day"))
        .agg(pl.len().alias("rows"), wrong.alias("bad"))
        .sort("day")
    )
    found = [(b.start.date(), b.rows, b.labelled, round(b.bad)) for b in report.buckets if b.rows]
    assert found == [(day, rows, rows, bad) for day, rows, bad in days.rows()]
    assert report.whole.rows == report.whole.labelled == wanted.height
    with reading(ws.store) as catalog:
        segments = model_segments(catalog, "m", ws.store.segments)
    with scratch(ws.store) as connection:
        ids = {"wb_id": "VARCHAR"}
        make_rows_view(connection, "stored", segments.predictions, ids)
        make_rows_view(connection, "labels", segments.labels, ids)
        counted = connection.execute(
            "SELECT count(*), count(DISTINCT wb_id), (SELECT count(DISTINCT wb_id) FROM labels), "
            "(SELECT count(*) FROM labels WHERE wb_id NOT IN (SELECT wb_id FROM stored)) FROM stored"
        ).fetchall()
    assert counted == [(wanted.height, wanted.height, wanted.height, 0)]
    assert list(ws.store.staging.iterdir()) == []
    return report


def _start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.soak.working", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _all_run(workers: Sequence[subprocess.Popen[str]]) -> bool:
    return all(worker.poll() is None for worker in workers)


def _ask(root: Path, over: Path, seconds: list[float], problems: list[str]) -> None:
    while not over.exists():
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", STATUS, "-C", str(root), "status"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        seconds.append(time.monotonic() - begun)
        # While the first labels are still to come, the rate is an estimate, which a note explains.
        errors = [line for line in done.stderr.splitlines() if not line.startswith("~ stands")]
        if done.returncode or errors or "busy" in done.stdout:
            problems.append(done.stdout + done.stderr)
        time.sleep(PAUSE)


def main() -> None:
    """Soaks for as many seconds as the first argument says; the slowest status must be under 2 s."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = soak(Path(folder), seconds, upkeep="--upkeep" in sys.argv)
    assert found.report is not None
    whole = found.report.whole
    print(f"{sum(found.chunks)} chunks ingested, {whole.rows:,} rows, {whole.labelled:,} labelled")
    print(f"{sum(found.answers)} answers, {found.compactions} compactions")
    ordered = sorted(found.statuses)
    middle = ordered[len(ordered) // 2]
    print(f"{len(ordered)} statuses: {middle:.2f} s in the middle, {ordered[-1]:.2f} s the slowest")
    if ordered[-1] >= 2:
        sys.exit("a status took 2 s or longer")


if __name__ == "__main__":
    main()
