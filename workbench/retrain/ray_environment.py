"""What must Ray find in its environment? Nothing told to others, a token, and nothing of `uv run`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

TOKEN = "token"  # noqa: S105 - the name of a file


def ray_variables(token_file: Path | None) -> dict[str, str]:
    """The variables of every process of a cluster and of who speaks to it.

    Ray listens on all interfaces, so that a token is always asked for. Under `uv run` Ray would copy
    the working directory and start its workers in the copy.

    Args:
        token_file: holds the token; nobody but its owner may read it. None: a cluster that asks for
            none.
    """
    asked = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token_file)}
    return (asked if token_file is not None else {}) | {
        # The folder of a run is one that git is told to ignore, and is to be sent all the same.
        "RAY_RUNTIME_ENV_IGNORE_GITIGNORE": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_DISABLE_DOCKER_CPU_WARNING": "1",
        "RAY_DEDUP_LOGS": "0",
        "OMP_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
    }


def apply(variables: dict[str, str]) -> None:
    """Sets them for this process, before Ray is imported, and takes what else is said of Ray away."""
    for name in [one for one in os.environ if one.startswith("RAY_")]:
        del os.environ[name]
    os.environ.update(variables)


def new_token(folder: Path) -> Path:
    """A token of this run alone, in a file that nobody else may read."""
    path = folder / TOKEN
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return path
