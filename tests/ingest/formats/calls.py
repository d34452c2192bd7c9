"""Calls of the churn model, made from a seed: what was asked, what was answered, what went wrong."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
FEATURES = ("tenure_months", "monthly_charges", "support_calls", "contract")
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
OK, ERROR, SILENT, LOST, BROKEN = "ok", "error", "silent", "lost", "broken"
"""Answered; answered with an error; without a response; without its request; not decodable."""


@dataclass(frozen=True)
class Call:
    """One call of the model."""

    id: str
    time: datetime
    rows: tuple[Json, ...]
    scores: tuple[float, ...]
    """P(churn) a row, with four digits."""
    fate: str = OK

    @property
    def row_ids(self) -> list[str]:
        """The ids that its predictions must get."""
        count = len(self.rows)
        return [self.id if count == 1 else f"{self.id}-{index}" for index in range(count)]

    @property
    def labels(self) -> list[int]:
        """The predicted classes."""
        return [int(score > 0.5) for score in self.scores]

    @property
    def values(self) -> list[list[Any]]:
        """The rows without names."""
        return [list(row.values()) for row in self.rows]

    @property
    def probabilities(self) -> list[list[float]]:
        """Of both classes, a row."""
        return [[round(1 - score, 4), score] for score in self.scores]

    @property
    def iso(self) -> str:
        """The time in ISO 8601."""
        return self.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def calls(seed: int, count: int = 1000, *, batches: bool, fates: Iterable[str]) -> list[Call]:
    """Calls of the model, one in eight of another fate than OK.

    Args:
        seed: makes them.
        count: how many.
        batches: whether a third of them carry several rows.
        fates: the other fates that the format can log.
    """
    draw = random.Random(seed)
    others = [fate for fate in fates if fate != OK]
    made = []
    for number in range(count):
        rows = draw.randint(2, 4) if batches and draw.random() < 0.3 else 1
        fate = draw.choice(others) if others and draw.random() < 0.125 else OK
        made.append(
            Call(
                f"call-{seed}-{number}",
                START + timedelta(seconds=number * 7 + draw.random()),
                tuple(_row(draw) for _ in range(rows)),
                # Neither 0 nor 1, so that a score is never taken for a class.
                tuple(draw.randint(100, 9899) / 10_000 + 0.00005 for _ in range(rows)),
                fate,
            )
        )
    return made


def _row(draw: random.Random) -> Json:
    return {
        "tenure_months": draw.randint(0, 72),
        "monthly_charges": draw.randint(2000, 9999) / 100,
        "support_calls": draw.randint(0, 9),
        "contract": draw.choice(("month-to-month", "one-year", "two-year", 'sa"y, "yes"\n')),
    }


def answered(made: Iterable[Call]) -> frozenset[str]:
    """The ids of all rows that were answered."""
    return frozenset(row_id for call in made if call.fate == OK for row_id in call.row_ids)


def fates(made: Iterable[Call], reasons: dict[str, str]) -> Json:
    """How many calls have each fate, under the reason that it must be set aside with."""
    found: Json = {}
    for call in made:
        if call.fate in reasons:
            reason = reasons[call.fate]
            found[reason] = found.get(reason, 0) + 1
    return found
