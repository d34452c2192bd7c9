"""How long does a comparison of two tables take beside a bare join, and beside datacompy?

    python benchmarks/diff.py [--rows 1000000] [--repeat 7] [--peer PYTHON] [--large 20000000]

Two Parquet files of 20 columns and a key, in other orders; 1 % of the rows have a changed cell (in any
column, or all in one), 0.1 % are gone and 0.1 % new. In turn, each in a process of its own: a bare full
outer join in DuckDB on the key with one hash a row, which only counts; the comparison of rows and cells
as `diff` makes it, the key given and looked for; and the distributions. With `--peer`, an
interpreter that has datacompy, its Polars engine and its report. Printed are medians of wall time and
of processor time, which a busy machine moves less, and the ratios to the bare join.

With `--large`, tables of so many rows are compared once within 2 GB of memory; printed are the time,
the peak memory of the process and the most that lay on the disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import duckdb

CATEGORIES = (2, 5, 10, 20, 50, 100, 300, 1000)
NUMBERS = 12
COLUMNS = [*(f"num_{k}" for k in range(NUMBERS)), *(f"cat_{k}" for k in range(len(CATEGORIES)))]
DATACOMPY = """
import json, sys, time
import polars as pl
from datacompy.polars import PolarsCompare
began, spent = time.perf_counter(), time.process_time()
a, b = pl.read_parquet(sys.argv[1]), pl.read_parquet(sys.argv[2])
found = PolarsCompare(a, b, join_columns=["id"])
found.report()
print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - spent,
    "added": found.df2_unq_rows.height, "removed": found.df1_unq_rows.height,
    "changed": found.intersect_rows.height - found.count_matching_rows()}))
"""


def generate(folder: Path, rows: int, where: str) -> None:
    """Writes a.parquet and b.parquet.

    Args:
        folder: where.
        rows: of each.
        where: `any` or `one`: the columns that hold the changed cells.
    """
    some = max(rows // 1000, 1)
    number = "(hash(i * 31 + {k}) % 1000003) / 1000003.0 * {n} + (hash(i + {k}) % 97)"
    text = "'v' || (hash(i * 7 + {k}) % {n})"
    base = {f"num_{k}": number.format(k=k, n=k + 1) for k in range(NUMBERS)}
    base |= {f"cat_{k}": text.format(k=k, n=n) for k, n in enumerate(CATEGORIES)}
    changed = {}
    for place, (name, value) in enumerate(base.items()):
        chosen = "hash(i * 3) % 100 = 0"
        if where == "any":
            chosen += f" AND hash(i * 5) % {len(base)} = {place}"
        new = f"({value}) + 1" if name.startswith("num") else f"({value}) || 'x'"
        is_changed = where == "any" or name == "num_3"
        changed[name] = f"CASE WHEN {chosen} THEN {new} ELSE {value} END" if is_changed else value
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
    for name, columns, first in (("a", base, 0), ("b", changed, some)):
        listed = ", ".join(f"{value} AS {column}" for column, value in columns.items())
        # Multiplying by a number without a common divisor walks through all rows in another order.
        step = 1 if name == "a" else 7_919
        connection.execute(
            f"COPY (SELECT i AS id, {listed} FROM "
            f"(SELECT (j * {step}) % {rows} + {first} AS i FROM range({rows}) t(j))) "
            f"TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )


def step_bare(a: str, b: str) -> dict[str, Any]:
    """The counts that a full outer join on the key with a hash a row gives."""
    row = f"hash({', '.join(COLUMNS)})"
    connection = duckdb.connect(config={"memory_limit": "1GB"})
    connection.execute("SET enable_progress_bar = false")
    began, spent = time.perf_counter(), time.process_time()
    added, removed, changed = connection.execute(
        "SELECT count(*) FILTER (WHERE a.id IS NULL), count(*) FILTER (WHERE b.id IS NULL), "
        f"count(*) FILTER (WHERE a.h <> b.h) FROM (SELECT id, {row} AS h FROM '{a}') a "
        f"FULL JOIN (SELECT id, {row} AS h FROM '{b}') b ON a.id = b.id"
    ).fetchall()[0]
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "added": added,
        "removed": removed,
        "changed": changed,
    }


def step_ours(a: str, b: str, key: str, memory: str, distributions: str) -> dict[str, Any]:
    """The comparison of rows and cells, and the distributions where they are asked for."""
    from workbench.diff.comparing import Question, compare
    from workbench.diff.sides import file_side
    from workbench.store.connections import Resources, StoreHome, scratch

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disk = _Disk(folder)
        with scratch(StoreHome(folder, Resources(memory_limit=memory)), folder / "spill") as made:
            sides = [
                file_side(made, path, [Path(path)], folder / place, "")
                for place, path in (("a", a), ("b", b))
            ]
            asked = tuple(key.split(",")) if key else ()
            question = Question(key=asked, distributions=bool(distributions), limit=0)
            began, spent = time.perf_counter(), time.process_time()
            found = compare(made, sides[0], sides[1], question)
            whole, cpu = time.perf_counter() - began, time.process_time() - spent
        most = disk.stop()
    return {
        "seconds": found.seconds["rows"],
        "distributions": found.seconds["distributions"],
        "whole": whole,
        "cpu": cpu,
        "added": found.rows.added,
        "removed": found.rows.removed,
        "changed": found.rows.changed,
        "disk": most,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


class _Disk:
    """The most bytes that a folder has held, looked at a few times a second."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._most, self._ended = folder, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.3):
            size = 0
            for path in self._folder.rglob("*"):
                try:
                    size += path.stat().st_size
                except OSError:
                    continue  # it went meanwhile
            self._most = max(self._most, size)

    def stop(self) -> float:
        """Ends the watch; the most, in MiB."""
        self._ended.set()
        self._thread.join()
        return self._most / 2**20


def run(step: str, *arguments: str) -> dict[str, Any]:
    """A step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{step}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def run_peer(python: str, a: str, b: str) -> dict[str, Any]:
    """Datacompy, by the interpreter that has it."""
    done = subprocess.run(
        [python, "-c", DATACOMPY, a, b], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"datacompy: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(folder: Path, repeat: int, peer: str) -> None:
    """Prints the medians of all ways on the two files of a folder."""
    a, b = str(folder / "a.parquet"), str(folder / "b.parquet")
    ways = {
        "bare join, counts only": lambda: run("bare", a, b),
        "diff, key given": lambda: run("ours", a, b, "id", "1GB", ""),
        "diff, key looked for": lambda: run("ours", a, b, "", "1GB", ""),
        "diff with distributions": lambda: run("ours", a, b, "id", "1GB", "yes"),
    }
    if peer:
        ways["datacompy, Polars engine"] = lambda: run_peer(peer, a, b)
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, step in ways.items():
            found[way].append(step())
    bare = found["bare join, counts only"]
    counts = {
        tuple(int(one[kind]) for kind in ("added", "removed", "changed"))
        for answers in found.values()
        for one in answers
    }
    print(f"added, removed, changed: {' or '.join(map(str, sorted(counts)))}")
    for way, answers in found.items():
        wall = statistics.median(one["seconds"] for one in answers)
        ratio = statistics.median(
            one["seconds"] / other["seconds"] for one, other in zip(answers, bare, strict=True)
        )
        cpu = statistics.median(one["cpu"] for one in answers)
        rest = ""
        if "whole" in answers[0]:
            whole = statistics.median(one["whole"] for one in answers)
            spread = statistics.median(one["distributions"] for one in answers)
            memory = statistics.median(one["memory"] for one in answers)
            rest = f"  whole {whole:.2f} s, distributions {spread:.2f} s, peak {memory:.0f} MiB"
        print(f"{way:26} {wall:6.2f} s  {ratio:5.2f} x bare  {cpu:6.2f} s cpu{rest}")


def large(rows: int) -> None:
    """Prints what one comparison of large tables takes within 2 GB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, rows, "any")
        a, b = str(folder / "a.parquet"), str(folder / "b.parquet")
        size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / 2**20
        found = run("ours", a, b, "id", "2GB", "yes")
    print(
        f"{rows:,} rows, {size:,.0f} MiB: rows and cells {found['seconds']:.1f} s, distributions "
        f"{found['distributions']:.1f} s, whole {found['whole']:.1f} s, peak {found['memory']:,.0f} MiB, "
        f"disk {found['disk']:,.0f} MiB, {found['added']:,} added, {found['removed']:,} removed, "
        f"{found['changed']:,} changed"
    )


def main() -> None:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--peer", default="", help="an interpreter with datacompy")
    parser.add_argument("--large", type=int, default=0, help="rows of the comparison in 2 GB")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        steps = {"bare": step_bare, "ours": step_ours}
        print(json.dumps(steps[given.step[0]](*given.step[1:])))
        return
    if given.large:
        large(given.large)
        return
    for where, told in (("any", "in any column"), ("one", "in one column")):
        with tempfile.TemporaryDirectory() as name:
            generate(Path(name), given.rows, where)
            print(f"\n{given.rows:,} rows, 1 % with a changed cell {told}")
            measure(Path(name), given.repeat, given.peer)


if __name__ == "__main__":
    main()
