"""How is a text export copied into rows with exact positions? CSV and JSON lines.

Every value stays text; a line that is no row is set aside and never stops the file.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

from workbench.errors import LogFileError
from workbench.store.connections import Connection
from workbench.store.packing import opened
from workbench.store.pseudonyms import WITHHELD, Concealment
from workbench.store.quoting import identifier, literal
from workbench.store.source import (
    CSV,
    JSON_LINES,
    Source,
    count_rows,
    describe,
    not_utf8,
    rejected_lines,
)

LINE_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest line that is read."""


def open_csv(
    connection: Connection,
    path: Path,
    folder: Path,
    conceal: Concealment | None = None,
    packing: str = "none",
) -> Source:
    """Opens a CSV file.

    Args:
        connection: scratch; where something is concealed, with the key and without spilling.
        path: the file.
        folder: where the copy is put.
        conceal: what no copy may hold.
        packing: what the file is packed with, as DuckDB names it.

    Raises:
        LogFileError: it has no header or is not UTF-8.
        duckdb.Error: it cannot be read.
    """
    target = folder / f"{path.name[:80]}.rows.parquet"
    delimiter, header = csv_header(path, packing)
    # The dialect is given, not sniffed: one broken row makes the sniffer choose another.
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    options = (
        f"columns = {{{types}}}, delim = {literal(delimiter)}, header = true, auto_detect = false, "
        f"quote = '\"', escape = '\"', nullstr = '', max_line_size = {LINE_LIMIT}, "
        f"buffer_size = {2 * LINE_LIMIT}, store_rejects = true, rejects_limit = 0, "
        f"compression = '{packing}'"
    )
    kept = conceal.replace((name, "VARCHAR") for name in header) if conceal else "*"
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans;")
    connection.execute(
        f"COPY (SELECT {kept} FROM read_csv({literal(str(path))}, {options})) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    if connection.execute(
        "SELECT 1 FROM reject_errors WHERE contains(error_message, 'unicode') LIMIT 1"
    ).fetchall():
        raise not_utf8(path)
    rejected = rejected_lines(
        connection,
        f"SELECT line::BIGINT AS position, 'malformed_row' AS reason, {_told_of_row(conceal)} "
        "FROM reject_errors GROUP BY line ORDER BY line",
        folder / f"{path.name[:80]}.rejected.parquet",
    )
    columns = describe(connection, target)
    return Source(target, CSV, columns, count_rows(connection, target), rejected, is_text=True)


def _told_of_row(conceal: Concealment | None) -> str:
    """The detail and the text of a rejected row; withheld where it may hold what is hidden."""
    if conceal:
        return (
            f"lower(any_value(error_type)::VARCHAR) || '; ' || {literal(WITHHELD)} AS detail, "
            "NULL::VARCHAR AS text"
        )
    return (
        "split_part(any_value(error_message), chr(10), 1) AS detail, "
        "coalesce(any_value(csv_line), '') AS text"
    )


def csv_header(path: Path, packing: str = "none") -> tuple[str, list[str]]:
    """The delimiter of a CSV file and the names that its header gives."""
    with io.TextIOWrapper(
        opened(path, "" if packing == "none" else packing), encoding="utf-8-sig", newline=""
    ) as file:
        try:
            return split_header(file, path.name)
        except UnicodeDecodeError:
            raise not_utf8(path) from None


def split_header(lines: Iterable[str], name: str) -> tuple[str, list[str]]:
    """The delimiter that splits the first line into most fields, and the names it gives."""
    rest = iter(lines)
    start = next(rest, "")
    try:
        counts = {mark: len(next(csv.reader([start], delimiter=mark), [])) for mark in ",;\t|"}
        best = max(counts, key=counts.__getitem__)
        delimiter = best if counts[best] > counts[","] else ","
        names = next(csv.reader(itertools.chain([start], rest), delimiter=delimiter), [])
    except csv.Error as error:
        raise LogFileError(
            f"the header of {name} cannot be read: {error}", "Export it again."
        ) from error
    if not any(given.strip() for given in names) or any("\0" in given for given in names):
        raise LogFileError(f"{name} has no header", "Its first line must name the columns.")
    return delimiter, list(_distinct_names(names))


def open_json_lines(
    connection: Connection,
    path: Path,
    folder: Path,
    conceal: Concealment | None = None,
    packing: str = "none",
) -> Source:
    """Opens a file of one JSON object a line.

    Args:
        connection: scratch; where something is concealed, with the key and without spilling.
        path: the file.
        folder: where copies are put.
        conceal: what no copy may hold; the file is then read once more for each look at it.
        packing: what the file is packed with, as DuckDB names it.

    Raises:
        LogFileError: it holds no object.
        duckdb.Error: it cannot be read.
    """
    lines = folder / f"{path.name[:80]}.lines.parquet"
    target = folder / f"{path.name[:80]}.rows.parquet"
    source = (
        "(SELECT *, CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END "
        "AS is_object FROM (SELECT row_number() OVER () AS line_no, line FROM read_csv("
        f"{literal(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', "
        "escape = '', header = false, auto_detect = false, strict_mode = false, "
        f"null_padding = true, max_line_size = {LINE_LIMIT}, buffer_size = {2 * LINE_LIMIT}, "
        f"compression = '{packing}')))"
    )
    if conceal is None:
        connection.execute(
            f"COPY {source} TO {literal(str(lines))} (FORMAT parquet, COMPRESSION lz4)"
        )
        source = f"read_parquet({literal(str(lines))})"
    keys = connection.execute(
        "SELECT key, min(line_no * 4096 + place) FROM (SELECT line_no, unnest(keys) AS key, "
        "generate_subscripts(keys, 1) AS place FROM (SELECT line_no, "
        f"CASE WHEN is_object THEN json_keys(line) END AS keys FROM {source})) "
        "GROUP BY key ORDER BY 2"
    ).fetchall()
    names = _distinct_names([str(key) for key, _ in keys])
    rejected = rejected_lines(
        connection,
        "SELECT line_no::BIGINT AS position, 'malformed_line' AS reason, "
        f"{_told_of_line(conceal)} FROM {source} "
        "WHERE trim(coalesce(line, '')) <> '' AND NOT is_object ORDER BY line_no",
        folder / f"{path.name[:80]}.rejected.parquet",
    )
    if not names:
        raise LogFileError(f"{path.name} holds no JSON object", "Export one object a line.")
    structure = json.dumps(
        {key: "VARCHAR" for name, key in names.items() if name == key}, ensure_ascii=False
    )
    fields = ", ".join(_json_field(name, key, conceal) for name, key in names.items())
    # A sort would need a place to spill to; read straight from the file the lines are in order.
    order = "" if conceal else " ORDER BY line_no"
    connection.execute(
        f"COPY (SELECT {fields} FROM (SELECT line_no, line, "
        f"json_transform(CASE WHEN is_object THEN line END, {literal(structure)}) AS object "
        f"FROM {source} WHERE is_object{order})) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    columns = tuple((name, "VARCHAR") for name in names)
    return Source(
        target, JSON_LINES, columns, count_rows(connection, target), rejected, is_text=True
    )


def _distinct_names(keys: list[str]) -> dict[str, str]:
    """Column names, with the keys they stand for.

    DuckDB takes names that differ only in case for one, a header may give a name twice, and
    no name holds a NUL.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        name = key.replace("\0", "") or "_"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[name] = key
    return names


def _told_of_line(conceal: Concealment | None) -> str:
    if conceal:
        return f"'not a JSON object; ' || {literal(WITHHELD)} AS detail, NULL::VARCHAR AS text"
    return "'not a JSON object' AS detail, line AS text"


def _json_field(name: str, key: str, conceal: Concealment | None) -> str:
    if name == key:
        value = f"nullif(object[{literal(key)}], '')"
    else:
        # json_transform cannot tell keys apart that differ only in case, a path can.
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        # An empty key has a name only in the notation with a slash; no statement can hold a NUL.
        parts = (f'$."{quoted}"' if key else "/").split("\0")
        value = f"nullif(line ->> ({' || chr(0) || '.join(map(literal, parts))}), '')"
    return f"{conceal.text(key, value) if conceal else value} AS {identifier(name)}"
