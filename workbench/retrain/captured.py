"""What does foreign code print? Taken off the terminal, and only the end of it kept."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass

MOST_KEPT = 4_000
"""Bytes of the end that are kept, however much is printed."""

_CHUNK = 65_536


@dataclass
class Captured:
    """What was printed in a block: known once it has ended."""

    text: str = ""
    """The last `MOST_KEPT` bytes."""
    size: int = 0
    """Bytes in all."""


@contextmanager
def captured_output() -> Iterator[Captured]:
    """Takes what the process prints in the block, by Python or by a library in C.

    For a process that does one thing at a time: file descriptors 1 and 2 are those of all threads.
    """
    found = Captured()
    _flush()
    kept = os.dup(1), os.dup(2)
    reader, writer = os.pipe()
    tail = bytearray()

    def drain() -> None:
        while chunk := os.read(reader, _CHUNK):
            found.size += len(chunk)
            tail.extend(chunk)
            del tail[:-MOST_KEPT]

    thread = threading.Thread(target=drain, name="captured output", daemon=True)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)
    thread.start()
    # Whoever put other streams in the place of Python's own (Ray, a test) would not see them.
    stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="replace")
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            yield found
    finally:
        with suppress(OSError, ValueError):
            stream.close()
        _flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in kept:
            os.close(descriptor)
        # A process that the block left running holds the pipe open: it is not waited for.
        thread.join(timeout=2.0)
        if not thread.is_alive():
            os.close(reader)
        found.text = tail.decode("utf-8", "replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
