"""How long did promoted versions keep their gain? As it was measured last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.store.catalog import aware, known_time, naive
from workbench.store.connections import Connection


@dataclass(frozen=True)
class VersionLife:
    """A version from its promotion to the next change of the champion."""

    version: str
    former: str | None
    """The champion before it."""
    born: datetime
    """The start of its first bucket with live rows; without any, when it took over."""
    until: datetime | None
    """When the next champion took over; None: it is in charge."""
    own_rate: float | None
    """Its bad rate on the rows that it was judged on."""
    former_rate: float | None
    """The champion's before it, on the same rows."""
    gain: float | None
    """What it gained there; None: not recorded."""
    labelled: int
    """Rows with labels since it was born."""
    half_at: datetime | None
    """Since when half of the gain is gone; None: it is not."""
    gone_at: datetime | None
    """Since when nothing is left of it; None: something is."""

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "version": self.version, "former": self.former, "born": self.born, "until": self.until,
            "bad_rate": self.own_rate, "former_bad_rate": self.former_rate, "gain": self.gain,
            "labelled": self.labelled, "half_gone_at": self.half_at, "gone_at": self.gone_at,
            "days_to_half": _days(self.born, self.half_at),
            "days_to_gone": _days(self.born, self.gone_at),
            "reason": "no gain on a holdout is recorded" if self.gain is None else None,
        }  # fmt: skip


def write_lives(
    catalog: Connection, model: str, lives: Sequence[VersionLife], now: datetime
) -> None:
    """Puts the lives of a model's versions in the place of those stored, in the open transaction."""
    catalog.execute("DELETE FROM version_lives WHERE model = ?", [model])
    for one in lives:
        catalog.execute(
            "INSERT INTO version_lives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                model, one.version, naive(one.born), one.until and naive(one.until), one.former,
                one.own_rate, one.former_rate, one.gain, one.labelled,
                one.half_at and naive(one.half_at), one.gone_at and naive(one.gone_at), naive(now),
            ],
        )  # fmt: skip


def read_lives(catalog: Connection, model: str) -> tuple[VersionLife, ...]:
    """The lives of a model's versions as they were measured last, oldest first."""
    rows = catalog.execute(
        "SELECT version, former, born, until, own_rate, former_rate, gain, labelled, half_at, gone_at "
        "FROM version_lives WHERE model = ? ORDER BY born",
        [model],
    ).fetchall()
    return tuple(
        VersionLife(
            version, former, known_time(born), aware(until), own, before, gain, labelled,
            aware(half), aware(gone),
        )
        for version, former, born, until, own, before, gain, labelled, half, gone in rows
    )  # fmt: skip


def _days(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds() / 86400
