"""How long does quarantine keep the texts of rows? A time of its own; how many there were stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from workbench.store import steps
from workbench.store.catalog import naive
from workbench.store.connections import Connection, StoreHome, reading


def drop_old_quarantine(home: StoreHome, now: datetime) -> int:
    """Deletes the files of quarantine whose time is over; returns how many.

    Args:
        home: the store.
        now: the machine's clock.
    """
    with reading(home, "looking for old quarantine") as catalog:
        old = overdue_quarantine(catalog, home, now)
    for path in old:
        steps.reached(steps.BEFORE_DELETION)
        path.unlink(missing_ok=True)
    return len(old)


def overdue_quarantine(catalog: Connection, home: StoreHome, now: datetime) -> list[Path]:
    """The files of quarantine of batches that are older than `[store] quarantine_retention`."""
    kept = home.resources.quarantine_retention
    if not kept:
        return []
    limit = naive(now) - timedelta(seconds=kept)
    rows = catalog.execute(
        "SELECT path FROM quarantine q JOIN batches b USING (batch) GROUP BY path "
        "HAVING max(b.committed_at) <= ?",
        [limit],
    ).fetchall()
    paths = (home.quarantine / str(row[0]) for row in rows)
    return [path for path in paths if path.exists()]
