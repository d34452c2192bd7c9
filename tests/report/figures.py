"""Figures made by hand: hostile in every name, and the same at every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.domain.card import Columns, Identity, ModelCard, Privacy
from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.period import Period
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.domain.rates import PerformanceReport, RateBucket
from workbench.report import IncidentReport
from workbench.report.building import report_sections
from workbench.report.happened import overall_status, rise_began

NAME = "# m|`x` <b>[/b]\x1b[31m"
"""A model's name: a heading, a table's border, code, an element, markup and an escape sequence."""
FEED = "feed.delay[0]'\"|</script><script>alert(1)</script>"
START = datetime(2024, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RATES = (0.1, 0.125, None, 0.5, 0.625, None)


def bucket(day: int, rate: float | None, **segment: str | None) -> RateBucket:
    """One day's bucket of 100 rows, 80 of them labelled if it has a rate."""
    return RateBucket(
        start=START + day * DAY,
        end=START + (day + 1) * DAY,
        rows=100,
        labelled=0 if rate is None else 80,
        bad=0.0 if rate is None else rate * 80,
        bad_rate=rate,
        low=None if rate is None else rate - 0.05,
        high=None if rate is None else rate + 0.05,
        status="unknown" if rate is None else "critical" if rate > 0.2 else "ok",
        reason="no labels yet" if rate is None else None,
        segment=dict(segment) or None,
    )


def performance() -> PerformanceReport:
    """Six days: calm, calm, without labels, critical, critical, without labels."""
    whole = RateBucket(START, START + 6 * DAY, 600, 320, 108.0, 0.3375, 0.288, 0.391, "critical")
    return PerformanceReport(
        model=NAME,
        task="regression",
        period=Period(START, START + 6 * DAY),
        versions=("1", "2|b"),
        reference_rate=0.1,
        reference_low=0.09,
        reference_high=0.11,
        warning_rate=0.12,
        critical_rate=0.15,
        whole=whole,
        buckets=tuple(bucket(day, rate) for day, rate in enumerate(RATES)),
        months=(whole,),
        by_version=(bucket(0, 0.2, model_version="1"), bucket(0, 0.3, model_version="2|b")),
        by_role=(bucket(0, 0.2, role="live"),),
        by_arm=(bucket(0, 0.2, arm="secret-a"), bucket(0, 0.3, arm=None)),
    )


def numeric(name: str = FEED) -> ColumnDrift:
    """A number that moved up: four bins of the PSI over eight fine ones."""
    bins = ColumnBins(name, "feature", "numeric", edges=(1, 2, 3, 4, 5, 6, 7), psi_edges=(2, 4, 6))
    return ColumnDrift(
        name, "feature", "numeric", "critical",
        reason="PSI 1.20 above 0.25",
        psi=1.2, js=0.4, hellinger=0.4, ks=0.5, wasserstein=3.25, p_value=1e-12, p_adjusted=1e-11,
        missing_reference=0.0, missing_current=0.25,
        reference=ColumnProfile(bins, (10, 10, 10, 10, 10, 10, 10, 10)),
        current=ColumnProfile(bins, (0, 0, 0, 0, 0, 30, 30, 15), missing=25),
    )  # fmt: skip


def categorical(name: str = "carrier", prefix: str = "") -> ColumnDrift:
    """Categories, one of them unseen, all of them hostile."""
    names = (f"{prefix}AA", f"{prefix}a|`b`", f"{prefix}<i>")
    unseen = f"{prefix}<img src=x onerror=alert(2)>"
    bins = ColumnBins(name, "feature", "categorical", categories=names)
    return ColumnDrift(
        name, "feature", "categorical", "ok",
        psi=0.02, js=0.05, hellinger=0.05, p_value=0.4, p_adjusted=0.6,
        missing_reference=0.0, missing_current=0.0,
        unseen=(unseen,), unseen_share=0.05,
        reference=ColumnProfile(bins, (50, 30, 20, 0, 0)),
        current=ColumnProfile(bins, (45, 30, 20, 0, 5), unseen=((unseen, 5),)),
    )  # fmt: skip


def drift() -> DriftReport:
    """A column that moved, one that did not, a sensitive one, and one that cannot be judged."""
    empty = ColumnDrift(
        "empty", "feature", "numeric", "unknown", reason="the reference has no value of it"
    )
    return DriftReport(
        model=NAME,
        reference=Period(START - 30 * DAY, START - 10 * DAY),
        reference_rows=2000,
        current=Period(START, START + 6 * DAY),
        current_rows=600,
        versions=("1", "2|b"),
        columns=(numeric(), categorical(), categorical("postcode", "secret-"), empty),
        status="critical",
    )


def card() -> ModelCard:
    """The card that the figures are of: the postcode and the arm are sensitive."""
    return ModelCard(
        model=Identity(name=NAME, task="regression", owner="on-call <ops>"),
        columns=Columns(experiment="arm"),
        privacy=Privacy(sensitive=("postcode", "arm")),
    )


def report() -> IncidentReport:
    """A report of all that, made at a moment and from a folder that never change."""
    return IncidentReport(
        model=NAME,
        task="regression",
        owner="on-call <ops>",
        description="",
        versions=("1", "2|b"),
        period=performance().period,
        status=overall_status(performance(), drift()),
        generated_at=START + 7 * DAY,
        workbench_version="0.1.0",
        catalog_version=7,
        sections=report_sections(
            card(),
            performance(),
            drift(),
            root=Path("/srv/my work"),
            began=rise_began(performance()),
        ),
    )
