"""What does a command of the card say of logged rows? `cmd: score {input} {output}`."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import COMMAND
from workbench.domain.names import shown
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.inputs import model_inputs
from workbench.retrain.outputs import Scorer, no_outputs, outputs, score_column

if TYPE_CHECKING:
    import polars as pl

SECONDS = 600.0
"""How long a command may take for one call."""

_TAIL = 4000


def command_scorer(
    root: Path,
    card: ModelCard,
    features: Sequence[FeatureColumn],
    rules: OutcomeRules,
    command: str,
    *,
    seconds: float = SECONDS,
) -> Scorer:
    """Runs the command for every call, without a shell, in the workspace's folder.

    `{input}` is a Parquet file of the features under their own names (text, and all else as
    numbers), `{output}` one that the command must write: a row for each, in order, with the
    card's `prediction` column, its `score` or `score_<class>` columns, or both (the names
    `prediction` and `score` do as well). Both lie in a folder that is removed afterwards.

    Args:
        root: the workspace.
        card: the names of columns, the threshold, and what must not be quoted.
        features: the card's.
        rules: the card's, resolved.
        command: the words after `cmd:`; the caller has asked whether they are trusted.
        seconds: it is ended with all that it started when it takes longer.

    Raises:
        ArtifactError: the words cannot be split. The function raises it where the program is not
            there, fails (with the last line of its errors), takes too long or writes no such table.
    """
    words = _words(command)

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        if not frame.height:
            return no_outputs(card, rules)
        with tempfile.TemporaryDirectory(prefix="workbench-score-") as name:
            source, target = Path(name, "input.parquet"), Path(name, "output.parquet")
            model_inputs(frame, features).write_parquet(source)
            filled = [
                word.replace("{input}", str(source)).replace("{output}", str(target))
                for word in words
            ]
            _run(filled, root, Path(name, "errors.txt"), seconds, is_discreet=card.privacy.is_any)
            try:
                found = pl.read_parquet(target, glob=False)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise ArtifactError(
                    f"the command {shown(words[0])!r} wrote no Parquet file to {{output}}",
                    "It must write one row for each row of {input}, in order.",
                ) from error
        if found.height != frame.height:
            raise ArtifactError(
                f"the command {shown(words[0])!r} wrote {found.height} rows for {frame.height}",
                "It must write one row for each row of {input}, in order.",
            )
        return _read(found, frame, card, rules)

    return score


def _words(command: str) -> list[str]:
    text = command.removeprefix(COMMAND).strip()
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ArtifactError(
            f"[model] artifact cannot be split into words: {error}", "Close its quotes."
        ) from error
    if not words or "{input}" not in text or "{output}" not in text:
        raise ArtifactError(
            "[model] artifact is a command without {input} and {output}",
            'Write it as artifact = "cmd: score {input} {output}".',
        )
    return words


def _run(words: list[str], root: Path, errors: Path, seconds: float, *, is_discreet: bool) -> None:
    program = shown(words[0])
    with errors.open("wb") as said:
        try:
            # A session of its own, so that what it started ends with it.
            process = subprocess.Popen(
                words,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"the command {program!r} cannot be started: {getattr(error, 'strerror', error)}",
                "Name the program by its path, or relative to the workspace.",
            ) from error
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise ArtifactError(
                f"the command {program!r} took longer than {seconds:g} seconds",
                "Make it faster: it is called for up to 50,000 rows at once.",
            ) from error
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        last = "" if is_discreet else _last_line(errors)
        raise ArtifactError(
            f"the command {program!r} ended with code {code}" + (f": {last}" if last else ""),
            "Run it by hand on a Parquet file of the features.",
        )


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        text = file.read().decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[-1], 200) if lines else ""


def _read(
    found: pl.DataFrame, frame: pl.DataFrame, card: ModelCard, rules: OutcomeRules
) -> pl.DataFrame:
    prediction = _column(found, card.columns.prediction, "prediction")
    scores: dict[str, pl.Series] = {}
    if rules.task == "binary":
        score = _column(found, card.columns.score, "score")
        if score is not None:
            scores[rules.positive_class] = score
    elif rules.task == "multiclass":
        prefix = score_column(card, "")
        scores = {
            name.removeprefix(prefix): found[name]
            for name in found.columns
            if name.startswith(prefix)
        }
    if prediction is None and not scores:
        listed = ", ".join(repr(shown(name, 40)) for name in found.columns[:8])
        raise ArtifactError(
            f"the command wrote neither {card.columns.prediction or 'prediction'!r} nor a score",
            f"It wrote {listed or 'no column'}.",
        )
    return outputs(frame, prediction, scores, card, rules)


def _column(found: pl.DataFrame, *names: str) -> pl.Series | None:
    return next((found[name] for name in names if name and name in found.columns), None)
