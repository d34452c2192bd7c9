"""How is a file opened whose values must not be stored? The first copy of it holds pseudonyms.

Nothing else of it reaches the disk: a packed file is read packed, what cannot be taken apart is
set aside without its text, and the connection that reads it may not spill.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import LogFileError
from workbench.store.connections import Connection, scratch
from workbench.store.packing import unpacked
from workbench.store.pseudonyms import Concealment, use_key
from workbench.store.quoting import literal
from workbench.store.source import ARROW, CSV, JSON_LINES, PARQUET, Source, count_rows, describe
from workbench.store.text_source import open_csv, open_json_lines

_BATCH_ROWS = 16_384


def open_concealed(
    path: Path, folder: Path, kind: str, packing: str, conceal: Concealment
) -> Source:
    """Opens a file of a canonical format; what is hidden in it is a pseudonym in the copy.

    Args:
        path: the file.
        folder: where the copy is put.
        kind: its format.
        packing: what it is packed with; empty: nothing. A packed file must be whole.
        conceal: what no copy may hold.

    Raises:
        LogFileError: it is no table.
        duckdb.Error: it cannot be read.
    """
    with scratch(conceal.home) as connection:
        use_key(connection, conceal.key)
        try:
            return _open(connection, path, folder, kind, packing, conceal)
        except duckdb.Error as error:
            trouble = error
    # Raised out here, since inside it would be taken for the store's own trouble.
    raise trouble


def _open(
    connection: Connection,
    path: Path,
    folder: Path,
    kind: str,
    packing: str,
    conceal: Concealment,
) -> Source:
    if kind in (CSV, JSON_LINES):
        opener = open_csv if kind == CSV else open_json_lines
        return opener(connection, path, folder, conceal, packing or "none")
    target = folder / f"{path.name[:80]}.rows.parquet"
    if kind == PARQUET and not packing:
        kept = conceal.replace(describe(connection, path))
        connection.execute(
            f"COPY (SELECT {kept} FROM read_parquet({literal(str(path))}, hive_partitioning = false)) "
            f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
        )
    else:
        _copy_batches(path, target, kind, packing, conceal)
    return Source(target, kind, describe(connection, target), count_rows(connection, target))


def _copy_batches(path: Path, target: Path, kind: str, packing: str, conceal: Concealment) -> None:
    """Copies a file that DuckDB cannot read where it lies, some rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        with unpacked(path, packing) if packing else path.open("rb") as stream:
            # Neither format can be read from its beginning to its end: both must seek.
            file: Any = io.BytesIO(stream.read()) if packing else stream
            for batch in _batches(file, kind):
                if isinstance(batch, pa.Schema):
                    writer = pq.ParquetWriter(target, _schema(batch, conceal), compression="lz4")
                elif writer is not None:
                    writer.write_batch(_concealed(batch, conceal))
    except (pa.ArrowException, OSError, EOFError, TypeError, ValueError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's doing; Arrow's own errors about the content carry no number
        raise LogFileError(
            f"{path.name} cannot be read as {kind}, or holds values that cannot be pseudonymised",
            "Copy or export it again; write plain columns.",
        ) from None
    finally:
        if writer is not None:
            writer.close()


def _batches(file: Any, kind: str) -> Iterator[Any]:
    """The schema of a file, then its rows in batches."""
    import pyarrow.parquet as pq
    from pyarrow import ipc

    if kind == PARQUET:
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
        yield parquet.schema_arrow
        yield from parquet.iter_batches(batch_size=_BATCH_ROWS)
        return
    assert kind == ARROW  # noqa: S101 - text is opened by DuckDB
    is_file = file.read(6) == b"ARROW1"
    file.seek(0)
    reader = ipc.open_file(file) if is_file else ipc.open_stream(file)
    yield reader.schema
    if is_file:
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from reader


def _schema(schema: Any, conceal: Concealment) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(field.name, pa.string()) if _is_told(field, conceal) else field
            for field in schema
        ]
    )


def _is_told(field: Any, conceal: Concealment) -> bool:
    """Whether a column is written as text: a hidden one, and any that may hold a hidden value."""
    import pyarrow as pa

    return conceal.hides(field.name) or not (
        pa.types.is_primitive(field.type)
        or pa.types.is_decimal(field.type)
        or pa.types.is_null(field.type)
    )


def _concealed(batch: Any, conceal: Concealment) -> Any:
    import pyarrow as pa

    columns = [
        pa.array([_text(conceal, field.name, value) for value in _values(column)], pa.string())
        if _is_told(field, conceal)
        else column
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, schema=_schema(batch.schema, conceal))


def _values(column: Any) -> list[Any]:
    import numpy as np
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        # Python would tell a short float with digits that it does not have.
        return [None if value is None else float(str(np.float32(value))) for value in values]
    return values


def _text(conceal: Concealment, name: str, value: Any) -> str | None:
    import json

    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    kept = conceal.of_column(name, value)
    if kept is None or isinstance(kept, str):
        return kept
    if isinstance(kept, dict | list):
        return json.dumps(kept, default=str, ensure_ascii=False)
    return str(kept)
