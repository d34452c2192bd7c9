"""A broken promise is noticed: each of these lies must be caught."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.failing import HangError, watched
from tests.fuzz.promises import Call, assert_kept, held
from tests.fuzz.run import assert_command_copes
from tests.fuzz.seeds import seeds
from tests.fuzz.sites import SITES, copy_of, make_template
from workbench.domain.ingested import FileResult, RowCounts
from workbench.ingest import loading
from workbench.store import batches, prediction_intake
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(SITES[0], tmp_path_factory.mktemp("site") / "binary")


@pytest.fixture
def ws(template: Path, tmp_path: Path) -> Workspace:
    return copy_of(template, tmp_path / "ws")


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    names = ("log.csv", "labels.jsonl", "kserve/cloudevents_v1.jsonl", "log.parquet")
    whole = [draft for draft in seeds("binary") if draft.name in names]
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(whole[0].data)[:40])
    return [*(draft.write(tmp_path / str(at)) for at, draft in enumerate(whole)), cut]


def test_whole_and_cut_files_keep_every_promise(ws: Workspace, paths: list[Path]) -> None:
    before = held(ws)
    result = assert_kept(ws, paths, Call())
    assert sorted(file.status for file in result.files) == ["failed", *["stored"] * 4]
    assert (held(ws) - before).rows == result.counts.rows_stored > 0
    assert result.counts.rows_quarantined > 0
    assert result.counts.labels_matched > 0
    assert_command_copes(ws.root, paths, Call())


def one_more(made: Callable[..., FileResult]) -> Callable[..., FileResult]:
    def lie(*arguments: object) -> FileResult:
        result = made(*arguments)
        return replace(result, counts=result.counts + RowCounts(rows_read=1, rows_stored=1))

    return lie


def no_reason(made: Callable[..., FileResult]) -> Callable[..., FileResult]:
    return lambda *arguments: replace(made(*arguments), reasons=())


@pytest.mark.parametrize("lie", [one_more, no_reason])
def test_wrong_counts_are_caught(
    ws: Workspace, paths: list[Path], monkeypatch: pytest.MonkeyPatch, lie: Callable[..., object]
) -> None:
    monkeypatch.setattr(batches, "_result", lie(batches._result))
    with pytest.raises(AssertionError):
        assert_kept(ws, paths, Call())


def test_a_file_that_is_taken_twice_is_caught(
    ws: Workspace, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "known_files", lambda *_: {})
    with pytest.raises(AssertionError):
        assert_kept(ws, paths, Call())


def test_rows_that_are_lost_are_caught(
    ws: Workspace, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_intake, "write_rejects", lambda *_: ())
    with pytest.raises(AssertionError):
        assert_kept(ws, paths, Call())


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(HangError), watched(1):
        time.sleep(60)
