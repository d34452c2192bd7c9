"""What can be wrong with a file's records: keys, cells, columns and types."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from tests.fuzz.drafts import Draft, Operation
from tests.fuzz.hostile_values import NAMES, changed_value, hostile_text, undone

_COLUMN_TYPES: tuple[tuple[Any, pa.DataType], ...] = (
    (None, pa.null()), (True, pa.bool_()), (7, pa.uint8()), (2**63, pa.uint64()), (-3, pa.int16()),
    (float("nan"), pa.float64()), (float("inf"), pa.float32()), (0.5, pa.float64()), (1, pa.int64()),
    (Decimal("12.345"), pa.decimal128(38, 10)), (Decimal("1e40"), pa.decimal256(60, 2)), ("x", pa.large_string()),
    ("0.5", pa.string_view()), (b"\xff\x00", pa.binary()), (b"\xc3\x28ab", pa.binary(4)),
    (date(2026, 11, 20), pa.date32()),
    (date(2026, 11, 20), pa.date64()), (time(14, 5), pa.time64("us")), (timedelta(hours=1), pa.duration("us")),
    (datetime(2026, 11, 20, 14, tzinfo=UTC), pa.timestamp("ns", "Europe/Berlin")), (0, pa.timestamp("s")),
    (2**62, pa.timestamp("us")), (-(2**62), pa.timestamp("ns")), (datetime(2026, 11, 20), pa.timestamp("ms")),
    (253402300800, pa.timestamp("s", "UTC")), ([1.0, None], pa.list_(pa.float64())), ([], pa.list_(pa.string())),
    ([0.1, 0.9], pa.list_(pa.float32(), 2)), ({"a": 1}, pa.struct([("a", pa.int64())])),
    ([("k", "v")], pa.map_(pa.string(), pa.string())),
    ({"a": [{"b": None}]}, pa.struct([("a", pa.list_(pa.struct([("b", pa.string())])))])), (1.5, pa.float16()),
    ("c", pa.dictionary(pa.int32(), pa.string())),
)  # fmt: skip
_CAST_TO = (
    pa.string(), pa.float32(), pa.int64(), pa.large_binary(), pa.date32(), pa.timestamp("ns"),
)  # fmt: skip
_QUOTING: tuple[Literal[0, 1, 2], ...] = (0, 0, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
_TEXT_ROLES = (None, "", "live", "p30", "1", "nan", "\x00", "2026-11-20T14:00:00Z", "{", "[1,2]")


def _json_line(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    try:
        text = draft.data.decode()
    except UnicodeDecodeError:
        return None
    lines = [text] if text[:1] == "[" else text.split("\n")
    marked = [place for place, line in enumerate(lines) if line[:1] in "{["]
    if not marked:
        return None
    share = rng.choice((0.0, 0.0, 0.5, 1.0))
    chosen = {rng.choice(marked), *(place for place in marked if rng.random() < share)}
    for place in chosen:
        try:
            value = json.loads(lines[place])
        except (ValueError, RecursionError):
            continue
        changed = changed_value(rng, value)
        lines[place] = undone(json.dumps(changed, ensure_ascii=rng.random() < 0.5))
    return draft.holding("\n".join(lines).encode("utf-8", "surrogatepass"))


def _csv_cells(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    try:
        text = draft.data.decode()
    except UnicodeDecodeError:
        return None
    mark = "\t" if "\t" in text.split("\n")[0] else ","
    if mark not in text.split("\n")[0] or text[:1] in "{[":
        return None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error:
        return None
    for _number in range(rng.choice((1, 1, 3, 10))):
        _change_cells(rng, rows)
    sink = io.StringIO(newline="")
    writer = csv.writer(
        sink, delimiter=rng.choice((mark, mark, mark, ",", ";", "\t", "|")), quoting=rng.choice(_QUOTING),
        lineterminator=rng.choice(("\n", "\r\n")),
    )  # fmt: skip
    writer.writerows(rows)
    return draft.holding(sink.getvalue().encode("utf-8", "surrogatepass"))


def _change_cells(rng: Random, rows: list[list[str]]) -> None:
    place = rng.randrange(len(rows))
    row = rows[place]
    kind = rng.randrange(9)
    if not row:
        row.append(hostile_text(rng))
    elif kind < 4:
        row[rng.randrange(len(row))] = hostile_text(rng)
    elif kind == 4:
        rows[0][rng.randrange(len(rows[0])) if rows[0] else 0 :][:1] = [rng.choice(NAMES)]
        if rows[0]:
            rows[0][rng.randrange(len(rows[0]))] = rng.choice((*NAMES, *rows[0]))
    elif kind == 5:
        at = rng.randrange(len(row))
        for one in rows:
            del one[at : at + 1]
    elif kind == 6:
        for number, one in enumerate(rows):
            one.append(rng.choice(NAMES) if not number else hostile_text(rng))
    elif kind == 7:
        row.append(hostile_text(rng)) if rng.random() < 0.5 else row.pop()
    else:
        order = rng.sample(range(len(rows[0])), len(rows[0]))
        for one in rows:
            one[:] = [one[at] for at in order if at < len(one)]


def _table_columns(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    try:
        table = (
            pq.read_table(io.BytesIO(draft.data))
            if draft.data[:4] == b"PAR1"
            else ipc.open_file(draft.data).read_all()
            if draft.data[:6] == b"ARROW1"
            else ipc.open_stream(draft.data).read_all()
        )
    except (pa.ArrowException, OSError, EOFError):
        return None
    sink = io.BytesIO()
    try:
        for _number in range(rng.choice((1, 1, 2, 4))):
            if table.num_columns:
                table.validate(full=True)
                table = rng.choice(_TABLE_CHANGES)(rng, table)
        if draft.data[:4] == b"PAR1":
            pq.write_table(
                table, sink, compression=rng.choice(("snappy", "zstd", "none", "gzip", "lz4", "brotli")),
                row_group_size=rng.choice((3, 1000)), version=rng.choice(("1.0", "2.6")),
                use_dictionary=rng.random() < 0.5, write_statistics=rng.random() < 0.5,
            )  # fmt: skip
        else:
            is_file = draft.data[:6] == b"ARROW1"
            make = ipc.new_file if is_file else ipc.new_stream
            options = ipc.IpcWriteOptions(compression=rng.choice((None, "lz4", "zstd")))
            with make(sink, table.schema, options=options) as writer:
                writer.write_table(table, max_chunksize=rng.choice((3, 1000)))
    except (pa.ArrowException, OSError, ArithmeticError, ValueError):  # damaged before
        return None
    return draft.holding(sink.getvalue())


def _retype(rng: Random, table: pa.Table) -> pa.Table:
    at = rng.randrange(table.num_columns)
    value, type_ = rng.choice(_COLUMN_TYPES)
    values = [value if rng.random() < 0.8 else None for _row in range(table.num_rows)]
    if rng.random() < 0.1:
        values = [None] * table.num_rows
    field = pa.field(table.column_names[at], type_, nullable=True)
    return table.set_column(at, field, pa.array(values, type_))


def _cast(rng: Random, table: pa.Table) -> pa.Table:
    at = rng.randrange(table.num_columns)
    name = table.column_names[at]
    for type_ in rng.sample(_CAST_TO, len(_CAST_TO)):
        try:
            return table.set_column(at, name, table.column(at).cast(type_, safe=False))
        except (pa.ArrowException, ValueError):
            continue
    return table


def _hostile_cells(rng: Random, table: pa.Table) -> pa.Table:
    at = rng.randrange(table.num_columns)
    old = table.column(at).to_pylist()
    chosen = rng.random()
    values = [
        (rng.choice(_TEXT_ROLES) if rng.random() < 0.5 else hostile_text(rng))
        if rng.random() < chosen
        else None if one is None else _inside(rng, one)
        for one in old
    ]  # fmt: skip
    return table.set_column(at, table.column_names[at], pa.array(values, pa.string()))


def _inside(rng: Random, value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if text[:1] not in "{[" or not text:
        return text
    try:
        return undone(json.dumps(changed_value(rng, json.loads(text))))
    except (ValueError, RecursionError):
        return text


def _rename_column(rng: Random, table: pa.Table) -> pa.Table:
    names = list(table.column_names)
    names[rng.randrange(len(names))] = rng.choice((*NAMES, *names)).replace("\x00", "?")
    return table.rename_columns(names)


def _add_column(rng: Random, table: pa.Table) -> pa.Table:
    value, type_ = rng.choice(_COLUMN_TYPES)
    name = rng.choice(NAMES).replace("\x00", "?")
    return table.append_column(name, pa.array([value] * table.num_rows, type_))


def _drop_column(rng: Random, table: pa.Table) -> pa.Table:
    return table.remove_column(rng.randrange(table.num_columns))


def _rows(rng: Random, table: pa.Table) -> pa.Table:
    return rng.choice(
        (
            table.slice(0, 0),
            table.slice(0, 1),
            pa.concat_tables([table, table]),
            pa.concat_tables([table] * 20),
        )
    )


_TABLE_CHANGES: tuple[Callable[[Random, pa.Table], pa.Table], ...] = (
    _retype, _retype, _retype, _cast, _hostile_cells, _hostile_cells, _rename_column, _add_column, _drop_column, _rows,
)  # fmt: skip

STRUCTURE: tuple[Operation, ...] = (_json_line, _csv_cells, _table_columns)
