"""How do files of one export format become rows of the card's columns? Read, paired, written.

A row belongs to the file of its response. A record that is no row is set aside with its reason,
its place and its text; nothing is dropped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import (
    LABELS,
    REQUEST,
    RESPONSE,
    Adapter,
    Half,
    Item,
    Label,
    Mapped,
    Prediction,
    Record,
    Rejected,
)
from workbench.ingest.formats.canonical import Naming, label_row, prediction_row
from workbench.ingest.formats.companions import reader_for
from workbench.ingest.formats.pairing import EARLIER, Pair, Pairing, Waiting
from workbench.ingest.formats.records import BrokenLine, read_records, record_of
from workbench.ingest.formats.spools import Spool, Spools, as_json
from workbench.store.packing import opened
from workbench.store.pseudonyms import Concealment

_BROKEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a reader may trip over in a record that no one foresaw."""
MALFORMED, NO_RESPONSE, NO_REQUEST = "malformed_record", "no_response", "no_request"
_TOLD_EVERY = 5000


@dataclass(frozen=True)
class LogFile:
    """A file of an export format, unpacked."""

    number: int
    """Its place among the files of the call."""
    path: Path
    """The plain file to read."""
    given: Path
    """The file as it was named, where files beside it are looked for."""
    shown: str
    folder: Path
    """Where its rows may be put."""
    modified: float
    """When it was last changed, in seconds since 1970."""
    packing: str = ""
    """What `path` is packed with, where no plain copy of it may be made."""

    def stream(self) -> IO[bytes]:
        """What is in it."""
        return opened(self.path, self.packing)


@dataclass
class Translated:
    """What became of one file's records."""

    file: LogFile
    spool: Spool
    joined_elsewhere: int = 0
    """Requests whose responses, and so whose rows, are in other files."""
    with_files: set[int] = field(default_factory=set)
    """The files whose rows were made with halves of this one, or the other way round."""
    from_earlier: int = 0
    """Pairs with a half that an earlier ingest had set aside."""
    nothing: int = 0
    """Records that hold no prediction and are none, such as a schema."""
    untimed: int = 0
    """Predictions that took the file's time."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the operator should know."""
        moment = datetime.fromtimestamp(self.file.modified, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        told = (
            (self.joined_elsewhere, "request joined", "with responses in other files"),
            (self.from_earlier, "record joined", "with ones that earlier files had left over"),
            (self.nothing, "record", "without a prediction, such as a schema"),
            (self.untimed, "prediction", f"without a time, which took the file's own, {moment}"),
        )
        return tuple(
            f"{count:,} {what if count == 1 else _plural(what)} {more}"
            for count, what, more in told
            if count
        )


def _plural(what: str) -> str:
    noun, _, rest = what.partition(" ")
    return f"{noun}s {rest}".strip()


class FileTroubleError(Exception):
    """One file of a group cannot be read to its end."""

    def __init__(self, number: int, error: LogFileError) -> None:
        """Keeps which file it is and what is wrong with it."""
        super().__init__(error.message)
        self.number = number
        self.error = error


@dataclass(frozen=True)
class _Translation:
    """A translation under way."""

    adapter: Adapter
    mapped: Mapped
    naming: Naming
    spools: Spools
    files: dict[int, Translated]


def translate(
    adapter: Adapter,
    mapped: Mapped,
    naming: Naming,
    files: Sequence[LogFile],
    *,
    work: Path,
    earlier: Callable[[], Iterable[tuple[str, int, str]]] = tuple,
    tell: Callable[[int, float], None] = lambda _number, _share: None,
    conceal: Concealment | None = None,
) -> tuple[Translated, ...]:
    """Reads files of one format and writes their rows and rejected records as JSON lines.

    Args:
        adapter: the format.
        mapped: what the card says of the log.
        naming: the card's columns.
        files: the files, in the order of the call.
        work: where halves wait that do not fit in memory; made when it is needed.
        earlier: gives the records (path, position, text) that earlier ingests left without
            their other half.
        tell: told each file's number and the share of it that is read.
        conceal: what nothing that is written may hold.

    Raises:
        FileTroubleError: a file cannot be read to its end; nothing of the group may be used.
    """
    spools = Spools({file.number: file.folder for file in files}, conceal, mapped.known)
    done = {file.number: Translated(file, spools.files[file.number]) for file in files}
    work_ = _Translation(adapter, mapped, naming, spools, done)
    # A half that waits on the disk would hold what is to be concealed: all wait in memory then.
    pairing = Pairing(work) if conceal is None else Pairing(work, sys.maxsize)
    for file in files:
        try:
            _read_file(work_, file, pairing, tell)
        except LogFileError as error:
            raise FileTroubleError(file.number, error) from error
    if adapter.join is not None:
        for found in pairing.finish(lambda: _halves(work_, earlier())):
            if isinstance(found, Pair):
                _join(work_, found)
            else:
                _leave(work_, found)
    spools.flush()
    return tuple(done[file.number] for file in files)


def _read_file(
    work: _Translation, file: LogFile, pairing: Pairing, tell: Callable[[int, float], None]
) -> None:
    translated = work.files[file.number]
    read = reader_for(work.adapter, file.given)
    size = max(file.path.stat().st_size, 1)
    seen = 0
    for count, record in enumerate(
        read_records(file.path, PurePosixPath(file.shown), file.packing), 1
    ):
        if isinstance(record, BrokenLine):
            work.spools.reject(
                file.number, record.position, record.reason, record.detail, record.text
            )
            continue
        seen += len(record.text)
        if count % _TOLD_EVERY == 0:
            tell(file.number, min(seen / size, 1.0))
        try:
            items = list(read(record, work.mapped))
        except _BROKEN as error:
            items = [_unforeseen(error)]
        if not items:
            translated.nothing += 1
        text: _Once | None = None
        for item in items:
            if isinstance(item, Half):
                waiting = Waiting(file.number, record.position, item, _text(record))
                pair = pairing.add(waiting)
                if pair is not None:
                    _join(work, pair)
            else:
                text = text or _Once(partial(_text, record))
                _put(work, file.number, record.position, item, text)


def _put(
    work: _Translation, number: int, position: int, item: Item, text: Callable[[], str]
) -> None:
    """Writes a prediction or a label as a row of a file, anything else as a rejected record."""
    if isinstance(item, Prediction | Label):
        try:
            work.spools.add_row(number, _row(work, number, position, item))
        except _BROKEN as error:
            item = _unforeseen(error)
        else:
            return
    if isinstance(item, Half):
        item = Rejected(MALFORMED, "half a record inside a joined one")
    said = text() if item.text is None else item.text
    work.spools.reject(number, position, item.reason, item.detail, said)


def _row(
    work: _Translation, number: int, position: int, item: Prediction | Label
) -> dict[str, Any]:
    if isinstance(item, Label) != (work.adapter.kind == LABELS):
        raise ValueError("a label in a log of predictions, or the other way round")
    if isinstance(item, Label):
        return label_row(item, position, work.naming)
    translated = work.files[number]
    default = None
    if item.timestamp is None and not work.adapter.has_times:
        default = datetime.fromtimestamp(translated.file.modified, UTC).isoformat()
        translated.untimed += 1
    return prediction_row(item, position, work.naming, default)


def _join(work: _Translation, pair: Pair) -> None:
    """Writes what a request and its response say, as rows of the response's file."""
    request, response = pair.request, pair.response
    owner = response if response.number != EARLIER else request
    assert work.adapter.join is not None  # noqa: S101 - halves come from adapters that join
    try:
        items = list(work.adapter.join(request.half, response.half, work.mapped))
    except _BROKEN as error:
        items = [_unforeseen(error)]
    if EARLIER in (request.number, response.number):
        work.files[owner.number].from_earlier += 1
    elif request.number != response.number:
        work.files[request.number].joined_elsewhere += 1
        work.files[request.number].with_files.add(response.number)
        work.files[response.number].with_files.add(request.number)
    text = _Once(lambda: f"{request.text}\n{response.text}")
    for item in items:
        _put(work, owner.number, owner.position, item, text)


def _leave(work: _Translation, waiting: Waiting) -> None:
    """Sets a half without another aside; one from an earlier ingest is set aside already."""
    if waiting.number == EARLIER:
        return
    reason = NO_RESPONSE if waiting.is_request else NO_REQUEST
    other = RESPONSE if waiting.is_request else REQUEST
    detail = f"no {other} with the same id; it is joined when one is ingested"
    work.spools.reject(waiting.number, waiting.position, reason, detail, waiting.text)


def _halves(work: _Translation, records: Iterable[tuple[str, int, str]]) -> Iterator[Waiting]:
    """The halves in records that an earlier ingest set aside."""
    for path, position, text in records:
        record = record_of(path, position, text)
        if record is None:
            continue
        try:
            items = list(work.adapter.read(record, work.mapped))
        except _BROKEN:
            continue
        for item in items:
            if isinstance(item, Half):
                yield Waiting(EARLIER, position, item, text)


class _Once:
    """The text of a record, for the first of its items that is rejected.

    A record may hold a million of them.
    """

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._is_told = False

    def __call__(self) -> str:
        """The text; empty when it was given before."""
        told, self._is_told = self._is_told, True
        return "" if told else self._text()


def _text(record: Record) -> str:
    if record.text:
        return record.text
    try:
        return as_json(record.value)
    except _BROKEN:
        return ""


def _unforeseen(error: Exception) -> Rejected:
    return Rejected(MALFORMED, f"it cannot be read: {type(error).__name__}")
