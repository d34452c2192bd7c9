"""A workspace that answers from memory: what the screens show is exactly what is written here.

Its figures are those of the demonstration: one model whose winds changed, one hit by
storms, one with a feed that switched from minutes to seconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.period import Period
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.domain.rates import PerformanceReport, RateBucket
from workbench.domain.status import ModelStatus

DAY = timedelta(days=1)
END = datetime(2013, 8, 1, tzinfo=UTC)
WINDOW = Period(END - 30 * DAY, END)
YEARS = 13.1 * 365.25 * 86400

RATES = (
    0.19, 0.21, 0.18, 0.20, 0.22, 0.19, 0.17, 0.21, 0.31, 0.44, 0.47, 0.42, 0.39, 0.45, 0.48,
    0.52, 0.49, 0.41, 0.44, 0.46, 0.43, 0.40, 0.38, 0.42, 0.47, 0.51, 0.45, None, None, None,
)  # fmt: skip


def model_status(name: str, status: str = "critical", **changes: object) -> ModelStatus:
    """A model's state; any field can be changed."""
    base = ModelStatus(
        name=name,
        version="1",
        task="regression",
        status=status,
        reason="bad rate 41.2% at or above 22.1% (reference 17.1%)",
        rows=48_211,
        period=WINDOW,
        period_rows=9_872,
        period_labelled=8_123,
        reference_rate=0.171,
        current_rate=0.412,
        low=0.401,
        high=0.4229,
        estimated_rate=None,
        drifted_features=(),
        features=6,
        data_faults=0,
        last_prediction=END,
        age_seconds=YEARS,
        open_incidents=0,
        trend=RATES[6:],
        since=datetime(2013, 7, 10, tzinfo=UTC),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


FLEET = (
    model_status("air-time"),
    model_status(
        "arrival-delay",
        reason="bad rate 33.9% at or above 24.4% (reference 19.4%)",
        current_rate=0.339,
        low=0.3288,
        high=0.3493,
        reference_rate=0.194,
        drifted_features=("dep_delay",),
        features=9,
        trend=tuple(0.2 + 0.015 * max(i - 8, 0) for i in range(24)),
    ),
    model_status(
        "schedule-delay",
        "warning",
        reason="bad rate 28.8% at or above 20.0% (reference 18.0%)",
        current_rate=0.288,
        low=0.2783,
        high=0.298,
        reference_rate=0.18,
        since=datetime(2013, 6, 24, tzinfo=UTC),
        trend=tuple(0.18 + 0.01 * (i % 12) for i in range(24)),
    ),
    model_status(
        "checkout-fraud",
        "ok",
        reason=None,
        task="binary",
        version="14",
        current_rate=0.0213,
        low=0.0207,
        high=0.0219,
        reference_rate=0.0209,
        period_rows=1_204_331,
        period_labelled=1_100_204,
        features=42,
        age_seconds=360.0,
        since=None,
        trend=(0.021, 0.0212, 0.0208) * 8,
    ),
    model_status(
        "churn",
        "unknown",
        reason="no predictions are stored yet",
        task="binary",
        current_rate=None,
        low=None,
        high=None,
        period_rows=0,
        period_labelled=0,
        since=None,
        trend=(),
    ),
)


def performance(model: str) -> PerformanceReport:
    """A rate that leaps on the tenth day; the newest three days have no labels yet."""
    buckets = tuple(
        RateBucket(
            start=WINDOW.start + i * DAY,
            end=WINDOW.start + (i + 1) * DAY,
            rows=329,
            labelled=0 if rate is None else 329,
            bad=0.0 if rate is None else rate * 329,
            bad_rate=rate,
            low=None if rate is None else rate - 0.05,
            high=None if rate is None else rate + 0.05,
            status="unknown" if rate is None else "critical" if rate > 0.221 else "ok",
        )
        for i, rate in enumerate(RATES)
    )
    whole = RateBucket(
        WINDOW.start, WINDOW.end, 9_872, 8_123, 3_347.0, 0.412, 0.401, 0.4229, "critical"
    )
    return PerformanceReport(
        model=model, task="regression", period=WINDOW, versions=("1",),
        reference_rate=0.171, reference_low=0.16, reference_high=0.182,
        warning_rate=0.191, critical_rate=0.221, whole=whole, buckets=buckets,
        months=(), by_version=(), by_role=(), by_arm=(),
    )  # fmt: skip


def _delays(counts: tuple[int, ...], total: float) -> ColumnProfile:
    edges = (-7.0, -5.0, -4.0, -2.0, -1.0, 2.0, 8.0, 21.0, 53.0)
    bins = ColumnBins("dep_delay", "feature", "numeric", edges=edges, psi_edges=edges, center=12.6)
    return ColumnProfile(bins, counts, total=total, minimum=-21.0, maximum=50_400.0)


COLUMNS = (
    ColumnDrift(
        "dep_delay", "feature", "numeric", "critical", "PSI 0.71 above 0.25; moved 4.21 standard deviations above 1",
        psi=0.712, js=0.301, hellinger=0.288, ks=0.214, wasserstein=4.21, p_value=1e-9,
        p_adjusted=1e-8, missing_reference=0.0, missing_current=0.0,
        reference=_delays((520, 490, 510, 505, 512, 498, 515, 530, 510, 533), 0.0),
        current=_delays((2301, 702, 630, 611, 598, 590, 640, 655, 601, 2544), 1_168_000.0),
    ),
    ColumnDrift(
        "prediction", "prediction", "numeric", "warning", "PSI 0.14 above 0.1",
        psi=0.141, js=0.12, hellinger=0.118, ks=0.09, wasserstein=0.22, p_value=1e-5,
        p_adjusted=4e-5, missing_reference=0.0, missing_current=0.0,
    ),
    ColumnDrift(
        "dest", "feature", "categorical", "ok", None, psi=0.061, js=0.09, hellinger=0.08,
        p_value=0.02, p_adjusted=0.08, missing_reference=0.0, missing_current=0.0,
        unseen=("HDN", "JAC", "TVC", "LEX"), unseen_share=0.0412,
    ),
    ColumnDrift(
        "wind_speed", "feature", "numeric", "ok", None, psi=0.031, js=0.05, hellinger=0.05,
        ks=0.02, wasserstein=0.04, p_value=0.2, p_adjusted=0.31, missing_reference=0.004,
        missing_current=0.0312,
    ),
    ColumnDrift(
        "distance", "feature", "numeric", "ok", None, psi=0.004, js=0.01, hellinger=0.01,
        ks=0.008, wasserstein=0.012, p_value=0.6, p_adjusted=0.71, missing_reference=0.0,
        missing_current=0.0,
    ),
    ColumnDrift(
        "carrier", "feature", "categorical", "ok", None, psi=0.002, js=0.01, hellinger=0.01,
        p_value=0.7, p_adjusted=0.71, missing_reference=0.0, missing_current=0.0,
    ),
    ColumnDrift(
        "gate", "feature", "categorical", "unknown", "all values are missing in the reference",
        missing_reference=1.0, missing_current=1.0,
    ),
)  # fmt: skip


def drift(model: str) -> DriftReport:
    """One column far off, one that followed, two with something new, one not comparable."""
    return DriftReport(model, None, 5_123, WINDOW, 9_872, ("1",), COLUMNS, "critical")


@dataclass
class StandIn:
    """Answers like a workspace; waits for `gate` first, and raises `error` when there is one."""

    statuses: tuple[ModelStatus, ...] = FLEET
    error: Exception | None = None
    root: Path = Path("flights")
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    columns: tuple[ColumnDrift, ...] = COLUMNS

    def __post_init__(self) -> None:
        """Open, unless a test closes it."""
        self.gate.set()

    def _answer(self, what: str, model: str = "", period: str | None = None) -> None:
        self.asked.append((what, model, period))
        self.gate.wait(30)
        if self.error is not None:
            raise self.error

    def status(self) -> tuple[ModelStatus, ...]:
        """The statuses it was given."""
        self._answer("status")
        return self.statuses

    def performance_report(self, model: str, period: str | None = None) -> PerformanceReport:
        """The same rates for every model."""
        self._answer("performance", model, period)
        return performance(model)

    def drift(self, model: str, period: str | None = None) -> DriftReport:
        """The same columns for every model."""
        self._answer("drift", model, period)
        return replace(drift(model), columns=self.columns)
