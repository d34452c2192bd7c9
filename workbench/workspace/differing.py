"""What changed between two datasets, whatever they are? From the words of a user to the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench.diff.comparing import Question, compare
from workbench.diff.result import ColumnDifference, DatasetDifference
from workbench.diff.rows import require_writable
from workbench.diff.sides import DiffError, Side
from workbench.diff.stored import outcome_of_file
from workbench.domain.card import ModelCard, Thresholds
from workbench.domain.drift import ColumnDrift
from workbench.domain.names import shown
from workbench.domain.profile import without_values
from workbench.drift.compare import compare_columns
from workbench.errors import StoreError, WorkbenchError
from workbench.store.connections import Connection, Resources, StoreHome, scratch
from workbench.store.staging import spill_folder
from workbench.workspace.dataset_names import Dataset, dataset_named, opened_dataset
from workbench.workspace.opened import Opened
from workbench.workspace.repeating import again_if_gone
from workbench.workspace.subjects import stored_subject

if TYPE_CHECKING:
    import polars as pl

_REFUSED = "the store cannot do this: "
"""How what DuckDB refuses to do begins; a comparison of two files has no store."""
LEVEL = 0.05
"""Adjusted p-values below it are significant: one comparison that somebody asked for, no alarm."""


def diff_datasets(
    a: str,
    b: str,
    question: Question | None = None,
    *,
    workspace: Opened | None = None,
    model: str | None = None,
    here: Path | None = None,
) -> DatasetDifference:
    """Compares two datasets.

    Columns come most moved first: those with most changed cells, then by how far and how surely
    their distribution moved (the tests of `drift`, rows taken as independent).

    Args:
        a: a file, folder or pattern; `path@revision`; `MODEL:period`; or `MODEL@version:train`.
        b: likewise.
        question: what is asked; by default everything.
        workspace: needed for all but plain files.
        model: whose card tells prediction and label in files; by default the one model whose
            columns both have.
        here: the folder that paths are relative to; the current one by default.

    Raises:
        WorkbenchError: they cannot be compared; nothing is written.
    """
    asked = question or Question()
    base = here or Path.cwd()
    named = dataset_named(a, workspace, base), dataset_named(b, workspace, base)
    if asked.rows_to is not None:
        require_writable(asked.rows_to, [path for one in named for path in one.files])
    try:
        found, sensitive, card = again_if_gone(lambda: _compared(named, asked, workspace, model))
    except StoreError as error:
        if type(error) is not StoreError or not error.message.startswith(_REFUSED):
            raise
        raise DiffError(
            f"the comparison cannot be made: {error.message.removeprefix(_REFUSED)}", error.hint
        ) from error
    thresholds = workspace.settings.thresholds if workspace is not None else Thresholds()
    return judged(found, card.thresholds if card else thresholds, sensitive)


def _compared(
    named: tuple[Dataset, Dataset], asked: Question, workspace: Opened | None, model: str | None
) -> tuple[DatasetDifference, frozenset[str], ModelCard | None]:
    with _work(workspace) as (connection, folder):
        sides = []
        for place, one in enumerate(named):
            own = folder / "ab"[place]
            own.mkdir(mode=0o700)
            sides.append(opened_dataset(connection, one, workspace, own))
        card = _card(named, sides, workspace, model)
        if card is not None and workspace is not None:
            sides = [_with_outcomes(side, card, workspace) for side in sides]
        try:
            found = compare(connection, sides[0], sides[1], asked)
        except OSError as error:
            raise DiffError(
                f"cannot write {shown(asked.rows_to or '')}: {error.strerror or error}",
                "Check the folder's permissions and the disk's space.",
            ) from error
    return found, sides[0].sensitive | sides[1].sensitive, card


def judged(
    found: DatasetDifference, thresholds: Thresholds, sensitive: frozenset[str] = frozenset()
) -> DatasetDifference:
    """A difference with the figures and tests of each column's distribution, most moved first.

    Args:
        found: as `compare` gives it.
        thresholds: from where a move is one.
        sensitive: columns whose profiles keep no value.
    """
    pairs = [
        (column.profile_a, column.profile_b)
        for column in found.columns
        if column.profile_a is not None and column.profile_b is not None
    ]
    drifts = compare_columns([a for a, _ in pairs], [b for _, b in pairs], thresholds, LEVEL)
    place = {drift.name: number for number, drift in enumerate(drifts)}
    by_name: Mapping[str, ColumnDrift] = {drift.name: drift for drift in drifts}
    columns = [_moved(column, by_name.get(column.name), sensitive) for column in found.columns]
    columns.sort(
        key=lambda c: (c.is_key, -c.changed, place.get(c.name, len(place)), -abs(c.missing_rise))
    )
    return replace(found, columns=tuple(columns))


def column_frame(found: DatasetDifference) -> pl.DataFrame:
    """The columns of a difference as a frame, most moved first; shares are fractions."""
    import polars as pl

    rows = [
        {
            "name": column.name,
            "type_a": column.type_a,
            "type_b": column.type_b,
            "changed": column.changed,
            "missing_a": column.missing_a,
            "missing_b": column.missing_b,
            "psi": column.psi,
            "js": column.js,
            "wasserstein": column.wasserstein,
            "p_value": column.p_value,
            "p_adjusted": column.p_adjusted,
            "status": column.status,
            "reason": column.reason,
        }
        for column in found.columns
    ]
    floats = ("missing_a", "missing_b", "psi", "js", "wasserstein", "p_value", "p_adjusted")
    schema = {
        name: pl.Float64() if name in floats else pl.Int64() if name == "changed" else pl.String()
        for name in (
            "name", "type_a", "type_b", "changed", "missing_a", "missing_b", "psi", "js",
            "wasserstein", "p_value", "p_adjusted", "status", "reason",
        )
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _moved(
    column: ColumnDifference, drift: ColumnDrift | None, sensitive: frozenset[str]
) -> ColumnDifference:
    if column.name in sensitive and column.profile_a and column.profile_b:
        column = replace(
            column,
            profile_a=without_values(column.profile_a),
            profile_b=without_values(column.profile_b),
        )
    if drift is None:
        return column
    return replace(
        column,
        psi=drift.psi,
        js=drift.js,
        wasserstein=drift.wasserstein,
        p_value=drift.p_value,
        p_adjusted=drift.p_adjusted,
        status=drift.status,
        reason=column.reason or drift.reason,
    )


@contextmanager
def _work(workspace: Opened | None) -> Iterator[tuple[Connection, Path]]:
    """A connection for the comparison, and a folder for its copies and what memory cannot hold."""
    if workspace is not None:
        with spill_folder(workspace.store) as folder, scratch(workspace.store, folder) as made:
            yield made, folder
        return
    with TemporaryDirectory(prefix="workbench-") as name:
        folder = Path(name)
        with scratch(StoreHome(folder, Resources()), folder / "spill") as made:
            yield made, folder


def _card(
    named: tuple[Dataset, Dataset],
    sides: list[Side],
    workspace: Opened | None,
    model: str | None,
) -> ModelCard | None:
    """The card that tells what is a prediction and what a label."""
    if workspace is None:
        if model is not None:
            raise DiffError(
                f"there is no workspace with a model {shown(model)}", "Name one with -C DIR."
            )
        return None
    if model is not None:
        return workspace.card(model)
    own = {one.model for one in named if one.model is not None}
    if own:
        return workspace.card(min(own)) if len(own) == 1 else None
    fitting = []
    for name in workspace.names():
        try:
            card = workspace.card(name)
        except WorkbenchError:
            continue  # two files can be compared beside a card that cannot be used
        columns = card.columns
        if all(
            columns.prediction in side.columns and columns.label in side.columns for side in sides
        ):
            fitting.append(card)
    return fitting[0] if len(fitting) == 1 else None


def _with_outcomes(side: Side, card: ModelCard, workspace: Opened) -> Side:
    """A side of files with how bad each row's prediction was, where its columns tell."""
    if side.bad:
        return side
    subject = stored_subject(workspace.store, workspace.root, card, workspace.seen_as_of)
    if subject is None:
        return replace(
            side, no_outcomes=f"the rules of {shown(card.name)} are not stored yet: ingest its log"
        )
    bad = outcome_of_file(side, card, subject.store.baseline.rules)
    names = f"{shown(card.columns.prediction, 40)} and {shown(card.columns.label, 40)}"
    reason = f"{shown(side.name, 60)} has no columns {names}"
    return replace(side, bad=bad, no_outcomes=side.no_outcomes if bad else reason)
