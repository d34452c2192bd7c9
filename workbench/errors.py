"""What can go wrong, in the operator's words: one base, a message and a hint.

The command line prints `error: message` and `hint: hint`; the terminal UI shows the same
two. An error of a library is translated into one of these where that library is used.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Something failed that the operator can understand and usually mend."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keeps what happened and what to do about it.

        Args:
            message: what happened, one sentence without a full stop.
            hint: what to do, one sentence; empty when nothing is known to help.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint


class WorkspaceNotFoundError(WorkbenchError):
    """No workspace here or above."""


class SettingsError(WorkbenchError):
    """`workbench.toml` cannot be used."""


class CardError(WorkbenchError):
    """A model card cannot be used: unknown key, wrong type, missing part."""


class UnknownModelError(WorkbenchError):
    """No model card has this name."""


class MisuseError(WorkbenchError):
    """An option asks for what there is not: wrong usage, and not a failure."""


class PeriodError(WorkbenchError):
    """A period or a time cannot be read."""


class ReferenceTableError(WorkbenchError):
    """The reference of a model cannot be used."""


class LogFileError(WorkbenchError):
    """An exported file, as a whole, cannot be ingested."""

    def __init__(self, message: str, hint: str = "", discreet: str = "") -> None:
        """Keeps what happened and what to do about it.

        Args:
            message: what happened, one sentence without a full stop.
            hint: what to do, one sentence.
            discreet: the same message without what it quotes of the file, for models with
                sensitive columns; empty when it quotes nothing.
        """
        super().__init__(message, hint)
        self.discreet = discreet or message


class StoreError(WorkbenchError):
    """The store cannot do what was asked of it."""


class StoreLockedError(StoreError):
    """Another process holds the store for longer than `lock_timeout`."""


class QueryError(WorkbenchError):
    """A query of `sql` cannot be read, or asks for more than reading the store."""


class SegmentGoneError(StoreError):
    """A file of rows was replaced and deleted while it was about to be read."""


class NoRowsError(WorkbenchError):
    """There is nothing stored that could answer the question."""


class RecipeError(WorkbenchError):
    """A recipe cannot be used, or cannot be fitted to these rows."""


class ArtifactError(WorkbenchError):
    """A trained model cannot be loaded, or cannot score these rows."""
