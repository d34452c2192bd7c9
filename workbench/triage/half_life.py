"""How long did the last retrainings help? Where they wear off as fast as labels come, no schedule wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.names import shown
from workbench.domain.verdict import Evidence

LEAST_RETRAININGS = 2
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Retraining:
    """One retraining that went live, as the registry tells it."""

    version: str
    born: datetime
    """When it took over."""
    gain: float | None
    """What it gained over the champion before it, in bad rate; None: not recorded."""
    gone_at: datetime | None
    """When its bad rate was back at the alarm's level; None: it never was."""


@dataclass(frozen=True)
class HalfLife:
    """How long retrainings have lasted."""

    skipped: str | None = None
    days: tuple[float, ...] = ()
    """How long each that wore off did last, the oldest first."""
    median_days: float | None = None
    lead_days: float | None = None
    """From a need for retraining to a retrained model with labels to show for it."""
    versions: tuple[str, ...] = ()
    is_short: bool = False
    """Whether all of the last retrainings wore off within the lead time."""

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step, name = "half_life", "days that a retraining lasts"
        if self.skipped or self.median_days is None:
            return (Evidence(step, name, None, self.skipped or "not measured"),)
        names = ", ".join(shown(version) for version in self.versions)
        reading = (
            f"the last retrainings ({names}) wore off after a median of {self.median_days:.1f} days"
        )
        if self.is_short:
            reading += f", within the {self.lead_days:.1f} days that the next one takes"
        return (
            Evidence(
                step, name, self.median_days, reading, min(self.days), max(self.days),
                len(self.days), self.lead_days, "redesign" if self.is_short else None,
                "retrain" if self.is_short else None,
            ),
        )  # fmt: skip


def measure_half_life(
    history: Sequence[Retraining], label_delay: timedelta, lead: timedelta = _DAY
) -> HalfLife:
    """How long the retrainings lasted that had gained something.

    Short where the last `LEAST_RETRAININGS` or more in a row each gained, and each was back at the
    alarm's level within the delay of the labels and the lead time.

    Args:
        history: retrainings in any order; those without a gain are left out.
        label_delay: how late labels are.
        lead: from labels to a model in charge.
    """
    from statistics import median

    good = sorted(
        (r for r in history if r.gain is not None and r.gain > 0), key=lambda r: (r.born, r.version)
    )
    if len(good) < LEAST_RETRAININGS:
        return HalfLife(
            f"{len(good)} retrainings with a recorded gain; {LEAST_RETRAININGS} are needed"
        )
    worn = [r for r in good if r.gone_at is not None]
    days = tuple((r.gone_at - r.born) / _DAY for r in worn if r.gone_at is not None)
    if not days:
        return HalfLife("no retraining has worn off")
    limit = (label_delay + lead) / _DAY
    last = good[-LEAST_RETRAININGS:]
    is_short = all(r.gone_at is not None and (r.gone_at - r.born) / _DAY <= limit for r in last)
    return HalfLife(None, days, median(days), limit, tuple(r.version for r in worn), is_short)
