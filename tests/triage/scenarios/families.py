"""In which worlds are causes planted? Families that are kept apart: to tune on, for the table, and a last.

A family has its own worlds, seeds, severities and ages. The rules of triage may be changed by what
`tuning` shows; the table of the README is made from `table`; `final` is touched once, at the end, and
its inputs have heavier tails and act in a way (`ring`) that neither of the others has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.triage.scenarios.worlds import World


@dataclass(frozen=True)
class Family:
    """Worlds with their seeds, severities and ages."""

    name: str
    first_seed: int
    worlds: tuple[World, ...]
    severities: tuple[float, ...]
    """The rise of the bad rate, in floors."""
    ages: tuple[float, ...]
    """Hours since the onset."""


_TUNING = (
    World("plain"),
    World("meeting", form="interacting", rows_a_day=500, day_spread=0.08),
    World("rare", positives=0.05, rows_a_day=2000, history_days=14),
    World("modes", task="multiclass", rows_a_day=700, correlation=0.3),
    World("minutes", task="regression", form="interacting", rows_a_day=400),
    World("wide", is_wide=True, form="interacting", correlation=0.3, rows_a_day=800, weekend=0.6),
    World("late", delay_days=3, rows_a_day=900),
    World("line", recipe="linear", rows_a_day=600),
    World("bare", has_artifact=False, has_training=False),
    World("very rare", positives=0.005, rows_a_day=5000, history_days=10),
    World("small", rows_a_day=100, history_days=28),
    World("fast", rows_a_day=5000, history_days=10, bucket="1h"),
)

_PRACTICE = (
    World("early", delay_days=4, is_early=True, rows_a_day=600),
    World("no table", form="interacting", has_training=False, rows_a_day=800),
    World("fast days", rows_a_day=3000, history_days=12, bucket="1h", day_spread=0.06),
    World("line minutes", task="regression", recipe="linear", rows_a_day=700, weekend=0.5),
    World("late wide", is_wide=True, delay_days=1.5, rows_a_day=1100),
    World("half", positives=0.3, form="interacting", day_spread=0.07, rows_a_day=750),
    World("wide minutes", task="regression", is_wide=True, correlation=0.2, rows_a_day=800),
    World("scarce", positives=0.03, form="interacting", rows_a_day=3000, history_days=12),
    World("late modes", task="multiclass", delay_days=2.5, rows_a_day=900),
    World("weekly", form="interacting", weekend=0.8, rows_a_day=650, correlation=0.2),
    World("bare modes", task="multiclass", has_artifact=False, rows_a_day=900),
    World("very scarce", positives=0.01, rows_a_day=4500, history_days=10, day_spread=0.04),
    World("few minutes", task="regression", form="interacting", rows_a_day=130, history_days=30),
    World("fast minutes", task="regression", rows_a_day=2500, history_days=10, bucket="1h"),
)

_TABLE = (
    World("plain", rows_a_day=700, day_spread=0.07),
    World("minutes", task="regression", rows_a_day=600, day_spread=0.08),
    World("meeting", form="interacting", rows_a_day=900, weekend=0.5),
    World("rare", positives=0.05, form="interacting", rows_a_day=2500, history_days=12),
    World("modes", task="multiclass", form="interacting", rows_a_day=800),
    World("wide", is_wide=True, correlation=0.4, rows_a_day=1000, history_days=14),
    World("wide minutes", task="regression", is_wide=True, form="interacting", rows_a_day=500),
    World("late", form="interacting", delay_days=2, rows_a_day=1000, history_days=18),
    World("early", delay_days=5, is_early=True, rows_a_day=800),
    World("line", recipe="linear", rows_a_day=800, weekend=0.4),
    World("line minutes", task="regression", recipe="linear", rows_a_day=500),
    World("bare", form="interacting", has_artifact=False, has_training=False, rows_a_day=700),
    World("no table", task="multiclass", has_training=False, rows_a_day=600),
    World("very rare", positives=0.005, rows_a_day=5000, history_days=9, day_spread=0.03),
    World("small", form="interacting", rows_a_day=100, history_days=28),
    World("fast", rows_a_day=4000, history_days=10, bucket="1h", day_spread=0.08),
)

_FINAL = (
    World("ring", form="ring", has_tails=True, rows_a_day=650),
    World("ring minutes", task="regression", form="ring", has_tails=True, rows_a_day=550),
    World(
        "ring modes", task="multiclass", form="ring", has_tails=True, rows_a_day=900, weekend=0.5
    ),
    World(
        "ring rare", positives=0.08, form="ring", has_tails=True, rows_a_day=1800, history_days=14
    ),
    World("wide ring", is_wide=True, form="ring", has_tails=True, correlation=0.2, rows_a_day=750),
    World("late ring", form="ring", has_tails=True, delay_days=4, rows_a_day=850),
    World("tailed line", recipe="linear", has_tails=True, rows_a_day=700, day_spread=0.08),
    World("bare ring", form="ring", has_tails=True, has_artifact=False, rows_a_day=800),
    World("fast ring", form="ring", has_tails=True, rows_a_day=3000, history_days=10, bucket="1h"),
)

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("tuning", 0, _TUNING, (2.5, 1.25, 4.0, 0.6), (120, 168, 60, 336, 24, 2)),
        Family(
            "practice", 30_000_000, _PRACTICE, (2.3, 3.2, 1.1, 4.2, 0.7, 2.7),
            (126, 90, 200, 48, 400, 26, 3),
        ),
        Family(
            "table", 50_000_000, _TABLE, (2.2, 3.0, 1.0, 4.0, 0.5, 2.6, 1.5),
            (144, 72, 216, 96, 504, 30, 192, 2),
        ),
        Family("final", 20_000_000, _FINAL, (2.0, 2.8, 3.6), (132, 84, 228, 456, 40, 2)),
    )
}  # fmt: skip
