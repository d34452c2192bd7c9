"""Can a text export be read in one pass? Typed, normalised and written at once, when nothing is amiss.

`text_source` reads every value as text, so that it can say of each broken line and value where
it stands. Most files have none: here the numbers are read as numbers and the rows leave as a
file of ours. Whatever does not fit - a broken line, a value that is no number, an unusable
row - ends the attempt, and the file is read the careful way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from workbench.domain.card import ModelCard
from workbench.errors import LogFileError
from workbench.store import expressions as sql
from workbench.store.baseline import Baseline
from workbench.store.connections import Connection
from workbench.store.days import ROW_GROUP
from workbench.store.normalising import normalised_predictions
from workbench.store.quoting import identifier, literal, literal_list
from workbench.store.source import CSV, JSON_LINES, Source
from workbench.store.text_source import csv_header

_NUMBER, _TEXT = "DOUBLE", "VARCHAR"
_SAMPLE = 10_000
"""Objects that tell which keys there are."""


@dataclass(frozen=True)
class QuickReading:
    """What a text log must be made into."""

    card: ModelCard
    baseline: Baseline
    file: str
    """The file's identity, which its rows carry."""
    now: datetime
    """The machine's clock; later rows are unusable."""

    def open(self, connection: Connection, kind: str, path: Path, folder: Path) -> Source | None:
        """The file as normalised rows; None where it must be read the careful way.

        Args:
            connection: scratch.
            kind: CSV or JSON_LINES; others are None.
            path: the file, unpacked.
            folder: where the rows are written.
        """
        if kind not in (CSV, JSON_LINES) or not self.card.columns.prediction_id:
            return None
        try:
            if kind == CSV:
                names, relation = _csv(path, self._numbers())
            else:
                names, relation = _json_lines(connection, path, self._numbers())
            return self._write(connection, kind, path, folder, names, relation)
        except (duckdb.Error, LogFileError):
            # The careful way finds out what is wrong, and where.
            return None

    def _numbers(self) -> frozenset[str]:
        shape = self.baseline.shape
        numeric = (f.name for f in shape.features if f.kind == "numeric" and f.storage == "number")
        return frozenset((*numeric, *shape.scores))

    def _write(
        self,
        connection: Connection,
        kind: str,
        path: Path,
        folder: Path,
        names: list[str],
        relation: str,
    ) -> Source | None:
        if any(name.lower() == "file_row_number" for name in names):
            return None
        time = self.card.columns.timestamp
        types = {name: _type(name, self._numbers()) for name in names}
        if types.get(time) == _TEXT and self.card.columns.timezone == "UTC":
            types[time] = "TIMESTAMP"
            plain = f"{sql.plain_moment(time)} AS {identifier(time)}"
            relation = f"(SELECT * REPLACE ({plain}) FROM {relation})"
        columns = tuple(types.items())
        read = Source(path, kind, columns, 0, is_text=True, reader=relation)
        normalised = normalised_predictions(
            read, self.card, self.baseline.shape, self.baseline.rules, file=self.file, now=self.now
        )
        target = folder / f"{path.name[:80]}.quick.parquet"
        connection.execute(
            f"COPY (SELECT * EXCLUDE (wb_row, wb_day) FROM ({normalised.query})) TO {literal(str(target))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        )
        found = f"read_parquet({literal(str(target))}, hive_partitioning = false)"
        rows, unusable = connection.execute(
            f"SELECT count(*), count(wb_reason) FROM {found}"
        ).fetchall()[0]
        if unusable or not rows:
            target.unlink()
            return None
        kept = [
            identifier(str(row[0]))
            for row in connection.execute(f"DESCRIBE SELECT * FROM {found}").fetchall()
            if row[0] != "wb_reason"
        ]
        reading = ", ".join([*kept, "file_row_number AS wb_row"])
        return Source(
            target, kind, columns, int(rows), is_text=True, reading=reading, notes=normalised.notes
        )


def _type(name: str, numbers: frozenset[str]) -> str:
    return _NUMBER if name in numbers else _TEXT


def _csv(path: Path, numbers: frozenset[str]) -> tuple[list[str], str]:
    delimiter, names = csv_header(path)
    types = ", ".join(f"{literal(name)}: {literal(_type(name, numbers))}" for name in names)
    return names, (
        f"(SELECT *, NULL::BIGINT AS file_row_number FROM read_csv({literal(str(path))}, "
        f"columns = {{{types}}}, delim = {literal(delimiter)}, header = true, auto_detect = false, "
        "quote = '\"', escape = '\"', nullstr = ''))"
    )


def _json_lines(
    connection: Connection, path: Path, numbers: frozenset[str]
) -> tuple[list[str], str]:
    """The names and the relation of a file, which raises at a key that its start does not have."""
    objects = f"read_json_objects({literal(str(path))}, format = 'newline_delimited')"
    rows = connection.execute(
        f"SELECT DISTINCT json_keys(json) FROM (SELECT json FROM {objects} LIMIT {_SAMPLE})"
    ).fetchall()
    names = list(dict.fromkeys(str(key) for row in rows for key in row[0] or ()))
    if len({name.lower() for name in names}) != len(names) or not all(names):
        raise LogFileError(f"{path.name} cannot be read in one pass")
    structure = json.dumps({name: _type(name, numbers) for name in names}, ensure_ascii=False)
    values = {name: f"object[{literal(name)}]" for name in names}
    fields = ", ".join(
        f"{value if name in numbers else _filled(value)} AS {identifier(name)}"
        for name, value in values.items()
    )
    keys = f"json_keys(json) = {literal_list(names)} OR list_has_all({literal_list(names)}, json_keys(json))"
    return names, (
        f"(SELECT {fields}, NULL::BIGINT AS file_row_number FROM (SELECT json_transform_strict(json, "
        f"{literal(structure)}) AS object FROM {objects} WHERE CASE WHEN {keys} THEN true ELSE error('key') END))"
    )


def _filled(value: str) -> str:
    return f"nullif({value}, '')"
