"""What would a trained model say of logged rows? Loads what a card names, and runs nothing untrusted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import COMMAND
from workbench.domain.names import shown
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.onnx_file import onnx_scorer
from workbench.retrain.outputs import Scorer
from workbench.retrain.scoring import scorer_of
from workbench.retrain.scoring_command import command_scorer
from workbench.retrain.skops_file import LARGEST_BYTES, load_skops
from workbench.retrain.versions_on_disk import champion_artifact

_PICKLES = (".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill")


def load_artifact(
    root: Path,
    card: ModelCard,
    features: Sequence[FeatureColumn],
    rules: OutcomeRules,
    *,
    is_trusted: bool,
    artifact: str | None = None,
) -> Scorer:
    """The champion, or another artifact of the same model, as a function of rows.

    A `.skops` file is loaded when every type in it is trusted, a `.onnx` file where onnxruntime is
    installed, and `cmd: ...` is run when the user has said so. Pickles are never loaded. A file
    lies inside the workspace and has at most `LARGEST_BYTES`.

    Args:
        root: the workspace.
        card: the model's.
        features: its inputs.
        rules: the card's, resolved.
        is_trusted: whether the user trusts the command (`model trust`).
        artifact: another than the champion's: a path relative to the workspace.

    Raises:
        ArtifactError: there is none, or it cannot be loaded; also by the function, where it cannot
            score the rows that it is given.
        CardError: `champion.json` cannot be read.
    """
    named = champion_artifact(root, card) if artifact is None else artifact
    if not named:
        raise ArtifactError(
            f"the card of {shown(card.name)} names no artifact",
            'Name the champion: [model] artifact = "registry/NAME/1/model.skops".',
        )
    if named.startswith(COMMAND):
        if not is_trusted:
            raise ArtifactError(
                f"the command of {shown(card.name)} is not trusted: {shown(named, 200)}",
                f"Read it, then: workbench model trust {shlex.quote(shown(card.name))}",
            )
        return command_scorer(root, card, features, rules, named)
    path = artifact_path(root, named)
    suffix = path.suffix.lower()
    if suffix == ".skops":
        estimator = load_skops(path, named, card.model.trusted_types)
        return scorer_of(estimator, card, features, rules)
    if suffix == ".onnx":
        return onnx_scorer(path, named, card, features, rules)
    if suffix in _PICKLES:
        raise ArtifactError(
            f"{shown(named)} is a pickle, which can run any code when it is loaded",
            "Save the model with skops.io.dump, or name a command: artifact = "
            '"cmd: score {input} {output}".',
        )
    raise ArtifactError(
        f"{shown(named)} is of no known kind",
        'An artifact is a .skops or .onnx file, or "cmd: score {input} {output}".',
    )


def artifact_path(root: Path, named: str) -> Path:
    """Where an artifact lies.

    Args:
        root: the workspace.
        named: relative to it.

    Raises:
        ArtifactError: it is outside the workspace, links followed; or not there; or too large.
    """
    try:
        path = (root / named).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{shown(named)} is no path", "Correct [model] artifact.") from error
    if not path.is_relative_to(root.resolve()):
        raise ArtifactError(
            f"{shown(named)} lies outside the workspace",
            "Copy the model into registry/ and name it there.",
        )
    if not path.is_file():
        raise ArtifactError(
            f"there is no artifact {shown(named)}",
            "Correct [model] artifact in the card, or put the file there (dvc pull, if DVC keeps it).",
        )
    if path.stat().st_size > LARGEST_BYTES:
        raise ArtifactError(
            f"{shown(named)} has more than {LARGEST_BYTES // 1024**3} GiB",
            'Name a command in its place: artifact = "cmd: score {input} {output}".',
        )
    return path
