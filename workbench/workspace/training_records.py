"""What was a version of a model trained on, and when? What the registry's metadata says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.domain.names import file_stem, name_of_stem
from workbench.domain.period import parse_time
from workbench.errors import PeriodError

_HASH = re.compile(r"\b[0-9a-f]{32}(?:\.dir)?\b")
_TIMES = ("trained_at", "created_at", "created", "finished_at", "when", "time")


@dataclass(frozen=True)
class TableRecord:
    """Which state of a table was used."""

    path: str | None = None
    """Relative to the workspace."""
    md5: str | None = None
    revision: str | None = None
    """Of the workspace's repository; of use where there is no hash."""


@dataclass(frozen=True)
class TrainingRecord:
    """What the registry says of how a version was made; what it does not say is None."""

    model: str
    version: str
    training: TableRecord
    reference: TableRecord
    at: datetime | None


def training_record(root: Path, model: str, version: str) -> TrainingRecord:
    """What `registry/<name>/<version>/metadata.json` and `champion.json` say of one version.

    The training table is read from `data_version` (a hash, a revision, `PATH@` either of them,
    or a table with `path`, `md5` and `revision`), else from `training` (with `data` and `md5`).

    Args:
        root: the workspace.
        model: its name.
        version: of the model.
    """
    folder = root / "registry" / file_stem(model)
    metadata = _json(folder / version / "metadata.json") if _is_name(version) else {}
    champion = _json(folder / "champion.json")
    at = _time(metadata)
    if at is None and str(champion.get("version")) == version:
        at = _time(champion)
    return TrainingRecord(
        model,
        version,
        _table(metadata.get("data_version"), metadata.get("training")),
        _table(metadata.get("reference_version"), metadata.get("reference")),
        at,
    )


def all_training_records(root: Path) -> Iterator[TrainingRecord]:
    """What the registry says of every version of every model."""
    for path in sorted(root.glob("registry/*/*/metadata.json")):
        yield training_record(root, name_of_stem(path.parent.parent.name), path.parent.name)


def _is_name(version: str) -> bool:
    return bool(version) and "/" not in version and "\0" not in version and version != ".."


def _json(path: Path) -> Mapping[str, Any]:
    """What a file of the registry says; nothing where it is not there or is no object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # that nothing is known is said where it is asked for
    return found if isinstance(found, dict) else {}


def _table(version: Any, described: Any) -> TableRecord:
    parts = described if isinstance(described, dict) else {}
    path = _text(parts.get("data") or parts.get("path"))
    if isinstance(version, dict):
        parts = {**parts, **version}
        path = _text(version.get("path")) or path
        return TableRecord(path, _text(parts.get("md5")), _text(parts.get("revision")))
    text = _text(version)
    if text is None:
        return TableRecord(path, _text(parts.get("md5")), _text(parts.get("revision")))
    named, at, revision = text.rpartition("@")
    found = _HASH.search(text)
    return TableRecord(
        (named if at and "/" in named else None) or path,
        found[0] if found else None,
        None if found else revision,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(facts: Mapping[str, Any]) -> datetime | None:
    for key in _TIMES:
        text = _text(facts.get(key))
        if text is not None:
            try:
                return parse_time(text)
            except PeriodError:
                continue  # it is no time, whatever its name says
    return None
