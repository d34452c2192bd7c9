"""What is fuzzed? Files in the making: a name, bytes, and how they came about."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pyarrow as pa


@dataclass(frozen=True)
class Draft:
    """A file that is not written yet."""

    group: str
    """The export that it was made from."""
    name: str
    """Its path within the folder of the input."""
    data: bytes
    steps: tuple[str, ...] = ()
    """What was done to it."""
    origin: str = ""
    """The name of the file that it was made from."""

    def holding(self, data: bytes) -> Draft:
        return replace(self, data=data)

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        return path


Operation = Callable[[Random, Draft, Sequence[Draft]], Draft | None]
"""Changes a draft, given all that it may be mixed with; None where it does not apply."""


def packed(draft: Draft, packing: str) -> Draft:
    """The draft as gzip (gz) or zstd (zst)."""
    data = draft.data
    small = gzip.compress(data, 1, mtime=0) if packing == "gz" else pa.compress(data, "zstd", True)
    return replace(draft, name=f"{draft.name}.{packing}", data=small)
