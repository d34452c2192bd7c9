"""Where could a crash hurt? The points at which the store's files or catalog change for good.

`reached` is called at each of them and does nothing; a test that wants to stop the process at
one of them puts a function of its own in its place.
"""

from __future__ import annotations

STAGED = "staged"
BEFORE_RENAME = "before rename"
AFTER_RENAME = "after rename"
BEFORE_COMMIT = "before commit"
INSIDE_COMMIT = "inside commit"
AFTER_COMMIT = "after commit"
BEFORE_DELETION = "before deletion"
STEPS = (
    STAGED, BEFORE_RENAME, AFTER_RENAME, BEFORE_COMMIT, INSIDE_COMMIT, AFTER_COMMIT, BEFORE_DELETION,
)  # fmt: skip
BEFORE_CHAMPION = "before champion"
AFTER_CHAMPION = "after champion"
AFTER_HISTORY = "after history"
CHAMPION_STEPS = (
    BEFORE_CHAMPION, AFTER_CHAMPION, AFTER_HISTORY, INSIDE_COMMIT, BEFORE_COMMIT, AFTER_COMMIT,
)  # fmt: skip
"""Those of a promotion: the registry's files change inside the store's transaction."""


def reached(step: str) -> None:
    """The process is at one of `STEPS` or `CHAMPION_STEPS`."""
