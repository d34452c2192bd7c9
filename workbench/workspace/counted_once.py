"""Must the rows be counted again for every part of an answer? As of a moment, once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from workbench.store.held_counts import held_counts
from workbench.workspace.subjects import Subject


@contextmanager
def counted_once(subject: Subject) -> Iterator[Subject]:
    """The model with its rows counted at most once, for the length of the block.

    For answers that ask for all of its rows anyhow; see `held_counts`.
    """
    if subject.extent is None:
        yield subject
        return
    with held_counts(subject.store, subject.period("all")) as store:
        yield replace(subject, store=store)
