"""How long does an ingest take beside DuckDB's own reading and writing of the same file?

    python benchmarks/ingest.py [--rows 1000000 3000000 10000000] [--repeat 3]

For each size a log of 20 features over 30 days is generated, then COPY and ingest run in turn,
each in a process of its own, so that its peak memory is its own. Printed are medians, and where
the time of the median ingest went. On the store that the last ingest left, the same file is
ingested again, 10,000 late labels of all its days come, and `status` and `drift` are asked.
The smallest size is ingested as CSV and as JSON lines too, beside DuckDB's reading and writing
of that format.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

NUMBERS = 12
LABELS = 10_000
CATEGORIES = (2, 5, 10, 20, 50, 100, 300, 1000)


def generate(path: Path, rows: int) -> None:
    """Writes a log in time order: 12 numbers, 8 categories, score, prediction, 95 % labels."""
    numbers = ", ".join(
        f"(hash(i * 31 + {k}) % 1000003) / 1000003.0 * {k + 1} + (hash(i + {k}) % 97) AS num_{k}"
        for k in range(NUMBERS)
    )
    texts = ", ".join(
        f"'v' || (hash(i * 7 + {k}) % {n}) AS cat_{k}" for k, n in enumerate(CATEGORIES)
    )
    high = "(hash(i * 13) % 10007) > 5003"
    duckdb.connect().execute(
        f"COPY (SELECT 'p-' || i AS prediction_id, "
        f"TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (i * 2592000 // {rows}) AS timestamp, {numbers}, {texts}, "
        f"(hash(i * 13) % 10007) / 10007.0 AS score, ({high})::INT AS prediction, "
        "CASE WHEN hash(i * 17) % 20 > 0 THEN "
        f"((hash(i * 19) % 10) < (CASE WHEN {high} THEN 8 ELSE 2 END))::INT END AS label "
        f"FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json"}
WRITERS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER", ".jsonl": "FORMAT json",
}  # fmt: skip


def step_copy(source: Path, target: Path) -> dict[str, float]:
    """Seconds of DuckDB's own COPY of a file into its own format."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    started = time.perf_counter()
    connection.execute(
        f"COPY (SELECT * FROM {READERS[source.suffix]}('{source}')) TO '{target}' ({WRITERS[source.suffix]})"
    )
    return {"seconds": time.perf_counter() - started}


def step_ingest(source: Path, workspace: Path) -> dict[str, float]:
    """Seconds of an ingest into a workspace that has its baseline, and of its parts."""
    import workbench

    parts = watch_parts()
    with workbench.open(workspace) as ws:
        ws.check_cards()
        parts.update(dict.fromkeys(parts, 0.0))
        started = time.perf_counter()
        result = ws.ingest(source, model="bench")
        seconds = time.perf_counter() - started
    if result.failed:
        raise SystemExit(result.failed[0].error)
    return {"seconds": seconds, **parts, "rest": seconds - sum(parts.values())}


def watch_parts() -> dict[str, float]:
    """Seconds spent in the parts of an ingest from now on, added up as they are called."""
    from workbench.ingest import loading, opening
    from workbench.store import batches, prediction_intake

    parts: dict[str, float] = {}

    def watch(part: str, module: Any, name: str) -> None:
        function = getattr(module, name)
        parts[part] = 0.0

        def watched(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                parts[part] += time.perf_counter() - started

        setattr(module, name, watched)

    watch("hash", loading, "file_hash")
    watch("read", opening, "open_source")
    watch("validate", prediction_intake, "count_days")
    watch("write", prediction_intake, "copy_file")
    watch("duplicates", prediction_intake, "find_repeats")
    watch("profile", prediction_intake, "count_judged")
    watch("flush", batches, "settle_batch")
    watch("commit", batches, "commit_batch")
    return parts


def step_questions(workspace: Path, _unused: Path) -> dict[str, float]:
    """Seconds of work of `status` and `drift`, imports aside: the median of five."""
    import workbench

    times: dict[str, float] = {}
    with workbench.open(workspace) as ws:
        ws.status()
        for name, ask in (("status", ws.status), ("drift", lambda: ws.drift("bench"))):
            taken = []
            for _ in range(5):
                started = time.perf_counter()
                ask()
                taken.append(time.perf_counter() - started)
            times[name] = statistics.median(taken)
    return times


STEPS = {"copy": step_copy, "ingest": step_ingest, "questions": step_questions}


def alone(step: str, *paths: Path) -> dict[str, float]:
    """Runs one step in a process of its own; its seconds and its peak memory in MB."""
    arguments = [sys.executable, __file__, "--step", step, *map(str, paths)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def new_workspace(folder: Path, log: Path) -> Path:
    """A workspace with a reference of 100,000 rows of the log's first day or so."""
    from workbench.workspace import Workspace

    reference = folder / "reference.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT * FROM '{log}' LIMIT 100000) TO '{reference}' (FORMAT parquet)"
    )
    root = folder / "workspace"
    shutil.rmtree(root, ignore_errors=True)
    with Workspace.create(root) as ws:
        ws.add_model("bench", reference)
    return root


def compare(log: Path, source: Path, folder: Path, repeat: int) -> tuple[str, Path]:
    """The line of figures of one file, and the workspace that the last ingest left."""
    copies, ingests = [], []
    for _ in range(repeat):
        copies.append(alone("copy", source, folder / f"copy{source.suffix}"))
        workspace = new_workspace(folder, log)
        ingests.append(alone("ingest", source, workspace))
    copy = statistics.median(c["seconds"] for c in copies)
    middle = sorted(ingests, key=lambda run: run["seconds"])[len(ingests) // 2]
    ratio = statistics.median(
        i["seconds"] / c["seconds"] for i, c in zip(ingests, copies, strict=True)
    )
    parts = "  ".join(
        f"{name} {value:.2f}"
        for name, value in middle.items()
        if name not in ("seconds", "peak_mb")
    )
    return (
        f"COPY {copy:7.2f} s {max(c['peak_mb'] for c in copies):6.0f} MB   ingest {middle['seconds']:7.2f} s "
        f"{max(i['peak_mb'] for i in ingests):6.0f} MB   {ratio:5.2f} times\n{'':14}{parts}"
    ), workspace


def measure(rows: int, repeat: int, folder: Path, *, with_text: bool) -> None:
    """Prints the figures of one size."""
    log = folder / "log.parquet"
    generate(log, rows)
    line, workspace = compare(log, log, folder, repeat)
    print(f"{rows:>12,}  {line}", flush=True)
    again = alone("ingest", log, workspace)
    labels = folder / "labels.csv"
    duckdb.connect().execute(
        f"COPY (SELECT prediction_id, 1 AS label, timestamp + INTERVAL 40 DAY AS label_timestamp FROM '{log}' "
        f"USING SAMPLE {LABELS} ROWS (reservoir, 7)) TO '{labels}' (FORMAT csv, HEADER)"
    )
    late = alone("ingest", labels, workspace)
    asked = alone("questions", workspace, workspace)
    megabytes = log.stat().st_size / 1e6
    print(
        f"{'':14}again {again['seconds']:.2f} s ({megabytes:.0f} MB)   {LABELS:,} late labels "
        f"{late['seconds']:.2f} s {late['peak_mb']:.0f} MB   status {asked['status']:.3f} s   "
        f"drift {asked['drift']:.3f} s",
        flush=True,
    )
    for ending in (".csv", ".jsonl") if with_text else ():
        text = log.with_suffix(ending)
        duckdb.connect().execute(f"COPY (FROM '{log}') TO '{text}' ({WRITERS[ending]})")
        line, _ = compare(log, text, folder, repeat)
        print(f"{ending:>12}  {line}", flush=True)


def peak_megabytes() -> float:
    """The most memory that this process had in use.

    Linux counts in `ru_maxrss` what the process that started it had, too: its own mark is asked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(marks["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Reads the arguments and runs the steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        name, first, second = chosen.step
        figures = STEPS[name](Path(first), Path(second))
        print(json.dumps(figures | {"peak_mb": peak_megabytes()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            smallest = rows == min(chosen.rows)
            measure(rows, chosen.repeat, Path(folder), with_text=smallest)


if __name__ == "__main__":
    main()
