"""How is a packed file read? As a stream, so that no unpacked copy need be written."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NOWHERE = Path(os.devnull)
"""Where a packed file is unpacked to when nothing of it may be written."""
_AT_ONCE = 1 << 20


def unpacked(path: Path, compression: str) -> IO[bytes]:
    """A packed file as a stream of what is in it."""
    if compression == "gzip":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")  # type: ignore[no-any-return]


def opened(path: Path, packing: str = "") -> IO[bytes]:
    """A file as a stream of what is in it, which can be read by lines.

    Args:
        path: the file.
        packing: what it is packed with; empty: nothing.
    """
    if not packing:
        return path.open("rb")
    return io.BufferedReader(_Raw(unpacked(path, packing)), _AT_ONCE)


class _Raw(io.RawIOBase):
    """A stream of pyarrow's, which has no lines, as one of Python's."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
