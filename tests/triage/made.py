"""Incidents that several tests look at, made once."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from tests.triage.scenarios.catalogue import KINDS
from tests.triage.scenarios.incidents import Incident, happen
from tests.triage.scenarios.oracle import Judged, judge
from tests.triage.scenarios.worlds import World

PLAIN = World("plain", rows_a_day=500, history_days=8)
SEED = 7


@lru_cache(maxsize=64)
def made(kind: str, severity: float = 4.0, days: float = 6.0, world: World = PLAIN) -> Incident:
    return happen(KINDS[kind], world, severity, timedelta(days=days), SEED)


@lru_cache(maxsize=64)
def judged(kind: str, severity: float = 4.0, days: float = 6.0, world: World = PLAIN) -> Judged:
    return judge(made(kind, severity, days, world))
