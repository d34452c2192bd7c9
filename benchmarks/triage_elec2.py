"""What does triage say of a model of electricity prices, month by month, as a person would have asked it?

    python benchmarks/triage_elec2.py [--months N]

The champion learned from May to July 1996. At the end of each month that followed, triage is asked
about that month, knowing nothing of what came later. One line a month, as a table of Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC
from pathlib import Path

import polars as pl

from tests.triage.real.elec2 import LIVE, elec2_site, half_hours, months
from workbench.domain.verdict import Verdict

COLUMNS = (
    "month", "labels", "bad", "rise", "verdict", "confidence", "retraining gains",
    "other outputs gain", "attainable", "causes",
)  # fmt: skip


def main() -> None:
    """Builds the workspace, and prints a line a month."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=100, help="how many, from August 1996")
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        site = elec2_site(Path(folder) / "ws")
        site.log(half_hours().filter(pl.col("timestamp") >= LIVE), every="1mo")
        for start, end in months()[: options.months]:
            period = f"{start:%Y-%m-%d}/{end:%Y-%m-%d}"
            found = site.triage(period, as_of=end.replace(tzinfo=UTC))
            print(f"| {start:%Y-%m} | {' | '.join(cells(found))} |", flush=True)


def cells(verdict: Verdict) -> list[str]:
    """What is printed of a verdict."""
    rise = _figure(verdict, "harm", "rise")
    said = verdict.verdict
    if verdict.redesign_reason:
        said += f" ({verdict.redesign_reason})"
    if verdict.residual_verdict:
        said += f", then {verdict.residual_verdict}"
    causes = [f"{c.kind} {c.column}".strip() for c in verdict.causes]
    labels = next((e.n for e in verdict.evidence if e.step == "harm"), None)
    attained = _figure(verdict, "attainable", "attainable bad rate")
    return [
        str(labels or 0), _bad(verdict), rise, said,
        f"{verdict.confidence:.2f}", _figure(verdict, "backtest", "gain of retraining"),
        _figure(verdict, "recalibration", "gain"), attained, ", ".join(causes) or "-",
    ]  # fmt: skip


def _bad(verdict: Verdict) -> str:
    reading = next((e.reading for e in verdict.evidence if e.step == "harm"), "")
    return reading.split(" bad", maxsplit=1)[0] if " bad" in reading else "-"


def _figure(verdict: Verdict, step: str, name: str) -> str:
    for one in verdict.evidence:
        if (one.step, one.name) == (step, name) and one.value is not None:
            bounds = ""
            if one.low is not None and one.high is not None:
                bounds = f" ({100 * one.low:+.1f} to {100 * one.high:+.1f})"
            return f"{100 * one.value:.1f}{bounds}"
    return "-"


if __name__ == "__main__":
    main()
