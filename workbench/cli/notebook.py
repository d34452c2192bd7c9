"""The command `notebook`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import click

from workbench.cli.options import common_options, json_option, period_option, session_of

HOST = "127.0.0.1"
"""A notebook shows a model's data: nobody but this machine reaches it, and only with its token."""


@click.command(short_help="Open a marimo notebook on a model.")
@click.argument("name", required=False)
@click.option("--model", metavar="M", help="The model; else the worst one.")
@period_option
@click.option("--port", type=click.IntRange(1, 65535), help="Else a free one is taken.")
@click.option("--headless", is_flag=True, help="Do not open a browser.")
@json_option
@common_options
@click.pass_context
def notebook(
    ctx: click.Context, name: str | None, model: str | None, period: str | None,
    port: int | None, headless: bool, as_json: bool,
) -> None:  # fmt: skip
    """Opens the notebook NAME on a model and a period; without NAME, lists the notebooks.

    It runs until it is interrupted, on this machine only, at an address that holds a token.
    """
    from workbench.errors import WorkbenchError
    from workbench.resources import notebooks_dir

    found = {path.stem: path for path in sorted(notebooks_dir().glob("*.py"))}
    if name is None:
        _print_list(found, as_json)
        return
    if name not in found:
        raise WorkbenchError(f"there is no notebook {name!r}", f"Notebooks: {', '.join(found)}.")
    session = session_of(ctx)
    with session.workspace() as ws:
        # Told here, in the terminal, rather than in a browser.
        if model is not None:
            ws.card(model)
        root = ws.root
    given = {"workspace": str(root), "model": model, "period": period, "as-of": session.as_of}
    ctx.exit(_run(marimo_command(found[name], given, port, headless)))


def marimo_command(
    path: Path, given: dict[str, str | None], port: int | None, headless: bool
) -> list[str]:
    """The command line that serves a notebook.

    Args:
        path: the notebook.
        given: its arguments; those that are None are left out.
        port: None for a free one.
        headless: no browser is opened.
    """
    words = [sys.executable, "-m", "marimo", "run", str(path), "--host", HOST, "--token"]
    if port is not None:
        words += ["--port", str(port)]
    if headless:
        words.append("--headless")
    # `--key=value`, so that a name that begins with a dash stays a value.
    return [*words, "--", *(f"--{key}={value}" for key, value in given.items() if value)]


def _run(words: list[str]) -> int:
    # A look for a newer version would leave the machine.
    environment = {**os.environ, "MARIMO_SKIP_UPDATE_CHECK": "1"}
    with subprocess.Popen(words, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # the terminal interrupted marimo too: it is closing
            return 130


def _print_list(found: dict[str, Path], as_json: bool) -> None:
    from workbench.cli.printing import print_json, print_table

    titles = {name: _question(path) for name, path in found.items()}
    if as_json:
        listed = [{"name": name, "question": title} for name, title in titles.items()]
        print_json({"notebooks": listed})
        return
    print_table(("notebook", "answers"), list(titles.items()))


def _question(path: Path) -> str:
    """The first line of a notebook's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
