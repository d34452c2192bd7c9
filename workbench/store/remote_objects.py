"""Which objects of a bucket or the web need not be fetched again? What their last version was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.store.connections import Connection


@dataclass(frozen=True)
class ObjectVersion:
    """What tells one content of a URL from the next; None where the server does not say."""

    size: int | None
    modified: int | None = None
    """Seconds since 1970."""
    etag: str | None = None
    """The entity tag or the generation."""


@dataclass(frozen=True)
class SeenObject:
    """A URL whose content is in the store."""

    url: str
    """Without secrets."""
    kind: str
    sha256: str
    version: ObjectVersion


@dataclass(frozen=True)
class KnownObject:
    """A URL whose content was in the store when it was last looked at."""

    kind: str
    format: str
    rows: int
    sha256: str
    version: ObjectVersion


def known_objects(connection: Connection, model: str) -> dict[str, KnownObject]:
    """What is known of each URL; an object whose file the catalog has lost is not known."""
    rows = connection.execute(
        "SELECT url, o.kind, any_value(format), max(rows_read), o.sha256, size, modified, etag "
        "FROM remote_objects o JOIN files f ON f.model = o.model AND f.kind = o.kind "
        "AND f.sha256 = o.sha256 WHERE o.model = ? GROUP BY ALL",
        [model],
    ).fetchall()
    return {
        url: KnownObject(kind, format_, count, sha256, ObjectVersion(size, modified, etag))
        for url, kind, format_, count, sha256, size, modified, etag in rows
    }


def remember_objects(connection: Connection, model: str, objects: Sequence[SeenObject]) -> None:
    """Keeps the newest version of each URL, in the open transaction."""
    if not objects:
        return
    kinds, urls = [o.kind for o in objects], [o.url for o in objects]
    connection.execute(
        "DELETE FROM remote_objects WHERE model = ? AND url IN (SELECT unnest(?::VARCHAR[]))",
        [model, urls],
    )
    versions = [o.version for o in objects]
    connection.execute(
        "INSERT INTO remote_objects SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
        "unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::BIGINT[]), unnest(?::VARCHAR[])",
        [model, kinds, urls, [o.sha256 for o in objects], [v.size for v in versions],
         [v.modified for v in versions], [v.etag for v in versions]],
    )  # fmt: skip
