"""What happens to each file of an ingest? Look, group, store; one file's failure is its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.domain.ingested import FileResult, IngestResult, RowCounts
from workbench.errors import LogFileError
from workbench.ingest.files import expand_paths
from workbench.ingest.kinds import LABELS, PREDICTIONS, file_kind
from workbench.store.baseline import file_hash
from workbench.store.batches import Opener, StoreContext, failed, store_group
from workbench.store.catalog import known_files
from workbench.store.connections import Connection, reading
from workbench.store.intake import OpenedFile
from workbench.store.source import FORMATS
from workbench.store.sources import open_source, peek_columns
from workbench.store.staging import Staging, sweep

_OPENED = 0.05
"""How much of a file's work is done when it is about to be opened, so that something shows."""

GROUP_BYTES = 128 * 1024 * 1024
GROUP_FILES = 400
"""A batch is a group of files: small daily files share one commit, a large file has its own."""


@dataclass(frozen=True)
class IngestProgress:
    """How far an ingest is."""

    done_bytes: int
    total_bytes: int
    done_files: int
    total_files: int
    path: str
    """The file at hand."""


Reporter = Callable[[IngestProgress], None]


@dataclass(frozen=True)
class _Candidate:
    """A file that is there and is new to the store."""

    number: int
    path: Path
    shown: str
    sha256: str
    size: int
    modified: int
    kind: str


def ingest_files(
    context: StoreContext,
    paths: Sequence[str | Path],
    *,
    format: str = "auto",  # noqa: A002 - the public name is fixed
    kind: str = "auto",
    progress: Reporter | None = None,
) -> IngestResult:
    """Ingests files, folders and globs into the store of one model.

    Predictions go first, so that the labels of the same call find them. A file that was
    ingested before, by its content, is not read again.

    Args:
        context: the store, the card and the clock.
        paths: what to ingest.
        format: a canonical format, or `auto`.
        kind: `predictions`, `labels` or `auto`.
        progress: told before each file and at the end.

    Raises:
        LogFileError: the format or the kind is unknown.
        StoreError: the store cannot be written; groups already committed stay.
    """
    started = time.monotonic()
    _require_known(format, kind)
    named = expand_paths(paths)
    sweep(context.home)
    plan = _look(context, named, format, kind)
    tracker = _Tracker(progress, {candidate.shown: candidate.size for candidate in plan.candidates})
    listening = replace(context, told=tracker.tell)
    results = dict(plan.results)
    for which in (PREDICTIONS, LABELS):
        chosen = [candidate for candidate in plan.candidates if candidate.kind == which]
        for group in _groups(chosen):
            stored = store_group(listening, which, _opener(group, format, tracker))
            by_path = {result.path: result for result in stored}
            results |= {candidate.number: by_path[candidate.shown] for candidate in group}
    tracker.finish()
    for number, first in plan.twins.items():
        results[number] = _twin(str(named[number][0]), results[first])
    ordered = tuple(results[number] for number in sorted(results))
    return IngestResult(context.card.name, ordered, time.monotonic() - started)


@dataclass(frozen=True)
class _Plan:
    """What is to be done about each file of a call."""

    candidates: list[_Candidate]
    results: dict[int, FileResult]
    """Files that are known already or cannot be read."""
    twins: dict[int, int]
    """Files with the content of an earlier one of the same call."""


def _look(
    context: StoreContext,
    named: Sequence[tuple[Path, LogFileError | None]],
    format_: str,
    kind: str,
) -> _Plan:
    with reading(context.home, "looking for known files") as catalog:
        known = known_files(catalog, context.card.name)
    plan = _Plan([], {}, {})
    seen: dict[str, int] = {}
    for number, (path, problem) in enumerate(named):
        shown = str(path)
        try:
            if problem is not None:
                raise problem
            format_found, names = peek_columns(path, format_)
            stat = path.stat()
            digest = file_hash(path)
            earlier = next(
                (entry for entry in known if entry[1] == digest and kind in ("auto", entry[0])),
                None,
            )
            if earlier is not None:
                plan.results[number] = _already(shown, format_found, earlier[0], known[earlier])
                continue
            which = file_kind(names, context.card, kind)
        except LogFileError as error:
            plan.results[number] = failed(shown, "", "" if kind == "auto" else kind, error)
            continue
        if digest in seen:
            plan.twins[number] = seen[digest]
            continue
        seen[digest] = number
        plan.candidates.append(
            _Candidate(number, path, shown, digest, stat.st_size, stat.st_mtime_ns, which)
        )
    return plan


def _groups(candidates: Sequence[_Candidate]) -> Iterator[list[_Candidate]]:
    group: list[_Candidate] = []
    size = 0
    for candidate in candidates:
        if group and (size + candidate.size > GROUP_BYTES or len(group) >= GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(candidate)
        size += candidate.size
    if group:
        yield group


def _opener(group: Sequence[_Candidate], format_: str, tracker: _Tracker) -> Opener:
    def open_group(
        connection: Connection, staging: Staging
    ) -> tuple[list[OpenedFile], list[FileResult]]:
        opened: list[OpenedFile] = []
        refused: list[FileResult] = []
        for candidate in group:
            tracker.tell(candidate.shown, _OPENED)
            folder = staging.work / f"source-{candidate.number}"
            folder.mkdir()
            try:
                source = open_source(connection, candidate.path, folder, format_)
            except LogFileError as error:
                refused.append(failed(candidate.shown, "", candidate.kind, error))
                continue
            opened.append(
                OpenedFile(
                    candidate.number,
                    candidate.shown,
                    candidate.sha256,
                    candidate.size,
                    source,
                    candidate.modified,
                )
            )
        return opened, refused

    return open_group


def _already(path: str, format_: str, kind: str, rows: int) -> FileResult:
    counts = RowCounts(rows_read=rows, rows_duplicate=rows)
    return FileResult(path, format_, kind, "already_ingested", counts)


def _twin(path: str, first: FileResult) -> FileResult:
    if first.status == "failed":
        return replace(first, path=path)
    return _already(path, first.format, first.kind, first.counts.rows_read)


def _require_known(format_: str, kind: str) -> None:
    if format_ not in ("auto", *FORMATS):
        raise LogFileError(
            f"there is no format {format_!r}", f"Known formats: auto, {', '.join(FORMATS)}."
        )
    if kind not in ("auto", PREDICTIONS, LABELS):
        raise LogFileError(f"there is no kind {kind!r}", "Known kinds: auto, predictions, labels.")


class _Tracker:
    """Tells the reporter how far the call is."""

    def __init__(self, reporter: Reporter | None, sizes: dict[str, int]) -> None:
        self._reporter = reporter
        self._sizes = sizes
        self._shares = dict.fromkeys(sizes, 0.0)

    def tell(self, path: str, share: float) -> None:
        """One file's share of work done, which never falls."""
        self._shares[path] = max(self._shares.get(path, 0.0), share)
        self._report(path)

    def finish(self) -> None:
        """All files are done, stored or not."""
        self._shares = dict.fromkeys(self._sizes, 1.0)
        self._report("")

    def _report(self, path: str) -> None:
        if self._reporter is None:
            return
        done = sum(round(self._sizes.get(p, 0) * share) for p, share in self._shares.items())
        finished = sum(share >= 1.0 for share in self._shares.values())
        total = sum(self._sizes.values())
        self._reporter(IngestProgress(done, total, finished, len(self._sizes), path))
