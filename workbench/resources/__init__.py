"""Where are the files that come with the package? The notebooks and the demo's pipeline.

In an installed wheel they lie inside this package; in a source checkout they are the
repository's own top-level folders. They are only ever read: the demo runs a copy.
"""

from __future__ import annotations

from pathlib import Path

from workbench.errors import WorkbenchError

_PACKAGED = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGED.parent.parent


def notebooks_dir() -> Path:
    """The folder of the marimo notebooks.

    Raises:
        WorkbenchError: the installation lacks it.
    """
    return _folder("notebooks", "drift.py")


def demo_pipeline_dir() -> Path:
    """The folder of the demo's DVC pipeline and model cards.

    Raises:
        WorkbenchError: the installation lacks it.
    """
    return _folder("data", "dvc.yaml")


def _folder(name: str, holds: str) -> Path:
    # A file is asked for and not the folder: site-packages may hold a `data` of anybody's.
    for parent in (_PACKAGED, _CHECKOUT):
        if (parent / name / holds).is_file():
            return parent / name
    raise WorkbenchError(
        f"this installation has no {name} folder",
        "Install it again: pip install --force-reinstall oncall-workbench",
    )
