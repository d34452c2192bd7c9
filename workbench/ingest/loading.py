"""What happens to each file of an ingest? Look, group, store; one file's failure is its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.domain.ingested import FileResult, IngestResult, RowCounts
from workbench.domain.rules import identity
from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import Adapter
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.ingest.formats.registry import recognise, require_format, require_own_format
from workbench.ingest.kinds import LABELS, PREDICTIONS, file_kind, require_joinable
from workbench.ingest.named_files import NamedFile, Services, name_files
from workbench.ingest.opening import Candidate, groups, opener_of
from workbench.ingest.remote import arriving, remember
from workbench.store.baseline import file_hash
from workbench.store.batches import StoreContext, failed, store_group
from workbench.store.catalog import known_files
from workbench.store.connections import reading
from workbench.store.locking import queue_at
from workbench.store.packing import NOWHERE
from workbench.store.sources import file_head, peek_columns
from workbench.store.staging import sweep

_FETCHED = 0.5
"""How much of a remote file's work is done when it is here."""


@dataclass(frozen=True)
class IngestProgress:
    """How far an ingest is."""

    done_bytes: int
    total_bytes: int
    done_files: int
    total_files: int
    path: str
    """The file at hand."""


_PATIENCE = 600.0
"""Seconds that an ingest waits for another of the same format; then they run side by side."""

Reporter = Callable[[IngestProgress], None]


def ingest_files(
    context: StoreContext,
    paths: Sequence[str | Path],
    *,
    format: str = "auto",  # noqa: A002 - the public name is fixed
    kind: str = "auto",
    progress: Reporter | None = None,
) -> IngestResult:
    """Ingests files, folders, globs and URLs into the store of one model.

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
    _require_known(context, format, kind)
    services = Services()
    named = name_files(paths, services)
    sweep(context.home, context.clock.now())
    tracker = _Tracker(progress, {file.shown: file.size or 0 for file in named if file.remote})
    listening = replace(context, told=tracker.tell)
    results: dict[int, FileResult] = {}
    with arriving(context, named, services, kind, tracker.fetched) as waves:
        for wave in waves:
            results |= _ingest_wave(listening, wave, format, kind, tracker)
            remember(context, wave, results)
    tracker.finish()
    ordered = tuple(results[number] for number in sorted(results))
    return IngestResult(context.card.name, ordered, time.monotonic() - started)


def _ingest_wave(
    context: StoreContext, wave: Sequence[NamedFile], format_: str, kind: str, tracker: _Tracker
) -> dict[int, FileResult]:
    """Ingests files that are all here; results by their number in the call."""
    plan = _look(context, wave, format_, kind)
    tracker.expect({candidate.shown: candidate.size for candidate in plan.candidates})
    results = dict(plan.results)
    for file in wave:
        if file.remote and file.number in results:
            tracker.tell(file.shown, 1.0)
    for which in (PREDICTIONS, LABELS):
        chosen = [candidate for candidate in plan.candidates if candidate.kind == which]
        for group in groups(chosen):
            with _turn(context, group):
                stored = store_group(context, which, opener_of(context, group, format_))
            by_path = {result.path: result for result in stored}
            results |= {candidate.number: by_path[candidate.shown] for candidate in group}
    shown = {file.number: file.shown for file in wave}
    for number, first in plan.twins.items():
        results[number] = _twin(shown[number], results[first])
    return results


@contextmanager
def _turn(context: StoreContext, group: Sequence[Candidate]) -> Iterator[None]:
    """Waits until no other process stores files whose halves may belong to those of this group.

    Two ingests at the same time, one of requests and one of their responses, would each find
    the other's missing.
    """
    adapter = group[0].adapter
    if adapter is None or adapter.join is None:
        yield
        return
    name = identity("pairing", context.card.name, adapter.name)[:12]
    with queue_at(context.home.folder / f"pairing-{name}.lock", _PATIENCE):
        yield


@dataclass(frozen=True)
class _Plan:
    """What is to be done about each file of a call."""

    candidates: list[Candidate]
    results: dict[int, FileResult]
    """Files that are known already or cannot be read."""
    twins: dict[int, int]
    """Files with the content of an earlier one of the same call."""


def _look(
    context: StoreContext,
    wave: Sequence[NamedFile],
    format_: str,
    kind: str,
) -> _Plan:
    with reading(context.home, "looking for known files") as catalog:
        known = known_files(catalog, context.card.name)
    plan = _Plan([], {}, {})
    seen: dict[str, int] = {}
    for file in wave:
        number, path, shown = file.number, file.path, file.shown
        if file.known is not None:
            plan.results[number] = file.known
            continue
        try:
            if file.problem is not None:
                raise file.problem
            adapter, format_found, which = _recognised(context, path, shown, format_, kind)
            stat = path.stat()
            digest = file.sha256 or file_hash(path)
            earlier = next(
                (entry for entry in known if entry[1] == digest and kind in ("auto", entry[0])),
                None,
            )
            if earlier is not None:
                plan.results[number] = _already(shown, format_found, earlier[0], known[earlier])
                continue
            require_joinable(which, context.card)
        except LogFileError as error:
            plan.results[number] = failed(
                shown, "", "" if kind == "auto" else kind, error, context.card
            )
            continue
        if digest in seen:
            plan.twins[number] = seen[digest]
            continue
        seen[digest] = number
        plan.candidates.append(
            Candidate(number, path, shown, digest, stat.st_size, stat.st_mtime_ns, which, adapter)
        )
    return plan


def _recognised(
    context: StoreContext, path: Path, shown: str, format_: str, kind: str
) -> tuple[Adapter | None, str, str]:
    """What reads a file, the name of its format, and its kind."""
    unpacking = NOWHERE if context.card.privacy.pseudonymise else context.home.staging
    adapter = recognise(lambda: glimpse_of(path, shown, unpacking), context.card, format_, kind)
    if adapter is None:
        found, names = peek_columns(path, format_, unpacking)
        return None, found, file_kind(names, context.card, kind)
    file_head(path)
    if kind not in ("auto", adapter.kind):
        raise LogFileError(
            f"{adapter.name} is a format of {adapter.kind}, not of {kind}", "Leave --kind out."
        )
    return adapter, adapter.name, adapter.kind


def _already(path: str, format_: str, kind: str, rows: int) -> FileResult:
    counts = RowCounts(rows_read=rows, rows_duplicate=rows)
    return FileResult(path, format_, kind, "already_ingested", counts)


def _twin(path: str, first: FileResult) -> FileResult:
    if first.status == "failed":
        return replace(first, path=path)
    return _already(path, first.format, first.kind, first.counts.rows_read)


def _require_known(context: StoreContext, format_: str, kind: str) -> None:
    require_format(format_)
    require_own_format(context.card)
    if kind not in ("auto", PREDICTIONS, LABELS):
        raise LogFileError(f"there is no kind {kind!r}", "Known kinds: auto, predictions, labels.")


class _Tracker:
    """Tells the reporter how far the call is."""

    def __init__(self, reporter: Reporter | None, sizes: dict[str, int]) -> None:
        self._reporter = reporter
        self._sizes: dict[str, int] = {}
        self._shares: dict[str, float] = {}
        self._remote: set[str] = set()
        self._total = self._finished = 0
        self._done = 0.0
        self.expect(sizes)

    def expect(self, sizes: dict[str, int]) -> None:
        """Takes in files whose sizes are known now."""
        for path, size in sizes.items():
            before, share = self._sizes.get(path, 0), self._shares.setdefault(path, 0.0)
            self._sizes[path] = size
            self._total += size - before
            self._done += (size - before) * share

    def fetched(self, path: str, share: float) -> None:
        """One remote file's share that has come: half of the work on it."""
        self._remote.add(path)
        self._reach(path, share * _FETCHED)

    def tell(self, path: str, share: float) -> None:
        """One file's share of work done, which never falls."""
        self._reach(path, share if path not in self._remote else share + _FETCHED * (1 - share))

    def _reach(self, path: str, share: float) -> None:
        before = self._shares.get(path, 0.0)
        if share > before:
            self._shares[path] = share
            self._done += self._sizes.get(path, 0) * (share - before)
            self._finished += before < 1.0 <= share
        self._report(path)

    def finish(self) -> None:
        """All files are done, stored or not."""
        self._done, self._finished = float(self._total), len(self._sizes)
        self._report("")

    def _report(self, path: str) -> None:
        if self._reporter is None:
            return
        done = min(round(self._done), self._total)
        self._reporter(IngestProgress(done, self._total, self._finished, len(self._sizes), path))
