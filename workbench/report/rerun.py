"""How does another person get the same figures? The exact commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from workbench.domain.period import Period, iso
from workbench.report.sections import Section


def rerun_section(
    root: Path, model: str, period: Period, version: str | None, as_of: datetime | None
) -> Section:
    """The commands that print the figures of a report again, with its period spelled out.

    Args:
        root: the workspace's folder, for `-C`.
        model: the model's name.
        period: the period used; a relative one moves with the data, so it is never repeated.
        version: the `--version` that was asked for; None for the default.
        as_of: the moment of `--as-of`; None for now.
    """
    common = ["-C", str(root), "--period", str(period)]
    if version is not None:
        common += ["--version", version]
    if as_of is not None:
        common += ["--as-of", iso(as_of)]
    # A name that begins with a dash is an option unless `--` comes first.
    name = ["--", model] if model.startswith("-") else [model]
    commands = [
        command(["workbench", verb, *common, *name]) for verb in ("performance", "drift", "report")
    ]
    paragraph = (
        "These commands answer from the same rows; labels that were ingested after this report "
        "was made change the rates."
    )
    return Section("rerun", "Run it again", (paragraph,), commands=tuple(commands))


def command(words: Sequence[str]) -> str:
    r"""Words as a line that a POSIX shell (or bash, for unprintable characters) reads back.

    >>> command(["workbench", "report", "it's"]), command(["a\nb"])
    ('workbench report \'it\'"\'"\'s\'', "$'a\\nb'")
    """
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        f"\\{c}" if c in "'\\" else c if c.isprintable() else _escape(c) for c in word
    )
    return f"$'{escaped}'"


def _escape(character: str) -> str:
    if character == "\n":
        return "\\n"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
