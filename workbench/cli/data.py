"""The commands of `data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.options import common_options, json_option, session_of
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.diff.data_versions import DataVersion, Recorded
    from workbench.workspace import Workspace
    from workbench.workspace.data_versions import TableHistory
    from workbench.workspace.training_data import TableState

_SHORT = 8
"""Characters of a hash or a commit that are shown; six are enough to name a version."""


@click.group(short_help="Versions of training and reference tables (DVC).")
@common_options
def data() -> None:
    """Keeps versions of tables in git and DVC, in the workspace's own repository."""


@data.command()
@click.argument("file", type=click.Path())
@click.option("--message", "-m", metavar="TEXT", help="Of the commit; else `Track FILE`.")
@json_option
@common_options
@click.pass_context
def track(ctx: click.Context, file: str, message: str | None, as_json: bool) -> None:
    """Records the present version of FILE, a table or a folder below data/.

    The repository is made at the first time. Exits 1 when the remote could not be reached: the
    version is recorded, and the same command pushes it later.
    """
    from workbench.cli.printing import note, print_json

    with session_of(ctx).workspace() as ws:
        done = ws.data.track(_named(ws, file), message)
    if as_json:
        print_json(track_document(done))
    else:
        state = "recorded" if done.is_new else "unchanged, recorded before"
        click.echo(f"{shown(done.path)}: {state}")
        click.echo(
            f"version {done.md5[:_SHORT]}, {_size(done.size)}, commit {done.revision[:_SHORT]}"
        )
    for text in done.notes:
        note(text)
    if done.not_pushed is not None:
        note(f"error: not pushed: {done.not_pushed}")
        note("hint: this version is in the cache only; give the command again to push it")
        ctx.exit(1)


@data.command()
@click.argument("file", type=click.Path())
@json_option
@common_options
@click.pass_context
def log(ctx: click.Context, file: str, as_json: bool) -> None:
    """Lists the recorded versions of FILE, newest first, and what was trained on them."""
    from workbench.cli.printing import note, print_json

    with session_of(ctx).workspace() as ws:
        found = ws.data.log(_named(ws, file))
    if as_json:
        print_json(log_document(found))
        return
    click.echo(f"{shown(found.path)}: {len(found.versions)} recorded")
    for version in found.versions:
        for line in _version_lines(version, found):
            click.echo(line)
    if not found.is_recorded:
        note(f"the file is as none of them: workbench data track {shown(found.path)}")


@data.command()
@click.argument("name", required=False)
@json_option
@common_options
@click.pass_context
def status(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Tells whether the tables of NAME, or of every model, changed since its champion was made."""
    from workbench.cli.printing import note, print_json

    with session_of(ctx).workspace() as ws:
        found = ws.data.status(name)
    if as_json:
        print_json(status_document(found))
        return
    if not found:
        note("no models")
    for number, state in enumerate(found):
        if number == 0 or found[number - 1].model != state.model:
            version = f", version {shown(state.version, 20)}" if state.version else ""
            click.echo(f"{shown(state.model, 50)}{version}")
        for line in _state_lines(state):
            click.echo(line)


def track_document(done: Recorded) -> dict[str, Any]:
    """The document of `data track --json`.

    `path`, `md5`, `size` in bytes, `status` (`recorded` or `unchanged`), `revision` (the commit
    that records it), `pushed`, the `reason` where it is false, and `notes`.
    """
    return {
        "path": done.path,
        "md5": done.md5,
        "size": done.size,
        "status": "recorded" if done.is_new else "unchanged",
        "revision": done.revision,
        "pushed": done.not_pushed is None,
        "reason": done.not_pushed,
        "notes": list(done.notes),
    }


def log_document(found: TableHistory) -> dict[str, Any]:
    """The document of `data log --json`.

    `path`; `now`: the md5 of the file as it is, null where it is not there; `recorded`: whether
    that is one of the versions; `versions`, newest first, each with `revision` (the commit),
    `tags`, `time`, `author`, `message`, `md5`, `size` in bytes, `rows` (null but for Parquet that
    is at hand), `current` (whether the file is this version), `in_cache`, `in_remote` (null with
    a `reason` where it cannot be told) and `models`: `name` and `version` of what was trained on it.
    """
    return {
        "path": found.path,
        "now": found.now,
        "recorded": found.is_recorded if found.now is not None else None,
        "versions": [
            {
                "revision": one.revision,
                "tags": list(one.tags),
                "time": one.time,
                "author": one.author,
                "message": one.message,
                "md5": one.md5,
                "size": one.size,
                "rows": one.rows,
                "current": one.md5 == found.now,
                "in_cache": one.in_cache,
                "in_remote": one.in_remote,
                "reason": one.reason,
                "models": [
                    {"name": name, "version": version}
                    for name, version in found.models.get(one.md5, ())
                ],
            }
            for one in found.versions
        ],
    }


def status_document(states: tuple[TableState, ...]) -> dict[str, Any]:
    """The document of `data status --json`.

    `tables`, two a model, each with `model`, `version` (the champion's), `table` (`training` or
    `reference`), `path`, `then` (the md5 of what the champion was made with), `then_from`
    (`registry` or `history`), `now` (the md5 of the file), `changed` (null with a `reason` where
    it cannot be known) and `since`. `changed` beside them: whether any is known to have changed.
    """
    return {
        "changed": any(state.changed for state in states),
        "tables": [
            {
                "model": one.model,
                "version": one.version,
                "table": one.table,
                "path": one.path,
                "then": one.then,
                "then_from": one.then_from,
                "now": one.now,
                "changed": one.changed,
                "since": one.since,
                "reason": one.reason,
            }
            for one in states
        ],
    }


def _named(ws: Workspace, file: str) -> Path:
    """The file that is meant: from here where it is there or could be, else from the workspace."""
    here = Path(file).absolute()
    if here.exists() or (here.parent.resolve().is_relative_to(ws.root) and here.parent.exists()):
        return here
    return ws.root / file


def _version_lines(version: DataVersion, found: TableHistory) -> list[str]:
    from workbench.cli.printing import when

    facts = f"{version.md5[:_SHORT]}  {when(version.time)}  commit {version.revision[:_SHORT]}"
    rows = f"  {version.rows:,} rows" if version.rows is not None else ""
    lines = [f"{facts}  {_size(version.size)}{rows}"]
    state = [_place(version)]
    state += ["the file now"] * (version.md5 == found.now)
    state += [f"tag {tag}" for tag in version.tags]
    models = found.models.get(version.md5, ())
    lines += [
        *_indented("; ".join(state), 10),
        f"          {shown(version.author, 20)}: {shown(version.message, 46)}",
    ]
    if models:
        named = ", ".join(" ".join(pair) for pair in models)
        lines.append(f"          trained on it: {shown(named, 54)}")
    return lines


def _place(version: DataVersion) -> str:
    places = ["cache"] * version.in_cache + ["remote"] * bool(version.in_remote)
    if places:
        return f"in {' and '.join(places)}"
    if version.in_remote is None:
        return f"not in the cache; {version.reason}"
    return "neither in the cache nor in the remote"


def _state_lines(state: TableState) -> list[str]:
    from workbench.cli.printing import when

    word = {True: "CHANGED", False: "same", None: "UNKNOWN ?"}[state.changed]
    lines = [f"  {state.table:<9}  {word:<9}  {shown(state.path, 56)}".rstrip()]
    if state.changed:
        hashes = f"{str(state.then)[:_SHORT]}, now {str(state.now)[:_SHORT]}"
        lines.append(f"{'':24}since {when(state.since)}: {hashes}")
    if state.reason is not None:
        lines += _indented(state.reason, 24)
    return lines


def _indented(text: str, by: int) -> list[str]:
    """A text in lines of at most 79 characters."""
    import textwrap

    indent = " " * by
    return textwrap.wrap(shown(text), 79, initial_indent=indent, subsequent_indent=indent)


def _size(count: int | None) -> str:
    """A number of bytes in its largest unit; a dash for none.

    >>> _size(24), _size(2048), _size(None)
    ('24 B', '2.0 kB', '-')
    """
    if count is None:
        return "-"
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"
