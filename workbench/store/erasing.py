"""How does an entity leave a model's store for good? Rows, labels, texts and counts in one commit.

Everything that holds it is written anew without it, and the old files go at once: an erasure is
a demand that has no grace period. What was told apart by a kill is finished by asking again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.clock import Clock
from workbench.domain.card import ModelCard
from workbench.domain.erased import Erased
from workbench.errors import SegmentGoneError, StoreError
from workbench.store import steps
from workbench.store.baseline import Baseline, ensure_baseline
from workbench.store.catalog import LABELS, PREDICTIONS, ModelSegments, Segment, model_segments
from workbench.store.catalog_file import rewrite_catalog
from workbench.store.committing import StagedSegment, move_in_place, record_segments, settle_batch
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.days import ROW_GROUP
from workbench.store.erased_names import forget_names
from workbench.store.erased_texts import QuarantineFile, rewrite_texts
from workbench.store.pseudonym_key import ensure_key
from workbench.store.pseudonyms import keyed_hash, text_of, told_text, use_key
from workbench.store.quoting import identifier, literal
from workbench.store.rebuilding import count_segments, has_changed, replace_counts
from workbench.store.replacing import (
    record_batch,
    record_commit,
    remove_segments,
    stand_all,
    stored_paths,
)
from workbench.store.row_files import PATH, rows_relation
from workbench.store.rows import make_rows_view
from workbench.store.settling import settle
from workbench.store.staging import Staging, staging_folder, sweep
from workbench.store.tombstones import ENTITY, PREDICTION, Tombstones, digest, tombstone

ERASE = "erase"
"""The action of a commit that erased."""
_TRIES = 5
_AT_ONCE = "TIMESTAMP '1970-01-01'"
"""When a removed file whose grace is over at once was removed."""


class _DisturbedError(Exception):
    """What was to be written anew is not what is there any more."""


@dataclass(frozen=True)
class _Wanted:
    """Who is to be erased: the values that a stored row may hold."""

    model: str
    column: str
    """The card's entity column."""
    text: str
    """As it is hashed."""
    alias: str
    """Its pseudonym."""
    key: bytes
    has_ids: bool
    """Whether the log has prediction ids of its own, which come again with another export."""

    @property
    def condition(self) -> str:
        """Whether a stored row is one of them, as SQL."""
        column = identifier(self.column)
        return (
            f"({told_text(f'{column}::VARCHAR')} = {literal(self.text)} "
            f"OR {column}::VARCHAR = {literal(self.alias)})"
        )


@dataclass(frozen=True)
class _Rewritten:
    """A segment, and the file that takes its place."""

    old: Segment
    new: StagedSegment | None
    """None: nothing of it is left."""


@dataclass(frozen=True)
class _Plan:
    """Everything that the commit writes."""

    segments: ModelSegments
    rewritten: tuple[_Rewritten, ...]
    texts: tuple[QuarantineFile, ...]
    digests: Path
    """A Parquet file of the new tombstones: kind and digest."""
    counts: dict[str, Path] | None
    """None: no row goes, so the counts stay."""
    rows: int
    labels: int


def erase_entity(home: StoreHome, root: Path, card: ModelCard, entity: str, clock: Clock) -> Erased:
    """Erases everything of an entity in a model's store, and sees to it that it stays so.

    Args:
        home: the store.
        root: the workspace.
        card: the model's card, which names the entity column.
        entity: the entity, as the exports have it.
        clock: the machine's clock.

    Raises:
        StoreError: the store cannot be written, or others exchange the same rows again and again.
        ReferenceTableError: the model's reference cannot be used.
        ValueError: the entity is no value, or the card names no entity column.
    """
    text = text_of(entity)
    if text is None or not card.columns.entity:
        raise ValueError(entity)
    key = ensure_key(home, clock.now())
    wanted = _Wanted(
        card.name,
        card.columns.entity,
        text,
        keyed_hash(key, text),
        key,
        bool(card.columns.prediction_id),
    )
    sweep(home, clock.now())
    for attempt in range(_TRIES):
        baseline = ensure_baseline(home, root, card, clock.now())
        try:
            erased = _erase(home, baseline, wanted, clock)
        except _DisturbedError:
            continue
        except SegmentGoneError:
            if attempt == _TRIES - 1:
                raise
            continue
        _finish(home, card.name, clock)
        return erased
    raise StoreError(
        f"the rows of {card.name} are exchanged again and again",
        "Give the command again when no other one is at work.",
    )


def _erase(home: StoreHome, baseline: Baseline, wanted: _Wanted, clock: Clock) -> Erased:
    with staging_folder(home) as staging:
        plan = _plan(home, staging, baseline, wanted)
        settle_batch(staging)
        for file in plan.texts:
            settle(file.staged)
        old = stored_paths(home, [part.old for part in plan.rewritten])
        with writing(home, f"erasing rows of {wanted.model}") as catalog:
            _require_same(catalog, baseline, plan, old)
            now = clock.now()
            version = record_commit(catalog, wanted.model, ERASE, now)
            record_batch(catalog, staging.batch, wanted.model, PREDICTIONS, version, now)
            for part in plan.rewritten:
                if part.new is not None:
                    record_segments(
                        catalog,
                        staging.batch,
                        wanted.model,
                        part.old.kind,
                        part.old.sequence,
                        [part.new],
                    )
            remove_segments(catalog, old, version, now)
            catalog.execute(
                f"UPDATE segments SET removed_at = {_AT_ONCE} WHERE model = ? AND removed_version IS NOT NULL",
                [wanted.model],
            )
            catalog.execute(
                "INSERT INTO tombstones SELECT ?, kind, digest, ? FROM "
                f"(SELECT DISTINCT * FROM read_parquet({literal(str(plan.digests))})) n ANTI JOIN "
                "(SELECT kind, digest FROM tombstones WHERE model = ?) o USING (kind, digest)",
                [wanted.model, version, wanted.model],
            )
            if plan.counts is not None:
                replace_counts(catalog, baseline, plan.counts)
            forget_names(catalog, wanted.model, wanted.column, (wanted.text, wanted.alias))
            for file in plan.texts:
                catalog.execute(
                    "UPDATE quarantine SET path = ? WHERE path = ?", [file.name, file.old]
                )
            move_in_place(home, staging)
            for file in plan.texts:
                steps.reached(steps.BEFORE_RENAME)
                file.staged.rename(home.quarantine / file.name)
                settle(home.quarantine)
                steps.reached(steps.AFTER_RENAME)
        return Erased(
            wanted.model, plan.rows, plan.labels, sum(file.rows for file in plan.texts),
            len(plan.rewritten),
        )  # fmt: skip


def _plan(home: StoreHome, staging: Staging, baseline: Baseline, wanted: _Wanted) -> _Plan:
    with reading(home, f"erasing rows of {wanted.model}") as catalog:
        segments = model_segments(catalog, wanted.model, home.segments)
        texts = catalog.execute(
            "SELECT DISTINCT path FROM quarantine WHERE model = ? ORDER BY 1", [wanted.model]
        ).fetchall()
        stones = catalog.execute(
            "SELECT kind, digest FROM tombstones WHERE model = ?", [wanted.model]
        ).fetchall()
    with scratch(home, staging.work) as connection:
        use_key(connection, wanted.key)
        _find(connection, segments.predictions, wanted)
        predictions = _rewrite(connection, staging, segments.predictions, "wb_timestamp")
        labels = _rewrite(connection, staging, segments.labels, "wb_label_timestamp")
        digests = _digests(connection, staging, wanted, stones)
        written = rewrite_texts(
            connection, home, staging, [str(row[0]) for row in texts], wanted.text,
            wanted.alias, Tombstones(0, digests, wanted.key),
        )  # fmt: skip
    counts = None
    if predictions or labels:
        left = replace(
            segments,
            predictions=_standing(segments.predictions, predictions),
            labels=_standing(segments.labels, labels),
        )
        counts = count_segments(home, left, baseline, staging.work / "counts")
    return _Plan(
        segments, (*predictions, *labels), written, digests, counts,
        _removed(predictions), _removed(labels),
    )  # fmt: skip


def _find(connection: Connection, predictions: Sequence[Segment], wanted: _Wanted) -> None:
    """Makes `erased_ids`: the ids of the entity's predictions.

    Another version's row of the same id goes with them, whether it names the entity or not.
    """
    make_rows_view(
        connection, "every_row", predictions, {"wb_id": "VARCHAR", wanted.column: "VARCHAR"}
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_ids AS SELECT DISTINCT wb_id FROM every_row "
        f"WHERE {wanted.condition} AND wb_id IS NOT NULL"
    )


def _rewrite(
    connection: Connection, staging: Staging, segments: Sequence[Segment], time_column: str
) -> tuple[_Rewritten, ...]:
    """Writes the segments that hold one of the erased ids, without it."""
    if not segments:
        return ()
    make_rows_view(connection, "searched", segments, {"wb_id": "VARCHAR"})
    touched = {
        str(row[0])
        for row in connection.execute(
            "SELECT DISTINCT wb_path FROM searched WHERE wb_id IN (SELECT wb_id FROM erased_ids)"
        ).fetchall()
    }
    return tuple(
        _Rewritten(segment, _without(connection, staging, segment, time_column, number))
        for number, segment in enumerate(segments)
        if str(segment.path) in touched
    )


def _without(
    connection: Connection, staging: Staging, segment: Segment, time_column: str, number: int
) -> StagedSegment | None:
    kind = LABELS if segment.kind == LABELS else "rows"
    target = staging.rows / f"{kind}-{number:05d}.parquet"
    connection.execute(
        f"COPY (SELECT * EXCLUDE ({PATH}) FROM {rows_relation([segment.file])} "
        "WHERE wb_id NOT IN (SELECT wb_id FROM erased_ids)) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    rows, low, high = connection.execute(
        f"SELECT count(*), min({time_column}), max({time_column}) FROM read_parquet({literal(str(target))})"
    ).fetchall()[0]
    if not rows:
        target.unlink()
        return None
    return StagedSegment(target, int(rows), low, high)


def _digests(
    connection: Connection, staging: Staging, wanted: _Wanted, stones: Sequence[tuple[str, str]]
) -> Path:
    """Writes the tombstones: those of before, the entity's, and those of its predictions."""
    connection.execute("CREATE OR REPLACE TEMP TABLE stones (kind VARCHAR, digest VARCHAR)")
    entity = tombstone(wanted.key, ENTITY, wanted.alias)
    connection.execute("INSERT INTO stones VALUES (?, ?)", [ENTITY, entity])
    if stones:
        kinds, digests = (list(column) for column in zip(*stones, strict=True))
        connection.execute("INSERT INTO stones SELECT unnest(?), unnest(?)", [kinds, digests])
    if wanted.has_ids:
        connection.execute(
            f"INSERT INTO stones SELECT {literal(PREDICTION)}, {digest(PREDICTION, 'wb_id')} FROM erased_ids"
        )
    target = staging.work / "stones.parquet"
    connection.execute(f"COPY stones TO {literal(str(target))} (FORMAT parquet)")
    return target


def _standing(segments: Sequence[Segment], rewritten: Sequence[_Rewritten]) -> tuple[Segment, ...]:
    """The segments as they will be."""
    new = {part.old.path: part for part in rewritten}
    standing = []
    for segment in segments:
        part = new.get(segment.path)
        if part is None:
            standing.append(segment)
        elif part.new is not None:
            standing.append(replace(segment, path=part.new.path, rows=part.new.rows, reading=None))
    return tuple(standing)


def _removed(rewritten: Sequence[_Rewritten]) -> int:
    return sum(part.old.rows - (part.new.rows if part.new else 0) for part in rewritten)


def _require_same(catalog: Connection, baseline: Baseline, plan: _Plan, old: Sequence[str]) -> None:
    """Raises `_DisturbedError` when rows, labels or bins are others than those that were read."""
    current = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [baseline.model]
    ).fetchall()
    if current != [baseline.ids] or has_changed(catalog, baseline.model, plan.segments):
        raise _DisturbedError
    if not stand_all(catalog, old):
        raise _DisturbedError


def _finish(home: StoreHome, model: str, clock: Clock) -> None:
    """Deletes what was replaced, and what the catalog's file still holds of it."""
    sweep(home, clock.now())
    with reading(home, f"erasing rows of {model}") as catalog:
        rows = catalog.execute(
            "SELECT path FROM segments WHERE model = ? AND removed_version IS NOT NULL", [model]
        ).fetchall()
    for (path,) in rows:
        file = home.segments / str(path)
        if file.exists():
            steps.reached(steps.BEFORE_DELETION)
            file.unlink(missing_ok=True)
            with suppress(OSError):
                file.parent.rmdir()  # only an empty one goes
    for leftover in home.folder.glob("reference-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    rewrite_catalog(home)
