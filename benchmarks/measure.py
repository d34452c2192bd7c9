"""How long do the questions take over a large log, beside what the peers' default reports take?

    python benchmarks/measure.py [--rows 10000000] [--folder DIR] [--repeat 5] [--peers PYTHON ...]

A workspace with a log of 20 features over 30 days (`ingest.py`) is made, or used again where
`--folder` has one. Each command then runs in a process of its own; printed are the medians of
the whole process, and of its work: the same question asked of an open workspace, without the
start of an interpreter and the import of libraries. The domain classifier and the slice search
run in this process, on their samples.

With `--peers`, interpreters that have Evidently or NannyML, their default drift report (and
NannyML's estimate of performance) runs on the log's first million rows against the reference,
each in a process of its own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ingest as logs

PEER_ROWS = 1_000_000
COMMANDS = {
    "status": ["status"],
    "drift": ["drift", "bench"],
    "performance": ["performance", "bench"],
    "check": ["check", "bench"],
}
PEERS = {
    "evidently": """
from evidently import Report
from evidently.presets import DataDriftPreset
Report([DataDriftPreset()]).run(current, reference).save_html(out)
""",
    "nannyml drift": """
import nannyml
columns = [c for c in reference.columns if c.startswith(("num_", "cat_"))]
found = nannyml.UnivariateDriftCalculator(column_names=columns, timestamp_column_name="timestamp",
    chunk_period="D").fit(reference).calculate(current)
found.to_df().to_csv(out)
""",
    "nannyml cbpe": """
import nannyml
found = nannyml.CBPE(y_pred_proba="score", y_pred="prediction", y_true="label",
    timestamp_column_name="timestamp", chunk_period="D", metrics=["roc_auc", "accuracy"],
    problem_type="classification_binary").fit(reference.dropna(subset=["label"])).estimate(current)
found.to_df().to_csv(out)
""",
}
"""What each peer's documentation gives as its first example, on the same two tables."""


def workspace_of(folder: Path, rows: int) -> Path:
    """The workspace with so many rows, made if it is not there."""
    root, log, done = folder / "workspace", folder / "log.parquet", folder / f"rows-{rows}"
    if not done.exists():
        print(f"making a workspace of {rows:,} rows", flush=True)
        logs.generate(log, rows)
        logs.new_workspace(folder, log)
        figures = logs.alone("ingest", log, root)
        print(f"ingested in {figures['seconds']:.1f} s, {figures['peak_mb']:.0f} MB", flush=True)
        done.touch()
    return root


def seconds(action: Callable[[], object], repeat: int) -> float:
    """The median time of doing something."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def command(*arguments: str) -> None:
    """Runs a command of the workbench in a process of its own."""
    program = "from workbench.cli.main import run; run()"
    subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.DEVNULL
    )


def line(name: str, whole: float, work: float | None = None, remark: str = "") -> None:
    """Prints one row of the table."""
    own = "" if work is None else f"{work:9.3f}"
    print(f"{name:<24}{whole:9.3f} {own:>9}  {remark}".rstrip(), flush=True)


def measure_commands(root: Path, repeat: int) -> None:
    """The rows of the commands."""
    import workbench

    with workbench.open(root) as ws:
        questions: dict[str, Callable[[], object]] = {
            "status": ws.status,
            "drift": lambda: ws.drift("bench"),
            "performance": lambda: ws.performance_report("bench"),
            "check": lambda: ws.check("bench"),
        }
        for name, question in questions.items():
            program = ["-C", str(root), *COMMANDS[name]]
            command(*program)
            question()
            whole = seconds(lambda program=program: command(*program), repeat)  # type: ignore[misc]
            line(f"workbench {name}", whole, seconds(question, repeat))


def measure_samples(root: Path, repeat: int) -> None:
    """The rows of what reads samples of the log, in this process."""
    import workbench

    with workbench.open(root) as ws:
        found, report = ws.drift("bench", multivariate=True), ws.slices("bench")
        plain = seconds(lambda: ws.drift("bench"), repeat)
        whole = seconds(lambda: ws.drift("bench", multivariate=True), repeat)
        together = found.multivariate
        if together is not None:
            line(
                "all inputs together", whole, whole - plain,
                f"{together.reference_rows:,} + {together.current_rows:,} rows, "
                f"AUC {together.domain_auc or 0:.3f}",
            )  # fmt: skip
        whole = seconds(lambda: ws.slices("bench"), repeat)
        line(
            "slices", whole, None,
            f"{report.reference_sampled:,} + {report.sampled:,} rows, "
            f"{report.search.looked_at:,} combinations",
        )  # fmt: skip


def measure_peers(python: str, folder: Path, rows: int) -> None:
    """The rows of the peers."""
    read = (
        "import sys, pandas\n"
        "reference = pandas.read_parquet(sys.argv[1])\n"
        f"current = pandas.read_parquet(sys.argv[2]).head({PEER_ROWS})\n"
        "out = sys.argv[3]\n"
    )
    tables = [str(folder / name) for name in ("reference.parquet", "log.parquet", "peer.out")]
    for name, text in PEERS.items():
        probe = [python, "-c", f"import {name.partition(' ')[0]}"]
        if subprocess.run(probe, check=False, capture_output=True).returncode:
            continue
        started = time.perf_counter()
        ended = subprocess.run(
            [python, "-c", read + text, *tables], check=False, capture_output=True, text=True
        )
        taken = time.perf_counter() - started
        if ended.returncode:
            last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"{name:<24}{'-':>9} {'-':>9}  failed: {last[:60]}", flush=True)
        else:
            line(name, taken, None, f"first {min(rows, PEER_ROWS):,} rows, once")


def main() -> None:
    """Reads the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="keeps the workspace, for the next time")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--peers", nargs="+", default=[], help="interpreters that have Evidently or NannyML"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        root = workspace_of(folder, chosen.rows)
        print(f"{f'{chosen.rows:,} rows':<24}{'whole s':>9} {'work s':>9}")
        measure_commands(root, chosen.repeat)
        measure_samples(root, chosen.repeat)
        for python in chosen.peers:
            measure_peers(python, folder, chosen.rows)


if __name__ == "__main__":
    main()
