"""How does the catalog forget? DuckDB keeps deleted values in its file's free blocks: it is written anew."""

from __future__ import annotations

from workbench.store import steps
from workbench.store.connections import StoreHome, exclusive_catalog
from workbench.store.quoting import literal
from workbench.store.settling import settle


def rewrite_catalog(home: StoreHome) -> None:
    """Puts a copy of what is in the catalog in the place of its file.

    Raises:
        StoreError: the catalog cannot be opened or written; it is then as it was.
    """
    new = home.catalog.with_suffix(".copy")
    leftovers = (new, new.with_name(new.name + ".wal"))
    with exclusive_catalog(home, "rewriting the catalog") as connection:
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        name = connection.execute("SELECT current_database()").fetchall()[0][0]
        connection.execute("CHECKPOINT")
        connection.execute(f"ATTACH {literal(str(new))} AS fresh_copy")
        connection.execute(f'COPY FROM DATABASE "{name}" TO fresh_copy')
        connection.execute("CHECKPOINT fresh_copy")
        connection.execute("DETACH fresh_copy")
        connection.close()
        new.chmod(0o600)
        settle(new)
        steps.reached(steps.BEFORE_RENAME)
        # What it held is in the file by now; beside the new file it would be taken for that one's.
        home.catalog.with_name(home.catalog.name + ".wal").unlink(missing_ok=True)
        new.rename(home.catalog)
        settle(home.folder)
        steps.reached(steps.AFTER_RENAME)
