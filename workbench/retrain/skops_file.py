"""Which estimator does a skops file hold? Loaded only when every type in it is trusted."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from workbench.domain.names import shown
from workbench.errors import ArtifactError
from workbench.retrain.tree_checks import TREE_TYPES, check_trees

TRUSTED = (*TREE_TYPES, "numpy.dtype", "sklearn.utils._bunch.Bunch")
"""What the built-in recipes make beyond what skops trusts by itself; trees are checked."""

LARGEST_BYTES = 2 * 1024**3
"""A model that would take more than this in memory is not loaded."""


def load_skops(path: Path, name: str, trusted_types: Sequence[str]) -> Any:
    """The estimator of a skops file. Nothing is ever unpickled.

    Args:
        path: the file.
        name: how it is called in messages.
        trusted_types: types that the card lets skops load besides.

    Raises:
        ArtifactError: the file cannot be read, is larger than `LARGEST_BYTES`, holds a type that
            is not trusted (the message names it), or a tree that points outside itself.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        content = _content(path, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another version of scikit-learn
            estimator = skops.io.loads(content, trusted=[*TRUSTED, *trusted_types])
        check_trees(estimator)
    except ArtifactError:
        raise
    except UntrustedTypesFoundException as error:
        raise _untrusted(content, name, trusted_types) from error
    # A file from outside can make skops raise anything.
    except Exception as error:
        raise ArtifactError(
            f"{shown(name)} cannot be loaded: {shown(error, 200) or type(error).__name__}",
            "Save the model again with skops.io.dump, with the versions of the libraries that are here.",
        ) from error
    return estimator


def _content(path: Path, name: str) -> bytes:
    """The file's bytes, read once: what is checked is what is loaded."""
    size = path.stat().st_size
    if size <= LARGEST_BYTES:
        content = path.read_bytes()
        try:
            with ZipFile(io.BytesIO(content)) as parts:
                size = sum(part.file_size for part in parts.infolist())
        except BadZipFile as error:
            raise ArtifactError(
                f"{shown(name)} is no skops file", "Save the model with skops.io.dump."
            ) from error
        if size <= LARGEST_BYTES:
            return content
    raise ArtifactError(
        f"{shown(name)} takes {size / 1024**3:.1f} GiB, and {LARGEST_BYTES // 1024**3} are allowed",
        'Name a command in its place: artifact = "cmd: score {input} {output}".',
    )


def _untrusted(content: bytes, name: str, trusted_types: Sequence[str]) -> ArtifactError:
    import skops.io

    unknown = set(skops.io.get_untrusted_types(data=content)) - {*TRUSTED, *trusted_types}
    listed = [shown(one, 120) for one in sorted(unknown)]
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return ArtifactError(
        f"{shown(name)} holds what is not trusted: {', '.join(listed[:5])}{more}",
        "If you know what they do and where the file is from, name them in the card: "
        f"[model] trusted_types = [{', '.join(repr(one) for one in listed[:5])}].",
    )
