"""Must rows be counted again for every question? Not while all of them are held, counted once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC
from typing import Any

from workbench.domain.period import Period, is_whole_buckets
from workbench.store.connections import Connection
from workbench.store.counted import Counts, ModelStore
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES
from workbench.store.extent import is_cut
from workbench.store.measured import WIDTHS
from workbench.store.quoting import literal
from workbench.store.stretches import Stretch

_TABLES = (*PROFILE_TABLES, *OUTCOME_TABLES)


@dataclass(frozen=True)
class _HeldStore(ModelStore):
    """A model's store with all of its rows counted by its own bucket."""

    held: Connection | None = None
    """Where they are counted."""

    @contextmanager
    def counts(self, period: Period, by: str) -> Iterator[Counts]:
        """As `ModelStore.counts`; whole buckets are read from what is held."""
        is_finer = by in WIDTHS and WIDTHS[by] < WIDTHS[self.own_by]
        is_split = by == "month" and WIDTHS[self.own_by] > WIDTHS["1d"]
        is_whole = is_whole_buckets(period, self.baseline.rules.bucket)
        if self.held is None or is_finer or is_split or not is_whole:
            with super().counts(period, by) as counts:
                yield counts
            return
        with _part(self.held, period) as part:
            yield Counts(part, True, (Stretch(period, self.baseline, True),))


@contextmanager
def _part(held: Connection, period: Period) -> Iterator[Connection]:
    """A connection in which the counts just made are those of a period.

    Temporary views are of one connection only, so that several parts may be open at once.
    """
    part = held.cursor()
    try:
        part.execute("SET TimeZone = 'UTC'")
        inside = " AND ".join(
            f"bucket {sign} TIMESTAMP {literal(str(moment.astimezone(UTC).replace(tzinfo=None)))}"
            for sign, moment in ((">=", period.start), ("<", period.end))
        )
        for table in _TABLES:
            part.execute(
                f"CREATE TEMP VIEW new_{table} AS SELECT * FROM held_{table} WHERE {inside}"
            )
        yield part
    finally:
        part.close()


@contextmanager
def held_counts(store: ModelStore, everything: Period) -> Iterator[ModelStore]:
    """The store with its rows counted at most once, for the length of the block.

    As of a moment that cuts what is stored every question counts rows: those of its own period.
    An answer that asks for all of them anyhow is told from one count. Else nothing is counted
    here, and the store is as it was.

    Args:
        store: the model's.
        everything: a period of whole buckets that holds all rows there are.
    """
    if not is_cut(store.segments, store.as_of):
        yield store
        return
    own: dict[str, Any] = {field.name: getattr(store, field.name) for field in fields(store)}
    with store.counts(everything, store.own_by) as counts:
        for table in _TABLES:
            counts.connection.execute(f"CREATE TABLE held_{table} AS SELECT * FROM new_{table}")
        yield _HeldStore(**own, held=counts.connection)
