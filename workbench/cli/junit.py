"""How does a check look to a CI server? As a JUnit report: a test a model and kind of look."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from workbench.domain.names import shown
from workbench.domain.period import iso

if TYPE_CHECKING:
    from workbench.domain.alert import CheckReport, ModelLooks


def junit_text(report: CheckReport, now: datetime) -> str:
    """The report as XML.

    A raised alert is a failure, a model that cannot be judged an error, a kind of look that could
    not be made is skipped.

    Args:
        report: the answer of a check.
        now: the time that the report carries.
    """
    suites, totals = [], [0, 0, 0, 0]
    for looks in report.looks:
        cases = _cases(report, looks)
        counts = [
            len(cases), *(sum(f"<{word}" in case for case in cases) for word in _OUTCOMES)
        ]  # fmt: skip
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        suites.append(
            f"  <testsuite name={_quoted(looks.model)} {_counted(counts)} "
            f'timestamp="{iso(now.replace(microsecond=0)).removesuffix("Z")}" time="0">\n'
            + "".join(cases)
            + "  </testsuite>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="workbench check" {_counted(totals)} time="0">\n'
        + "".join(suites)
        + "</testsuites>\n"
    )


def failed_junit_text(message: str, now: datetime) -> str:
    """The report of a check that failed: one test, which is an error.

    Args:
        message: why it failed.
        now: the time that the report carries.
    """
    case = _case("check", "check", f'<error type="failed" message={_quoted(message)}/>')
    counts = _counted([1, 0, 1, 0])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="workbench check" {counts} time="0">\n'
        f'  <testsuite name="check" {counts} '
        f'timestamp="{iso(now.replace(microsecond=0)).removesuffix("Z")}" time="0">\n'
        f"{case}  </testsuite>\n</testsuites>\n"
    )


_OUTCOMES = ("failure", "error", "skipped")


def _counted(counts: list[int]) -> str:
    tests, failures, errors, skipped = counts
    return f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"'


def _cases(report: CheckReport, looks: ModelLooks) -> list[str]:
    raised = [alert for alert in report.alerts if alert.model == looks.model]
    kinds = dict.fromkeys([*looks.kinds, *(alert.kind for alert in raised)])
    cases = []
    for kind in kinds:
        found = [
            f"<failure type={_quoted(alert.status)} message={_quoted(alert.message)}>"
            f"{escape(shown(alert.message))}, since {iso(alert.since)}</failure>"
            for alert in raised
            if alert.kind == kind
        ]
        # One failure a test is what every reader understands; further ones are in its text.
        cases.append(_case(looks.model, kind, _merged(found)))
    status = next((s for s in report.statuses if s.name == looks.model), None)
    if not raised and status is not None and status.status == "unknown":
        why = _quoted(status.reason or looks.reason or "cannot be judged")
        cases.append(_case(looks.model, "judgeable", f'<error type="unknown" message={why}/>'))
    elif looks.reason:
        cases.append(_case(looks.model, "judgeable", f"<skipped message={_quoted(looks.reason)}/>"))
    return cases


def _merged(failures: list[str]) -> str:
    if len(failures) < 2:
        return "".join(failures)
    opening, _, first = failures[0].partition(">")
    texts = [first.removesuffix("</failure>")]
    texts += [other.partition(">")[2].removesuffix("</failure>") for other in failures[1:]]
    return f"{opening}>{'&#10;'.join(texts)}</failure>"


def _case(model: str, kind: str, inside: str) -> str:
    return (
        f"    <testcase classname={_quoted(f'workbench.{model}')} name={_quoted(kind)} "
        f'time="0">{inside}</testcase>\n'
    )


def _quoted(text: str) -> str:
    """An attribute's value; what XML cannot hold at all is escaped as for a terminal."""
    return quoteattr(shown(text))
