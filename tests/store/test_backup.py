"""A backup is one state of the store, and comes back whole or not at all."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import (
    answered,
    at_step,
    days_of,
    ingest,
    later,
    make_workspace,
    profiles,
    query,
)
from workbench.errors import StoreError
from workbench.store import archives, steps
from workbench.store.staging import sweep
from workbench.workspace import Workspace
from workbench.workspace.erasing import erase
from workbench.workspace.housekeeping import restore

LOG = binary_log(300, seed=3, hours=72)
MORE = binary_log(100, seed=4, first_id=1000, hours=24)


def filled(folder: Path) -> Workspace:
    ws = make_workspace(folder)
    broken = LOG.with_columns(
        timestamp=pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.lit("soon"))
        .otherwise(pl.col("timestamp").cast(pl.String))
    )
    ingest(ws, "log.csv", broken)
    champion = ws.root / "registry" / "m"
    champion.mkdir(parents=True)
    (champion / "champion.json").write_text('{"version": "1"}')
    return ws


STORED = LOG.filter(pl.int_range(pl.len()) != 7)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file that is not a lock, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def opened(ws: Workspace, folder: Path) -> Workspace:
    return replace(Workspace.open(folder), clock=ws.clock)


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz", "b.tar.zst"])
def test_what_was_backed_up_comes_back_in_an_empty_folder(tmp_path: Path, name: str) -> None:
    ws = filled(tmp_path)
    before = profiles(ws)
    made = ws.housekeeping.back_up(tmp_path / name)
    file = tmp_path / name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.models == ("m",)
    found = restore(file, tmp_path / "elsewhere" / "new")
    assert found.is_new
    assert (found.files, found.catalog_version) == (made.files, made.catalog_version)
    new = opened(ws, tmp_path / "elsewhere" / "new")
    assert answered(new) == answered(new, by="1h") == days_of(STORED)
    assert profiles(new) == before
    assert (new.root / "registry" / "m" / "champion.json").exists()
    assert len(list(new.store.quarantine.iterdir())) == 1
    again = ingest(new, "log.csv", pl.read_csv(ws.root.parent / "log.csv", infer_schema_length=0))
    assert again.files[0].status == "already_ingested"
    ingest(new, "more.parquet", MORE)
    assert answered(new) == days_of(pl.concat([STORED, MORE]))
    private = [p for p in new.store.folder.rglob("*") if p.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private} == {0}


def test_the_key_of_pseudonyms_travels_with_a_warning(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    key = ws.store.folder / "pseudonym.key"
    key.write_bytes(b"secret")
    key.chmod(0o600)
    made = ws.housekeeping.back_up(tmp_path / "b.tar")
    assert any("key" in note for note in made.notes)
    restore(tmp_path / "b.tar", tmp_path / "new")
    back = tmp_path / "new" / ".workbench" / "pseudonym.key"
    assert back.read_bytes() == b"secret"
    assert stat.S_IMODE(back.stat().st_mode) == 0o600


def test_a_reference_elsewhere_is_said_to_be_left_out(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    card = ws.root / "models" / "m.toml"
    outside = tmp_path / "outside.parquet"
    shutil.move(ws.root / "data" / "reference.parquet", outside)
    card.write_text(card.read_text().replace("data/reference.parquet", str(outside)))
    made = ws.housekeeping.back_up(tmp_path / "b.tar")
    assert any("reference of m" in note for note in made.notes)


def test_a_backup_is_of_one_moment_whatever_happens_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that come, and segments that are replaced and deleted, while the archive is written."""
    ws = filled(tmp_path)
    ingest(ws, "more.parquet", MORE)
    original = archives.ArchiveWriter.add
    done: list[str] = []

    def add(self: archives.ArchiveWriter, name: str, path: Path) -> None:
        original(self, name, path)
        if not done:
            done.append(name)
            ws.housekeeping.compact()
            later(ws, hours=2).housekeeping.compact()
            ingest(ws, "newer.parquet", binary_log(50, seed=6, first_id=2000))

    monkeypatch.setattr(archives.ArchiveWriter, "add", add)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "new")
    assert done
    new = opened(ws, tmp_path / "new")
    assert answered(new) == answered(new, by="1h") == days_of(pl.concat([STORED, MORE]))


def test_over_a_workspace_it_takes_the_place_of_what_is_there(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    expected = answered(ws)
    ingest(ws, "more.parquet", MORE)
    ws.housekeeping.retain("1d")
    ws.housekeeping.compact()
    later(ws, hours=2).housekeeping.compact()
    (ws.root / "models" / "m.toml").write_text("broken")
    (ws.root / "notes.txt").write_text("mine")
    found = restore(tmp_path / "b.tar", ws.root)
    assert not found.is_new
    assert answered(ws) == answered(ws, by="1h") == expected
    assert (ws.root / "notes.txt").read_text() == "mine"
    known = {
        path for (path,) in query(ws, "SELECT path FROM segments WHERE removed_version IS NULL")
    }
    there = {str(p.relative_to(ws.store.segments)) for p in ws.store.segments.rglob("*.parquet")}
    assert there == known
    assert not any(path.suffix != ".held" for path in ws.store.staging.iterdir())
    ingest(ws, "more.parquet", MORE)
    assert answered(ws) == days_of(pl.concat([STORED, MORE]))


def test_what_was_erased_since_is_said_and_stays_shut_out(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[columns]\nentity = "customer"\n')
    log = LOG.with_columns(customer="k" + (pl.int_range(pl.len()) % 10).cast(pl.String))
    ingest(ws, "log.parquet", log)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    assert not restore(tmp_path / "b.tar", ws.root).notes
    assert erase(ws, "k3", "m")[0].rows == 30
    assert sum(n for n, _, _ in answered(ws).values()) == 270
    found = restore(tmp_path / "b.tar", ws.root)
    assert any("store erase" in note for note in found.notes)
    assert sum(n for n, _, _ in answered(ws).values()) == 300
    late = log.with_columns(prediction_id="late" + pl.col("prediction_id"))
    assert ingest(ws, "late.csv", late).counts.rows_quarantined == 30
    assert erase(ws, "k3", "m")[0].rows == 30
    kept = pl.concat([log, late]).filter(pl.col("customer") != "k3")
    assert answered(ws) == answered(ws, by="1h") == days_of(kept)


def test_a_store_that_is_beyond_repair_is_put_back(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    expected = answered(ws)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    ws.store.catalog.write_bytes(b"not a database" * 1000)
    for path in ws.store.segments.rglob("*.parquet"):
        path.write_bytes(b"broken")
    restore(tmp_path / "b.tar", ws.root)
    assert answered(ws) == answered(ws, by="1h") == expected


@pytest.mark.parametrize("kind", ["predictions", "labels"])
def test_an_ingest_that_was_checked_against_the_store_of_before_checks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ws = filled(tmp_path)
    ingest(ws, "more.parquet", MORE)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "old")
    old = opened(ws, tmp_path / "old")
    # In the other store these rows are not there yet, so that the check finds nothing.
    (tmp_path / "empty").mkdir()
    fresh = make_workspace(tmp_path / "empty")
    for number in range(20):
        ingest(fresh, f"f{number}.parquet", binary_log(1, first_id=9000 + number))
    done = at_step(monkeypatch, steps.STAGED, lambda: restore(tmp_path / "b.tar", fresh.root))
    if kind == "predictions":
        found = ingest(fresh, "overlap.csv", MORE)
        assert done
        assert found.counts.rows_duplicate == MORE.height
        assert answered(fresh) == answered(old)
    else:
        flipped = MORE.select("prediction_id", label=1 - pl.col("label"))
        found = ingest(fresh, "labels.csv", flipped)
        assert done
        assert found.counts.labels_matched == MORE.height
        expected = pl.concat([STORED, MORE.with_columns(label=1 - pl.col("label"))])
        assert answered(fresh) == answered(fresh, by="1h") == days_of(expected)


def test_only_an_empty_folder_or_a_workspace_takes_it(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    ws.housekeeping.back_up(tmp_path / "b.tar")
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="neither empty nor a workspace"):
        restore(tmp_path / "b.tar", other)
    assert tree(other) == {"thesis.txt": b"mine"}
    with pytest.raises(StoreError, match="no file"):
        restore(tmp_path / "none.tar", tmp_path / "new")
    with pytest.raises(StoreError, match="is there already"):
        ws.housekeeping.back_up(tmp_path / "b.tar")
    (tmp_path / "blank").mkdir()
    assert restore(tmp_path / "b.tar", tmp_path / "blank").is_new


def test_a_missing_segment_makes_no_backup(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    next(ws.store.segments.rglob("*.parquet")).unlink()
    with pytest.raises(StoreError, match="damaged"):
        ws.housekeeping.back_up(tmp_path / "b.tar")
    assert not list(tmp_path.glob("b.tar*"))
    assert sweep(ws.store) == 0
