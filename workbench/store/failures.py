"""What does a failure of DuckDB or of the disk mean? In the operator's words, with what helps."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from workbench.errors import SegmentGoneError, StoreError, WorkbenchError

DISK_HINT = "Check the disk's space and the permissions of .workbench/."
_SPACE_HINT = (
    "Free space on the workspace's disk and give the command again; what is stored is whole."
)
_DAMAGE_HINT = "Put back a copy of .workbench/, or move it away and ingest the exports again."

_PROCESS = re.compile(r"\(PID (\d+)\)")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_FULL = ("no space left on device", "file too large", "quota exceeded", "max_temp_directory_size")
_FULL_NUMBERS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_REFUSED = ("read-only file system", "permission denied", "operation not permitted")
_DAMAGE = (
    "not a valid duckdb database", "corrupt database", "could not read enough bytes", "checksum",
    "no magic bytes",
)  # fmt: skip
"""How DuckDB begins to say that the catalog or a segment is broken."""
_GONE = ("no files found that match", "no such file or directory")
"""How it says that a segment is not there: either it is lost, or it was replaced meanwhile."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns what DuckDB and the disk raise inside the block into errors with a hint.

    Raises:
        StoreError: what went wrong.
    """
    try:
        yield
    except WorkbenchError:
        raise
    except duckdb.Error as error:
        raise store_error(error) from error
    except OSError as error:
        raise store_error(error) from error


def store_error(error: duckdb.Error | OSError) -> StoreError:
    """The operator's words for a failure of the store."""
    if is_full(error):
        return StoreError("the disk is full", _SPACE_HINT)
    if isinstance(error, OSError):
        return StoreError(f"the store cannot read or write: {error.strerror or error}", DISK_HINT)
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    if isinstance(error, duckdb.DataError):
        first = _QUOTED.sub("…", first)  # what could not be converted is a value of somebody's
    if isinstance(error, duckdb.OutOfMemoryException):
        return StoreError(
            "the work does not fit in the memory it may use",
            "Raise `memory_limit` under [store] in workbench.toml.",
        )
    if any(sign in text.lower() for sign in _REFUSED):
        return StoreError(f"the store cannot be written: {first}", DISK_HINT)
    if is_gone(error) or any(sign in first.lower() for sign in _DAMAGE):
        kind = SegmentGoneError if is_gone(error) else StoreError
        return kind(f"the store is damaged: {first}", _DAMAGE_HINT)
    return StoreError(
        f"the store cannot do this: {first}",
        "Run the command again with --debug for the details.",
    )


def foreign_opener(error: duckdb.Error) -> str | None:
    """Who has the DuckDB file open when that is why it cannot be opened; None otherwise."""
    text = str(error)
    if "Could not set lock on file" in text:
        found = _PROCESS.search(text)
        return f"process {found[1]}, not a command of workbench," if found else "another program"
    if "different configuration" in text:
        return f"this process ({os.getpid()})"
    return None


def is_gone(error: BaseException) -> bool:
    """Whether a failure comes from a segment that is not there."""
    return isinstance(error, duckdb.Error) and any(s in str(error).lower() for s in _GONE)


def is_full(error: BaseException) -> bool:
    """Whether a failure comes from a disk without space (or a limit of file size, or a quota)."""
    if isinstance(error, OSError) and error.errno in _FULL_NUMBERS:
        return True
    return any(sign in str(error).lower() for sign in _FULL)
