"""Where do translated rows and rejected records wait? In files of JSON lines, one pair a log file.

Any file of a group may get a row at any time, so nothing is held open: what was written is
buffered over all files together and appended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.store.pseudonyms import WITHHELD, Concealment
from workbench.store.source import RejectedLines
from workbench.store.text_source import LINE_LIMIT

_GROUP = 5000
_HELD = 16 * 1024 * 1024
"""Characters that wait in memory, over all files."""
_REJECT = ("position", "reason", "detail", "text")


def plain(value: Any) -> str:
    """A value that JSON does not have, as text: a time in ISO 8601, bytes as UTF-8."""
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


_encode = json.JSONEncoder(ensure_ascii=False, default=plain).encode


def as_json(value: Mapping[str, Any]) -> str:
    """A record as JSON text.

    Raises:
        ValueError: a value cannot be written, such as a number of too many digits.
        RecursionError: it is nested too deeply.
        TypeError: a key is of no type that JSON has.
    """
    return _encode(value)


@dataclass
class Spool:
    """What is written of one log file."""

    rows_path: Path
    rejects_path: Path
    rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    held_rows: list[str] = field(default_factory=list)
    held_rejects: list[str] = field(default_factory=list)

    def rejected(self) -> RejectedLines | None:
        """The rejected records, in the order of their positions as far as they were so read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.rejects:
            return None
        target = self.rejects_path.with_suffix(".parquet")
        schema = pa.schema(
            [("position", pa.int64()), *((name, pa.string()) for name in _REJECT[1:])]
        )
        with (
            self.rejects_path.open("r", encoding="ascii") as lines,
            pq.ParquetWriter(target, schema, compression="lz4") as writer,
        ):
            while group := list(islice(lines, _GROUP)):
                values = zip(*(json.loads(line) for line in group), strict=True)
                columns = [
                    pa.array(column, field.type)
                    for column, field in zip(values, schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
        return RejectedLines(target, dict(sorted(self.rejects.items())))


class Spools:
    """The files of a group, written to in any order."""

    def __init__(
        self,
        folders: Mapping[int, Path],
        conceal: Concealment | None = None,
        known: Container[str] = (),
    ) -> None:
        """Starts with nothing written.

        Args:
            folders: for each file by its number, the folder that its spool goes to.
            conceal: what nothing that is written may hold.
            known: the columns that are not merely kept because the log has them.
        """
        self._known = known
        self._conceal = conceal
        self.files = {
            number: Spool(folder / "translated.jsonl", folder / "rejects.jsonl")
            for number, folder in folders.items()
        }
        self._held = 0

    def add_row(self, number: int, row: Mapping[str, Any]) -> None:
        """Adds a row to a file's.

        Raises:
            ValueError, RecursionError, TypeError: it cannot be written; nothing was added.
        """
        if self._conceal is not None:
            row = self._conceal.of_row(row, self._known)
        text = as_json(row)
        if len(text) > LINE_LIMIT // 4:  # a character takes four bytes at most
            raise ValueError("a row that is too long")
        spool = self.files[number]
        spool.held_rows.append(text)
        spool.rows += 1
        self._grow(len(text))

    def reject(self, number: int, position: int, reason: str, detail: str, text: str) -> None:
        """Adds a rejected record to a file's."""
        if self._conceal is not None:
            detail, text = WITHHELD, ""
        # Half of a surrogate pair is in no UTF-8.
        values = [part.encode("utf-8", "replace").decode() for part in (reason, detail, text)]
        line = json.dumps([position, *values])
        spool = self.files[number]
        spool.held_rejects.append(line)
        spool.rejects[reason] += 1
        self._grow(len(line))

    def flush(self) -> None:
        """Writes what is held."""
        for spool in self.files.values():
            for path, held in (
                (spool.rows_path, spool.held_rows),
                (spool.rejects_path, spool.held_rejects),
            ):
                if held:
                    # Half of a surrogate pair is in no UTF-8: it becomes a question mark.
                    data = ("\n".join(held) + "\n").encode("utf-8", "replace")
                    with path.open("ab") as file:
                        file.write(data)
                    held.clear()
        self._held = 0

    def _grow(self, size: int) -> None:
        self._held += size
        if self._held > _HELD:
            self.flush()
