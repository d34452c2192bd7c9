"""Which verdicts were given, and which did an operator overrule? Appended, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.store.alerts import next_number
from workbench.store.catalog import known_time, naive
from workbench.store.connections import Connection


@dataclass(frozen=True)
class Overrule:
    """What an operator decided instead, and why."""

    at: datetime
    author: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class StoredVerdict:
    """A verdict as it was given."""

    id: int
    model: str
    made_at: datetime
    catalog_version: int
    """What had been committed when it was made."""
    document: Mapping[str, Any]
    overruled: tuple[Overrule, ...]


def add_verdict(
    catalog: Connection, document: Mapping[str, Any], now: datetime, catalog_version: int
) -> int:
    """Records a verdict in the open transaction; its number.

    Args:
        catalog: open for writing.
        document: as `domain.verdict_document` makes it; its `id` is filled in when it is read.
        now: the machine's clock.
        catalog_version: what it was made from.
    """
    number = next_number(catalog, "verdicts", "verdict")
    catalog.execute(
        "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)",
        [number, document["model"], naive(now), catalog_version, json.dumps(document)],
    )
    return number


def add_overrule(catalog: Connection, number: int, overrule: Overrule) -> None:
    """Records, in the open transaction, that a person decided otherwise."""
    catalog.execute(
        "INSERT INTO verdict_overrules VALUES (?, ?, ?, ?, ?)",
        [number, naive(overrule.at), overrule.author, overrule.verdict, overrule.reason],
    )


def read_verdicts(
    catalog: Connection, *, number: int | None = None, model: str | None = None
) -> tuple[StoredVerdict, ...]:
    """Verdicts, newest first.

    Args:
        catalog: open.
        number: only this one; empty if there is none of this number.
        model: only those of this model.
    """
    rows = catalog.execute(
        "SELECT verdict, model, made_at, catalog_version, document FROM verdicts "
        "WHERE (?::BIGINT IS NULL OR verdict = ?) AND (?::VARCHAR IS NULL OR model = ?) "
        "ORDER BY verdict DESC",
        [number, number, model, model],
    ).fetchall()
    overruled: dict[int, list[Overrule]] = {row[0]: [] for row in rows}
    for verdict, at, author, said, reason in catalog.execute(
        "SELECT verdict, noted_at, author, said, reason FROM verdict_overrules "
        "WHERE verdict IN (SELECT unnest(?::BIGINT[])) ORDER BY verdict, noted_at",
        [list(overruled)],
    ).fetchall():
        overruled[verdict].append(Overrule(known_time(at), author, said, reason))
    return tuple(
        StoredVerdict(
            row[0], row[1], known_time(row[2]), row[3], {**json.loads(row[4]), "id": row[0]},
            tuple(overruled[row[0]]),
        )
        for row in rows
    )  # fmt: skip
