"""The command `workbench`: which commands there are, and what a failure looks like."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from workbench.cli.options import Session, common_options, session_of
from workbench.errors import MisuseError, WorkbenchError

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("workbench.cli.workspace", "Make a workspace."),
    "model": ("workbench.cli.model", "Add, list, show and check model cards."),
    "ingest": ("workbench.cli.ingest", "Read exported prediction logs and labels into the store."),
    "status": ("workbench.cli.status", "Every model: is anything on fire?"),
    "performance": ("workbench.cli.performance", "Bad-prediction rate over time."),
    "drift": ("workbench.cli.drift", "Which inputs and outputs moved."),
    "quality": ("workbench.cli.quality", "Data-format faults, and what would undo them."),
    "diff": ("workbench.cli.diff", "What changed between two datasets."),
    "slices": ("workbench.cli.slices", "Where the bad predictions are."),
    "triage": ("workbench.cli.triage", "Retrain, redesign, mend the feed, or leave it alone?"),
    "retrain": ("workbench.cli.retrain", "Train and judge challengers of a model."),
    "runs": ("workbench.cli.runs", "Retraining runs: how far, how good, and why not."),
    "promote": ("workbench.cli.promote", "Make a trained version the champion."),
    "rollback": ("workbench.cli.promote", "Make the champion of before the champion again."),
    "flag": ("workbench.cli.flag", "Flag a model for redesign, or lift the flag."),
    "check": ("workbench.cli.check", "What is worth a page; for cron and CI."),
    "incident": ("workbench.cli.incident", "Open, show, note, acknowledge and close incidents."),
    "event": ("workbench.cli.event", "Record what else changed, and when."),
    "data": ("workbench.cli.data", "Versions of training and reference tables (DVC)."),
    "store": ("workbench.cli.store", "Compact, retain, rebuild, back up and restore the store."),
    "report": ("workbench.cli.report", "Export an incident report."),
    "notebook": ("workbench.cli.notebook", "Open a marimo notebook on a model."),
    "sql": ("workbench.cli.sql", "Read-only SQL over the rows and the catalog."),
    "doctor": ("workbench.cli.doctor", "What is wrong here, and how to mend it."),
    "demo": ("workbench.cli.demo", "Build a workspace from a year of real flights and open it."),
}
"""Name to (module, one line of help); a command's module is imported when it is called."""


class LazyGroup(click.Group):
    """Lists every command and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest command named when there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if near:
                raise click.UsageError(
                    f"{error.message.rstrip('.')}. Did you mean {near[0]!r}?", ctx
                ) from None
            raise


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@common_options
@click.version_option(package_name="oncall-workbench", prog_name="workbench")
@click.option(
    "--low-bandwidth", is_flag=True, help="Terminal UI without animation, for slow links."
)
@click.pass_context
def workbench(ctx: click.Context, low_bandwidth: bool) -> None:
    """The on-call workbench for machine-learning models.

    Without a command it opens the terminal UI.
    """
    if ctx.invoked_subcommand is None:
        with session_of(ctx).workspace() as ws:
            from workbench.tui.app import run_app

            run_app(ws, low_bandwidth=low_bandwidth or ws.settings.display.low_bandwidth)


def run(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with the contract's exit code."""
    # https://no-color.org: any value but an empty one means no colour, whatever it says.
    Session.failure_code = 1
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        code = workbench.main(arguments, prog_name="workbench", standalone_mode=False, color=colour)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        misused(error)
    except click.ClickException as error:
        fail(WorkbenchError(error.format_message()))
    except (KeyboardInterrupt, click.Abort) as stop:
        if isinstance(stop.__cause__, EOFError):
            # click takes every EOFError for the end of the user's input; none is asked for here.
            unexpected(stop.__cause__)
        click.echo("interrupted", err=True)
        sys.exit(130)
    except WorkbenchError as error:
        fail(error)
    except BrokenPipeError:
        # The reader went away (`| head`): Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: nobody sees a traceback
        unexpected(error)
    sys.exit(code if isinstance(code, int) else 0)


def fail(error: WorkbenchError) -> Any:
    """Prints an error as `error:` and `hint:` on stderr; ends with 1 (`check`: 3; wrong usage: 2)."""
    from workbench.domain.names import shown

    if Session.debugging:
        debugged(error)
    click.echo(f"error: {shown(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {shown(error.hint)}", err=True)
    sys.exit(2 if isinstance(error, MisuseError) else Session.failure_code)


def debugged(error: Exception) -> Any:
    """Prints a failure with its traceback on stderr and ends the process with 1 (`check`: 3)."""
    from workbench.cli.tracebacks import print_traceback

    print_traceback(error, is_private=Session.is_private())
    sys.exit(2 if isinstance(error, MisuseError) else Session.failure_code)


def misused(error: click.UsageError) -> Any:
    """Prints a wrong usage as `error:` and `hint:` on stderr and ends the process with 2."""
    from workbench.domain.names import shown

    command = error.ctx.command_path if error.ctx is not None else "workbench"
    said = " ".join(error.format_message().split()).rstrip(".")
    click.echo(f"error: {shown(said)}", err=True)
    click.echo(f"hint: {shown(command)} --help shows how", err=True)
    sys.exit(2)


def unexpected(error: Exception) -> Any:
    """Prints a failure that nobody foresaw, without its traceback, and ends the process with 1 (`check`: 3)."""
    from workbench.domain.names import shown

    if Session.debugging:
        debugged(error)
    first = "" if Session.is_private() else (str(error).splitlines() or [""])[0]
    click.echo(f"error: unexpected {type(error).__name__}: {shown(first, 300)}", err=True)
    click.echo("hint: run the command again with --debug and report what it prints", err=True)
    sys.exit(Session.failure_code)
