"""Are the store's files those that the catalog lists? Present, whole, private, and no others."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from workbench.domain.health import ERROR, WARNING, Check, found_or_well, number_of
from workbench.domain.names import shown
from workbench.errors import StoreError
from workbench.store.catalog import naive
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.failures import translated
from workbench.store.quoting import literal
from workbench.store.row_files import RowFile, rows_relation
from workbench.store.staging import batch_of, is_under_way

_TIMES = {"predictions": "wb_timestamp", "labels": "wb_label_timestamp"}


def check_segments(
    connection: Connection, home: StoreHome, folder: Path, mend: str, *, whole: bool
) -> tuple[Check, ...]:
    """Whether each committed segment is there, has its size, rows and times, and can be read.

    Args:
        connection: the copy of the catalog.
        home: the store.
        folder: for spilling.
        mend: what to do about a lost segment.
        whole: read every value; else the times only.
    """
    listed = connection.execute(
        "SELECT path, batch, kind, rows, bytes, min_time, max_time, reading FROM segments "
        "WHERE removed_version IS NULL ORDER BY path"
    ).fetchall()
    found = []
    with scratch(home, folder) as reader:
        for path, batch, kind, *said in listed:
            wrong = _wrong(reader, home.segments / path, kind, said, whole)
            if wrong:
                sources = _sources(connection, batch)
                hint = mend + (f" Its rows came from {sources}." if sources else "")
                found.append(Check("segments", ERROR, f"segment {shown(path)} {wrong}", hint))
    rows = sum(row[3] for row in listed)
    how = (
        "every value was read" if whole else "counts and times were read; --deep reads every value"
    )
    return found_or_well(
        "segments", found, f"{number_of(len(listed), 'file')} with {number_of(rows, 'row')}: {how}"
    )


def check_readable(home: StoreHome) -> tuple[Check, ...]:
    """Which files of rows can be read at all, where no catalog says what should be there."""
    found, count = [], 0
    with duckdb.connect(":memory:") as reader:
        for path in _files(home.segments):
            count += 1
            try:
                _footer(reader, path)
            except duckdb.Error as error:
                what = f"segment {shown(path.relative_to(home.segments))} cannot be read: {_first(error)}"
                found.append(Check("segments", WARNING, what, "It may be lost too."))
    return found_or_well(
        "segments", found, f"{count:,} files of rows are there and can be read, listed or not"
    )


def check_quarantine(
    connection: Connection, home: StoreHome, now: datetime, mend: str
) -> tuple[Check, ...]:
    """Whether the rows that were set aside are there, as long as they are kept."""
    listed = connection.execute(
        "SELECT path, sum(rows), max(committed_at) FROM quarantine LEFT JOIN batches USING (batch) "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    kept = home.resources.quarantine_retention
    limit = naive(now) - timedelta(seconds=kept) if kept else None
    found, over = [], 0
    with duckdb.connect(":memory:") as reader:
        for name, rows, stored in listed:
            path = home.quarantine / name
            try:
                there = _footer(reader, path) if path.exists() else None
            except duckdb.Error as error:
                what = f"quarantine file {shown(name)} cannot be read: {_first(error)}"
                found.append(Check("quarantine", ERROR, what, mend))
                continue
            if there is None and limit is not None and stored is not None and stored <= limit:
                over += 1
            elif there is None:
                found.append(
                    Check("quarantine", ERROR, f"quarantine file {shown(name)} is gone", mend)
                )
            elif there != rows:
                what = f"quarantine file {shown(name)} has {there:,} rows, and the catalog says {rows:,}"
                found.append(Check("quarantine", ERROR, what, mend))
    rows = sum(row[1] for row in listed)
    detail = f"{number_of(len(listed), 'file')} with {number_of(rows, 'row')}"
    return found_or_well(
        "quarantine", found, f"{detail}; the time of {over:,} is over" if over else detail
    )


def check_leftovers(connection: Connection, home: StoreHome, now: datetime) -> tuple[Check, ...]:
    """Files and folders that no commit owns, and replaced ones whose time is over."""
    known = {
        str(path): removed
        for path, removed in connection.execute("SELECT path, removed_at FROM segments").fetchall()
    }
    batches = {str(row[0]) for row in connection.execute("SELECT batch FROM batches").fetchall()}
    aside = {str(row[0]) for row in connection.execute("SELECT path FROM quarantine").fetchall()}
    limit = naive(now) - timedelta(seconds=home.resources.grace)
    sweeps = "The next `workbench ingest` removes it."
    found, waiting = [], 0
    for path in _entries(home.staging):
        if path.suffix != ".held" and not is_under_way(home, path.name):
            what = f"staging/{shown(path.name)} was left by a process that ended before its commit"
            found.append(Check("leftovers", WARNING, what, sweeps))
    for path in _files(home.segments):
        name = path.relative_to(home.segments).as_posix()
        batch = name.partition("/")[0]
        if name in known:
            removed = known[name]
            waiting += removed is not None and removed > limit
            if removed is not None and removed <= limit:
                what = f"segment {shown(name)} was replaced, and the time that readers have is over"
                found.append(
                    Check("leftovers", WARNING, what, "`workbench store compact` removes it.")
                )
        elif not is_under_way(home, batch):
            hint = sweeps if batch not in batches else "It holds no committed row: delete it."
            what = f"segments/{shown(name)} belongs to no commit"
            found.append(Check("leftovers", WARNING, what, hint))
    for path in _entries(home.quarantine):
        if path.name not in aside and not is_under_way(home, batch_of(path)):
            hint = sweeps
            what = f"quarantine/{shown(path.name)} belongs to no commit"
            found.append(Check("leftovers", WARNING, what, hint))
    detail = "none"
    if waiting:
        detail = f"none; {waiting:,} replaced files wait until nobody can be reading them"
    return found_or_well("leftovers", found, detail)


def check_permissions(home: StoreHome) -> tuple[Check, ...]:
    """Whether anybody but their owner may read the store's files."""
    open_, count = [], 0
    for path in _tree(home.folder):
        count += 1
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
        except OSError:
            continue
        if mode & 0o077 and not path.is_symlink():
            open_.append(path)
    found = []
    if open_:
        first = shown(open_[0].relative_to(home.folder.parent))
        more = f" and {len(open_) - 1:,} more" if len(open_) > 1 else ""
        others = "can be read or written by others than their owner"
        found.append(
            Check(
                "permissions",
                WARNING,
                f"{first}{more} {others}",
                "Run `chmod -R go-rwx .workbench`.",
            )
        )
    return found_or_well(
        "permissions", found, f"{count:,} files and folders are their owner's only"
    )


def _wrong(reader: Connection, path: Path, kind: str, said: list[Any], whole: bool) -> str | None:
    """What is wrong with a segment; None when it is as the catalog says."""
    rows, size, low, high, reading = said
    try:
        there = path.stat().st_size
    except OSError:
        return "is gone"
    if there != size:
        return f"has {there:,} bytes, and the catalog says {size:,}"
    time = _TIMES.get(kind, "wb_timestamp")
    every = ", bit_xor(hash(r))" if whole else ""
    try:
        with translated():
            found = reader.execute(
                f"SELECT count(*), min({time}), max({time}){every} FROM {rows_relation([RowFile(path, reading)])} r"
            ).fetchall()[0]
    except StoreError as error:
        return f"cannot be read: {error.message}"
    if found[0] != rows:
        return f"has {found[0]:,} rows, and the catalog says {rows:,}"
    if (found[1], found[2]) != (low, high):
        return "has other times than the catalog says"
    return None


def _sources(connection: Connection, batch: str) -> str:
    rows = connection.execute(
        "SELECT DISTINCT path FROM files WHERE batch = ? ORDER BY 1 LIMIT 4", [batch]
    ).fetchall()
    names = [shown(row[0], 80) for row in rows]
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def _footer(reader: Connection, path: Path) -> int:
    rows = reader.execute(
        f"SELECT num_rows FROM parquet_file_metadata({literal(str(path))})"
    ).fetchall()
    return int(rows[0][0])


def _first(error: duckdb.Error) -> str:
    return (str(error).strip().splitlines() or ["it is broken"])[0]


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(folder: Path) -> Iterator[Path]:
    for path in _entries(folder):
        yield from ([path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()))


def _tree(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")
