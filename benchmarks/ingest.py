"""How long does an ingest take beside DuckDB's own COPY of the same Parquet file?

    python benchmarks/ingest.py [--rows 1000000 3000000 10000000] [--repeat 3]

For each size a log of 20 features over 30 days is generated, then COPY and ingest run in turn,
each in a process of its own, so that its peak memory is its own. Afterwards `status` and
`drift` are timed on the store that the last ingest left. Medians are printed.
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

import duckdb

NUMBERS = 12
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


def step_copy(source: Path, target: Path) -> float:
    """Seconds of DuckDB's own COPY."""
    connection = duckdb.connect()
    started = time.perf_counter()
    connection.execute(
        f"COPY (SELECT * FROM read_parquet('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )
    return time.perf_counter() - started


def step_ingest(source: Path, workspace: Path) -> float:
    """Seconds of an ingest into a workspace that has its baseline."""
    import workbench

    with workbench.open(workspace) as ws:
        ws.check_cards()
        started = time.perf_counter()
        result = ws.ingest(source, model="bench")
        seconds = time.perf_counter() - started
    if result.failed:
        raise SystemExit(result.failed[0].error)
    return seconds


def step_questions(workspace: Path) -> dict[str, float]:
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


def measure(rows: int, repeat: int, folder: Path) -> None:
    """Prints the figures of one size."""
    log = folder / "log.parquet"
    generate(log, rows)
    copies, ingests = [], []
    for _ in range(repeat):
        copies.append(alone("copy", log, folder / "copy.parquet"))
        workspace = new_workspace(folder, log)
        ingests.append(alone("ingest", log, workspace))
    questions = alone("questions", workspace)
    copy = statistics.median(c["seconds"] for c in copies)
    ingest = statistics.median(i["seconds"] for i in ingests)
    ratio = statistics.median(
        i["seconds"] / c["seconds"] for i, c in zip(ingests, copies, strict=True)
    )
    print(
        f"{rows:>12,}  COPY {copy:7.2f} s {max(c['peak_mb'] for c in copies):6.0f} MB   "
        f"ingest {ingest:7.2f} s {max(i['peak_mb'] for i in ingests):6.0f} MB   "
        f"{ratio:5.2f} times   status {questions['status']:.3f} s   drift {questions['drift']:.3f} s",
        flush=True,
    )


def main() -> None:
    """Reads the arguments and runs the steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        name, *paths = chosen.step
        if name == "questions":
            print(json.dumps(step_questions(Path(paths[0]))))
            return
        step = {"copy": step_copy, "ingest": step_ingest}[name]
        seconds = step(Path(paths[0]), Path(paths[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            measure(rows, chosen.repeat, Path(folder))


if __name__ == "__main__":
    main()
