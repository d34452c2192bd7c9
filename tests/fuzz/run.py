"""Ingests damaged files and looks whether every promise holds: `python -m tests.fuzz.run 10000`."""

from __future__ import annotations

import faulthandler
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.drafts import Draft
from tests.fuzz.failing import failure_of, keep, shrunk, sign_of, watched, write_down
from tests.fuzz.mutating import make_input
from tests.fuzz.promises import (
    Call,
    assert_kept,
    assert_same_slowly,
    assert_upkeep_changes_nothing,
)
from tests.fuzz.seeds import seeds
from tests.fuzz.sites import MODEL, SITES, Site, copy_of, make_template
from workbench.domain.ingested import FileResult
from workbench.ingest.formats.registry import format_names

BATCH = 100
PATIENCE = 300
"""Seconds that a batch may take, on a machine that is busy."""
COMMAND = [sys.executable, "-c", "from workbench.cli.main import run; run()"]


@dataclass(frozen=True)
class Extras:
    """What is looked at beyond the promises, every so many batches; 0: never."""

    slowly: int = 3
    upkeep: int = 5
    command: int = 10


@dataclass
class Tally:
    """What was fuzzed, and what went wrong."""

    inputs: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Files by format and status."""
    rows: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[int, Path]] = field(default_factory=dict)
    """By what tells one bug from another: how often, and where the first is kept."""

    def add(self, files: Sequence[FileResult]) -> None:
        for file in files:
            self.outcomes[file.format or "none", file.status] += 1
            c = file.counts
            self.rows += Counter(
                read=c.rows_read, stored=c.rows_stored, duplicate=c.rows_duplicate,
                quarantined=c.rows_quarantined, matched=c.labels_matched, pending=c.labels_pending,
            )  # fmt: skip


class Fuzzer:
    """Makes batches of inputs and tries them on copies of the sites' stores."""

    def __init__(self, folder: Path, seed: int, extras: Extras, batch: int = BATCH) -> None:
        self.folder, self.seed, self.extras, self.batch = folder, seed, extras, batch
        self.tally = Tally()
        self._templates: dict[str, Path] = {}

    def run(
        self, inputs: int, first: int = 0, told: Callable[[Tally], None] | None = None
    ) -> Tally:
        """Tries that many inputs, batch by batch.

        Args:
            inputs: how many.
            first: the number of the first.
            told: told after each batch.
        """
        for start in range(first, first + inputs, self.batch):
            self._batch(range(start, min(start + self.batch, first + inputs)))
            if told is not None:
                told(self.tally)
        return self.tally

    def _batch(self, numbers: range) -> None:
        place = numbers.start // self.batch
        site = SITES[place % len(SITES)]
        call = _call(Random(f"{self.seed}/{place}/call"))
        sources = seeds(site.task)
        drafts = [make_input(self.seed, number, sources) for number in numbers]
        results: list[FileResult] = []

        def trial(tried: list[Draft]) -> None:
            results[:] = self._try(site, call, tried, place)

        error = failure_of(trial, drafts)
        self.tally.inputs += len(drafts)
        self.tally.sources.update(draft.group for draft in drafts)
        if error is None:
            self.tally.add(results)
            return
        drafts, error = shrunk(
            trial, drafts, error, lambda at, most: make_input(self.seed, numbers[at], sources, most)
        )
        sign = sign_of(error)
        count, kept = self.tally.failures.get(sign, (0, self.folder / f"failure-{place}"))
        if not count:
            keep(kept, drafts, self._how(site, call), error)
            print(f"{sign}: {str(error)[:600]}\n  kept in {kept}", file=sys.stderr, flush=True)
        self.tally.failures[sign] = (count + 1, kept)

    def _try(self, site: Site, call: Call, drafts: list[Draft], place: int) -> Sequence[FileResult]:
        """Ingests drafts into a store of their own.

        Raises:
            AssertionError: a promise is broken.
            Exception: whatever the product lets escape.
        """
        with self._place() as folder, watched(PATIENCE):
            # Written down first: what ends the process cannot be caught.
            paths = write_down(folder, drafts, self._how(site, call))
            ws = copy_of(self._template(site), folder / "ws")
            result = assert_kept(ws, paths, call)
            if _due(self.extras.slowly, place):
                assert_same_slowly(copy_of(self._template(site), folder / "slow"), paths, call, ws)
            if _due(self.extras.upkeep, place):
                assert_upkeep_changes_nothing(ws)
            if _due(self.extras.command, place):
                root = copy_of(self._template(site), folder / "command").root
                assert_command_copes(root, paths, call)
            return result.files

    def _how(self, site: Site, call: Call) -> dict[str, object]:
        return {"seed": self.seed, "site": site.name, "call": asdict(call)}

    @contextmanager
    def _place(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="try-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _template(self, site: Site) -> Path:
        if site.name not in self._templates:
            self._templates[site.name] = make_template(site, self.folder / f"site-{site.name}")
        return self._templates[site.name]


def assert_command_copes(root: Path, paths: Sequence[Path], call: Call) -> None:
    """The command line takes the files as well, and says so in one document.

    Raises:
        AssertionError: it does not.
    """
    named = ["--format", call.format, "--kind", call.kind, "--model", MODEL]
    for more in (["--json"], []):
        ended = subprocess.run(
            [*COMMAND, "-C", root, "ingest", *more, *named, "--", *paths],
            capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        said = ended.stderr.decode()
        assert ended.returncode in (0, 1), said
        assert "Traceback" not in said, said
        assert "unexpected" not in said, said
        if more:
            document = json.loads(ended.stdout)
            failed = [file for file in document["files"] if file["status"] == "failed"]
            assert len(document["files"]) == len(paths)
            assert ended.returncode == bool(failed)
            assert said.count("error: ") >= len(failed)


def replay(kept: Path) -> None:
    """Tries again what was kept in a folder; its own error comes out.

    Args:
        kept: as a failure names it.
    """
    how = json.loads((kept / "how.json").read_text())
    site = next(site for site in SITES if site.name == how["site"])
    fuzzer = Fuzzer(Path(tempfile.mkdtemp(prefix="replay-")), how["seed"], Extras(1, 1, 1))
    drafts = [
        Draft(one["from"], one["name"], (kept / "input" / f"{at:03d}" / one["name"]).read_bytes())
        for at, one in enumerate(how["inputs"])
    ]
    for result in fuzzer._try(site, Call(**how["call"]), drafts, 0):
        print(result)


def _due(every: int, place: int) -> bool:
    return bool(every) and place % every == 0


def _call(rng: Random) -> Call:
    format_ = rng.choice(format_names()) if rng.random() < 0.12 else "auto"
    return Call(format_, rng.choice(("predictions", "labels")) if rng.random() < 0.12 else "auto")


def main() -> None:
    """Runs as many inputs as the first argument says, or tries a kept folder again."""
    faulthandler.enable()
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir():
        replay(Path(sys.argv[1]))
        return
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def tell(so_far: Tally) -> None:
        if so_far.inputs % 1000 == 0:
            took = time.monotonic() - begun
            print(f"{so_far.inputs:,} inputs, {took:.0f} s", file=sys.stderr, flush=True)

    print(f"seed {seed}, in {folder}", file=sys.stderr, flush=True)
    tally = Fuzzer(folder, seed, Extras()).run(inputs, first, tell)
    print(f"seed {seed}: {tally.inputs:,} inputs in {time.monotonic() - begun:.0f} s")
    print("made from: " + ", ".join(f"{name} {n:,}" for name, n in tally.sources.most_common()))
    by_format: dict[str, list[str]] = {}
    for (name, status), count in sorted(tally.outcomes.items()):
        by_format.setdefault(name, []).append(f"{status} {count:,}")
    for name, counts in by_format.items():
        print(f"  {name:22} {', '.join(counts)}")
    print("rows: " + ", ".join(f"{name} {n:,}" for name, n in tally.rows.items()))
    for sign, (count, kept) in tally.failures.items():
        print(f"BROKEN {count} times: {sign}, first in {kept}")
    if not tally.failures:
        shutil.rmtree(folder)
    sys.exit(bool(tally.failures))


if __name__ == "__main__":
    main()
