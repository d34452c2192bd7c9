"""The one object that the command line, the terminal UI, the notebooks and the reports call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from workbench.clock import FixedClock
from workbench.domain.ingested import IngestResult
from workbench.errors import WorkbenchError
from workbench.workspace.cards import (
    CardFinding,
    add_card,
    card_names,
    require_supported,
)
from workbench.workspace.checking import card_notes
from workbench.workspace.locating import find_root, make_folders, read_settings
from workbench.workspace.questions import Questions

if TYPE_CHECKING:
    import polars as pl

    from workbench.diff.comparing import Question
    from workbench.diff.result import DatasetDifference
    from workbench.domain.alert import Alert, CheckReport
    from workbench.domain.health import Check
    from workbench.domain.verdict import Verdict
    from workbench.ingest.loading import Reporter
    from workbench.store.querying import Answer
    from workbench.triage.examining import Told
    from workbench.workspace.data_versions import DataVersions
    from workbench.workspace.housekeeping import Housekeeping
    from workbench.workspace.incidents import Incidents
    from workbench.workspace.retraining import Retraining
    from workbench.workspace.trusting import Trust

__all__ = ["Workspace"]


@dataclass(frozen=True)
class Workspace(Questions):
    """A workspace, opened: every question and every command of the workbench.

    It holds no connection: each question opens the store for as long as it reads, so that any
    number of processes and threads can ask at once.
    """

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
    def housekeeping(self) -> Housekeeping:
        """What keeps the store small and whole: compaction, retention, rebuilds, backups."""
        from workbench.workspace.housekeeping import Housekeeping

        return Housekeeping(self)

    @property
    def incidents(self) -> Incidents:
        """The record of incidents, and of what else changed."""
        from workbench.workspace.incidents import Incidents

        return Incidents(self)

    @property
    def data(self) -> DataVersions:
        """The versions of training and reference tables."""
        from workbench.workspace.data_versions import DataVersions

        return DataVersions(self)

    @property
    def retraining(self) -> Retraining:
        """The retraining runs: started, watched, cancelled."""
        from workbench.workspace.retraining import Retraining

        return Retraining(self)

    def as_of(self, moment: datetime) -> Workspace:
        """The same workspace as it was at a moment."""
        return replace(self, clock=FixedClock(moment), seen_as_of=moment)

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

    def trust(self, name: str, author: str) -> Trust:
        """Lets the code that a model's card names be run; see `trusting.trust_code`.

        Raises:
            UnknownModelError: there is no such model.
            CardError: its card cannot be used.
            StoreError: the record cannot be written.
        """
        from workbench.workspace.trusting import trust_code

        return trust_code(self.root, self.card(name), author, self.clock.now())

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
        from workbench.store.batches import StoreContext

        listed = [paths] if isinstance(paths, str | Path) else list(paths)
        card = self.card(model)
        require_supported(card)
        self.store.create()
        context = StoreContext(self.store, self.root, card, self.clock)
        return ingest_files(context, listed, format=format, kind=kind, progress=progress)

    def check(self, name: str | None = None) -> CheckReport:
        """What is worth a page, of one model or of all, and changed training data beside it.

        See `watching.check` and `data_versions.training_data_changed`.
        """
        from workbench.workspace.data_versions import training_data_changed
        from workbench.workspace.watching import check

        report = check(self, name)
        names = (name,) if name is not None else self.names()
        return replace(report, information=training_data_changed(self, names))

    def mark_said(self, alerts: Sequence[Alert]) -> None:
        """Records that alerts were told; see `watching.mark_said`."""
        from workbench.workspace.watching import mark_said

        mark_said(self, alerts)

    def triage(
        self,
        name: str,
        period: str | None = None,
        version: str | None = None,
        *,
        told: Told | None = None,
        record: bool = True,
        reached: Callable[[], None] | None = None,
    ) -> Verdict:
        """What is to be done about a model, and why; see `triaging.triage`."""
        from workbench.workspace.triaging import triage

        return triage(self, name, period, version, told=told, record=record, reached=reached)

    def diff(
        self, a: str, b: str, question: Question | None = None, *, model: str | None = None
    ) -> DatasetDifference:
        """What changed from one dataset to another; see `differing.diff_datasets`."""
        from workbench.workspace.differing import diff_datasets

        return diff_datasets(a, b, question, workspace=self, model=model)

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

    def _check(self, name: str) -> CardFinding:
        try:
            return CardFinding(name, None, notes=card_notes(self._subject(name)))
        except WorkbenchError as error:
            return CardFinding(name, error.message, error.hint)
