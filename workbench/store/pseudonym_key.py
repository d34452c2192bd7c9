"""With which key are pseudonyms made? One a store, made at first need and never replaced.

The catalog remembers which key it was: values hashed with another one would be other values, so
a key that is lost is an error and not a reason to make a new one. A backup holds the key, and
says so: without it nothing could be taken in any more.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.errors import StoreError
from workbench.store.catalog import naive
from workbench.store.connections import Connection, StoreHome, reading, writing
from workbench.store.modes import private_files
from workbench.store.pseudonyms import Concealment, concealed_names
from workbench.store.settling import settle

KEY_FILE = "pseudonym.key"
KEY_BYTES = 32


def concealment(home: StoreHome, card: ModelCard, now: datetime) -> Concealment | None:
    """What is to be concealed in a model's files; None for a model without pseudonymised columns.

    Raises:
        StoreError: the key is lost, is another one, or cannot be made.
    """
    names = concealed_names(card)
    return Concealment(home, names, ensure_key(home, now)) if names else None


def ensure_key(
    home: StoreHome, now: datetime, randomness: Callable[[int], bytes] = secrets.token_bytes
) -> bytes:
    """The store's key; made where there was never one.

    Args:
        home: the store.
        now: the machine's clock, for the record of when it was made.
        randomness: gives so many random bytes.

    Raises:
        StoreError: the key is lost, is another one, or cannot be made.
    """
    path = key_path(home)
    with reading(home, "looking for the key") as catalog:
        known = known_key(catalog)
    if known is None:
        with writing(home, "making the key") as catalog:
            # Looked at again under the lock: another process may have been first.
            known = known_key(catalog)
            if known is None:
                if not path.exists():
                    _make(path, randomness(KEY_BYTES))
                known = key_id(_read(path))
                catalog.execute("INSERT INTO pseudonym_keys VALUES (?, ?)", [known, naive(now)])
    return matching_key(home, known)


def matching_key(home: StoreHome, known: str) -> bytes:
    """The store's key, which the catalog knows.

    Raises:
        StoreError: it is lost, or another one.
    """
    key = _read(key_path(home))
    if key_id(key) != known:
        raise StoreError(
            f"the key in .workbench/{KEY_FILE} is not the one that this store's pseudonyms were made with",
            "Put the right key back; without it, move .workbench/ away and ingest the exports again.",
        )
    return key


def key_path(home: StoreHome) -> Path:
    """Where a store's key lies."""
    return home.folder / KEY_FILE


def known_key(catalog: Connection) -> str | None:
    """Which key the store's pseudonyms were made with; None where none was ever needed."""
    rows = catalog.execute("SELECT key_id FROM pseudonym_keys").fetchall()
    return str(rows[0][0]) if rows else None


def key_id(key: bytes) -> str:
    """What the catalog remembers of a key: enough to know it by, nothing to find it with."""
    return hashlib.sha256(b"workbench pseudonym key\0" + key).hexdigest()[:16]


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise StoreError(
            f"the key .workbench/{KEY_FILE} is lost, and values in this store were hashed with it",
            "Put it back from where you keep it; without it, move .workbench/ away and ingest the exports again.",
        ) from None
    except OSError as error:
        raise StoreError(
            f"cannot read .workbench/{KEY_FILE}: {error.strerror or error}",
            "Check its permissions: it belongs to who runs workbench, mode 0600.",
        ) from error
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"the key in .workbench/{KEY_FILE} has {len(key)} bytes and not {KEY_BYTES}",
            "Put it back from where you keep it.",
        )
    return key


def _make(path: Path, key: bytes) -> None:
    """Writes the key whole or not at all; nobody else writes it, since the lock is held."""
    part = path.with_name(f".{path.name}.new")
    with private_files():
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(path)
        settle(path.parent)
