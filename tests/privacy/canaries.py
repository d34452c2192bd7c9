"""Values that must not be found, and where they are looked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl


def found_in_store(folder: Path, canaries: list[str]) -> list[str]:
    """Which canaries are where in a store: in any file's raw bytes, or in a value of a table."""
    hits = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        texts = [content, *(value.encode() for value in _values(path))]
        hits += [
            f"{path.relative_to(folder)}: {canary}"
            for canary in canaries
            if any(canary.encode() in text for text in texts)
        ]
    return hits


def _values(path: Path) -> list[str]:
    """The values of a file that keeps them packed."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
    except OSError:
        return []
    if is_parquet:
        try:
            frame = pl.read_parquet(path)
        except Exception:  # noqa: BLE001 - a file that a kill cut short has only its bytes
            return _pages(path)
        return [json.dumps(row, default=str, ensure_ascii=False) for row in frame.iter_rows()]
    if path.suffix == ".duckdb":
        return _tables(path)
    return []


def _tables(path: Path) -> list[str]:
    found: list[str] = []
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (name,) in names:
            rows: list[tuple[Any, ...]] = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            found += [json.dumps(row, default=str, ensure_ascii=False) for row in rows]
    return found


def _pages(path: Path) -> list[str]:
    """What the pages of a Parquet file without its end hold, as far as they can be unpacked."""
    import pyarrow as pa

    content = path.read_bytes()
    found = []
    start = content.find(b"\x28\xb5\x2f\xfd")
    while start >= 0:
        try:
            with pa.input_stream(pa.BufferReader(content[start:]), compression="zstd") as stream:
                found.append(stream.read(1 << 24).decode("latin1"))
        except Exception:  # noqa: BLE001, S110 - not the beginning of a page
            pass
        start = content.find(b"\x28\xb5\x2f\xfd", start + 1)
    return found
