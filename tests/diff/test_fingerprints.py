"""The hash of a file: as DVC makes it, and read anew exactly when the file may have changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.diff.repositories import git
from workbench.diff.dvc_repository import add, initialise_git
from workbench.diff.fingerprints import fingerprint
from workbench.diff.git_repository import DvcError


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_files_and_folders_have_the_hash_that_dvc_gives_them(tmp_path: Path) -> None:
    initialise_git(tmp_path)
    folder = tmp_path / "tables"
    (folder / "b").mkdir(parents=True)
    (folder / "ä.csv").write_text("x\r\n1\r\n", encoding="utf-8")
    (folder / "b" / "c.csv").write_bytes(bytes(range(256)))
    (folder / "b.csv").write_text("", encoding="utf-8")
    (tmp_path / "one.csv").write_bytes(b"a\r\n")

    assert fingerprint(folder) == add(tmp_path, "tables", "folder").md5
    assert fingerprint(tmp_path / "one.csv") == add(tmp_path, "one.csv", "file").md5
    assert fingerprint(tmp_path / "one.csv") == md5(b"a\r\n")
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_file_is_read_again_only_when_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, memory = tmp_path / "a.csv", tmp_path / "store" / "md5.json"
    file.write_bytes(b"one")
    assert fingerprint(file, memory) == md5(b"one")

    def unread(*_: object) -> None:
        raise AssertionError("read although it is known")

    with monkeypatch.context() as patched:
        patched.setattr(hashlib, "file_digest", unread)
        assert fingerprint(file, memory) == md5(b"one")

    stat = file.stat()
    file.write_bytes(b"two")  # as long as before, and its time is set back
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fingerprint(file, memory) == md5(b"two")


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"'])
def test_a_torn_memory_is_made_anew(tmp_path: Path, text: str) -> None:
    memory, file = tmp_path / "md5.json", tmp_path / "a.csv"
    memory.write_text(text, encoding="utf-8")
    file.write_bytes(b"one")
    assert fingerprint(file, memory) == md5(b"one")
    assert md5(b"one") in memory.read_text(encoding="utf-8")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DvcError, match="cannot read"):
        fingerprint(tmp_path / "none.csv")
