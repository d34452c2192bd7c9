"""How is a report made of a workspace? The figures are asked for once, then put in order."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import workbench
from workbench.domain.card import ModelCard
from workbench.domain.drift import DriftReport
from workbench.domain.rates import PerformanceReport
from workbench.errors import WorkbenchError
from workbench.report.basis import basis_section
from workbench.report.happened import happened_section, overall_status, rise_began
from workbench.report.moved import drift_section, no_drift_section
from workbench.report.rates import group_section, rate_section
from workbench.report.rerun import rerun_section
from workbench.report.sections import IncidentReport, Section
from workbench.store.catalog import catalog_version
from workbench.store.connections import reading

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def build_report(
    ws: Workspace, model: str, period: str | None = None, version: str | None = None
) -> IncidentReport:
    """The incident report of one model and period.

    Rates and drift are asked for with the same start and end, whatever the words of the
    period were. Drift that cannot be told (a reference that is gone) costs its own section
    only, which says why.

    Raises:
        UnknownModelError: no card has this name.
        PeriodError: the period cannot be read.
        NoRowsError: nothing is stored that a rate could be taken from.
    """
    card = ws.card(model)
    before = _catalog_version(ws)
    performance = ws.performance_report(model, period=period, version=version)
    history = ws.performance_report(model, period="all", version=version)
    drift, failure = _drift(ws, model, str(performance.period), version)
    return IncidentReport(
        model=model,
        task=performance.task,
        owner=card.model.owner,
        description=card.model.description,
        versions=performance.versions,
        period=performance.period,
        status=overall_status(performance, drift),
        generated_at=ws.clock.now().replace(microsecond=0),
        workbench_version=workbench.__version__,
        # A commit between two questions leaves no one version that the figures are of.
        catalog_version=before if before == _catalog_version(ws) else None,
        sections=report_sections(
            card,
            performance,
            drift,
            failure,
            root=ws.root,
            version=version,
            as_of=ws.seen_as_of,
            began=rise_began(history),
        ),
    )


def _catalog_version(ws: Workspace) -> int:
    with reading(ws.store, "reading the catalog version for a report") as catalog:
        return catalog_version(catalog)


def _drift(
    ws: Workspace, model: str, period: str, version: str | None
) -> tuple[DriftReport | None, str]:
    try:
        return ws.drift(model, period=period, version=version), ""
    except WorkbenchError as error:
        return None, error.message


def report_sections(
    card: ModelCard,
    performance: PerformanceReport,
    drift: DriftReport | None,
    drift_failure: str = "",
    *,
    root: Path,
    version: str | None = None,
    as_of: datetime | None = None,
    began: datetime | None = None,
) -> tuple[Section, ...]:
    """The sections of a report, in reading order, from figures alone.

    Args:
        card: the model's card, which says what is sensitive.
        performance: its rates.
        drift: its drift; None when it could not be told.
        drift_failure: why not.
        root: the workspace's folder, for the commands.
        version: the `--version` that was asked for.
        as_of: the moment of `--as-of`.
        began: where the bad rate rose, from everything stored.
    """
    sections = (
        happened_section(performance, drift, began),
        rate_section(performance),
        group_section(performance, card),
        no_drift_section(drift_failure) if drift is None else drift_section(drift, card),
        basis_section(card, performance, drift),
        rerun_section(root, performance.model, performance.period, version, as_of),
    )
    return tuple(section for section in sections if section is not None)
