"""A candidate in the registry: there whole or not at all, on a full disk and at any moment."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.retrain.runs import Here, card_of, write_run
from workbench.domain.card import Identity
from workbench.errors import StoreError
from workbench.retrain import candidate
from workbench.retrain.candidate import (
    add_candidate,
    next_version,
    save_candidate,
    sweep_unfinished,
)
from workbench.retrain.driving import Driven, drive
from workbench.retrain.fitting import MODEL, SCORED, read_rows
from workbench.retrain.judging import Judgement, judge
from workbench.retrain.plan import RunPlan
from workbench.retrain.versions_on_disk import versions_on_disk

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunPlan, Driven, Judgement]:
    folder = tmp_path_factory.mktemp("run")
    plan = write_run(folder)
    driven = drive(plan, Here(folder), lambda _: None, lambda _: None, lambda: False)
    return plan, driven, judge(plan, read_rows(driven.outcome.files[SCORED]))


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: what is larger cannot be written."""
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def test_a_candidate_is_a_version_with_all_that_there_is_to_know(
    tmp_path: Path, made: tuple[RunPlan, Driven, Judgement]
) -> None:
    plan, driven, judged = made
    version, artifact = save_candidate(tmp_path, plan, driven, judged, NOW, 3.0)
    assert (version, artifact) == ("2", "registry/m/2/model.skops")
    assert (tmp_path / artifact).read_bytes() == driven.outcome.files[MODEL]
    metadata = json.loads((tmp_path / "registry/m/2/metadata.json").read_text())
    assert metadata["trained_at"] == "2024-06-01T00:00:00Z"
    assert metadata["metrics"]["gain"] == judged.metrics.gain
    assert metadata["window"] == "incident"
    assert [one.version for one in versions_on_disk(tmp_path, plan.card)] == ["2"]
    again, _ = save_candidate(tmp_path, plan, driven, judged, NOW, 3.0)
    assert again == "3"


@pytest.mark.parametrize("size", [0, 100, 1500])
def test_on_a_full_disk_nothing_is_left(
    tmp_path: Path, made: tuple[RunPlan, Driven, Judgement], size: int
) -> None:
    plan, driven, judged = made
    with files_no_larger_than(size), pytest.raises(StoreError, match="disk is full"):
        save_candidate(tmp_path, plan, driven, judged, NOW, 3.0)
    assert not list((tmp_path / "registry" / "m").iterdir())
    assert save_candidate(tmp_path, plan, driven, judged, NOW, 3.0)[0] == "2"


def test_what_is_half_written_is_no_version_and_is_swept_by_the_next_run(
    tmp_path: Path, made: tuple[RunPlan, Driven, Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, driven, judged = made

    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(candidate, "add_candidate", killed)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        save_candidate(tmp_path, plan, driven, judged, NOW, 3.0)
    monkeypatch.undo()
    assert versions_on_disk(tmp_path, plan.card) == ()
    assert len(list((tmp_path / "registry" / "m").iterdir())) == 1
    assert sweep_unfinished(tmp_path, plan.card) == 1
    assert not list((tmp_path / "registry" / "m").iterdir())


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    card = card_of()
    registry = tmp_path / "registry" / "m"
    for name in ("2", ".making-a"):
        (registry / name).mkdir(parents=True)
        (registry / name / "model.skops").write_text(name)
    target = add_candidate(tmp_path, card, registry / ".making-a", "2")
    assert target.name == "3"
    assert (registry / "2" / "model.skops").read_text() == "2"


@pytest.mark.parametrize(
    ("known", "own", "expected"),
    [
        ((), "1", "2"), (("1", "9", "10"), "1", "11"), (("v1", "v9"), "v1", "v10"),
        ((), "blue", "blue-2"), (("blue-2",), "blue", "blue-3"), (("2024.1", "2024.9"), "1", "2024.10"),
    ],
)  # fmt: skip
def test_the_next_version_is_one_more_than_the_highest(
    tmp_path: Path, known: tuple[str, ...], own: str, expected: str
) -> None:
    for name in known:
        (tmp_path / "registry" / "m" / name).mkdir(parents=True)
    card = card_of(model=Identity(name="m", task="binary", version=own))
    assert next_version(tmp_path, card) == expected
