"""What is in an Arrow file? Its schema and its batches, each checked before anyone touches it.

Arrow takes the offsets in a file on trust, and following broken ones ends the process.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any


def damage() -> tuple[type[Exception], ...]:
    """What Arrow raises at a damaged file, plain or packed: Parquet's and its own.

    An OSError with a number is not among the file's faults, but the disk's.
    """
    import pyarrow as pa

    # A name that is no UTF-8 is a plain ValueError.
    return (pa.ArrowException, OSError, EOFError, zlib.error, ValueError)


def open_arrow(stream: Any) -> tuple[Any, Iterator[Any]]:
    """The schema and the batches of an Arrow file or stream.

    Args:
        stream: the bytes, at their start; open for as long as batches are taken.

    Raises:
        pyarrow.ArrowException: it is damaged; so does taking a batch that is.
        OSError: likewise, without a number, or it cannot be read.
    """
    from pyarrow import ipc

    is_file = stream.read(6) == b"ARROW1"
    stream.seek(0)
    if is_file:
        reader = ipc.open_file(stream)
        return reader.schema, _checked(
            reader.get_batch(number) for number in range(reader.num_record_batches)
        )
    reader = ipc.open_stream(stream)
    return reader.schema, _checked(reader)


def _checked(batches: Any) -> Iterator[Any]:
    for batch in batches:
        batch.validate(full=True)
        yield batch
