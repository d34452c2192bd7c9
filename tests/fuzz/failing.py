"""An input that breaks a promise: which one is it, how little of it is needed, where is it kept?"""

from __future__ import annotations

import faulthandler
import json
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.fuzz.drafts import Draft

Trial = Callable[[list[Draft]], None]
"""Raises when one of the promises is broken for these drafts."""


class HangError(Exception):
    """A batch took longer than anything may."""


@contextmanager
def watched(seconds: int) -> Iterator[None]:
    """Ends what takes too long: with an exception, or, where no Python runs, with the process."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise HangError(f"still at work after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(seconds * 2, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def failure_of(trial: Trial, drafts: list[Draft]) -> BaseException | None:
    """What goes wrong with these drafts."""
    try:
        trial(drafts)
    except Exception as error:  # noqa: BLE001 - any exception is what is looked for
        return error
    return None


def sign_of(error: BaseException) -> str:
    """What tells one bug from another: the type, and the last place in the product or the checks."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/workbench/" in f.filename or "/tests/" in f.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {place}"


def shrunk(
    trial: Trial, drafts: list[Draft], error: BaseException, fewer: Callable[[int, int], Draft]
) -> tuple[list[Draft], BaseException]:
    """The fewest drafts, with the fewest changes, that still go wrong in the same way.

    Args:
        trial: tries drafts.
        drafts: they go wrong.
        error: how.
        fewer: makes one of them, by its place, with that many changes at most.
    """
    sign = sign_of(error)

    def still(tried: list[Draft]) -> BaseException | None:
        found = failure_of(trial, tried)
        return found if found is not None and sign_of(found) == sign else None

    left = list(range(len(drafts)))
    size = max(len(left) // 2, 1)
    while size and len(left) > 1:
        for start in range(0, len(left), size):
            without = left[:start] + left[start + size :]
            found = still([drafts[place] for place in without]) if without else None
            if found is not None:
                left, error = without, found
                break
        else:
            size //= 2
        size = min(size, len(left) // 2) if len(left) > 1 else 0
    kept = [drafts[place] for place in left]
    for at, place in enumerate(left):
        for most in range(len(kept[at].steps)):
            smaller = fewer(place, most)
            found = still([*kept[:at], smaller, *kept[at + 1 :]])
            if found is not None:
                kept[at], error = smaller, found
                break
    return kept, error


def write_down(folder: Path, drafts: list[Draft], how: dict[str, object]) -> list[Path]:
    """Writes drafts, and how they came about, so that they can be tried again; their paths."""
    folder.mkdir(exist_ok=True)
    steps = [{"from": d.group, "name": d.name, "steps": d.steps} for d in drafts]
    (folder / "how.json").write_text(json.dumps(how | {"inputs": steps}, indent=1))
    return [d.write(folder / "input" / f"{at:03d}") for at, d in enumerate(drafts)]


def keep(folder: Path, drafts: list[Draft], how: dict[str, object], error: BaseException) -> None:
    """Keeps what goes wrong, and the error."""
    write_down(folder, drafts, how)
    (folder / "error.txt").write_text("".join(traceback.format_exception(error)), errors="replace")
