"""How often is the verdict of triage one that an expert would accept who knows the cause?

    python benchmarks/triage.py --seeds 30 [--family tuning|practice|table|final] [--kinds none,swap]
                                [--severe] [--resume FILE] [--oracle] [--show]

Each scenario of `tests/triage/scenarios` is made, written as a workspace into a temporary folder,
ingested, and triaged, one at a time in this process. Printed are the verdicts of each kind with the
share that is accepted, the same for two simpler rules, a curve over severity, whether the
confidence is what it says, and the scenarios that do not count. Every run is a line of JSON in
FILE; what is there already is not run again. See triage_README.md for what may be tuned on what.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from triage_table import print_tables

import workbench
from tests.triage.scenarios.answers import Answer, answer_of
from tests.triage.scenarios.catalogue import KINDS, fits_family, scenario, severity_of
from tests.triage.scenarios.families import FAMILIES
from tests.triage.scenarios.oracle import judge
from tests.triage.scenarios.workspaces import NAME, export, ingest
from workbench.errors import WorkbenchError
from workbench.workspace import Workspace


def run(family: str, kind: str, number: int, *, is_asked: bool = True) -> Answer:
    """Makes a scenario and asks for its verdict.

    Args:
        family: of the scenario.
        kind: likewise.
        number: likewise.
        is_asked: whether triage is asked; otherwise only the oracle is.
    """
    incident = scenario(family, kind, number)
    judged = judge(incident)
    if not is_asked or not judged.is_counted:
        return answer_of(family, number, incident, judged, None)
    with tempfile.TemporaryDirectory() as folder:
        ingest(incident, export(incident, Path(folder) / "ws"))
        with workbench.open(Path(folder) / "ws") as ws:
            start = time.perf_counter()
            try:
                verdict, error = ws.triage(NAME), ""
            except WorkbenchError as failed:
                verdict, error = None, failed.message
            # A bug must cost its own run, not the other ten thousand.
            except Exception as failed:  # noqa: BLE001
                verdict, error = None, f"{type(failed).__name__}: {failed}"
            seconds = time.perf_counter() - start
    return answer_of(family, number, incident, judged, verdict, error=error, seconds=seconds)


def wanted(
    family: str, kinds: list[str], seeds: int, *, is_severe: bool, first: int = 0
) -> Iterator[tuple[str, int]]:
    """Kinds and numbers in an order in which every kind comes early."""
    numbers = {kind: _numbers(family, kind, seeds, is_severe, first) for kind in kinds}
    for place in range(seeds):
        for kind in kinds:
            yield kind, numbers[kind][place]


def _numbers(family: str, kind: str, seeds: int, is_severe: bool, first: int) -> list[int]:
    found: list[int] = []
    number = first
    while len(found) < seeds:
        if not is_severe or not KINDS[kind].where or severity_of(family, kind, number) >= 2:
            found.append(number)
        number += 1
    return found


def read_answers(path: Path | None) -> dict[tuple[str, str, int], Answer]:
    """The runs that are there already; a last line that was cut off is left out."""
    found: dict[tuple[str, str, int], Answer] = {}
    if path is None or not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            answer = Answer(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[answer.key] = answer
    return found


def main() -> None:
    """Runs what is asked, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3, help="scenarios of each kind")
    parser.add_argument("--kinds", default="", help="names, with commas; all by default")
    parser.add_argument("--family", choices=sorted(FAMILIES), default="tuning")
    parser.add_argument("--first", type=int, default=0, help="number of the first scenario")
    parser.add_argument("--severe", action="store_true", help="only rises of two floors or more")
    parser.add_argument("--resume", type=Path, help="file of the runs, read and added to")
    parser.add_argument("--oracle", action="store_true", help="do not ask triage, only the oracle")
    parser.add_argument("--show", action="store_true", help="print each run as it ends")
    options = parser.parse_args()
    kinds = options.kinds.split(",") if options.kinds else list(KINDS)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        parser.error(f"no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
    kinds = [kind for kind in kinds if fits_family(options.family, kind)]
    is_asked = not options.oracle and hasattr(Workspace, "triage")
    done = read_answers(options.resume)
    answers = []
    for kind, number in wanted(
        options.family, kinds, options.seeds, is_severe=options.severe, first=options.first
    ):
        answer = done.get((options.family, kind, number))
        if answer is None or (is_asked and answer.is_counted and answer.verdict is None):
            answer = run(options.family, kind, number, is_asked=is_asked)
            if options.resume is not None:
                with options.resume.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(answer.as_json()) + "\n")
            if options.show:
                print(_line(answer), flush=True)
        answers.append(answer)
    print_tables(answers)


def _line(answer: Answer) -> str:
    mark = "-" if answer.verdict is None else "ok" if answer.is_right else "NO"
    told = f"{answer.verdict} ({answer.confidence or 0:.2f})" if answer.verdict else answer.reason
    return (
        f"{mark:3s} {answer.kind:20s} {answer.number:3d} {answer.world:13s} {answer.severity:6.2f} "
        f"floors, {answer.labelled:6,d} labels: {told}; accepted {', '.join(answer.accepted)}; "
        f"{'; '.join(answer.causes)} {answer.summary if answer.verdict == 'error' else ''} "
        f"{answer.seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
