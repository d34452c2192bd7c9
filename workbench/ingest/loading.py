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
from workbench.ingest.files import expand_paths
from workbench.ingest.formats.adapter import Adapter
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.ingest.formats.registry import recognise, require_format, require_own_format
from workbench.ingest.kinds import LABELS, PREDICTIONS, file_kind, require_joinable
from workbench.ingest.opening import Candidate, groups, opener_of
from workbench.store.baseline import file_hash
from workbench.store.batches import StoreContext, failed, store_group
from workbench.store.catalog import known_files
from workbench.store.connections import reading
from workbench.store.locking import queue_at
from workbench.store.sources import file_head, peek_columns
from workbench.store.staging import sweep


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
    _require_known(context, format, kind)
    named = expand_paths(paths)
    sweep(context.home, context.clock.now())
    plan = _look(context, named, format, kind)
    tracker = _Tracker(progress, {candidate.shown: candidate.size for candidate in plan.candidates})
    listening = replace(context, told=tracker.tell)
    results = dict(plan.results)
    for which in (PREDICTIONS, LABELS):
        chosen = [candidate for candidate in plan.candidates if candidate.kind == which]
        for group in groups(chosen):
            with _turn(listening, group):
                stored = store_group(listening, which, opener_of(listening, group, format))
            by_path = {result.path: result for result in stored}
            results |= {candidate.number: by_path[candidate.shown] for candidate in group}
    tracker.finish()
    for number, first in plan.twins.items():
        results[number] = _twin(str(named[number][0]), results[first])
    ordered = tuple(results[number] for number in sorted(results))
    return IngestResult(context.card.name, ordered, time.monotonic() - started)


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
            adapter, format_found, which = _recognised(context, path, shown, format_, kind)
            stat = path.stat()
            digest = file_hash(path)
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
    adapter = recognise(lambda: glimpse_of(path, shown), context.card, format_, kind)
    if adapter is None:
        found, names = peek_columns(path, format_)
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
