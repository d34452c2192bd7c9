"""The on-call workbench for machine-learning models.

The one thing to import is `open`, which gives the `Workspace` that the command line,
the terminal UI, the notebooks and the reports all call:

    import workbench

    with workbench.open("path/to/workspace") as ws:
        ws.status()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(path: str | Path = ".") -> Workspace:  # noqa: A001 - the public name is fixed
    """Opens the workspace that holds `path`, walking up from it.

    Raises:
        WorkspaceNotFoundError: no folder from `path` upwards has a `workbench.toml`.
        SettingsError: the `workbench.toml` found cannot be read.
    """
    from workbench.workspace import Workspace

    return Workspace.open(path)
