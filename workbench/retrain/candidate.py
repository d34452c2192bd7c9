"""How does a winner become a candidate? Written beside the others, and there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.names import file_stem
from workbench.domain.period import iso
from workbench.errors import CardError
from workbench.retrain.driving import Driven, RetrainError
from workbench.retrain.fitting import MODEL, SCORED, read_rows, rows_bytes
from workbench.retrain.judging import Judgement
from workbench.retrain.plan import RunPlan
from workbench.retrain.versions_on_disk import (
    METADATA,
    champion_record,
    natural_order,
    registry_folder,
)
from workbench.store.failures import store_error
from workbench.store.settling import settle

BASELINE = "holdout.parquet"
_MAKING = ".making-"
_NUMBER = re.compile(r"^(.*?)([0-9]+)$", re.DOTALL)
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def next_version(root: Path, card: ModelCard) -> str:
    """A version that no folder of the registry has yet: the highest number, and one more.

    Args:
        root: the workspace.
        card: the model's; its own version counts too.
    """
    known = {card.model.version}
    try:
        record = champion_record(root, card)
    except CardError:  # who promotes is told; a candidate needs only a free name
        record = None
    if record is not None:
        known.add(str(record["version"]))
    folder = registry_folder(root, card)
    if folder.is_dir():
        known |= {one.name for one in folder.iterdir() if one.is_dir() and one.name[0] != "."}
    numbered = [found for one in known if (found := _NUMBER.match(one))]
    if not numbered:
        return f"{max(known, key=natural_order)}-2"
    newest = max(numbered, key=lambda found: (int(found[2]), found[1]))
    return f"{newest[1]}{int(newest[2]) + 1}"


def add_candidate(root: Path, card: ModelCard, made: Path, version: str) -> Path:
    """Puts a folder that is complete into the registry, under a version or the next free one.

    Args:
        root: the workspace.
        card: the model's.
        made: the folder, on the same file system; it is renamed.
        version: that it is to be called.

    Returns:
        The folder in the registry.

    Raises:
        StoreError: it cannot be renamed.
    """
    folder = registry_folder(root, card)
    while True:
        target = folder / file_stem(version)
        try:
            if target.exists():
                raise FileExistsError(errno.EEXIST, "taken")
            made.rename(target)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise store_error(error) from error
            version = next_version(root, card)
            continue
        settle(folder)
        return target


def save_candidate(
    root: Path, plan: RunPlan, driven: Driven, judged: Judgement, now: datetime, seconds: float
) -> tuple[str, str]:
    """Writes the winner with its metadata and its baseline; its version and its model's path.

    Nothing of it can be seen before it is whole: it is written into a hidden folder, read again,
    and renamed. On a full disk nothing is left.

    Args:
        root: the workspace.
        plan: the run's.
        driven: the winner.
        judged: how it did.
        now: the machine's clock.
        seconds: that the run took.

    Raises:
        StoreError: it cannot be written.
        RetrainError: what was written is not what was made.
    """
    folder = registry_folder(root, plan.card)
    version = plan.version or next_version(root, plan.card)
    files = driven.outcome.files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder))
    except OSError as error:
        raise store_error(error) from error
    try:
        made.chmod(0o755)
        _write(made / MODEL, files[MODEL])
        _write(made / BASELINE, _baseline(plan, files[SCORED]))
        metadata = metadata_of(plan, driven, judged, version, now, seconds)
        _write(made / METADATA, json.dumps(metadata, indent=2, sort_keys=True).encode() + b"\n")
        if (made / MODEL).read_bytes() != files[MODEL]:
            raise RetrainError("the model on the disk is not the one that was trained")
        settle(made)
        target = add_candidate(root, plan.card, made, version)
    except OSError as error:
        raise store_error(error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if target.name != file_stem(version):
        # Somebody else took the name meanwhile: the folder's name is what counts.
        version = target.name
        metadata["version"] = version
        _write(target / METADATA, json.dumps(metadata, indent=2, sort_keys=True).encode() + b"\n")
    return version, (target / MODEL).relative_to(root).as_posix()


def sweep_unfinished(root: Path, card: ModelCard) -> int:
    """Removes what killed runs of the model left half written; how many. No run may be under way."""
    found = list(registry_folder(root, card).glob(f"{_MAKING}*"))
    for one in found:
        shutil.rmtree(one, ignore_errors=True)
    return len(found)


def metadata_of(
    plan: RunPlan,
    driven: Driven,
    judged: Judgement,
    version: str,
    now: datetime,
    seconds: float,
) -> dict[str, Any]:
    """What there is to know of a candidate, as `metadata.json` has it."""
    challenger = plan.challenger(driven.winner.number)
    return {
        "version": version,
        "model": plan.model,
        "run": plan.run,
        "trained_at": iso(now),
        "data_version": plan.data_md5,
        "train_table": plan.data_path,
        "training": {
            "data": plan.data_path, "md5": plan.data_md5, "rows": plan.train_rows,
            "window": plan.window,
        },
        "code_revision": plan.code_revision,
        "recipe": challenger.recipe,
        "params": dict(challenger.params),
        "seed": challenger.seed,
        "window": challenger.window,
        "weight": challenger.weight,
        "libraries": libraries(),
        "metrics": {
            **asdict(judged.metrics), "holdout_rows": read_rows(driven.outcome.files[SCORED]).height,
            "holdout_period": {"start": plan.period[0], "end": plan.period[1]},
            "reference_bad_rate": plan.reference_bad_rate, "champion": plan.champion,
        },
        "recommend_promotion": judged.recommend,
        "recommendation": judged.reason,
        "redesign_candidate": plan.is_redesign,
        "segments": [asdict(one) for one in judged.segments],
        "seconds": seconds,
        "cost": plan.card.budget.cost_per_retrain,
        "baseline": BASELINE,
        "verdict": plan.verdict,
        "notes": list(plan.notes),
    }  # fmt: skip


def libraries() -> dict[str, str]:
    """The versions of what a model depends on."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("oncall-workbench", "scikit-learn", "numpy", "polars", "skops"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from its sources
            found[name] = "unknown"
    return found


def _baseline(plan: RunPlan, scored: bytes) -> bytes:
    """The rows that judged, scored by the new version, in the columns that the card names."""
    import polars as pl

    names = plan.card.columns
    frame = read_rows(scored)
    ours = {
        "wb_id": names.prediction_id, "wb_timestamp": names.timestamp, "wb_label": names.label,
        "wb_prediction": names.prediction, "wb_score": names.score,
    }  # fmt: skip
    taken = [one.name for one in plan.features] + list(plan.rules.segments)
    known = list(dict.fromkeys(name for name in taken if name in frame.columns))
    scores = [c for c in frame.columns if c.startswith(f"{names.score or 'score'}_")]
    columns = [pl.col(name) for name in dict.fromkeys([*known, *scores])]
    columns += [
        pl.col(own).alias(name)
        for own, name in ours.items()
        if own in frame.columns and name and name not in known
    ]
    return rows_bytes(frame.select(columns))


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
