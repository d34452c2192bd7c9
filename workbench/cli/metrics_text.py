"""How does a check look to Prometheus? As OpenMetrics text, for a textfile collector.

OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.domain.alert import EXIT_CODES
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.alert import CheckReport

Sample = tuple[dict[str, str], float]


def openmetrics_text(report: CheckReport) -> str:
    """The answer of a check as OpenMetrics text; a figure that is not known has no sample."""
    models = report.statuses
    families: list[tuple[str, str, str, list[Sample]]] = [
        (
            "workbench_check_exit_code", "", "0 ok, 1 warning, 2 critical, 3 unknown.",
            [({}, report.exit_code)],
        ),
        ("workbench_check_failed", "", _FAILED, [({}, 0)]),
        (
            "workbench_alert", "", "1 warning, 2 critical; one a raised alert.",
            [
                (
                    {"model": a.model, "kind": a.kind, "columns": ",".join(a.columns),
                     "alert": str(a.id) if a.id is not None else str(number)},
                    EXIT_CODES[a.status],
                )
                for number, a in enumerate(report.alerts)
            ],
        ),
        (
            "workbench_alert_since_seconds", "seconds", "When the alert began, since 1970.",
            [
                (
                    {"model": a.model, "kind": a.kind,
                     "alert": str(a.id) if a.id is not None else str(number)},
                    a.since.timestamp(),
                )
                for number, a in enumerate(report.alerts)
            ],
        ),
        (
            "workbench_model_status", "", "0 ok, 1 warning, 2 critical, 3 unknown.",
            [({"model": m.name}, EXIT_CODES[m.status]) for m in models],
        ),
        (
            "workbench_bad_rate_ratio", "ratio", "Share of bad predictions in the card's window.",
            [({"model": m.name}, m.current_rate) for m in models if m.current_rate is not None],
        ),
        (
            "workbench_reference_bad_rate_ratio", "ratio", "Share of bad predictions in the reference.",
            [({"model": m.name}, m.reference_rate) for m in models if m.reference_rate is not None],
        ),
        (
            "workbench_drifted_features", "", "Features that moved in the card's window.",
            [({"model": m.name}, len(m.drifted_features)) for m in models],
        ),
        (
            "workbench_prediction_age_seconds", "seconds", "Age of the newest prediction.",
            [({"model": m.name}, m.age_seconds) for m in models if m.age_seconds is not None],
        ),
        (
            "workbench_open_incidents", "", "Incidents that are not closed.",
            [({"model": m.name}, m.open_incidents) for m in models if m.open_incidents is not None],
        ),
    ]  # fmt: skip
    return "".join(_family(*family) for family in families) + "# EOF\n"


_FAILED = "1 when the check itself failed: nothing is known of any model."


def failed_metrics_text(message: str) -> str:
    """What a check that failed has to say: that it did, and why."""
    return (
        _family(
            "workbench_check_exit_code", "", "0 ok, 1 warning, 2 critical, 3 unknown.",
            [({}, EXIT_CODES["unknown"])],
        )
        + _family("workbench_check_failed", "", _FAILED, [({"reason": message}, 1)])
        + "# EOF\n"
    )  # fmt: skip


def _family(name: str, unit: str, text: str, samples: Iterable[Sample]) -> str:
    found = f"# TYPE {name} gauge\n"
    if unit:
        found += f"# UNIT {name} {unit}\n"
    found += f"# HELP {name} {_escaped(text)}\n"
    for labels, value in samples:
        listed = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        found += (
            f"{name}{{{listed}}} {_number(value)}\n" if listed else f"{name} {_number(value)}\n"
        )
    return found


def _escaped(text: str) -> str:
    """Text in quotes: control characters as for a terminal, then what would end it."""
    return shown(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isfinite(value):
        return str(int(value)) if value == int(value) else repr(float(value))
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
