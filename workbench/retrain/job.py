"""`python -m workbench.retrain.job`: what runs on a cluster? The same drive, told line by line.

The job's working directory holds the plan and the tables. What the supervisor is to know is printed as
marked lines of JSON; the winner comes back the same way, in pieces, or through storage that both see.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.domain.names import shown
from workbench.domain.run import FitNote, fit_of
from workbench.errors import WorkbenchError
from workbench.retrain.driving import Driven, drive
from workbench.retrain.fitting import FitOutcome, Task
from workbench.retrain.plan import plan_of

MARK = "@workbench "
"""How a line of ours begins; all others are Ray's."""

SHARED = "WORKBENCH_SHARED"
"""The variable that names a folder which the cluster and the supervisor both see."""

CODE = "code"
"""The folder of the job's that holds a recipe of the card's own."""

PIECE = 48_000
"""Bytes of a file in one line."""


def main(folder: Path, write: Callable[[str], None]) -> int:
    """Drives the run in a folder on the cluster that this process belongs to; its exit code."""
    from workbench.retrain.ray_tasks import Tables, joined_ray

    def tell(kind: str, **said: Any) -> None:
        write(MARK + json.dumps({"kind": kind, **said}) + "\n")

    try:
        # All is read before the cluster is joined: two nodes on one machine share this folder, and
        # one may be about to make it anew.
        tables = Tables.of(folder)
        plan = plan_of(tables.plan)
        shared = _shared_folder()
        code = folder / CODE
        files = {
            path.relative_to(code).as_posix(): path.read_bytes()
            for path in (sorted(code.rglob("*")) if code.is_dir() else ())
            if path.is_file()
        }
        backend = joined_ray(tables, plan, files)
        tell("ready")
        try:
            driven = drive(
                plan, backend, lambda note: tell("fit", note=asdict(note)),
                lambda text: tell("say", text=text), lambda: False,
            )  # fmt: skip
        finally:
            backend.close()
    except WorkbenchError as error:
        tell("failed", message=error.message, hint=error.hint)
        return 1
    for name, content in driven.outcome.files.items():
        for said in sent(name, content, shared, plan.run):
            tell("file", **said)
    outcome = {
        "kind": driven.outcome.task.kind, "number": driven.outcome.task.number,
        "bad_rate": driven.outcome.bad_rate, "rows": driven.outcome.rows,
        "seconds": driven.outcome.seconds,
    }  # fmt: skip
    notes = [asdict(note) for note in driven.notes]
    tell("done", winner=asdict(driven.winner), notes=notes, outcome=outcome)
    return 0


def sent(name: str, content: bytes, shared: str, run: str) -> Iterator[dict[str, Any]]:
    """A file as what is told of it: where it lies in shared storage, or in pieces.

    In pieces, too, where the storage takes it no more: what was trained is not lost by that.
    """
    digest = hashlib.sha256(content).hexdigest()
    if shared:
        path = Path(shared) / f"{run}-{digest[:16]}-{name}"
        try:
            path.write_bytes(content)
        except OSError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        else:
            yield {"name": name, "sha256": digest, "path": path.name}
            return
    many = max(1, -(-len(content) // PIECE))
    for number in range(many):
        part = content[number * PIECE : (number + 1) * PIECE]
        yield {
            "name": name, "sha256": digest, "piece": number, "pieces": many,
            "base64": base64.b64encode(part).decode("ascii"),
        }  # fmt: skip


class Received:
    """What a supervisor has heard of a job; lines come again and again, and count once."""

    def __init__(self, shared: str, run: str) -> None:
        """Nothing is heard yet.

        Args:
            shared: the folder that both see; empty: there is none.
            run: whose files are believed.
        """
        self._shared, self._run = shared, run
        self._pieces: dict[str, dict[int, bytes]] = {}
        self._wanted: dict[str, tuple[str, int]] = {}
        self._files: dict[str, bytes] = {}
        self.failed: str | None = None
        self.done: Mapping[str, Any] | None = None

    def hear(self, line: str) -> tuple[str, Any] | None:
        """What a line says, as (`say`, text), (`fit`, note) or (`ready`, None); None: nothing to tell.

        Lines that are not ours, or broken, say nothing.
        """
        if not line.startswith(MARK):
            return None
        try:
            said = json.loads(line.removeprefix(MARK))
            kind = said.pop("kind")
            if kind == "say":
                return "say", str(said["text"])
            if kind == "fit":
                return "fit", fit_of(said["note"])
            if kind == "ready":
                return "ready", None
            if kind == "failed":
                self.failed = str(said["message"])
            elif kind == "file":
                self._file(said)
            elif kind == "done":
                self.done = said
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Cut off, printed by somebody else, or of a file that the shared folder lacks.
            return None
        return None

    @property
    def is_sharing(self) -> bool:
        """Whether there is a folder that both should see."""
        return bool(self._shared)

    def driven(self) -> Driven | None:
        """The winner, once all of it has come and is what was sent; None: something is missing."""
        if self.done is None:
            return None
        for name, (digest, many) in self._wanted.items():
            pieces = self._pieces.get(name, {})
            if name not in self._files and len(pieces) == many:
                self._files[name] = b"".join(pieces[number] for number in range(many))
            if hashlib.sha256(self._files.get(name, b"")).hexdigest() != digest:
                return None
        try:
            outcome = dict(self.done["outcome"])
            task = Task(str(outcome.pop("kind")), int(outcome.pop("number")))
            notes: tuple[FitNote, ...] = tuple(fit_of(one) for one in self.done["notes"])
            winner = fit_of(self.done["winner"])
            return Driven(winner, FitOutcome(task, **outcome, files=self._files), notes)
        except (ValueError, KeyError, TypeError):
            return None

    def _file(self, said: Mapping[str, Any]) -> None:
        name = str(said["name"])
        self._wanted[name] = str(said["sha256"]), int(said.get("pieces", 0))
        if "path" in said:
            # Only a name: a job may not point elsewhere.
            path = Path(self._shared) / Path(str(said["path"])).name
            if self._shared and path.name.startswith(f"{self._run}-"):
                self._files[name] = path.read_bytes()
                path.unlink(missing_ok=True)
            return
        part = base64.b64decode(said["base64"], validate=True)
        self._pieces.setdefault(name, {})[int(said["piece"])] = part


def _shared_folder() -> str:
    """The folder that both see, before anything is fitted; empty without one.

    Raises:
        WorkbenchError: it cannot be written to from here.
    """
    shared = os.environ.get(SHARED, "")
    if shared and not (Path(shared).is_dir() and os.access(shared, os.W_OK)):
        raise WorkbenchError(
            f"the cluster cannot write to the shared folder {shown(shared, 200)}",
            "Mount it on every node, or take [retrain] shared out of workbench.toml.",
        )
    return shared


def _printed(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path.cwd(), _printed))
