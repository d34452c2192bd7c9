"""How are the files of a group opened? As tables, or translated from a serving system's log."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.ingested import FileResult
from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import PREDICTIONS, Adapter
from workbench.ingest.formats.canonical import POSITION, mapped_of, naming_of
from workbench.ingest.formats.containers import CSV, LINES, container_of
from workbench.ingest.formats.translating import (
    FileTroubleError,
    LogFile,
    Translated,
    translate,
)
from workbench.store.baseline import Baseline
from workbench.store.batches import Opener, StoreContext, failed
from workbench.store.connections import Connection
from workbench.store.intake import OpenedFile
from workbench.store.packing import NOWHERE
from workbench.store.pseudonyms import Concealment
from workbench.store.quick_text import QuickReading
from workbench.store.source import Source
from workbench.store.sources import QuickOpener, compression_of, file_head, open_source, unpack
from workbench.store.staging import Staging
from workbench.store.translated_source import open_translated
from workbench.store.waiting import NO_REQUEST, NO_RESPONSE, waiting_records

_OPENED = 0.05
"""How much of a file's work is done when it is about to be opened, so that something shows."""
_READ = 0.4
"""How much of it is done when its records are translated."""
_OWN_WORDS = (NO_REQUEST, NO_RESPONSE, "error_response", "no_prediction")
"""Reasons that are no fault of the file's: with one of them it may be without a usable row."""
GROUP_BYTES = 128 * 1024 * 1024
GROUP_FILES = 400
"""A batch is a group of files: small daily files share one commit, a large file has its own."""


@dataclass(frozen=True)
class Candidate:
    """A file that is there and is new to the store."""

    number: int
    """Its place among the files of the call."""
    path: Path
    shown: str
    sha256: str
    size: int
    modified: int
    kind: str
    adapter: Adapter | None
    """What reads it; None for a table in the card's columns."""


def groups(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """The files that are stored together.

    Those of a format whose requests and responses may be in different files all are.
    """
    paired: dict[str, list[Candidate]] = {}
    group: list[Candidate] = []
    size = 0
    for candidate in candidates:
        if candidate.adapter is not None and candidate.adapter.join is not None:
            paired.setdefault(candidate.adapter.name, []).append(candidate)
            continue
        if group and (size + candidate.size > GROUP_BYTES or len(group) >= GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(candidate)
        size += candidate.size
    if group:
        yield group
    yield from paired.values()


def opener_of(context: StoreContext, group: Sequence[Candidate], format_: str) -> Opener:
    """What opens the files of a group.

    Args:
        context: the store and the card; told how far it is.
        group: the files.
        format_: a canonical format for the tables among them, or `auto`.
    """

    def open_group(
        connection: Connection, staging: Staging, baseline: Baseline, without: Container[int]
    ) -> tuple[list[OpenedFile], list[FileResult]]:
        work = Path(tempfile.mkdtemp(dir=staging.work, prefix="opened-"))
        asked = [candidate for candidate in group if candidate.number not in without]
        is_searched = context.has_erased()
        opening = _Opening(context, connection, baseline, work, context.concealment(), is_searched)
        if asked and asked[0].adapter is not None and asked[0].adapter.join is not None:
            return _open_joined(opening, asked)
        opened: list[OpenedFile] = []
        refused: list[FileResult] = []
        for candidate in asked:
            context.tell(candidate.shown, _OPENED)
            try:
                opened.append(_open(opening, candidate, format_))
            except LogFileError as error:
                refused.append(_refused(candidate, error, context.card))
        return opened, refused

    return open_group


@dataclass(frozen=True)
class _Opening:
    """Where files are opened."""

    context: StoreContext
    connection: Connection
    baseline: Baseline
    work: Path
    conceal: Concealment | None
    is_searched: bool
    """Whether rows are looked through for what was erased, so that they must be seen first."""

    def folder(self, candidate: Candidate) -> Path:
        """The place for one file's copies."""
        folder = self.work / f"source-{candidate.number}"
        folder.mkdir()
        return folder


def _open(opening: _Opening, candidate: Candidate, format_: str) -> OpenedFile:
    if candidate.adapter is None:
        source = open_source(
            opening.connection,
            candidate.path,
            opening.folder(candidate),
            format_,
            _quick(opening, candidate),
            opening.conceal,
        )
        return _opened(candidate, source)
    try:
        (translated,) = _translated(opening, [candidate])
    except FileTroubleError as trouble:
        raise trouble.error from trouble
    return _opened_log(opening, candidate, translated)


def _quick(opening: _Opening, candidate: Candidate) -> QuickOpener | None:
    """What reads a log of text in one pass, where it can."""
    context = opening.context
    if candidate.kind != PREDICTIONS or opening.conceal is not None or opening.is_searched:
        return None
    identity = candidate.sha256[:16]
    return QuickReading(context.card, opening.baseline, identity, context.clock.now()).open


def _open_joined(
    opening: _Opening, group: Sequence[Candidate]
) -> tuple[list[OpenedFile], list[FileResult]]:
    """Opens files whose records belong together; one that cannot be read is left out."""
    refused: list[FileResult] = []
    asked = list(group)
    attempt = 0
    while asked:
        attempt += 1
        work = opening.work / f"attempt-{attempt}"
        work.mkdir()
        try:
            done = _translated(replace(opening, work=work), asked)
        except FileTroubleError as trouble:
            (broken,) = (c for c in asked if c.number == trouble.number)
            refused.append(_refused(broken, trouble.error, opening.context.card))
            asked.remove(broken)
            continue
        return [
            _opened_log(opening, candidate, translated)
            for candidate, translated in zip(asked, done, strict=True)
        ], refused
    return [], refused


def _translated(opening: _Opening, group: Sequence[Candidate]) -> tuple[Translated, ...]:
    """Reads the records of some files of one format.

    Raises:
        FileTroubleError: one of them cannot be read to its end.
    """
    context, card = opening.context, opening.context.card
    adapter = group[0].adapter
    assert adapter is not None  # noqa: S101 - tables are opened elsewhere
    shown = {candidate.number: candidate.shown for candidate in group}
    files = []
    for candidate in group:
        context.tell(candidate.shown, _OPENED)
        try:
            files.append(_log_file(opening, candidate))
        except LogFileError as error:
            raise FileTroubleError(candidate.number, error) from error

    def tell(number: int, share: float) -> None:
        context.tell(shown[number], _OPENED + (_READ - _OPENED) * share)

    return translate(
        adapter,
        mapped_of(card, opening.baseline.shape.feature_names),
        naming_of(card),
        files,
        work=opening.work / "halves",
        earlier=lambda: waiting_records(context.home, card.name, adapter.name),
        tell=tell,
        conceal=opening.conceal,
    )


def _log_file(opening: _Opening, candidate: Candidate) -> LogFile:
    folder = opening.folder(candidate)
    plain = candidate.path
    packing = compression_of(file_head(candidate.path))
    if packing:
        if opening.conceal is None:
            plain = folder / candidate.path.name[:80]
        unpack(candidate.path, NOWHERE if opening.conceal else plain, packing)
    return LogFile(
        candidate.number,
        plain,
        candidate.path,
        candidate.shown,
        folder,
        candidate.modified / 1e9,
        packing if opening.conceal else "",
    )


def _opened_log(opening: _Opening, candidate: Candidate, translated: Translated) -> OpenedFile:
    spool, file = translated.spool, translated.file
    assert candidate.adapter is not None  # noqa: S101 - it is translated
    source = open_translated(
        opening.connection,
        spool.rows_path if spool.rows else None,
        file.folder,
        format=candidate.adapter.name,
        rejected=spool.rejected(),
        position_column=POSITION,
        columns=_least_columns(opening.context.card),
    )
    with file.stream() as stream:
        is_text = container_of(stream.read(1 << 20), file.path.name) in (LINES, CSV)
    source = replace(
        source,
        position_is="line" if is_text else "row",
        may_be_empty=bool(
            not (spool.rows or spool.rejects)
            or translated.joined_elsewhere
            or (translated.with_files and not spool.rows)
            or translated.nothing
            or any(spool.rejects[reason] for reason in _OWN_WORDS)
        ),
        notes=translated.notes,
    )
    return replace(_opened(candidate, source), joined_with=frozenset(translated.with_files))


def _opened(candidate: Candidate, source: Source) -> OpenedFile:
    return OpenedFile(
        candidate.number,
        candidate.shown,
        candidate.sha256,
        candidate.size,
        source,
        candidate.modified,
    )


def _refused(candidate: Candidate, error: LogFileError, card: ModelCard) -> FileResult:
    name = candidate.adapter.name if candidate.adapter is not None else ""
    return failed(candidate.shown, name, candidate.kind, error, card)


def _least_columns(card: ModelCard) -> tuple[str, ...]:
    columns = card.columns
    names = (
        POSITION, columns.prediction_id, columns.timestamp, columns.prediction, columns.score,
        columns.label,
    )  # fmt: skip
    return tuple(dict.fromkeys(name for name in names if name))
