"""When is a file or a folder safe from a loss of power? Once it is flushed to the disk."""

from __future__ import annotations

import os
from pathlib import Path


def settle(path: Path) -> None:
    """Forces a file's or a folder's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
