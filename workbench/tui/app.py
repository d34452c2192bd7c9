"""How is the terminal UI started?

Textual reads its switches when it is imported, so they are set here, before it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.tui.source import Source


def run_app(ws: Source, low_bandwidth: bool = False) -> None:
    """Opens the terminal UI on a workspace and returns once it was left.

    A query that still runs when the operator leaves is waited for after the terminal was
    given back: a thread inside DuckDB while the interpreter ends would abort the process.

    Args:
        ws: the open workspace; the caller closes it.
        low_bandwidth: no animation, few frames and no ticking, for a slow SSH line.
    """
    if low_bandwidth:
        os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_FPS="10", TEXTUAL_SMOOTH_SCROLL="0")
    from workbench.tui.application import WorkbenchApp

    WorkbenchApp(ws, low_bandwidth=low_bandwidth).run()
