"""How does a group of files become committed rows? Stage outside the lock, commit inside it.

What a batch was checked against may have grown by the time it commits. The commit then looks
whether what came in between touches the batch; if so the check is made again, at last under
the lock, so that it always ends.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import duckdb

from workbench.clock import Clock
from workbench.domain.card import ModelCard
from workbench.domain.ingested import FileResult, RowCounts
from workbench.errors import LogFileError, StoreError
from workbench.store.baseline import Baseline, ensure_baseline
from workbench.store.catalog import LABELS, PREDICTIONS, ModelSegments, known_moment, model_segments
from workbench.store.committing import PreparedBatch, commit_batch, settle_batch
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.failures import is_gone
from workbench.store.freshness import (
    ErasedError,
    OutdatedError,
    require_baseline,
    require_fresh,
    require_standing,
)
from workbench.store.intake import OpenedFile, StagedFile, make_rejects_table
from workbench.store.label_intake import prepare_labels, stage_labels
from workbench.store.prediction_intake import (
    LATE,
    drop_repeats,
    prepare_predictions,
    stage_predictions,
    unreadable_copies,
)
from workbench.store.pseudonym_key import concealment, ensure_key
from workbench.store.pseudonyms import Concealment
from workbench.store.source import Source
from workbench.store.staging import Staging, staging_folder
from workbench.store.tombstones import (
    Tombstones,
    erased_version,
    read_tombstones,
    withhold_erased_texts,
)

_OPTIMISTIC_TRIES = 3


@dataclass(frozen=True)
class StoreContext:
    """Everything that storing a model's files needs."""

    home: StoreHome
    root: Path
    card: ModelCard
    clock: Clock
    told: Callable[[str, float], None] | None = None
    """Told of each file, by its path, the share of its work that is done."""

    def concealment(self) -> Concealment | None:
        """What no copy of a file may hold; None for a model without pseudonymised columns.

        Raises:
            StoreError: the key is lost or cannot be made.
        """
        return concealment(self.home, self.card, self.clock.now())

    def has_erased(self) -> bool:
        """Whether anything was ever erased of the model, so that its files must be searched."""
        with reading(self.home, f"looking for what was erased of {self.card.name}") as catalog:
            return erased_version(catalog, self.card.name) > 0

    def tell(self, path: str, share: float) -> None:
        """Tells whoever listens how far a file is."""
        if self.told is not None:
            self.told(path, share)


class Opener(Protocol):
    """Opens the files of a group."""

    def __call__(
        self, connection: Connection, staging: Staging, baseline: Baseline, without: Container[int]
    ) -> tuple[list[OpenedFile], list[FileResult]]:
        """The files of the group that could be opened, and the failures of the others.

        Args:
            connection: scratch.
            staging: the batch; nothing of the group is in it yet.
            baseline: the model's features.
            without: files, by number, that are to be passed over.
        """
        ...


def store_group(context: StoreContext, kind: str, opener: Opener) -> list[FileResult]:
    """Stores one group of files of one kind as one batch; returns a result a file.

    Args:
        context: the store, the card and the clock.
        kind: `predictions` or `labels`.
        opener: opens the files, given a scratch connection and the batch's folder.

    Raises:
        StoreError: the store cannot be written; nothing of the group is then in it.
        ReferenceTableError: the model's reference cannot be used.
    """
    home, card = context.home, context.card
    for _ in range(_OPTIMISTIC_TRIES):
        baseline = ensure_baseline(home, context.root, card, context.clock.now())
        with staging_folder(home) as staging, scratch(home, staging.work) as connection:
            try:
                return _store_staged(context, staging, connection, kind, opener, baseline)
            except ErasedError:
                continue
    raise StoreError(
        f"rows of {card.name} are erased again and again", "Give the command again later."
    )


def _store_staged(
    context: StoreContext,
    staging: Staging,
    connection: Connection,
    kind: str,
    opener: Opener,
    baseline: Baseline,
) -> list[FileResult]:
    tombstones = _tombstones(context, staging)
    erased = tombstones.version if tombstones else 0
    failures: dict[int, FileResult] = {}
    while True:
        files, results = _stage(
            context, staging, connection, kind, opener, baseline, tombstones, failures
        )
        if not files:
            return results
        withhold_erased_texts(connection, tombstones)
        try:
            stored = _commit(context, staging, connection, kind, files, baseline, erased)
        except duckdb.Error:
            unreadable = unreadable_copies(connection, files)
            if not unreadable:
                raise
            for file in (file.opened for file in files if file.opened.number in unreadable):
                error = unreadable[file.number]
                failures[file.number] = failed(
                    file.path, file.source.format, kind, error, context.card
                )
            staging.clear_rows()
            continue
        for stored_file in stored:
            context.tell(stored_file.opened.path, 1.0)
        return [*results, *(_result(file, kind) for file in stored)]


def _tombstones(context: StoreContext, staging: Staging) -> Tombstones | None:
    """What was erased of the model; None when nothing was."""
    if not context.has_erased():
        return None
    home, model = context.home, context.card.name
    key = ensure_key(home, context.clock.now())
    return read_tombstones(home, model, key, staging.work / "tombstones.parquet")


def _stage(
    context: StoreContext,
    staging: Staging,
    connection: Connection,
    kind: str,
    opener: Opener,
    baseline: Baseline,
    tombstones: Tombstones | None,
    failures: dict[int, FileResult],
) -> tuple[list[StagedFile], list[FileResult]]:
    """Opens and stages the files of a group; those that cannot be used come back as failed.

    `failures` are those, by number, that are known to be so; what is found is added.

    When a file fails whose records were joined with those of others, the others are read again
    without it: what they had in common waits for the day on which it can be read.
    """
    card = context.card
    with reading(context.home, f"ingesting {card.name}") as catalog:
        # A clock that was set back must not make rows of today look like rows of the future.
        now = known_moment(catalog, context.clock.now())
    while True:
        opened, refused = opener(connection, staging, baseline, failures)
        make_rejects_table(connection)
        files: list[StagedFile] = []
        is_torn = False
        for file in opened:
            tell = partial(context.tell, file.path)
            try:
                files.append(
                    stage_predictions(
                        connection, staging, file, card, baseline, now, tell, tombstones
                    )
                    if kind == PREDICTIONS
                    else stage_labels(connection, staging, file, card, baseline, tombstones)
                )
            except LogFileError as error:
                failures[file.number] = failed(file.path, file.source.format, kind, error, card)
                is_torn = is_torn or bool(file.joined_with)
        if not is_torn:
            return files, [*refused, *failures.values()]
        staging.clear_rows()


def failed(path: str, format_: str, kind: str, error: LogFileError, card: ModelCard) -> FileResult:
    """The result of a file that could not be ingested; it quotes nothing that is private."""
    message = error.discreet if card.privacy.is_any else error.message
    return FileResult(path, format_, kind, "failed", error=message, hint=error.hint)


def _commit(
    context: StoreContext,
    staging: Staging,
    connection: Connection,
    kind: str,
    files: list[StagedFile],
    baseline: Baseline,
    erased: int,
) -> tuple[StagedFile, ...]:
    current: tuple[StagedFile, ...] = tuple(files)
    for _ in range(_OPTIMISTIC_TRIES):
        with reading(context.home, f"ingesting {context.card.name}") as catalog:
            segments = model_segments(catalog, context.card.name, context.home.segments)
        try:
            if kind == PREDICTIONS:
                current = drop_repeats(connection, staging, current, baseline, segments)
            current, prepared = _prepare(
                connection, staging, kind, current, context.card, baseline, segments
            )
        except duckdb.IOException as error:
            if is_gone(error):
                continue  # it was replaced, and its grace is over: there is another list by now
            raise
        if not prepared.files and not prepared.segments:
            return current
        settle_batch(staging)
        # Labels first: were the rows' file known and its labels not, a repeat would pass them by.
        with _late_labels(context, staging) as late:
            if late is not None:
                _commit(
                    context, late.staging, late.connection, LABELS, [late.file], baseline, erased
                )
        try:
            with writing(context.home, f"ingesting {context.card.name}") as catalog:
                require_standing(catalog, context.card.name, erased)
                require_fresh(catalog, context.home, connection, prepared, staging)
                commit_batch(catalog, context.home, staging, prepared, context.clock.now())
        except OutdatedError:
            baseline = ensure_baseline(
                context.home, context.root, context.card, context.clock.now()
            )
            continue
        return current
    for _ in range(_OPTIMISTIC_TRIES):
        try:
            return _commit_locked(context, staging, connection, kind, current, baseline, erased)
        except OutdatedError:
            baseline = ensure_baseline(
                context.home, context.root, context.card, context.clock.now()
            )
    raise StoreError(
        f"the reference or the card of {context.card.name} changes again and again",
        "Give the command again when nobody edits them.",
    )


def _commit_locked(
    context: StoreContext,
    staging: Staging,
    connection: Connection,
    kind: str,
    files: tuple[StagedFile, ...],
    baseline: Baseline,
    erased: int,
) -> tuple[StagedFile, ...]:
    """Checks a batch and commits it under one lock, so that nothing can come in between.

    The labels of repeated rows go into the same transaction, and before the batch is counted:
    they may be labels of its rows too.
    """
    home, card = context.home, context.card
    with writing(home, f"ingesting {card.name}") as catalog:
        require_standing(catalog, card.name, erased)
        require_baseline(catalog, card.name, baseline)
        segments = model_segments(catalog, card.name, home.segments)
        if kind == PREDICTIONS:
            files = drop_repeats(connection, staging, files, baseline, segments)
        with _late_labels(context, staging) as late:
            if late is not None:
                _, found = prepare_labels(
                    late.connection, late.staging, [late.file], card, baseline, segments
                )
                settle_batch(late.staging)
                commit_batch(catalog, home, late.staging, found, context.clock.now())
                segments = model_segments(catalog, card.name, home.segments)
            files, prepared = _prepare(connection, staging, kind, files, card, baseline, segments)
            settle_batch(staging)
            commit_batch(catalog, home, staging, prepared, context.clock.now())
    return files


@dataclass(frozen=True)
class _LateLabels:
    """Labels that repeated rows brought, ready to be a batch of their own."""

    staging: Staging
    connection: Connection
    file: StagedFile


@contextmanager
def _late_labels(context: StoreContext, staging: Staging) -> Iterator[_LateLabels | None]:
    """The labels that the repeated rows of a batch brought; None when there are none."""
    if not staging.late_labels.exists():
        yield None
        return
    with staging_folder(context.home) as own, scratch(context.home, own.work) as connection:
        staging.late_labels.rename(own.work / "labels-00000.parquet")
        make_rejects_table(connection)
        nothing = Source(own.work, "", (), 0)
        file = StagedFile(OpenedFile(0, "", LATE, 0, nothing), RowCounts())
        yield _LateLabels(own, connection, file)


def _prepare(
    connection: Connection,
    staging: Staging,
    kind: str,
    files: Sequence[StagedFile],
    card: ModelCard,
    baseline: Baseline,
    segments: ModelSegments,
) -> tuple[tuple[StagedFile, ...], PreparedBatch]:
    if kind == LABELS:
        return prepare_labels(connection, staging, files, card, baseline, segments)
    prepared = prepare_predictions(connection, staging, files, card, baseline, segments)
    return tuple(files), prepared


def _result(file: StagedFile, kind: str) -> FileResult:
    opened = file.opened
    return FileResult(
        opened.path, opened.source.format, kind, "stored", file.counts,
        reasons=tuple(sorted(file.reasons.items())), notes=file.notes,
    )  # fmt: skip
