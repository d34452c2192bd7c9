"""Which models does a workspace have? Its cards, read, checked and written."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.domain.card import ModelCard, Thresholds
from workbench.domain.card_reading import parse_card
from workbench.domain.card_text import card_toml
from workbench.domain.names import file_stem, name_of_stem, shown
from workbench.errors import CardError, ReferenceTableError, UnknownModelError
from workbench.store.connections import StoreHome
from workbench.workspace.locating import write_whole

_SINGLE = (
    "prediction_id", "timestamp", "prediction", "score", "label", "model_version", "role",
    "entity", "experiment",
)  # fmt: skip


@dataclass(frozen=True)
class CardFinding:
    """What checking one card found."""

    name: str
    problem: str | None
    """What is wrong; None for a card in order."""
    hint: str = ""
    notes: tuple[str, ...] = ()
    """What the reference's gaps cost."""


def card_path(root: Path, name: str) -> Path:
    """Where a model's card lies."""
    return root / "models" / f"{file_stem(name)}.toml"


def card_names(root: Path) -> tuple[str, ...]:
    """The names of all models, sorted."""
    folder = root / "models"
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(
            name_of_stem(path.name.removesuffix(".toml"))
            for path in folder.iterdir()
            if path.name.endswith(".toml") and not path.name.startswith(".")
        )
    )


def read_card(root: Path, name: str, thresholds: Thresholds) -> ModelCard:
    """One model's card.

    Args:
        root: the workspace.
        name: the model.
        thresholds: the workspace's own, for what the card does not name.

    Raises:
        UnknownModelError: there is no card of this name; the hint names the nearest.
        CardError: the card cannot be used.
    """
    path = card_path(root, name)
    where = f"models/{shown(path.name)}"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unknown(root, name) from None
    except UnicodeDecodeError as error:
        raise CardError(f"{where} is not UTF-8 text", "Save it as UTF-8.") from error
    except OSError as error:
        raise CardError(
            f"cannot read {where}: {error.strerror}", "Check its permissions."
        ) from error
    card = parse_card(text, where, thresholds)
    if card.name != name:
        raise CardError(
            f"{where} is the card of {shown(card.name)!r}",
            f"Rename the file to {shown(file_stem(card.name))}.toml, or correct [model] name.",
        )
    return card


def require_supported(card: ModelCard) -> None:
    """Refuses a card that asks for what this version cannot do yet.

    Measuring or ingesting all the same would give another answer than the card asks for.

    Raises:
        CardError: it names a period of the logs as reference.
    """
    where = f"models/{file_stem(card.name)}.toml"
    if card.reference.period:
        raise CardError(
            f"{where}: [reference] period is not possible with this version",
            "Export these rows as a table and name it as [reference] data.",
        )


def absent_columns(card: ModelCard, names: Collection[str]) -> tuple[str, ...]:
    """The columns that a card names itself and that a table with these names lacks.

    A name that the log may well have and the reference need not (its segments, entity,
    experiment) is among them: it is worth a look and no error.
    """
    asked = [
        *(getattr(card.columns, key) for key in _SINGLE if f"columns.{key}" in card.named),
        *card.columns.categorical,
        *card.columns.segments,
    ]
    lowered = {name.lower() for name in names}
    private = (*card.privacy.sensitive, *card.privacy.pseudonymise)  # in whatever case
    absent = [name for name in asked if name and name not in names]
    absent += [name for name in private if name.lower() not in lowered]
    return tuple(dict.fromkeys(absent))


def add_card(
    root: Path,
    home: StoreHome,
    name: str,
    reference: Path,
    *,
    task: str | None,
    train: Path | None,
    artifact: Path | None,
    thresholds: Thresholds,
    log: Path | None = None,
) -> Path:
    """Writes the card that a reference suggests; copies files from outside into the workspace.

    A log, where one is given, suggests its `[source]`.

    Raises:
        CardError: the name is empty or taken, or the task cannot be told.
        ReferenceTableError: the reference cannot be used.
        LogFileError: the log cannot be read.
    """
    if not name.strip() or len(file_stem(name).encode()) > 200:
        raise CardError("a model needs a name of 1 to 200 bytes", "Give it a short name.")
    path = card_path(root, name)
    if path.exists():
        raise CardError(
            f"there is a model {shown(name)!r} already", f"Edit models/{shown(path.name)}."
        )
    for file in (reference, train, artifact):
        if file is not None and not file.is_file():
            raise ReferenceTableError(f"there is no file {shown(file)}", "Check the path.")
    try:
        return _write_card(root, home, name, reference, task, train, artifact, thresholds, log)
    except OSError as error:
        raise CardError(
            f"cannot write the card of {shown(name)}: {error.strerror or error}",
            "Check that you may write to models/ and data/ of the workspace.",
        ) from error


def _write_card(
    root: Path,
    home: StoreHome,
    name: str,
    reference: Path,
    task: str | None,
    train: Path | None,
    artifact: Path | None,
    thresholds: Thresholds,
    log: Path | None,
) -> Path:
    # It brings what reads object stores along, which only a new model is worth.
    from workbench.ingest.inferring import infer_card

    path = card_path(root, name)
    # Guessed before anything is copied: a reference that cannot be used leaves no trace.
    guessed = infer_card(home, name, reference, reference_path="data/reference.parquet", task=task)
    source, notes = guessed.card.source, dict[str, str]()
    if log is not None:
        # Every format is imported to tell which one it is: only here is that worth its time.
        from workbench.ingest.proposing import propose_source

        proposed = propose_source(log, guessed.card, guessed.features, guessed.classes)
        source, notes = proposed.source, proposed.notes
    kept = _kept(root, reference, root / "data" / f"{file_stem(name)}-reference")
    inferred = infer_card(
        home,
        name,
        root / kept,
        reference_path=kept,
        task=task,
        training_path=_kept(root, train, root / "data" / f"{file_stem(name)}-train")
        if train
        else None,
        artifact=_kept(root, artifact, root / "registry" / file_stem(name) / "1" / "model")
        if artifact
        else None,
    )
    card = replace(inferred.card, source=source)
    text = card_toml(card, inferred.notes | notes)
    parse_card(text, f"models/{path.name}", thresholds)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text)
    return path


def _kept(root: Path, file: Path, target: Path) -> str:
    """A file's path relative to the workspace; one from outside is copied in."""
    resolved = file.resolve()
    if resolved.is_relative_to(root.resolve()):
        return resolved.relative_to(root.resolve()).as_posix()
    copied = target.with_name(target.name + "".join(file.suffixes[-2:]))
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(resolved, copied)
    return copied.relative_to(root).as_posix()


def _unknown(root: Path, name: str) -> UnknownModelError:
    names = card_names(root)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        hint = f"Did you mean {shown(near[0])!r}?"
    elif names:
        hint = f"Models here: {', '.join(shown(n) for n in names[:8])}."
    else:
        hint = "Add one with `workbench model add NAME --reference FILE`."
    return UnknownModelError(f"there is no model {shown(name)!r}", hint)
