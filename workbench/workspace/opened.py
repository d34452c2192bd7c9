"""What does every question need of a workspace? Its settings, its cards, its store, its clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.clock import Clock, SystemClock
from workbench.domain.card import ModelCard
from workbench.settings import Settings
from workbench.store.connections import Resources, StoreHome, reading
from workbench.workspace.cards import (
    card_names,
    read_card,
)
from workbench.workspace.locating import STORE
from workbench.workspace.measuring import Subject
from workbench.workspace.subjects import opened_subject, stored_subject

__all__ = ["Opened"]


@dataclass(frozen=True)
class Opened:
    """A workspace's folder and settings; it holds no connection."""

    root: Path
    """The folder that holds `workbench.toml`."""
    settings: Settings
    clock: Clock = SystemClock()
    seen_as_of: datetime | None = None
    """Later predictions and labels do not exist; None: everything does."""
    seen_version: int | None = None
    """What was committed after this version of the catalog does not exist; None: everything does."""

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

    @contextmanager
    def one_reading(
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
        card, now = self.card(name), self.clock.now()
        return opened_subject(self.store, self.root, card, self.seen_as_of, now, self.seen_version)

    def stored_subject(self, name: str) -> Subject | None:
        """One model as far as it is stored; None when its baseline is still to be made.

        Raises:
            CardError: its card cannot be used.
        """
        card = self.card(name)
        return stored_subject(self.store, self.root, card, self.seen_as_of, self.seen_version)
