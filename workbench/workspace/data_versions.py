"""Which versions of its tables does a workspace keep, and which models were trained on them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.errors import WorkbenchError
from workbench.workspace.cards import card_names
from workbench.workspace.versions import champion_version

if TYPE_CHECKING:
    import polars as pl

    from workbench.diff.data_versions import DataVersion, Recorded
    from workbench.domain.alert import Alert
    from workbench.workspace import Workspace
    from workbench.workspace.training_data import TableState

CHANGED = "training_data_changed"


@dataclass(frozen=True)
class TableHistory:
    """The versions of one table."""

    path: str
    """Relative to the repository that keeps them."""
    versions: tuple[DataVersion, ...]
    """Newest first."""
    models: dict[str, tuple[tuple[str, str], ...]]
    """Hash of a version to the models that were trained on it: name and version."""
    now: str | None
    """The hash of the file as it is now; None: it is not there."""

    @property
    def is_recorded(self) -> bool:
        """Whether the file as it is now is one of the versions, or is not there."""
        return self.now is None or any(one.md5 == self.now for one in self.versions)

    def frame(self) -> pl.DataFrame:
        """The versions as a table, newest first; times are UTC, `models` is one text."""
        import polars as pl

        kinds: dict[str, pl.DataType | type[pl.DataType]] = {
            "revision": pl.String, "tags": pl.String, "time": pl.Datetime("us", "UTC"),
            "author": pl.String, "message": pl.String, "md5": pl.String, "size": pl.Int64,
            "rows": pl.Int64, "in_cache": pl.Boolean, "in_remote": pl.Boolean, "models": pl.String,
        }  # fmt: skip
        rows = [
            (
                one.revision, ", ".join(one.tags), one.time, one.author, one.message, one.md5,
                one.size, one.rows, one.in_cache, one.in_remote,
                ", ".join(" ".join(pair) for pair in self.models.get(one.md5, ())),
            )
            for one in self.versions
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=kinds, orient="row")


@dataclass(frozen=True)
class DataVersions:
    """What `data` asks and does. Git and DVC are needed only where a method says so."""

    ws: Workspace

    def track(self, file: str | Path, message: str | None = None) -> Recorded:
        """Records the present version of a table below `data/`; see `record_version`.

        Raises:
            DvcError: it is no table of the workspace, or git or DVC is missing or refuses.
            WorkbenchError: the workspace is seen as of an earlier moment.
        """
        from workbench.diff.data_versions import record_version

        if self.ws.seen_as_of is not None:
            raise WorkbenchError(
                "nothing can be recorded as of an earlier moment", "Leave --as-of away."
            )
        return record_version(
            self.ws.root, Path(file), message, self.ws.settings.store.lock_timeout
        )

    def log(self, file: str | Path) -> TableHistory:
        """The recorded versions of a table, and the models that were trained on each.

        Of a file in a folder that is tracked as a whole, those of the folder.

        Raises:
            DvcError: it lies in no repository, was never tracked, or git is missing.
        """
        from workbench.diff.data_versions import versions_of
        from workbench.diff.dvc_records import recorded
        from workbench.diff.dvc_repository import HOME, DvcError
        from workbench.diff.fingerprints import fingerprint
        from workbench.diff.revisions import Tracked, repository_of
        from workbench.workspace.training_records import all_training_records

        whole = Path(file)
        tracked = repository_of(whole)
        own = whole.is_relative_to(self.ws.root)
        name = shown(whole.relative_to(self.ws.root).as_posix() if own else whole)
        begins = f"Record one: workbench data track {name}"
        if tracked is None:
            raise DvcError(f"no versions of {name} are kept", begins)
        entry = recorded(tracked.root, tracked.path, None)
        if entry is not None:  # of a file in a tracked folder, the folder has the versions
            tracked, whole = Tracked(tracked.root, entry.path), tracked.root / entry.path
        as_of = self.ws.seen_as_of
        versions = tuple(v for v in versions_of(tracked) if as_of is None or v.time <= as_of)
        if not versions:
            then = " by then" if as_of is not None else ""
            raise DvcError(f"no version of {name} was recorded{then}", begins)
        models: dict[str, tuple[tuple[str, str], ...]] = {}
        for record in all_training_records(self.ws.root):
            md5 = record.training.md5
            if md5 is not None:
                models[md5] = (*models.get(md5, ()), (record.model, record.version))
        memory = self.ws.root / HOME / "md5.json"
        now = fingerprint(whole, memory) if whole.exists() else None
        return TableHistory(tracked.path, versions, models, now)

    def status(self, name: str | None = None) -> tuple[TableState, ...]:
        """Whether the tables of each model are what its champion was made with.

        Args:
            name: one model; None: all. Of one whose card cannot be used there is the reason.

        Raises:
            UnknownModelError: there is no such model.
            CardError: its card cannot be used.
        """
        from workbench.workspace.training_data import table_states, unknown_state

        if name is not None:
            card = self.ws.card(name)
            version = champion_version(self.ws.root, card)
            return table_states(self.ws.root, card, version, self.ws.seen_as_of)
        found: list[TableState] = []
        for one in card_names(self.ws.root):
            try:
                found += self.status(one)
            except WorkbenchError as error:
                found.append(unknown_state(one, error.message))
        return tuple(found)


def training_data_changed(ws: Workspace, names: Sequence[str]) -> tuple[Alert, ...]:
    """Which champions were trained on what their training table no longer is: information only.

    Loads no DVC, and reads a table only when it was written since the last look. A model whose
    card cannot be read, or of which nothing is known, raises nothing.
    """
    from workbench.domain.alert import Alert
    from workbench.workspace.training_data import TRAINING, table_states

    found = []
    for name in names:
        try:
            card = ws.card(name)
            version = champion_version(ws.root, card)
        except WorkbenchError:
            continue  # the check itself says so
        (state,) = table_states(ws.root, card, version, ws.seen_as_of, (TRAINING,))
        if not state.changed or state.since is None:
            continue
        message = (
            f"{state.path} has changed since version {version} was trained on it "
            f"({str(state.then)[:8]}, now {str(state.now)[:8]})"
        )
        found.append(Alert(name, CHANGED, "ok", message, state.since, is_new=False))
    return tuple(found)
