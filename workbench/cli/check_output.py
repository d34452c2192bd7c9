"""Where does the answer of a check go, and did it get there? Stdout, and files for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.domain.alert import CheckReport

STDOUT = "-"


@dataclass(frozen=True)
class Destinations:
    """Where the answer is wanted."""

    as_json: bool
    junit: str | None
    openmetrics: str | None

    def require_one_on_stdout(self) -> None:
        """Refuses several documents on one stdout.

        Raises:
            UsageError: more than one of `--json`, `--junit -` and `--openmetrics -` is asked for.
        """
        if self.as_json + (self.junit == STDOUT) + (self.openmetrics == STDOUT) > 1:
            raise click.UsageError(
                "stdout takes one document: one of --json, --junit - and --openmetrics -"
            )

    def write_files(self, report: CheckReport, now: datetime) -> list[WorkbenchError]:
        """Writes the files, which tell the whole state, whatever was said before.

        A metric that is gone is an alarm over.

        Args:
            report: the answer.
            now: the time that reports carry.

        Returns:
            Why files could not be written.
        """
        from workbench.cli.junit import junit_text
        from workbench.cli.metrics_text import openmetrics_text

        return self._write(lambda: junit_text(report, now), lambda: openmetrics_text(report))

    def write_answer(
        self, report: CheckReport, told: CheckReport, lines: Sequence[str], now: datetime
    ) -> None:
        """Prints the answer, and makes sure that it has left this process.

        Args:
            report: the answer.
            told: what of it is to be said.
            lines: the same in words.
            now: the time that reports carry.

        Raises:
            WorkbenchError: stdout cannot be written: nobody has been told.
        """
        from workbench.cli.documents import check_document
        from workbench.cli.junit import junit_text
        from workbench.cli.metrics_text import openmetrics_text
        from workbench.cli.printing import print_json, print_text

        if self.as_json:
            _printed(lambda: print_json(check_document(told)))
        elif self.junit == STDOUT:
            _printed(lambda: click.echo(junit_text(report, now), nl=False))
        elif self.openmetrics == STDOUT:
            _printed(lambda: click.echo(openmetrics_text(report), nl=False))
        else:
            # A monitor reads the first line whole; a person at a terminal reads it wrapped.
            say = print_text if sys.stdout.isatty() else click.echo
            _printed(lambda: [say(line) for line in lines])

    def write_failure(self, message: str, hint: str) -> None:
        """Says on stdout and in the files that the check failed; what cannot be written is left.

        Args:
            message: why it failed.
            hint: what to do about it.
        """
        from workbench.cli.documents import failed_check_document
        from workbench.cli.junit import failed_junit_text
        from workbench.cli.metrics_text import failed_metrics_text
        from workbench.cli.printing import note, print_json, print_text
        from workbench.clock import SystemClock
        from workbench.domain.names import shown

        now = SystemClock().now()
        junit, metrics = failed_junit_text(message, now), failed_metrics_text(message)
        for problem in self._write(lambda: junit, lambda: metrics):
            note(problem.message)
        with suppress(WorkbenchError):  # the failure itself is told on stderr
            if self.as_json:
                _printed(lambda: print_json(failed_check_document(message, hint)))
            elif STDOUT in (self.junit, self.openmetrics):
                _printed(lambda: click.echo(junit if self.junit == STDOUT else metrics, nl=False))
            else:
                line = f"UNKNOWN - the check failed: {shown(message)}".replace("|", "/")
                say = print_text if sys.stdout.isatty() else click.echo
                _printed(lambda: say(line))

    def _write(self, junit: Callable[[], str], metrics: Callable[[], str]) -> list[WorkbenchError]:
        from workbench.report.files import write_report

        problems = []
        for path, text in ((self.junit, junit), (self.openmetrics, metrics)):
            if path is None or path == STDOUT:
                continue
            try:
                write_report(Path(path), text())
            except WorkbenchError as problem:
                problems.append(problem)
        return problems


def _printed(say: Callable[[], object]) -> None:
    try:
        say()
        sys.stdout.flush()
    except OSError as error:
        # Python would try once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WorkbenchError(
            f"cannot write the answer to stdout: {error.strerror or error}",
            "Make room there, or print elsewhere; nothing counts as said.",
        ) from error
