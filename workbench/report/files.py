"""Where does a report go? The name of its file, and the file written whole or not at all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from workbench.domain.names import file_stem
from workbench.errors import WorkbenchError
from workbench.report.sections import IncidentReport
from workbench.workspace.locating import write_whole


def file_name(made: IncidentReport, version: str | None, form: str) -> str:
    """The name of a report's file: model, version if one was asked for, start and end.

    A time of day is named only where there is one.
    """
    parts = [made.model, *([version] if version else [])]
    stems = [*(file_stem(part) for part in parts), _day(made.period.start), _day(made.period.end)]
    return f"{'-'.join(stems)}.{form}"


def _day(moment: datetime) -> str:
    is_midnight = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%dT%H%M%S")


def write_report(path: Path, text: str) -> None:
    """Writes a report whole or not at all; to a pipe or a device, as it comes.

    Raises:
        WorkbenchError: the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return
        if path.parent.name == "reports":
            path.parent.mkdir(exist_ok=True)
        write_whole(path.resolve(), text)
    except OSError as error:
        raise WorkbenchError(
            f"cannot write {path}: {error.strerror or error}",
            "Name another file.",
        ) from error
