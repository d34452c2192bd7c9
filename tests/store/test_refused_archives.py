"""An archive that is damaged or hostile is refused, and touches nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.store.test_backup import filled, tree
from workbench.errors import StoreError
from workbench.store import archives
from workbench.workspace.housekeeping import restore


def _rewritten(file: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> None:
    """Changes the members of an archive; the manifest is made to fit what is then in it."""
    with tarfile.open(file) as tar:
        members = []
        for info in tar.getmembers():
            content = tar.extractfile(info)
            members.append((info, content.read() if content else b""))
    manifest = json.loads(members.pop()[1])
    change(members)
    manifest["files"] = {
        info.name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for info, data in members
    }
    text = json.dumps(manifest).encode()
    last = tarfile.TarInfo(archives.MANIFEST)
    last.size = len(text)
    with tarfile.open(file, "w") as tar:
        for info, data in [*members, (last, text)]:
            tar.addfile(info, io.BytesIO(data))


def _member(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    data = b"evil" if kind == tarfile.REGTYPE else b""
    info.size = len(data)
    return info, data


@pytest.mark.parametrize(
    "member",
    [
        _member("../outside"),
        _member("models/../../outside"),
        _member("/tmp/outside"),  # noqa: S108
        _member("models//x.toml"),
        _member("./workbench.toml"),
        _member(".git/hooks/pre-commit"),
        _member("models/.hidden"),
        _member("models/link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("models/link", tarfile.LNKTYPE, "workbench.toml"),
        _member("models/device", tarfile.CHRTYPE),
        _member("models/pipe", tarfile.FIFOTYPE),
        _member("models/folder", tarfile.DIRTYPE),
        _member("workbench.toml"),
    ],
    ids=lambda member: f"{member[0].name}-{member[0].type!r}",
)
def test_a_hostile_archive_writes_nothing(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes]
) -> None:
    ws = filled(tmp_path)
    file = tmp_path / "b.tar"
    ws.housekeeping.back_up(file)
    _rewritten(file, lambda members: members.append(member))
    before = tree(tmp_path)
    for into in (tmp_path / "new", ws.root):
        with pytest.raises(StoreError) as caught:
            restore(file, into)
        assert "nothing was changed" in caught.value.hint
    assert tree(tmp_path) == before
    assert not (tmp_path / "new").exists()


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes(byte ^ 255 for byte in data[place : place + 4]) + data[place + 4 :]


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz", "b.tar.zst"])
@pytest.mark.parametrize(
    "damage",
    [
        _cut, lambda data: data[:-12_000], lambda _: b"", lambda _: b"no archive" * 500,
        lambda data: _flipped(data, 3000),
        lambda data: _flipped(data, len(data) * 2 // 3),
    ],
)  # fmt: skip
def test_a_damaged_archive_changes_nothing(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    ws = filled(tmp_path)
    file = tmp_path / name
    ws.housekeeping.back_up(file)
    file.write_bytes(damage(file.read_bytes()))
    before = tree(tmp_path)
    for into in (tmp_path / "new", ws.root):
        with pytest.raises(StoreError) as caught:
            restore(file, into)
        assert caught.value.hint
    assert tree(tmp_path) == before


def _edit_catalog(statement: str) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        for number, (info, data) in enumerate(members):
            if info.name.endswith("store.duckdb"):
                path = Path(os.environ["TMPDIR_OF_TEST"]) / "edited.duckdb"
                path.write_bytes(data)
                with duckdb.connect(str(path)) as catalog:
                    catalog.execute(statement)
                info.size = path.stat().st_size
                members[number] = (info, path.read_bytes())
                path.unlink()

    return change


def _without(part: str) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[:] = [member for member in members if part not in member[0].name]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_edit_catalog("UPDATE segments SET path = '../../' || path"), "outside of the store"),
        (_edit_catalog("UPDATE segments SET bytes = bytes + 1"), "does not hold the rows"),
        (_edit_catalog("INSERT INTO schema_steps VALUES (99, now()::TIMESTAMP)"), "newer version"),
        (_edit_catalog("DROP TABLE segments"), "cannot be read"),
        (_without("segments"), "does not hold the rows"),
        (_without("store.duckdb"), "no catalog"),
        (_without("workbench.toml"), "no workbench.toml"),
    ],
)
def test_an_archive_that_is_no_whole_workspace_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None],
    said: str,
) -> None:
    monkeypatch.setenv("TMPDIR_OF_TEST", str(tmp_path))
    ws = filled(tmp_path)
    file = tmp_path / "b.tar"
    ws.housekeeping.back_up(file)
    _rewritten(file, change)
    before = tree(tmp_path)
    for into in (tmp_path / "new", ws.root):
        with pytest.raises(StoreError, match=said):
            restore(file, into)
    assert tree(tmp_path) == before


def test_a_header_that_claims_much_is_not_read(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    file = tmp_path / "b.tar"
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    file.write_bytes(info.tobuf() + b"\0" * 4096)
    with pytest.raises(StoreError):
        restore(file, ws.root)
    info = tarfile.TarInfo("models/large")
    info.size = 1 << 50
    file.write_bytes(info.tobuf() + b"\0" * 4096)
    with pytest.raises(StoreError, match="no space"):
        restore(file, ws.root)
