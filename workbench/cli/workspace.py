"""The command `init`."""

from __future__ import annotations

import click

from workbench.cli.options import common_options
from workbench.domain.names import shown


@click.command(short_help="Make a workspace.")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
@common_options
def init(folder: str) -> None:
    """Makes a workspace in DIR (here by default): settings, folders and an empty store."""
    from workbench.workspace import Workspace

    with Workspace.create(folder) as ws:
        click.echo(f"workspace {shown(ws.root)}")
        click.echo("next: workbench model add NAME --reference FILE", err=True)
