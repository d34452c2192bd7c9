"""What each process of the soak does, until it is told to stop: `python -m tests.soak.working WHAT ...`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import workbench
from tests.soak.exports import Exporter, whole_log

PAUSE = 0.5
"""Seconds between two rounds of questions, exports or statuses: pages and timers leave as much.

Two cores that eight processes keep busy without a break would be what is measured else."""


def ingest(root: Path, number: int, rows: int) -> int:
    """Exports and ingests chunk after chunk; how many.

    One system's labels come before their predictions, the other's after, and both work on the
    same stretch of the log at the same time.
    """
    log = whole_log(rows)
    exporter = Exporter(number, root.parent / "exports")
    chunk = 0
    with workbench.open(root) as ws:
        while (chunk == 0 or not _is_over(root)) and exporter.first_row(chunk + 2) < rows:
            predictions, labels = exporter.write(log, chunk)
            chunk += 1
            for path in (labels, predictions) if number == 0 else (predictions, labels):
                result = ws.ingest(path, "m")
                assert not result.failed, result
                c = result.counts
                assert c.rows_read == c.rows_stored + c.rows_duplicate + c.rows_quarantined + (
                    c.labels_matched + c.labels_pending
                )
            time.sleep(PAUSE)
    return chunk


def read(root: Path) -> int:
    """Asks four questions and again after a while; what is answered never shrinks, and adds up."""
    seen = asked = 0
    with workbench.open(root) as ws:
        while not _is_over(root):
            rows = ws.status()[0].rows
            if not rows:
                continue
            report = ws.performance_report("m", period="all")
            assert sum(bucket.rows for bucket in report.buckets) == report.whole.rows
            assert report.whole.labelled <= report.whole.rows
            assert report.whole.rows >= rows >= seen
            seen = report.whole.rows
            cut = ws.performance_report("m", period="2024-02-01T03:20/2024-02-02T05:10")
            assert cut.whole.labelled <= cut.whole.rows
            assert ws.drift("m", period="all").current_rows >= seen
            asked += 4
            time.sleep(PAUSE)
    return asked


def upkeep(root: Path) -> int:
    """Compacts again and again, as a timer would; how often."""
    runs = 0
    with workbench.open(root) as ws:
        while not _is_over(root):
            ws.housekeeping.compact()
            runs += 1
            time.sleep(2)
    return runs


def _is_over(root: Path) -> bool:
    return (root.parent / "over").exists()


def main() -> None:
    """Prints what was done as JSON."""
    what, folder, *more = sys.argv[1:]
    root = Path(folder)
    (root.parent / f"ready-{os.getpid()}").touch()
    if what == "ingest":
        done = ingest(root, int(more[0]), int(more[1]))
    elif what == "upkeep":
        done = upkeep(root)
    else:
        done = read(root)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
