"""Which version is in charge from now on? Promotions and rollbacks, recorded as one with their reasons.

The order is fixed. Everything is checked first. Then, inside one transaction of the store, the decision
is recorded, the pointer replaced and the history written, and the transaction committed. What fails
in between is undone; a process killed in between leaves files that are ahead of the store, which
`doctor` tells and the next decision (or the same one given again) completes.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.card import ModelCard
from workbench.domain.decision import CHANGES, PROMOTION, ROLLBACK, Decision
from workbench.domain.incident import IncidentEntry
from workbench.domain.names import shown
from workbench.errors import ArtifactError, ReferenceTableError, WorkbenchError
from workbench.retrain.artifacts import artifact_path, load_artifact
from workbench.retrain.registry import (
    ChampionChange,
    append_history,
    candidate,
    champion_history,
    decision_id,
    previous_champion,
    registry_lock,
    restored_on_failure,
    standing_champion,
    unwritten_record,
    write_change,
)
from workbench.store.catalog import model_segments
from workbench.store.connections import Connection, reading, writing
from workbench.store.decisions import add_decision, read_decisions
from workbench.store.extent import model_extent
from workbench.store.incidents import add_entry, add_event, read_incidents
from workbench.store.version_lives import VersionLife, read_lives
from workbench.workspace.hooks import HookRun, run_hook
from workbench.workspace.incidents import known_text
from workbench.workspace.trusting import is_artifact_trusted
from workbench.workspace.version_lives import lives_of, store_lives

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_METRICS = ("champion_bad_rate", "challenger_bad_rate", "gain", "gain_low", "gain_high")
_HISTORICAL = timedelta(days=7)
"""A log whose newest row is older than this is of the past: what is decided is told in its time."""


@dataclass(frozen=True)
class PlannedChange:
    """A change of the champion that nothing speaks against."""

    model: str
    kind: str
    version: str
    path: str
    previous: str
    previous_path: str
    evidence: Mapping[str, Any]
    is_forced: bool
    """Whether it goes against what the holdout said."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChangedChampion:
    """A change of the champion that was made."""

    change: ChampionChange
    hook: HookRun | None
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to say of it besides; the champion has changed all the same."""
        failure = self.hook.failure if self.hook is not None else None
        if failure is None:
            return self.notes
        return (
            *self.notes,
            f"the hook failed, and the champion is changed all the same: {failure}",
        )

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            **self.change.decision.document,
            "champion": self.change.version,
            "artifact": self.change.path,
            "hook": None if self.hook is None else self.hook.document,
            "notes": list(self.notes),
        }


def plan_promotion(
    ws: Workspace, name: str, version: str, *, force: bool = False, reason: str = ""
) -> PlannedChange:
    """What promoting a version means, once everything is checked; nothing is changed.

    Args:
        ws: the workspace.
        name: the model.
        version: of it, in the registry.
        force: also one that the holdout says nothing good of.
        reason: why; needed with `force`.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
        WorkbenchError: the version is not there, is the champion, or is not better on the holdout, or its run
            advises against it (too small a gain, a segment that is worse off).
        ArtifactError: it cannot be loaded.
    """
    _require_now(ws)
    card = ws.card(name)
    found = candidate(ws.root, card, version)
    champion, path = standing_champion(ws.root, card)
    if version == champion:
        raise WorkbenchError(
            f"version {shown(version, 40)} of {shown(name)} is the champion already",
            f"workbench model history {shlex.quote(shown(name))} tells since when.",
        )
    if force and not reason.strip():
        raise WorkbenchError(
            "a promotion by force needs a reason", 'Say it: --force --reason "why".'
        )
    against = _against(found.metadata)
    if against is not None and not force:
        raise WorkbenchError(
            f"version {shown(version, 40)} of {shown(name)} is not promoted: {against}",
            'Train another, or overrule the holdout: --force --reason "why".',
        )
    _require_loadable(ws, card, found.artifact)
    return PlannedChange(
        name, PROMOTION, version, found.artifact, champion, path, _evidence(found.metadata),
        against is not None, (f"by force: {against}",) if against is not None else (),
    )  # fmt: skip


def plan_rollback(ws: Workspace, name: str) -> PlannedChange:
    """What rolling back means, once everything is checked; nothing is changed.

    A rollback can be rolled back: the version that is left is then the previous one.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
        WorkbenchError: there was no champion before.
        ArtifactError: the one before cannot be loaded.
    """
    _require_now(ws)
    card = ws.card(name)
    champion, path = standing_champion(ws.root, card)
    version, artifact = previous_champion(ws.root, card)
    if artifact:
        _require_loadable(ws, card, artifact)
    return PlannedChange(name, ROLLBACK, version, artifact, champion, path, {}, False, ())


def promote(
    ws: Workspace, name: str, version: str, author: str, *, reason: str = "", force: bool = False
) -> ChangedChampion:
    """Makes a version the champion; see the module's text for the order.

    Args:
        ws: the workspace.
        name: the model.
        version: of it, in the registry.
        author: who decides.
        reason: why.
        force: also one that the holdout says nothing good of; needs a reason.

    Raises:
        WorkbenchError: as for `plan_promotion`; or the registry or the store cannot be written, and
            nothing has changed.
    """
    card = ws.card(name)
    with registry_lock(ws.root, card, ws.store.resources.lock_timeout):
        completed = complete_records(ws, card)
        standing = standing_champion(ws.root, card)[0]
        if completed and standing == version:  # the same command, after it was killed
            last = completed[-1]
            notes = ("it was the champion already; what its record lacked was added",)
            return _told(ws, last, notes)
        plan = plan_promotion(ws, name, version, force=force, reason=reason)
        change = _changed(ws, card, plan, author, reason)
    return _told(ws, change, plan.notes)


def roll_back(ws: Workspace, name: str, author: str, *, reason: str = "") -> ChangedChampion:
    """Makes the champion of before the champion again.

    Raises:
        WorkbenchError: as for `plan_rollback`; or the registry or the store cannot be written, and
            nothing has changed.
    """
    card = ws.card(name)
    with registry_lock(ws.root, card, ws.store.resources.lock_timeout):
        complete_records(ws, card)
        plan = plan_rollback(ws, name)
        change = _changed(ws, card, plan, author, reason)
    return _told(ws, change, plan.notes)


def history(ws: Workspace, name: str) -> tuple[Decision, ...]:
    """Every decision about a model, oldest first: the registry's, and the flags of the store.

    As of a moment, those taken by then.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`; or the history cannot be read.
    """
    card = ws.card(name)
    changes = [one.decision for one in champion_history(ws.root, card)]
    with reading(ws.store, "reading decisions") as catalog:
        stored = read_decisions(catalog, model=name)
    known = {one.id for one in changes}
    found = sorted([*changes, *(d for d in stored if d.id not in known)], key=lambda d: d.at)
    moment = ws.seen_as_of
    return tuple(one for one in found if moment is None or one.at <= moment)


def lives(ws: Workspace, name: str) -> tuple[tuple[VersionLife, ...], str | None]:
    """How long each promoted version kept its gain, oldest first; or why that cannot be told.

    Measured now; as it was stored last where the model cannot be measured.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
    """
    card = ws.card(name)
    try:
        return lives_of(ws.subject(card.name), ws.root), None
    except WorkbenchError as error:
        with reading(ws.store, "reading the lives of versions") as catalog:
            return read_lives(catalog, card.name), error.message


def complete_records(ws: Workspace, card: ModelCard) -> tuple[ChampionChange, ...]:
    """Adds to the history and the store what a killed process could not; what was added.

    The registry's files are right: they are what the champion is read from. The caller holds
    `registry_lock`.

    Raises:
        CardError: the registry cannot be read.
        WorkbenchError: registry or store cannot be written.
    """
    missing = unwritten_record(ws.root, card)
    if missing is not None:
        append_history(ws.root, card, missing)
    changes = champion_history(ws.root, card)
    with reading(ws.store, "reading decisions") as catalog:
        stored = {one.id for one in read_decisions(catalog, model=card.name, kinds=CHANGES)}
    lacking = tuple(one for one in changes if one.id not in stored)
    if lacking:
        with writing(ws.store, "completing the record of decisions") as catalog:
            for one in lacking:
                _record(catalog, one, ws.clock.now())
    return lacking


def _changed(
    ws: Workspace, card: ModelCard, plan: PlannedChange, author: str, reason: str
) -> ChampionChange:
    now = ws.clock.now()
    text = known_text(reason, "reason") if reason.strip() else ""
    number = decision_id(plan.model, plan.kind, plan.version, plan.previous, now)
    evidence = {**plan.evidence, **({"forced": True} if plan.is_forced else {})}
    decision = Decision(
        number, plan.model, plan.kind, now, author, text, plan.version, plan.previous, evidence
    )
    change = ChampionChange(decision, plan.path, plan.previous_path, _in_log_time(ws, card, now))
    ws.store.create()
    with (
        restored_on_failure(ws.root, card),
        writing(ws.store, f"changing the champion of {card.name}") as catalog,
    ):
        _record(catalog, change, now)
        write_change(ws.root, card, change)
    return change


def _told(ws: Workspace, change: ChampionChange, notes: tuple[str, ...]) -> ChangedChampion:
    """What follows a change: its baseline and the versions' lives are stored, and the hook is run."""
    stored = store_lives(ws, change.decision.model)
    return ChangedChampion(change, _hook(ws, change), (*notes, *stored))


def _record(catalog: Connection, change: ChampionChange, now: datetime) -> None:
    """Decision, event and a note in every open incident, in the open transaction."""
    one = change.decision
    did = "rolled back to version {}" if one.kind == ROLLBACK else "version {} promoted"
    text = f"{did.format(one.version)}, was {one.previous}"
    add_decision(catalog, one)
    add_event(catalog, one.model, change.takes_over, "deploy", text, one.author, now)
    said = f"{text}: {one.reason}" if one.reason else text
    for incident in read_incidents(catalog, model=one.model, only_open=True):
        add_entry(catalog, incident.id, IncidentEntry(now, one.author, "note", said))


def _in_log_time(ws: Workspace, card: ModelCard, now: datetime) -> datetime:
    """The moment in the time of the model's log: now, or its newest row where that is of long ago."""
    with reading(ws.store, f"reading {card.name}") as catalog:
        segments = model_segments(catalog, card.name, ws.store.segments)
    extent = model_extent(ws.store, segments, None)
    if extent is None or now - extent.newest <= _HISTORICAL:
        return now
    return extent.newest


def _hook(ws: Workspace, change: ChampionChange) -> HookRun | None:
    settings = ws.settings.promotion
    if not settings.hook.strip():
        return None
    told = {
        "WORKBENCH_MODEL": change.decision.model,
        "WORKBENCH_VERSION": change.version,
        "WORKBENCH_ARTIFACT": str(ws.root / change.path) if change.path else "",
        "WORKBENCH_PREVIOUS": change.decision.previous or "",
    }
    told = {key: value.replace("\0", "") for key, value in told.items()}
    return run_hook(ws.root, settings.hook, settings.hook_timeout, told)


def _require_now(ws: Workspace) -> None:
    if ws.seen_as_of is not None:
        raise WorkbenchError(
            "the champion is changed as it is now, not as it was", "Leave --as-of out."
        )


def _require_loadable(ws: Workspace, card: ModelCard, artifact: str) -> None:
    """Raises an `ArtifactError` where the model could not score a row here."""
    try:
        baseline = ws.subject(card.name).store.baseline
    except ReferenceTableError:
        # At 3 a.m. a way back must not need the reference: the file itself must be there.
        artifact_path(ws.root, artifact)
        return
    try:
        load_artifact(
            ws.root, card, baseline.shape.features, baseline.rules,
            is_trusted=is_artifact_trusted(ws.root, card), artifact=artifact,
        )  # fmt: skip
    except ArtifactError as error:
        raise ArtifactError(f"the model cannot be loaded: {error.message}", error.hint) from error


def _against(metadata: Mapping[str, Any]) -> str | None:
    """What the holdout says against a version; None where it is better than the champion."""
    metrics = metadata.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    low, gain, high = (_number(metrics.get(key)) for key in ("gain_low", "gain", "gain_high"))
    if low is None:
        return "nothing is known of how it did on a holdout beside the champion"
    if low > 0:
        if metadata.get("recommend_promotion") is not False:
            return None
        said = shown(metadata.get("recommendation") or "no reason is given", 300)
        return f"its run advises against it: {said}"
    between = f", 95 % {low:+.1%} to {high:+.1%}" if high is not None else f", at least {low:+.1%}"
    said = f"{gain:+.1%}{between}" if gain is not None else between[2:]
    return f"it is not better than the champion on the holdout (gain {said})"


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _evidence(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What of a version's metadata a promotion rests on."""
    metrics = metadata.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    found: dict[str, Any] = {
        key: metadata[key]
        for key in ("run", "verdict", "data_version")
        if isinstance(metadata.get(key), str | int) and not isinstance(metadata[key], bool)
    }
    found["metrics"] = {key: _number(metrics.get(key)) for key in _METRICS}
    return found
