"""How does a run tell of itself? Into the store, briefly, and into its log; it never stops for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from workbench.clock import Clock
from workbench.domain.names import shown
from workbench.domain.run import FitNote, RunResult
from workbench.errors import StoreError
from workbench.retrain.run_folder import write_log
from workbench.store.connections import Connection, StoreHome, writing
from workbench.store.runs import end_run, note_fit, note_phase

_PATIENCE = 600.0
"""Seconds for which the end of a run is offered to a store that others hold."""
_BETWEEN = 0.5
"""Seconds between two notes of progress: the store is for others too."""


class RunBook:
    """What a run says of itself."""

    def __init__(self, home: StoreHome, number: int, folder: Path, clock: Clock) -> None:
        """Nothing is written yet.

        Args:
            home: the store.
            number: the run's.
            folder: the run's.
            clock: the machine's.
        """
        self._home, self._number, self._folder, self._clock = home, number, folder, clock
        self._waiting: dict[int, FitNote] = {}
        self._last = 0.0

    def say(self, text: str) -> None:
        """A line of the log; of several lines each."""
        for line in text.splitlines():
            write_log(self._folder, shown(line, 500), self._clock.now())

    def phase(self, text: str) -> None:
        """What is being done now."""
        self.say(text)
        self._perhaps(lambda catalog: note_phase(catalog, self._number, text, self._clock.now()))

    def fit(self, note: FitNote) -> None:
        """How far a challenger is; written at most twice a second."""
        self._waiting[note.number] = note
        if time.monotonic() - self._last >= _BETWEEN:
            self.flush()

    def tick(self) -> None:
        """Writes notes that have waited long enough; to be called again and again."""
        if self._waiting and time.monotonic() - self._last >= _BETWEEN:
            self.flush()

    def flush(self) -> None:
        """Writes the notes that wait."""
        kept = dict(self._waiting)
        if kept and self._perhaps(lambda catalog: _note_all(catalog, self._number, kept)):
            self._waiting = {n: one for n, one in self._waiting.items() if kept.get(n) != one}

    def end(self, state: str, reason: str | None = None, result: RunResult | None = None) -> None:
        """How it ended; the store is waited for.

        Raises:
            StoreError: it could not be written for ten minutes.
        """
        self.flush()
        self.say(f"{state}: {reason}" if reason else state)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with writing(self._home, f"recording the end of run {self._number}") as catalog:
                    end_run(
                        catalog,
                        self._number,
                        state,
                        self._clock.now(),
                        reason=reason,
                        result=result,
                    )
            except StoreError as error:
                if time.monotonic() > deadline:
                    raise
                self.say(f"the store is waited for: {error.message}")
                time.sleep(1.0)
            else:
                return

    def _perhaps(self, write: Callable[[Connection], None]) -> bool:
        """Writes progress if the store can be had; that others hold it is no reason to stop."""
        try:
            with writing(self._home, f"noting the progress of run {self._number}") as catalog:
                write(catalog)
        except StoreError as error:
            self.say(f"progress could not be noted: {error.message}")
            return False
        finally:
            self._last = time.monotonic()
        return True


def _note_all(catalog: Connection, number: int, notes: dict[int, FitNote]) -> None:
    for note in notes.values():
        note_fit(catalog, number, note)
