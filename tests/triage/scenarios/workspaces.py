"""How does an incident become a workspace? As the files of the contract, through the public door."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

import polars as pl

import workbench
from tests.triage.scenarios.champions import PARAMS
from tests.triage.scenarios.incidents import Incident
from tests.triage.scenarios.worlds import SEGMENTS

NAME = "made"


@dataclass(frozen=True)
class Exported:
    """Where an incident lies."""

    root: Path
    predictions: int
    labels: int


def export(incident: Incident, root: Path) -> Exported:
    """Writes an incident as a plain workspace: card, tables, registry, logs, labels by week."""
    for name in ("models", "data", "exports/predictions", "exports/labels"):
        (root / name).mkdir(parents=True)
    (root / "workbench.toml").write_text("")
    (root / "models" / f"{NAME}.toml").write_text(card_of(incident))
    incident.reference.write_parquet(root / "data" / "reference.parquet")
    if incident.training is not None:
        incident.training.write_parquet(root / "data" / "train.parquet")
    for name, log in _files(incident).items():
        log.write_parquet(root / "exports" / "predictions" / f"{name}.parquet")
    weeks = pl.col("label_timestamp").dt.truncate("1w").dt.date().alias("week")
    for (week,), own in incident.labels.group_by(weeks, maintain_order=True):
        own.write_parquet(root / "exports" / "labels" / f"{week}.parquet")
    _write_models(incident, root)
    rows = sum(log.height for log in incident.logs.values())
    return Exported(root, rows, incident.labels.height)


def _files(incident: Incident) -> dict[str, pl.DataFrame]:
    """The log in two files, of the history and since the onset: a file a day takes much longer to read.

    Columns that come or go, or change their type, stay apart from those of other days.
    """
    found: dict[str, pl.DataFrame] = {}
    stretches: dict[tuple[object, ...], list[tuple[str, pl.DataFrame]]] = {}
    for name, log in incident.logs.items():
        is_since = bool((log["timestamp"] >= incident.onset).any())
        stretches.setdefault((is_since, *log.schema.items()), []).append((name, log))
    for own in stretches.values():
        found[own[0][0]] = pl.concat([log for _, log in own])
    return found


def ingest(incident: Incident, exported: Exported) -> None:
    """Reads the exports into the store, and notes the event where there is one."""
    with workbench.open(exported.root) as ws:
        for kind in ("predictions", "labels"):
            folder = exported.root / "exports" / kind
            if any(folder.iterdir()):
                result = ws.ingest(folder, model=NAME, kind=kind)
                if result.failed:
                    raise RuntimeError(f"{kind} of {incident.kind.name}: {result.failed}")
        if incident.kind.event is not None:
            kind, text = incident.kind.event
            at = incident.onset.replace(tzinfo=UTC)
            ws.incidents.add_event(NAME, text, kind, at, "test")


def _write_models(incident: Incident, root: Path) -> None:
    if not incident.models:
        return
    import skops.io

    for version, model in incident.models.items():
        folder = root / "registry" / NAME / version
        folder.mkdir(parents=True)
        skops.io.dump(model.estimator, folder / "model.skops")
        said = {"name": NAME, "version": version, "recipe": model.world.recipe}
        (folder / "metadata.json").write_text(json.dumps(said))


def card_of(incident: Incident) -> str:
    """The model card."""
    setup, world = incident.setup, incident.setup.world
    lines = [
        "[model]",
        f'name = "{NAME}"',
        f'task = "{world.task}"',
        f'version = "{incident.version}"',
    ]
    if incident.models:
        lines.append(f'artifact = "registry/{NAME}/{incident.version}/model.skops"')
    lines += ["[columns]", f"features = {json.dumps(list(world.features))}"]
    lines.append(f"segments = {json.dumps(list(SEGMENTS))}")
    if world.arm_share:
        lines.append('experiment = "arm"')
    lines.append("[bad_prediction]")
    if world.task == "binary" and world.costs[0] != world.costs[1]:
        lines += ['rule = "cost"', f"cost_false_positive = {world.costs[0]}"]
        lines.append(f"cost_false_negative = {world.costs[1]}")
    if world.task == "regression":
        lines.append(f"tolerance = {setup.tolerance}")
    if world.task == "binary":
        lines += ['positive_class = "1"', "[decision]", f"threshold = {world.threshold}"]
    lines += ["[labels]", f'delay = "{_duration(world.delay_days)}"']
    if incident.kind.labels == "censored":
        lines.append('censored_by = "1"')
    lines += ["[reference]", 'data = "data/reference.parquet"']
    lines += ["[monitoring]", f'bucket = "{world.bucket}"']
    lines += ["[training]", f'recipe = "{world.recipe}"']
    if incident.training is not None:
        lines.append('data = "data/train.parquet"')
    lines += ["[training.params]"]
    lines += [f"{name} = {value}" for name, value in PARAMS[world.recipe].items()]
    return "\n".join(lines) + "\n"


def _duration(days: float) -> str:
    return f"{round(timedelta(days=days) / timedelta(hours=1))}h" if days else "0d"
