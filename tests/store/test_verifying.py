"""`doctor` finds each kind of damage, says how to mend it, and finds nothing where there is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.damaged_sites import change, copied_site, findings, only, put, segments, whole_site
from workbench.clock import FixedClock
from workbench.domain.health import ERROR, WARNING
from workbench.errors import StoreError
from workbench.store.locking import store_lock
from workbench.store.pseudonym_key import KEY_FILE, ensure_key
from workbench.store.staging import staging_folder
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_site(tmp_path_factory.mktemp("whole") / "ws").root


@pytest.fixture
def ws(made: Path, tmp_path: Path) -> Workspace:
    return copied_site(made, tmp_path / "ws")


@pytest.mark.parametrize("deep", [False, True])
def test_a_whole_store_gives_no_finding(ws: Workspace, deep: bool) -> None:
    assert findings(ws, deep=deep) == []
    names = [check.name for check in ws.doctor(deep=deep)]
    assert set(names) >= {
        "python", "packages", "locking", "disk", "memory", "settings", "cards", "catalog", "clock", "sums",
        "segments", "quarantine", "leftovers", "permissions", "baselines", "counts", "lock",
    }  # fmt: skip
    assert ("duplicates" in names) is deep


def test_it_changes_nothing(ws: Workspace) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in ws.root.rglob("*")
            if path.is_file() and not path.name.endswith(".lock")
        }

    before = state()
    ws.doctor(deep=True)
    assert state() == before


def test_housekeeping_leaves_a_whole_store(ws: Workspace, tmp_path: Path) -> None:
    from workbench.workspace.housekeeping import Housekeeping

    keeping = Housekeeping(ws)
    keeping.compact()
    assert findings(ws, deep=True) == []
    keeping.retain("1d", "m")
    assert findings(ws, deep=True) == []
    keeping.rebuild()
    assert findings(ws, deep=True) == []
    log = binary_log(50, seed=8, first_id=9000, start=datetime(2024, 2, 4, tzinfo=UTC))
    log.write_parquet(tmp_path / "more.parquet")
    assert not ws.ingest(tmp_path / "more.parquet", model="m").failed
    assert findings(ws, deep=True) == []


def test_a_store_without_anything_is_well(tmp_path: Path) -> None:
    assert findings(Workspace.create(tmp_path / "new"), deep=True) == []


def test_a_lost_segment_is_named_with_where_its_rows_came_from(ws: Workspace) -> None:
    path = next(p for p in segments(ws) if p.name.endswith(".copied.parquet"))
    path.unlink()
    found = findings(ws)
    lost = only([f for f in found if f.name == "segments"], "segments", ERROR, path.name, "gone")
    assert "store restore" in lost.hint
    assert "copied.parquet" in lost.hint
    only([f for f in found if f.name != "segments"], "counts", WARNING, "not counted")


@pytest.mark.parametrize("kind", ["predictions", "labels"])
@pytest.mark.parametrize("damage", ["cut", "longer", "empty", "footer"])
def test_a_segment_that_is_not_whole_is_found(ws: Workspace, kind: str, damage: str) -> None:
    path = segments(ws, kind=kind)[0]
    raw = path.read_bytes()
    path.write_bytes(
        {
            "cut": raw[: len(raw) // 2], "longer": raw + b"x", "empty": b"",
            "footer": raw[:-40] + bytes(byte ^ 0xFF for byte in raw[-40:-8]) + raw[-8:],
        }[damage]
    )  # fmt: skip
    said = "cannot be read" if damage == "footer" else "bytes"
    only([f for f in findings(ws) if f.name == "segments"], "segments", ERROR, path.name, said)


def test_times_or_rows_other_than_listed_are_found(ws: Workspace) -> None:
    path = next(p for p in segments(ws) if p.name.endswith(".copied.parquet"))
    frame = pl.read_parquet(path)
    put(ws, path, frame.head(399))
    only([f for f in findings(ws) if f.name == "segments"], "segments", ERROR, "399 rows", "400")
    put(ws, path, frame.with_columns(timestamp=pl.col("timestamp") - timedelta(days=1)))
    only([f for f in findings(ws) if f.name == "segments"], "segments", ERROR, "other times")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM batches WHERE batch = (SELECT min(batch) FROM files)", "no batch of the catalog"),
        ("UPDATE files SET rows_read = rows_read + 1 WHERE kind = 'labels' AND rows_read = 550", "labels.csv"),
        ("UPDATE files SET rows_duplicate = rows_duplicate + 1 WHERE path LIKE '%odd.csv'", "odd.csv"),
        ("DELETE FROM segments WHERE path = (SELECT max(path) FROM segments WHERE kind = 'labels')", "segments of"),
        ("UPDATE quarantine SET rows = rows + 1", "quarantine"),
    ],
)  # fmt: skip
def test_a_catalog_that_does_not_add_up_is_found(ws: Workspace, statement: str, said: str) -> None:
    change(ws, statement)
    found = [f for f in findings(ws) if f.name == "sums"]
    assert found
    assert any(said in f.detail for f in found)
    assert all(f.status == ERROR and "restore" in f.hint for f in found)


@pytest.mark.parametrize("where", ["segments", "quarantine", "staging"])
def test_what_no_commit_owns_is_a_leftover_until_it_is_swept(ws: Workspace, where: str) -> None:
    folder = ws.store.folder / where / ("deadbeef.parquet" if where == "quarantine" else "deadbeef")
    if where == "quarantine":
        folder.write_bytes(b"x")
    else:
        folder.mkdir(mode=0o700)
        (folder / "rows.parquet").write_bytes(b"x")
    os.chmod(folder, 0o700)  # noqa: PTH101 - of a file or a folder
    for path in ws.store.folder.rglob("rows.parquet"):
        path.chmod(0o600)
    left = only(findings(ws), "leftovers", WARNING, "deadbeef")
    assert "ingest" in left.hint
    binary_log(2, first_id=99_000).write_csv(ws.root / "x.csv")
    ws.ingest(ws.root / "x.csv", model="m")
    assert findings(ws) == []


def test_a_stray_file_beside_committed_ones_is_to_be_deleted(ws: Workspace) -> None:
    stray = segments(ws)[0].with_name("stray.parquet")
    stray.write_bytes(b"x")
    stray.chmod(0o600)
    assert "delete" in only(findings(ws), "leftovers", WARNING, "stray.parquet").hint


def test_a_batch_under_way_is_no_leftover(ws: Workspace) -> None:
    with staging_folder(ws.store) as staging:
        (staging.rows / "x.parquet").write_bytes(b"x")
        (staging.rows / "x.parquet").chmod(0o600)
        assert findings(ws) == []


def test_replaced_files_wait_for_their_readers_and_are_then_told(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.workspace.housekeeping import Housekeeping

    monkeypatch.setattr(
        "workbench.workspace.health.SystemClock", lambda: FixedClock(datetime.now(UTC))
    )
    Housekeeping(ws).compact()
    assert findings(ws) == []
    assert any("replaced files wait" in check.detail for check in ws.doctor())
    later = FixedClock(datetime.now(UTC) + timedelta(days=2))
    monkeypatch.setattr("workbench.workspace.health.SystemClock", lambda: later)
    found = findings(ws)
    assert found
    assert {(f.name, f.status) for f in found} == {("leftovers", WARNING)}
    assert "store compact" in found[0].hint


def test_quarantine_that_is_gone_or_not_whole_is_found(ws: Workspace) -> None:
    (path,) = ws.store.quarantine.iterdir()
    raw = path.read_bytes()
    path.write_bytes(raw[:-9])
    only(findings(ws), "quarantine", ERROR, path.name, "cannot be read")
    pl.DataFrame({"source": ["x"]}).write_parquet(path)
    only(findings(ws), "quarantine", ERROR, path.name, "1 row")
    path.unlink()
    only(findings(ws), "quarantine", ERROR, path.name, "gone")


def test_the_key_of_pseudonyms_must_be_there_and_the_right_one(ws: Workspace) -> None:
    ensure_key(ws.store, datetime.now(UTC))
    assert findings(ws) == []
    key = ws.store.folder / KEY_FILE
    raw = key.read_bytes()
    key.write_bytes(raw[:-1])
    only(findings(ws), "privacy", ERROR, "31 bytes")
    key.write_bytes(bytes(32))
    only(findings(ws), "privacy", ERROR, "not the one")
    key.unlink()
    only(findings(ws), "privacy", ERROR, "lost")


def test_files_that_others_may_read_are_told(ws: Workspace) -> None:
    segments(ws)[0].chmod(0o644)
    ws.store.quarantine.chmod(0o755)
    found = only(findings(ws), "permissions", WARNING, "and 1 more")
    assert "chmod" in found.hint


def test_a_clock_that_went_back_is_told(ws: Workspace) -> None:
    change(ws, "UPDATE commits SET committed_at = committed_at + INTERVAL 3 DAY")
    assert "clock" in only(findings(ws), "clock", WARNING, "went back").hint


def test_a_changed_reference_or_card_is_told_and_a_touched_one_is_not(ws: Workspace) -> None:
    reference = ws.root / "m-reference.parquet"
    reference.touch()
    assert findings(ws) == []
    card = ws.root / "models" / "m.toml"
    text = card.read_text()
    card.write_text(_with_threshold(text))
    only([f for f in findings(copied_site(ws.root, ws.root.parent / "b")) if f.name == "baselines"],
         "baselines", WARNING, "the card was changed")  # fmt: skip
    card.write_text(text)
    binary_log(1000, seed=7, first_id=10**6).write_parquet(reference)
    only(
        [f for f in findings(ws) if f.name == "baselines"],
        "baselines",
        WARNING,
        "reference was changed",
    )


def test_bins_that_are_gone_are_found_and_made_again(ws: Workspace) -> None:
    change(ws, "DELETE FROM bins WHERE bins_id = (SELECT bins_id FROM baselines WHERE model = 'm')")
    found = [f for f in findings(ws) if f.name == "baselines"]
    only(found, "baselines", ERROR, "bins of m")
    with pytest.raises(StoreError, match="bins of some counts are gone"):
        ws.drift("m")
    card = ws.root / "models" / "m.toml"
    card.write_text(_with_threshold(card.read_text()))
    ws.status()
    assert findings(ws) == []


def test_rows_without_a_card_and_cards_without_a_reference_are_told(ws: Workspace) -> None:
    (ws.root / "models" / "m.toml").rename(ws.root / "m.toml")
    assert "models/m.toml" in only(findings(ws), "baselines", WARNING, "no card").hint
    (ws.root / "m.toml").rename(ws.root / "models" / "m.toml")
    (ws.root / "m-reference.parquet").unlink()
    only(findings(ws), "cards", ERROR, "m-reference.parquet")
    (ws.root / "models" / "m.toml").write_text("[model\n")
    only(findings(ws), "cards", ERROR, "m.toml")


@pytest.mark.parametrize("damage", ["garbage", "empty", "cut"])
def test_a_damaged_catalog_is_told_and_the_rest_is_looked_at_all_the_same(
    ws: Workspace, damage: str
) -> None:
    raw = ws.store.catalog.read_bytes()
    ws.store.catalog.write_bytes(
        {"garbage": b"garbage" * 1000, "empty": b"", "cut": raw[: len(raw) // 3]}[damage]
    )
    broken = min(whole_files(ws))
    broken.write_bytes(broken.read_bytes()[:-9])
    broken.chmod(0o644)
    found = findings(ws)
    catalog = [f for f in found if f.name == "catalog"]
    assert catalog
    assert all(f.status == ERROR and "store restore" in f.hint for f in catalog)
    assert [f.status for f in found if f.name == "segments"] == [WARNING]
    assert [f.status for f in found if f.name == "permissions"] == [WARNING]
    assert any(check.name == "cards" for check in ws.doctor())


def test_a_catalog_that_is_gone_is_an_error_while_there_are_rows(ws: Workspace) -> None:
    ws.store.catalog.unlink()
    found = findings(ws)
    assert "Ingest nothing" in only(found, "catalog", ERROR, "is gone").hint
    assert not ws.store.catalog.exists()


def test_a_missing_table_is_named(ws: Workspace) -> None:
    change(ws, "DROP TABLE profile_unseen")
    found = [f for f in findings(ws) if f.name == "catalog"]
    only(found, "catalog", ERROR, "profile_unseen is missing")


def test_noise_in_the_catalog_is_found(ws: Workspace) -> None:
    raw = bytearray(ws.store.catalog.read_bytes())
    for place in range(len(raw) // 4, len(raw), 4096):
        raw[place] ^= 0xFF
    ws.store.catalog.write_bytes(raw)
    assert any(f.name == "catalog" and f.status == ERROR for f in findings(ws))


def test_a_store_that_someone_else_is_writing_is_told_and_not_waited_for_long(
    ws: Workspace,
) -> None:
    (ws.root / "workbench.toml").write_text("[store]\nlock_timeout = 0.2\n")
    with store_lock(ws.store.folder, exclusive=True, timeout=5, purpose="holding on"):
        found = findings(ws)
        checks = {check.name: check for check in ws.doctor()}
    assert "holding on" in only(found, "catalog", WARNING, "busy").detail
    assert "holding on" in checks["lock"].detail


def _with_threshold(card: str) -> str:
    assert "# threshold = 0.5" in card
    return card.replace("# threshold = 0.5", "threshold = 0.4")


def whole_files(ws: Workspace) -> list[Path]:
    return list(ws.store.segments.rglob("*.parquet"))
