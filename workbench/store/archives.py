"""How is a folder written into one archive and read back? As a stream, with a hash of each file.

An archive from outside may be broken or hostile: what is in it is only ever written below one
folder, as plain files, and believed once every hash is right.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from workbench.errors import StoreError
from workbench.store.failures import translated
from workbench.store.settling import settle

MANIFEST = "MANIFEST.json"
FORMAT = 1
_CHUNK = 1 << 20
_MOST_FILES = 2_000_000
_LONGEST_HEADER = 1 << 20
_LARGEST_MANIFEST = 1 << 30
_MAGIC_GZIP, _MAGIC_ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass
class ArchiveWriter:
    """An archive that is being written."""

    tar: tarfile.TarFile
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the manifest says of each file."""

    @property
    def size(self) -> int:
        """The bytes of the files so far."""
        return sum(int(entry["bytes"]) for entry in self.files.values())

    def add(self, name: str, path: Path) -> None:
        """Adds a file under a name, which is relative and has `/` between its parts."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def close(self, about: Mapping[str, Any]) -> None:
        """Adds the manifest, the last file of an archive that is whole."""
        text = json.dumps({"format": FORMAT, **about, "files": self.files}, ensure_ascii=False)
        data = text.encode("utf-8", "surrogatepass")
        self._add(MANIFEST, io.BytesIO(data), len(data))

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashed = _Hashed(file)
        self.tar.addfile(info, cast("IO[bytes]", hashed))
        self.files[name] = {"bytes": size, "sha256": hashed.digest.hexdigest()}


@contextmanager
def written_archive(path: Path) -> Iterator[ArchiveWriter]:
    """A new archive, readable by its owner only, that takes its name once the block has ended.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    with translated():
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                with (
                    _packed(file, path.name) as stream,
                    tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
                ):
                    yield ArchiveWriter(tar)
                file.flush()
                os.fsync(descriptor)
            part.replace(path)
            settle(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def extract_archive(path: Path, folder: Path) -> dict[str, Any]:
    """Writes an archive's files below a folder and returns its manifest, once all hashes are right.

    Raises:
        StoreError: it is damaged, no backup at all, or holds what no backup does.
    """
    try:
        with path.open("rb") as file, _unpacked(file) as stream:
            return _extract(path, stream, folder)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        if error.errno is not None:
            with translated():
                raise
        raise _damaged(path, str(error)) from error


def _extract(path: Path, stream: IO[bytes], folder: Path) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_BoundedInfo) as tar:
        for member in tar:
            if manifest is not None:
                raise _damaged(path, "there are files after its manifest")
            name = _checked(path, member)
            content = tar.extractfile(member)
            if content is None or name in found or len(found) >= _MOST_FILES:
                raise _damaged(path, f"{name} is twice in it")
            if name == MANIFEST:
                if member.size > _LARGEST_MANIFEST:
                    raise _damaged(path, "its manifest is too large")
                manifest = json.loads(content.read().decode("utf-8", "surrogatepass"))
                continue
            _require_space(path, member.size, folder)
            found[name] = _write(content, folder / name)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _damaged(path, "it has no manifest that this version knows")
    if manifest.get("files") != found:
        raise _damaged(path, "its files are not those that its manifest names")
    return manifest


def _write(content: IO[bytes], target: Path) -> dict[str, Any]:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed = _Hashed(content)
    with target.open("xb") as out:
        target.chmod(0o600)
        shutil.copyfileobj(hashed, out, _CHUNK)
        size = out.tell()
        out.flush()
        os.fsync(out.fileno())
    return {"bytes": size, "sha256": hashed.digest.hexdigest()}


def _checked(path: Path, member: tarfile.TarInfo) -> str:
    """The name of a member that is a plain file in a place of its own below the folder."""
    name = member.name
    parts = name.split("/")
    if not member.isreg() or member.issparse():
        raise _hostile(path, f"{name!r} is no plain file")
    if (
        PurePosixPath(name).is_absolute()
        or "\0" in name
        or any(p in ("", ".", "..") for p in parts)
    ):
        raise _hostile(path, f"{name!r} lies outside of it")
    if any(part.startswith(".") for part in parts[1:]):
        raise _hostile(path, f"{name!r} is hidden")
    return name


def _require_space(path: Path, size: int, folder: Path) -> None:
    if size > shutil.disk_usage(folder).free:
        raise StoreError(
            f"there is no space for what {path.name} holds", "Free space, or restore elsewhere."
        )


class _BoundedInfo(tarfile.TarInfo):
    """A member whose header is of a sane size: headers are read into memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if not self.isreg() and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return super()._proc_member(tar)  # type: ignore[misc]


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _packed(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if name.endswith((".gz", ".tgz")):
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=4) as packed:
            yield cast("IO[bytes]", packed)
    elif name.endswith((".zst", ".tzst")):
        import pyarrow as pa

        own = os.fdopen(os.dup(file.fileno()), "wb")  # Arrow closes what it is given
        with pa.CompressedOutputStream(pa.PythonFile(own, "w"), "zstd") as packed:
            yield packed
    else:
        yield file


@contextmanager
def _unpacked(file: IO[bytes]) -> Iterator[IO[bytes]]:
    head = file.read(4)
    file.seek(0)
    if head.startswith(_MAGIC_GZIP):
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            yield cast("IO[bytes]", packed)
    elif head.startswith(_MAGIC_ZSTD):
        import pyarrow as pa

        with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as packed:
            yield packed
    else:
        yield file


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path.name} is no backup that can be restored: {why}",
        "Use another copy of it; nothing was changed.",
    )


def _hostile(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path.name} holds what no backup holds: {why}",
        "Restore only files that `workbench store backup` made; nothing was changed.",
    )
