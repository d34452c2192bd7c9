"""What does `--debug` show? The traceback; where a model has private columns, without their values.

The messages of libraries quote what they stumbled over: values, lines of files, statements with
the names of categories in them.
"""

from __future__ import annotations

import traceback

import click

from workbench.errors import WorkbenchError

WITHHELD = "(message withheld: a model here has private columns)"


def print_traceback(error: BaseException, *, is_private: bool) -> None:
    """Prints a failure with its causes on stderr.

    Args:
        error: the failure.
        is_private: nothing that a library says may be shown.
    """
    from workbench.domain.names import shown

    if not is_private:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        return
    for one in _chain(error):
        click.echo("Traceback (most recent call last):", err=True)
        click.echo("".join(traceback.format_tb(one.__traceback__)), err=True, nl=False)
        message = shown(one) if isinstance(one, WorkbenchError) else WITHHELD
        click.echo(f"{type(one).__name__}: {message}\n", err=True)


def _chain(error: BaseException) -> list[BaseException]:
    """A failure and what it came from, the first one first."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.insert(0, one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found
