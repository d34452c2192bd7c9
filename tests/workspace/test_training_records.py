"""What the registry says of a version's training, in every form, and when it says nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.workspace.training_records import (
    TableRecord,
    all_training_records,
    training_record,
)

A = "a" * 32
PATH = "data/m/train.parquet"


def write(root: Path, metadata: object, name: str = "m", version: str = "1") -> None:
    folder = root / "registry" / name / version
    folder.mkdir(parents=True, exist_ok=True)
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    (folder / "metadata.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"data_version": A}, TableRecord(None, A, None)),
        ({"data_version": f"{A}.dir"}, TableRecord(None, f"{A}.dir", None)),
        ({"data_version": f"{PATH}@{A}"}, TableRecord(PATH, A, None)),
        ({"data_version": f"md5:{A}"}, TableRecord(None, A, None)),
        ({"data_version": "v7"}, TableRecord(None, None, "v7")),
        ({"data_version": f"{PATH}@v7"}, TableRecord(PATH, None, "v7")),
        ({"data_version": "a" * 40}, TableRecord(None, None, "a" * 40)),
        (
            {"data_version": {"path": PATH, "md5": A, "revision": "v7"}},
            TableRecord(PATH, A, "v7"),
        ),
        ({"training": {"data": PATH, "md5": A, "rows": 3}}, TableRecord(PATH, A, None)),
        ({"data_version": "", "training": {"md5": A}}, TableRecord(None, A, None)),
        ({"data_version": 7, "training": "x"}, TableRecord()),
        ({}, TableRecord()),
        ("{", TableRecord()),
        ([1], TableRecord()),
    ],
)
def test_every_form_is_understood(tmp_path: Path, metadata: Any, expected: TableRecord) -> None:
    write(tmp_path, metadata)
    assert training_record(tmp_path, "m", "1").training == expected


def test_the_time_is_the_versions_own_else_that_of_its_promotion(tmp_path: Path) -> None:
    write(tmp_path, {"trained_at": "2024-03-01T10:00:00+02:00"}, version="1")
    write(tmp_path, {"created": "some day"}, version="2")
    (tmp_path / "registry" / "m" / "champion.json").write_text(
        json.dumps({"version": "2", "when": "2024-04-01T00:00:00Z"}), encoding="utf-8"
    )
    assert training_record(tmp_path, "m", "1").at == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert training_record(tmp_path, "m", "2").at == datetime(2024, 4, 1, tzinfo=UTC)
    assert training_record(tmp_path, "m", "3").at is None


def test_all_versions_of_all_models_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"data_version": A}, "m", "1")
    write(tmp_path, {"data_version": A}, "[%2Fb]", "2")
    found = [(one.model, one.version) for one in all_training_records(tmp_path)]
    assert found == [("[/b]", "2"), ("m", "1")]


@pytest.mark.parametrize("version", ["", "..", "../../m/1", "a\0b"])
def test_a_version_cannot_lead_elsewhere(tmp_path: Path, version: str) -> None:
    write(tmp_path, {"data_version": A})
    (tmp_path / "registry" / "metadata.json").write_text(json.dumps({"data_version": A}))
    assert training_record(tmp_path, "m", version).training == TableRecord()
