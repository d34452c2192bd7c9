"""The command `doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.health import ERROR, OK, WARNING, Check, is_well
from workbench.domain.names import shown
from workbench.errors import WorkspaceNotFoundError

_WORDS = {OK: "ok", WARNING: "WARN ~", ERROR: "ERROR !"}
_COLOURS = {OK: None, WARNING: "yellow", ERROR: "red"}


@click.command(short_help="What is wrong here, and how to mend it.")
@click.option("--deep", is_flag=True, help="Look at every row, however large the store.")
@json_option
@common_options
@click.pass_context
def doctor(ctx: click.Context, deep: bool, as_json: bool) -> None:
    """Looks at the machine, the cards and the whole store, and says how to mend what it finds.

    It changes nothing and keeps nobody waiting. Without a workspace it looks at the machine.
    Exits 1 when there is worse than a warning.
    """
    from workbench.cli.printing import note, print_json
    from workbench.workspace.health import examine

    root = _root(session_of(ctx).directory)
    told = note if sys.stderr.isatty() else _silent
    checks = examine(root, deep=deep, told=told)
    if as_json:
        print_json(
            {
                "ok": is_well(checks),
                "checks": [
                    {"name": c.name, "status": c.status, "detail": c.detail, "hint": c.hint or None}
                    for c in checks
                ],
            }
        )
    else:
        _print(root, checks)
    sys.exit(0 if is_well(checks) else 1)


def _root(directory: str | None) -> Path | None:
    """The workspace, whether its settings can be read or not; None where none was asked for or found."""
    from workbench.workspace.locating import find_root

    try:
        return find_root(Path(directory) if directory else Path.cwd())
    except WorkspaceNotFoundError:
        if directory:
            raise
        return None


def _print(root: Path | None, checks: tuple[Check, ...]) -> None:
    click.echo(f"workspace {shown(root)}" if root else "no workspace here: the machine only")
    for check in checks:
        word = click.style(
            f"{_WORDS[check.status]:<8}", fg=_COLOURS[check.status], bold=check.status != OK
        )
        click.echo(f"{word}{check.name:<12} {shown(check.detail)}")
        if check.hint:
            click.echo(f"{'':<8}{'':<12} {shown(check.hint)}")
    errors = sum(check.status == ERROR for check in checks)
    warnings = sum(check.status == WARNING for check in checks)
    click.echo("all is well" if not errors + warnings else f"{errors} errors, {warnings} warnings")


def _silent(_: str) -> None:
    """Nobody is there to be told."""
