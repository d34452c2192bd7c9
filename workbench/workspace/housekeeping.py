"""How is a workspace's store kept small and whole? Compaction, retention, rebuilds and backups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workbench.clock import Clock, SystemClock
from workbench.domain.card import ModelCard
from workbench.domain.housekeeping import BackedUp, Compacted, Rebuilt, Restored, Retained
from workbench.domain.period import parse_duration
from workbench.errors import PeriodError, WorkbenchError
from workbench.settings import Settings
from workbench.store.backing_up import back_up
from workbench.store.compacting import compact_model
from workbench.store.connections import Resources, StoreHome
from workbench.store.recounting import rebuild_model
from workbench.store.restoring import restore_archive
from workbench.store.retaining import retain_model, retention_plan
from workbench.store.staging import sweep
from workbench.workspace.cards import card_names, require_supported
from workbench.workspace.locating import make_folders

if TYPE_CHECKING:
    from workbench.workspace import Workspace

T = TypeVar("T")

_DAY = timedelta(days=1)
_DEFAULTS = Settings()
_MACHINE = SystemClock()


@dataclass(frozen=True)
class Housekeeping:
    """The store's upkeep; every method changes the store as it is now."""

    workspace: Workspace

    def compact(
        self, model: str | None = None, told: Callable[[str, float], None] | None = None
    ) -> tuple[Compacted, ...]:
        """Puts small segments together, a file a day; of one model, or of all.

        Nothing that is counted or answered changes.

        Raises:
            UnknownModelError: there is no such model.
            StoreError: the store cannot be written.
        """
        home, clock = self._store_of_now()
        deleted = sweep(home, clock.now())
        found = []
        for name in self._names(model):

            def tell(share: float, name: str = name) -> None:
                if told is not None:
                    told(name, share)

            found.append(replace(compact_model(home, name, clock, tell), files_deleted=deleted))
            deleted = 0
        return tuple(found)

    def retention(self, keep: str, model: str | None = None) -> tuple[Retained, ...]:
        """What `retain` would take, without taking it.

        Raises:
            PeriodError: `keep` is no whole number of days.
            UnknownModelError: there is no such model.
        """
        home, clock = self._store_of_now()
        length, root = _days(keep), self.workspace.root
        return self._each(
            model,
            lambda card: retention_plan(home, root, card, length, clock),
            lambda name, problem: Retained(name, None, None, problem=problem),
        )

    def retain(self, keep: str, model: str | None = None) -> tuple[Retained, ...]:
        """Takes the rows that are older than `keep` before the model's newest prediction.

        What was counted of them stays, so that rates and drift of then can still be asked for.

        Raises:
            PeriodError: `keep` is no whole number of days.
            UnknownModelError: there is no such model.
            StoreError: the store cannot be written.
        """
        home, clock = self._store_of_now()
        length, root = _days(keep), self.workspace.root
        sweep(home, clock.now())
        return self._each(
            model,
            lambda card: retain_model(home, root, card, length, clock),
            lambda name, problem: Retained(name, None, None, problem=problem),
        )

    def rebuild(self, model: str | None = None) -> tuple[Rebuilt, ...]:
        """Counts profiles and outcomes anew from the rows; of one model, or of all.

        Raises:
            UnknownModelError: there is no such model.
            StoreError: the store cannot be written.
        """
        home, clock = self._store_of_now()
        sweep(home, clock.now())
        root = self.workspace.root
        return self._each(
            model,
            lambda card: rebuild_model(home, root, card, clock),
            lambda name, problem: Rebuilt(name, 0, 0, None, problem),
        )

    def back_up(self, file: str | Path, *, replace_it: bool = False) -> BackedUp:
        """Writes the workspace's state into one archive, while others work on.

        Args:
            file: the archive; `.tar`, or compressed as `.tar.gz` or `.tar.zst`.
            replace_it: an archive of this name may be replaced.

        Raises:
            StoreError: it is there already, or cannot be written.
        """
        home, clock = self._store_of_now()
        root = self.workspace.root
        references = {}
        for name in card_names(root):
            try:
                references[name] = self.workspace.card(name).reference.data
            except WorkbenchError:
                references[name] = ""  # the card is kept as it is; what it names cannot be told
        return back_up(
            home, root, Path(file).absolute(), references, clock.now(), replace_it=replace_it
        )

    def _store_of_now(self) -> tuple[StoreHome, Clock]:
        if self.workspace.seen_as_of is not None:
            raise WorkbenchError(
                "housekeeping changes the store as it is, not as it was", "Leave --as-of out."
            )
        self.workspace.store.create()
        return self.workspace.store, self.workspace.clock

    def _names(self, model: str | None) -> tuple[str, ...]:
        if model is None:
            return card_names(self.workspace.root)
        self.workspace.card(model)
        return (model,)

    def _each(
        self,
        model: str | None,
        work: Callable[[ModelCard], T],
        failed: Callable[[str, str], T],
    ) -> tuple[T, ...]:
        """What becomes of one model, or of all: then one that fails does not stop the others."""
        found = []
        for name in self._names(model):
            try:
                card = self.workspace.card(name)
                require_supported(card)
                found.append(work(card))
            except WorkbenchError as error:
                if model is not None:
                    raise
                found.append(failed(name, error.message))
        return tuple(found)


def restore(
    file: str | Path, into: str | Path, settings: Settings = _DEFAULTS, clock: Clock = _MACHINE
) -> Restored:
    """Puts a backup back: into an empty folder, or over the workspace that is there.

    Args:
        file: the archive.
        into: the folder.
        settings: of the workspace that is there, if any.
        clock: the machine's clock.

    Raises:
        StoreError: the archive is damaged or is none, or the folder holds something else;
            nothing is changed then.
    """
    limits = settings.store
    resources = Resources(limits.memory_limit, limits.threads, limits.lock_timeout, limits.grace)
    return restore_archive(
        Path(file).absolute(), Path(into).absolute(), clock.now(), resources, make_folders
    )


def _days(text: str) -> timedelta:
    length = parse_duration(text)
    if length < _DAY or length % _DAY:
        raise PeriodError(
            f"rows are kept for whole days, not for {text!r}", "Write it as 90d or 12w."
        )
    return length
