"""What must not come back? Keyed hashes of what was erased, looked for in everything ingested.

Neither an id nor its pseudonym is kept, only a hash of the pseudonym: it is found again in
whatever form the value comes, as it is or pseudonymised already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.store.connections import Connection, StoreHome, reading
from workbench.store.pseudonyms import keyed_hash, pseudonym, pseudonym_once, use_key
from workbench.store.quoting import identifier, literal

ERASED = "erased"
"""Why a row is in quarantine that belongs to an erased entity."""
ENTITY, PREDICTION = "entity", "prediction"
"""What a tombstone stands on."""
_STRINGS = r'"((?:[^"\\]|\\.)*)"'
_CELLS = r"[,;\t|\r\n]+"
_WORDS = r"[^\p{L}\p{N}_~.@:+-]+"


@dataclass(frozen=True)
class Tombstones:
    """What was erased of a model, as of one moment."""

    version: int
    """The commit that erased last; 0 for none."""
    path: Path
    """A Parquet file of ours: kind and digest."""
    key: bytes = field(repr=False)


def erased_version(catalog: Connection, model: str) -> int:
    """The commit that erased something of a model last; 0 for none."""
    rows = catalog.execute(
        "SELECT coalesce(max(version), 0) FROM tombstones WHERE model = ?", [model]
    ).fetchall()
    return int(rows[0][0])


def read_tombstones(home: StoreHome, model: str, key: bytes, target: Path) -> Tombstones:
    """Copies a model's tombstones to a file, for the work outside the lock.

    Args:
        home: the store.
        model: whose.
        key: the store's key.
        target: the file.
    """
    with reading(home, f"looking for what was erased of {model}") as catalog:
        catalog.execute(
            f"COPY (SELECT kind, digest FROM tombstones WHERE model = {literal(model)}) "
            f"TO {literal(str(target))} (FORMAT parquet)"
        )
        return Tombstones(erased_version(catalog, model), target, key)


def tombstone(key: bytes, kind: str, value: str) -> str:
    """What is kept of an erased value, from its pseudonym."""
    return keyed_hash(key, f"{kind}:{value}")


def digest(kind: str, text: str) -> str:
    """As `tombstone`, of a SQL text that is a value or its pseudonym, as SQL."""
    return pseudonym(f"({literal(kind + ':')} || {pseudonym_once(text)})")


def marking_erased(
    connection: Connection, query: str, number: int, card: ModelCard, tombstones: Tombstones | None
) -> str:
    """A normalising SELECT whose rows of erased entities and predictions say so.

    Args:
        connection: scratch.
        query: the SELECT, with `wb_row`, `wb_reason`, `wb_id` and the entity.
        number: of the file, among those of the call.
        card: names the entity.
        tombstones: what was erased; None: nothing was.
    """
    if tombstones is None:
        return query
    use_key(connection, tombstones.key)
    names = [
        str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM ({query})").fetchall()
    ]
    entity = card.columns.entity.lower()
    conditions = [f"{digest(PREDICTION, 'wb_id')} IN ({_digests(tombstones, PREDICTION)})"]
    conditions += [
        f"{digest(ENTITY, f'{identifier(name)}::VARCHAR')} IN ({_digests(tombstones, ENTITY)})"
        for name in names
        if entity and name.lower() == entity
    ]
    # Not a temporary table: the cursors that write the days at once have to see it.
    table = f"erased_{number}"
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT wb_row FROM ({query}) WHERE {' OR '.join(conditions)}"
    )
    if not connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
        return query
    return (
        f"SELECT * REPLACE (CASE WHEN wb_row IN (SELECT wb_row FROM {table}) "
        f"THEN {literal(ERASED)} ELSE wb_reason END AS wb_reason) FROM ({query})"
    )


def withhold_erased_texts(connection: Connection, tombstones: Tombstones | None) -> None:
    """Takes the text out of the rejects that name something erased."""
    if tombstones is None:
        return
    use_key(connection, tombstones.key)
    connection.execute(
        f"UPDATE rejects SET row_text = NULL, detail = NULL WHERE reason = {literal(ERASED)}"
    )
    condition = names_erased(connection, "rejects", tombstones)
    connection.execute(
        f"UPDATE rejects SET row_text = NULL, detail = {literal(ERASED)} WHERE {condition}"
    )


def names_erased(connection: Connection, relation: str, tombstones: Tombstones) -> str:
    """The condition that a quarantined row's text holds an erased value, for a connection with the key.

    The text is cut into its quoted strings, its cells and its words; each may be the value.

    Args:
        connection: scratch; gets the table of the parts that are such values.
        relation: what has the rows, with `row_text` and `detail`.
        tombstones: what was erased.
    """
    parts = _parts("concat_ws(chr(10), row_text, detail)")
    every = " OR ".join(
        f"{digest(kind, 'part')} IN ({_digests(tombstones, kind)})" for kind in (ENTITY, PREDICTION)
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_parts AS SELECT part FROM (SELECT DISTINCT part FROM "
        f"(SELECT unnest({parts}) AS part FROM {relation})) WHERE {every}"
    )
    return f"list_has_any({parts}, coalesce((SELECT list(part) FROM erased_parts), []::VARCHAR[]))"


def _parts(text: str) -> str:
    quoted = f"regexp_extract_all({text}, {literal(_STRINGS)}, 1)"
    return (
        f"list_distinct(list_concat(list_transform({quoted}, lambda s: "
        "replace(replace(s, '\\\"', '\"'), '\\\\', '\\')), "
        f"regexp_split_to_array({text}, {literal(_CELLS)}), "
        f"regexp_split_to_array({text}, {literal(_WORDS)})))"
    )


def _digests(tombstones: Tombstones, kind: str) -> str:
    return f"SELECT digest FROM read_parquet({literal(str(tombstones.path))}) WHERE kind = {literal(kind)}"
