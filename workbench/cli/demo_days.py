"""How does the demo go on? Later days are ingested, scored by whoever is champion now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.demo import LAST_DAY, MODELS, Account
from workbench.diff import dvc_repository
from workbench.domain.names import file_stem, shown
from workbench.domain.period import parse_duration
from workbench.errors import MisuseError, WorkbenchError

if TYPE_CHECKING:
    import polars as pl

    from workbench.workspace import Workspace

EXPORTED = "1"
"""The version that the demo's pipeline exports."""
FOLDER = "advanced"
"""Where in `data/` the exports of later champions are written."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DemoDays:
    """What an advance did."""

    last: date
    """The last day that is ingested of every model."""
    is_over: bool
    """Whether there are no later days."""


def days_of(text: str) -> int:
    """How many whole days an advance goes.

    Raises:
        PeriodError: it is no length of time.
        MisuseError: it is no whole number of days.
    """
    length = parse_duration(text)
    if length < _DAY or length % _DAY:
        raise MisuseError(f"the demo goes on by whole days, not by {shown(text, 40)}", "Write 14d.")
    return length // _DAY


def advance(ws: Workspace, days: int, account: Account) -> DemoDays:
    """Lets days pass: ingests the next predictions of every model, and the labels that came by then.

    A day is as the pipeline exported it where that version is champion; else its rows are scored by
    the champion, as the serving system would have done. Asked again after it was stopped, it
    completes the days that it had begun.

    Args:
        ws: the demo.
        days: how many.
        account: told each step.

    Raises:
        WorkbenchError: the workspace is no demo, or a file failed.
        ArtifactError: a champion cannot be loaded.
    """
    exports = ws.root / "data" / "exports"
    if not (ws.root / "data" / "prepare.py").is_file() or not exports.is_dir():
        raise WorkbenchError(
            f"{shown(ws.root)} holds no demo", "Build one first: workbench demo DIR."
        )
    dvc_repository.ignore(ws.root, [f"/data/{FOLDER}/"])
    newest = {name: _newest(ws, name) for name in MODELS}
    files = {name: _dated(exports / name / "predictions") for name in MODELS}
    end = max(day for dated in files.values() for day in dated)
    target = min(newest.values()) + days * _DAY
    for name in MODELS:
        chosen = {d: f for d, f in files[name].items() if newest[name] < d <= target}
        scored = _scored(ws, name, chosen) if chosen else []
        labels = _dated(exports / name / "labels")
        came = [labels[day] for day in sorted(labels) if LAST_DAY < day <= target]
        version = _champion(ws, name)[0]
        account.say(
            f"{name}: {_ingest(ws, name, scored, 'predictions'):,} predictions by version {version} "
            f"and {_ingest(ws, name, came, 'labels'):,} labels ingested"
        )
    last = min(min(target, max(newest[name], *files[name])) for name in MODELS)
    return DemoDays(last, target >= end)


def _newest(ws: Workspace, name: str) -> date:
    extent = ws.subject(name).extent
    if extent is None:
        raise WorkbenchError(
            f"the demo's {shown(name)} has no predictions yet",
            "Let the demo be built whole first: workbench demo DIR.",
        )
    return extent.newest.date()


def _dated(folder: Path) -> dict[date, Path]:
    """The files of a folder of exports by their day, in time order."""
    try:
        names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        return {date.fromisoformat(path.name[:10]): path for path in names}
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"the demo's exports are not there: {shown(folder)}",
            "Let the demo be built whole first: workbench demo DIR.",
        ) from error


def _champion(ws: Workspace, name: str) -> tuple[str, str]:
    from workbench.retrain.registry import standing_champion

    return standing_champion(ws.root, ws.card(name))


def _scored(ws: Workspace, name: str, files: dict[date, Path]) -> list[Path]:
    """The files of some days, as the champion's serving system exports them."""
    version = _champion(ws, name)[0]
    if version == EXPORTED:
        return [files[day] for day in sorted(files)]
    from workbench.retrain.artifacts import load_artifact
    from workbench.workspace.trusting import is_artifact_trusted

    card, baseline = ws.card(name), ws.subject(name).store.baseline
    champion = load_artifact(
        ws.root, card, baseline.shape.features, baseline.rules,
        is_trusted=is_artifact_trusted(ws.root, card),
    )  # fmt: skip
    folder = ws.root / "data" / FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for day in sorted(files):
        rows = _read(files[day])
        outputs = champion(rows)
        path = folder / f"{day.isoformat()}-{file_stem(version)}.parquet"
        _with_outputs(rows, outputs, version).write_parquet(path)
        written.append(path)
    return written


def _with_outputs(rows: pl.DataFrame, outputs: pl.DataFrame, version: str) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(
        outputs["wb_prediction"].alias("prediction"), pl.lit(version).alias("model_version")
    )


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    if path.name.endswith(".parquet"):
        return pl.read_parquet(path)
    if path.name.endswith(".csv"):
        return pl.read_csv(path, infer_schema_length=None)
    return pl.read_ndjson(path, infer_schema_length=None)


def _ingest(ws: Workspace, name: str, files: Sequence[Path], kind: str) -> int:
    """Ingests files; how many of their rows were new."""
    if not files:
        return 0
    from workbench.cli.ingest import progress_bar

    with progress_bar() as reporter:
        result = ws.ingest(list(files), name, kind=kind, progress=reporter)
    for file in result.failed:
        raise WorkbenchError(f"cannot ingest {file.path}: {file.error}", file.hint or "")
    return result.counts.rows_read - result.counts.rows_duplicate
