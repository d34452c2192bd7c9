"""Which texts in quarantine name an erased entity? They are taken out; the row stays counted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.store.connections import Connection, StoreHome
from workbench.store.quoting import literal
from workbench.store.staging import Staging
from workbench.store.tombstones import ERASED, Tombstones, names_erased


@dataclass(frozen=True)
class QuarantineFile:
    """A file of quarantine that was written anew."""

    old: str
    """Its name before."""
    name: str
    """Its name from now on; it begins with the batch that wrote it."""
    staged: Path
    rows: int
    """Rows that lost their text."""


def rewrite_texts(
    connection: Connection,
    home: StoreHome,
    staging: Staging,
    names: Sequence[str],
    entity: str,
    alias: str,
    tombstones: Tombstones,
) -> tuple[QuarantineFile, ...]:
    """Writes the files of quarantine that name what is erased, without these texts.

    Args:
        connection: scratch, with the key.
        home: the store.
        staging: the batch of the erasure.
        names: a model's files of quarantine.
        entity: the entity.
        alias: its pseudonym.
        tombstones: everything that was erased of the model, this entity included.
    """
    written = []
    for number, name in enumerate(names):
        path = home.quarantine / name
        if not path.exists():  # its time was over
            continue
        relation = f"read_parquet({literal(str(path))})"
        text = "concat_ws(chr(10), row_text, detail)"
        condition = (
            f"(regexp_matches({text}, {literal(_pattern(entity))}) OR contains({text}, {literal(alias)}) "
            f"OR {names_erased(connection, relation, tombstones)})"
        )
        rows = connection.execute(f"SELECT count(*) FROM {relation} WHERE {condition}").fetchall()[
            0
        ][0]
        if not rows:
            continue
        staged = staging.folder / f"quarantine-{number:05d}.parquet"
        connection.execute(
            "COPY (SELECT * EXCLUDE (is_erased) REPLACE ("
            "CASE WHEN is_erased THEN NULL ELSE row_text END AS row_text, "
            f"CASE WHEN is_erased THEN {literal(ERASED)} ELSE detail END AS detail) "
            f"FROM (SELECT *, coalesce({condition}, false) AS is_erased FROM {relation})) "
            f"TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)"
        )
        new = f"{staging.batch}-{number:05d}.parquet"
        written.append(QuarantineFile(name, new, staged, int(rows)))
    return tuple(written)


def _pattern(entity: str) -> str:
    """The entity as a word of its own, plain or as JSON writes it."""
    spellings = {entity, json.dumps(entity)[1:-1], json.dumps(entity, ensure_ascii=False)[1:-1]}
    words = "|".join(re.escape(spelling) for spelling in sorted(spellings))
    return rf"(^|[^\p{{L}}\p{{N}}_])({words})([^\p{{L}}\p{{N}}_]|$)"
