"""Which requests and responses still wait for their other half? Those in quarantine.

They are read again when a later file of the same format leaves halves over, so that a response
that comes an hour after its request finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.store.connections import StoreHome, reading, scratch
from workbench.store.quoting import literal_list

NO_RESPONSE, NO_REQUEST = "no_response", "no_request"
_AT_ONCE = 2000


def waiting_records(home: StoreHome, model: str, format_: str) -> Iterator[tuple[str, int, str]]:
    """The records in quarantine whose other half never came: (path, position, text), oldest first.

    Args:
        home: the store.
        model: whose.
        format_: the export format of their files.
    """
    with reading(home, f"looking for records of {model} that wait") as catalog:
        found = catalog.execute(
            "SELECT DISTINCT b.version, q.path, q.source FROM quarantine q JOIN batches b USING (batch) "
            "JOIN files f ON f.batch = q.batch AND f.path = q.source "
            "WHERE q.model = ? AND f.format = ? AND q.reason IN (?, ?) ORDER BY 1, 2, 3",
            [model, format_, NO_RESPONSE, NO_REQUEST],
        ).fetchall()
    sources: dict[str, list[str]] = {}
    for _, path, source in found:
        sources.setdefault(str(path), []).append(str(source))
    if not sources:
        return
    with scratch(home) as connection:
        for path, names in sources.items():
            file = home.quarantine / path
            if not file.exists():  # its time was over
                continue
            rows = connection.execute(
                f"SELECT source, position, row_text FROM read_parquet(?) WHERE reason IN (?, ?) "
                f"AND list_contains({literal_list(names)}, source) ORDER BY source, position",
                [str(file), NO_RESPONSE, NO_REQUEST],
            )
            while batch := rows.fetchmany(_AT_ONCE):
                yield from ((str(s), int(p), str(t)) for s, p, t in batch)
