"""Which workspace, and as of when? The options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """What the common options said."""

    directory: str | None = None
    as_of: str | None = None
    debugging: ClassVar[bool] = False
    """`--debug`: tracebacks are shown; for the process, since the last handler needs it too."""
    failure_code: ClassVar[int] = 1
    """What the process ends with when the command fails."""
    opened: ClassVar[Workspace | None] = None
    """The workspace that a command opened last, for the last handler."""

    def workspace(self) -> Workspace:
        """The workspace that the options name, or that holds the current folder."""
        import workbench
        from workbench.domain.period import parse_time

        ws = workbench.open(Path(self.directory) if self.directory else Path.cwd())
        Session.opened = ws
        return ws.as_of(parse_time(self.as_of)) if self.as_of else ws

    @classmethod
    def is_private(cls) -> bool:
        """Whether a model of the workspace has columns whose values must not be shown."""
        if cls.opened is None:
            return False
        try:
            return any(card.privacy.is_any for card in cls.opened.models())
        except WorkbenchError:
            return True  # a card that cannot be read may say so


def session_of(ctx: click.Context) -> Session:
    """The session of a command, made at first use."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = Session()
    session: Session = root.obj
    return session


def common_options(command: F) -> F:
    """Adds -C/--workspace, --as-of and --debug to a command."""
    for option in (
        click.option(
            "-C", "--workspace", "directory", metavar="DIR", envvar="WORKBENCH_WORKSPACE",
            help="The workspace; else it is looked for from here upwards.",
            expose_value=False, callback=_remember_directory,
        ),
        click.option(
            "--as-of", metavar="TIME", help="Answer as if it were this moment (UTC).",
            expose_value=False, callback=_remember_as_of,
        ),
        click.option(
            "--debug", is_flag=True, help="Show tracebacks.", expose_value=False, callback=_remember_debug
        ),
    ):  # fmt: skip
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
period_option = click.option(
    "--period", metavar="P", help="24h, 7d, 30d, START/END or all; else the card's window."
)
version_option = click.option(
    "--version", "version", metavar="V", help="A version, champion or all."
)


def _remember_directory(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    session = session_of(ctx)
    # A command's own -C wins over the group's; the variable must not undo either.
    if value is not None and (
        session.directory is None or ctx.get_parameter_source("directory") != _ENVIRONMENT
    ):
        session.directory = value


def _remember_as_of(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        session_of(ctx).as_of = value


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    session_of(ctx)
    if value:
        Session.debugging = True


_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT
