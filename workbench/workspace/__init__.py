"""The one object that the command line, the terminal UI, the notebooks and the reports call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from workbench.clock import Clock, FixedClock, SystemClock
from workbench.domain.card import ModelCard
from workbench.domain.drift import DriftReport
from workbench.domain.fault import QualityReport
from workbench.domain.ingested import IngestResult
from workbench.domain.rates import PerformanceReport
from workbench.domain.status import ModelStatus
from workbench.errors import SegmentGoneError, StoreLockedError, WorkbenchError
from workbench.settings import Settings
from workbench.store.baseline import earlier_baseline, ensure_baseline, stored_baseline
from workbench.store.batches import StoreContext
from workbench.store.connections import Resources, StoreHome, reading
from workbench.store.counted import read_model_store
from workbench.workspace.cards import (
    CardFinding,
    add_card,
    card_names,
    read_card,
    require_supported,
)
from workbench.workspace.checking import card_notes
from workbench.workspace.locating import STORE, find_root, make_folders, read_settings
from workbench.workspace.measuring import Subject, measure_drift, measure_performance, subject
from workbench.workspace.repeating import again_if_gone
from workbench.workspace.versions import champion_version

if TYPE_CHECKING:
    import polars as pl

    from workbench.domain.health import Check
    from workbench.ingest.loading import Reporter
    from workbench.store.querying import Answer
    from workbench.workspace.housekeeping import Housekeeping

__all__ = ["Workspace"]


@dataclass(frozen=True)
class Workspace:
    """A workspace, opened: every question and every command of the workbench.

    It holds no connection: each question opens the store for as long as it reads, so that any
    number of processes and threads can ask at once.
    """

    root: Path
    """The folder that holds `workbench.toml`."""
    settings: Settings
    clock: Clock = SystemClock()
    seen_as_of: datetime | None = None
    """Later predictions and labels do not exist; None: everything does."""

    @classmethod
    def open(cls, path: str | Path = ".") -> Workspace:
        """The workspace that holds `path`.

        Raises:
            WorkspaceNotFoundError: no folder from `path` upwards has a `workbench.toml`.
            SettingsError: its settings cannot be used.
        """
        root = find_root(Path(path))
        return cls(root, read_settings(root))

    @classmethod
    def create(cls, path: str | Path) -> Workspace:
        """Makes a workspace in a folder, or opens the one that is there.

        Raises:
            WorkbenchError: the folder cannot be written.
        """
        root = Path(path).resolve()
        make_folders(root)
        workspace = cls(root, read_settings(root))
        workspace.store.create()
        return workspace

    def __enter__(self) -> Self:
        """The workspace itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held, so nothing is let go."""

    def close(self) -> None:
        """Nothing is held; here so that callers may treat it as any resource."""

    @property
    def store(self) -> StoreHome:
        """Where the store lies, and what it may use."""
        limits = self.settings.store
        resources = Resources(
            limits.memory_limit,
            limits.threads,
            limits.lock_timeout,
            limits.grace,
            limits.quarantine_retention,
        )
        return StoreHome(self.root / STORE, resources)

    @property
    def housekeeping(self) -> Housekeeping:
        """What keeps the store small and whole: compaction, retention, rebuilds, backups."""
        from workbench.workspace.housekeeping import Housekeeping

        return Housekeeping(self)

    def as_of(self, moment: datetime) -> Workspace:
        """The same workspace as it was at a moment."""
        return replace(self, clock=FixedClock(moment), seen_as_of=moment)

    def names(self) -> tuple[str, ...]:
        """The names of all models, sorted, whether their cards can be used or not."""
        return card_names(self.root)

    def models(self) -> tuple[ModelCard, ...]:
        """The card of every model, by name.

        Raises:
            CardError: one of them cannot be used.
        """
        return tuple(self.card(name) for name in card_names(self.root))

    def card(self, name: str) -> ModelCard:
        """One model's card.

        Raises:
            UnknownModelError: there is none of this name.
            CardError: it cannot be used.
        """
        return read_card(self.root, name, self.settings.thresholds)

    def add_model(
        self,
        name: str,
        reference: str | Path,
        task: str | None = None,
        train: str | Path | None = None,
        artifact: str | Path | None = None,
        log: str | Path | None = None,
    ) -> Path:
        """Writes the card that a reference suggests, and a log its `[source]`; returns its path.

        Raises:
            CardError: the name is taken, or the task cannot be told.
            ReferenceTableError: the reference cannot be used.
            LogFileError: the log cannot be read.
        """
        return add_card(
            self.root,
            self.store,
            name,
            Path(reference),
            task=task,
            train=Path(train) if train else None,
            artifact=Path(artifact) if artifact else None,
            thresholds=self.settings.thresholds,
            log=Path(log) if log else None,
        )

    def check_cards(self, name: str | None = None) -> tuple[CardFinding, ...]:
        """Whether one card or all can be used with their references.

        Raises:
            UnknownModelError: there is none of this name.
        """
        if name is not None and name not in card_names(self.root):
            self.card(name)
        return tuple(
            self._check(one) for one in ((name,) if name is not None else card_names(self.root))
        )

    def ingest(
        self,
        paths: str | Path | Sequence[str | Path],
        model: str,
        format: str = "auto",  # noqa: A002 - the public name is fixed
        kind: str = "auto",
        progress: Reporter | None = None,
    ) -> IngestResult:
        """Ingests files, folders, globs and URLs into the store of a model.

        A file that fails and a path that names nothing are in the result, with the reason; the
        others are ingested.

        Raises:
            UnknownModelError: there is no such model.
            CardError: its card cannot be used.
            LogFileError: the format or the kind is unknown.
            StoreError: the store cannot be written.
        """
        from workbench.ingest.loading import ingest_files

        listed = [paths] if isinstance(paths, str | Path) else list(paths)
        card = self.card(model)
        require_supported(card)
        self.store.create()
        context = StoreContext(self.store, self.root, card, self.clock)
        return ingest_files(context, listed, format=format, kind=kind, progress=progress)

    def status(self) -> tuple[ModelStatus, ...]:
        """Every model's status, worst first; a model that cannot be measured says why.

        Raises:
            StoreLockedError: others hold the store for too long.
        """
        return again_if_gone(self._status)

    def _status(self) -> tuple[ModelStatus, ...]:
        from workbench.workspace.fleet import empty_status, model_status, worst_first

        found = []
        subjects: list[Subject] = []
        for name in card_names(self.root):
            try:
                subjects.append(self._subject(name))
            except (SegmentGoneError, StoreLockedError):
                raise  # that says nothing about the model
            except WorkbenchError as error:
                card = ModelCard()
                known = replace(card, model=replace(card.model, name=name))
                found.append(empty_status(known, "", error.message))
        with self._one_reading(*subjects):
            found += [model_status(one, self.clock.now()) for one in subjects]
        return worst_first(found)

    def performance(
        self,
        model: str,
        period: str | None = None,
        by: str | None = None,
        segment: str | None = None,
        version: str | None = None,
    ) -> pl.DataFrame:
        """The bad-prediction rate over time: one row a bucket (and segment value).

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: the period, bucket or segment is unknown.
            NoRowsError: nothing is stored.
        """
        from workbench.workspace.frames import performance_frame

        return performance_frame(self.performance_report(model, period, by, segment, version))

    def performance_report(
        self,
        model: str,
        period: str | None = None,
        by: str | None = None,
        segment: str | None = None,
        version: str | None = None,
    ) -> PerformanceReport:
        """As `performance`, with the whole, the months, and the break-downs."""

        def answer() -> PerformanceReport:
            one = self._subject(model)
            with self._one_reading(one, periods=[(period, by)]):
                return measure_performance(
                    one, period=period, by=by, segment=segment, version=version
                )

        return again_if_gone(answer)

    def drift(
        self,
        model: str,
        period: str | None = None,
        against: str = "reference",
        version: str | None = None,
    ) -> DriftReport:
        """How far every column moved, worst first.

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: a period cannot be read.
            NoRowsError: nothing is stored.
        """
        periods = [(period, None)] + ([(against, None)] if against != "reference" else [])

        def answer() -> DriftReport:
            one = self._subject(model)
            with self._one_reading(one, periods=periods):
                return measure_drift(one, period=period, against=against, version=version)

        return again_if_gone(answer)

    def quality(
        self, model: str, period: str | None = None, version: str | None = None
    ) -> QualityReport:
        """The faults of the data against the reference, worst first.

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: the period cannot be read.
            NoRowsError: nothing is stored.
        """
        from workbench.workspace.quality import measure_quality

        return again_if_gone(
            lambda: measure_quality(
                self._subject(model), self.root, self.clock.now(), period=period, version=version
            )
        )

    def sql(self, query: str) -> pl.DataFrame:
        """The answer to one SQL statement that reads: a view a model, and the catalog's tables.

        Values of columns that a card calls sensitive are withheld. Nobody is locked out
        while the query runs.

        Raises:
            QueryError: the query is refused or cannot be answered.
            StoreError: the store cannot be read.
        """
        from workbench.workspace.asking import as_frame

        with self.sql_answer(query) as answer:
            return as_frame(answer)

    @contextmanager
    def sql_answer(
        self, query: str, *, printable: bool = False, limit: int | None = None
    ) -> Iterator[Answer]:
        """As `sql`, batch by batch, for the length of the block.

        Args:
            query: one statement that reads.
            printable: values are text, numbers and truth values only.
            limit: no more rows than this.
        """
        from workbench.workspace.asking import asked

        with asked(self, query, printable=printable, limit=limit) as answer:
            yield answer

    def doctor(self, *, deep: bool = False) -> tuple[Check, ...]:
        """What was looked at, what is wrong, and how it is mended; nothing is changed.

        Args:
            deep: look at every row of a large store too.
        """
        from workbench.workspace.health import examine

        return examine(self.root, deep=deep)

    @contextmanager
    def _one_reading(
        self, *subjects: Subject, periods: Sequence[tuple[str | None, str | None]] = ((None, None),)
    ) -> Iterator[None]:
        """One opening of the catalog for an answer that stored counts can give.

        Where rows must be counted nothing is held: that takes long, and writers would wait.
        """
        if any(one.needs_rows(period, by) for one in subjects for period, by in periods):
            yield
            return
        with reading(self.store, "answering"):
            yield

    def _subject(self, name: str) -> Subject:
        card = self.card(name)
        require_supported(card)
        champion = champion_version(self.root, card)
        with reading(self.store, f"reading {name}"):
            baseline = stored_baseline(self.store, self.root, card)
            if baseline is not None:
                return subject(
                    card, read_model_store(self.store, baseline, self.seen_as_of), champion
                )
            earlier = earlier_baseline(self.store, card)
            if earlier is not None:
                store = read_model_store(self.store, earlier, self.seen_as_of, is_outdated=True)
                return subject(card, store, champion)
        baseline = ensure_baseline(self.store, self.root, card, self.clock.now())
        return subject(card, read_model_store(self.store, baseline, self.seen_as_of), champion)

    def _check(self, name: str) -> CardFinding:
        try:
            return CardFinding(name, None, notes=card_notes(self._subject(name)))
        except WorkbenchError as error:
            return CardFinding(name, error.message, error.hint)
