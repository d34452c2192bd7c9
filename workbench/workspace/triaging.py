"""What is to be done about a model? From the store to a verdict that is recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.clock import FixedClock
from workbench.domain.fault import Fault
from workbench.domain.period import bucket_start, iso
from workbench.domain.shape import FeatureColumn
from workbench.domain.verdict import Verdict
from workbench.domain.verdict_document import verdict_document, verdict_of
from workbench.errors import StoreError, WorkbenchError
from workbench.performance.completeness import DelayLaw
from workbench.retrain.artifacts import load_artifact
from workbench.retrain.recipes import recipe_of
from workbench.retrain.stronger import stronger_fitter
from workbench.retrain.versions_on_disk import champion_artifact, previous_version
from workbench.store.connections import reading, writing
from workbench.store.verdicts import (
    Overrule,
    StoredVerdict,
    add_overrule,
    add_verdict,
    read_verdicts,
)
from workbench.store.version_lives import write_lives
from workbench.triage.case import Fitter, Models, Scorer
from workbench.triage.examining import Looked, Told, examine
from workbench.triage.verdict import reach_verdict
from workbench.workspace.completing import read_label_law
from workbench.workspace.first_look import look_first
from workbench.workspace.fitting import one_thread
from workbench.workspace.gathering import count_outcomes, gather
from workbench.workspace.incidents import known_text
from workbench.workspace.other_cores import free_cores, idle_now, other_processes, usable_cores
from workbench.workspace.quality import find_faults
from workbench.workspace.subjects import Subject
from workbench.workspace.trusting import is_artifact_trusted, recipe_folder
from workbench.workspace.verdict_incidents import enter_verdict
from workbench.workspace.version_lives import lives_of, retrainings_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.workspace import Workspace

SEED = 20_261
"""Of every fit and resampling, unless another is asked for."""


def triage(
    ws: Workspace,
    name: str,
    period: str | None = None,
    version: str | None = None,
    *,
    seed: int = SEED,
    told: Told | None = None,
    tick: Callable[[], float] | None = None,
    record: bool = True,
    law: DelayLaw | None = None,
    reached: Callable[[], None] | None = None,
) -> Verdict:
    """The verdict on a model, recorded, and written into the incident that it belongs to.

    Args:
        ws: the workspace.
        name: the model.
        period: where harm is judged; the card's window by default.
        version: whose rows; the champion's by default.
        seed: of every fit and resampling.
        told: called after each step with what it found.
        tick: a clock in seconds, for how long the steps took.
        record: False: nothing is written.
        law: how late labels usually are; by default what the store tells.
        reached: called once the verdict is reached, before it is recorded; what it raises ends
            triage, and nothing is written.

    Raises:
        UnknownModelError: there is no such model.
        NoRowsError: nothing is stored.
        PeriodError: the period cannot be read.
    """
    now = ws.clock.now()
    one = ws.subject(name)
    idle = idle_now()
    law = law or read_label_law(one)
    counted = count_outcomes(one, period, version, law)
    if told is not None:
        first = look_first(one, counted, seed)
        told("onset by the counts", first.since.evidence())
        told("harm by the counts", first.harm.evidence())
    with other_processes() as others, one_thread():
        others.start(free_cores(idle, idle_now(), usable_cores()))
        models = replace(models_of(one, ws.root), each=others.each)
        faults = faults_of(one, ws.root, now, period, version)
        gathered = gather(
            one, ws.root, now, models, faults, period=period, version=version, seed=seed,
            counted=counted,
        )  # fmt: skip
        days = max(gathered.case.period.length.total_seconds() / 86400, 1e-9)
        labelled = sum(b.counts.labelled for b in gathered.case.counted)
        looked = Looked(
            gathered.case, gathered.since, gathered.unripe, gathered.ripe_on,
            history=retrainings_of(one, ws.root) or gathered.history,
            year_before=gathered.year_before,
            first_row=one.extent.first if one.extent is not None else None,
            labels_per_day=labelled / days,
        )  # fmt: skip
        found = examine(looked, told, tick)
        asked = f"{iso(gathered.asked.start)}/{iso(gathered.asked.end)}"
        inputs = _inputs(one, ws.root, now, asked, version, seed, law)
        verdict = reach_verdict(found, gathered.versions, inputs)
    if reached is not None:
        reached()
    return _recorded(ws, verdict, one) if record else verdict


def faults_of(
    subject: Subject, root: Path, now: datetime, period: str | None, version: str | None
) -> tuple[Fault, ...]:
    """The faults of a period, with what would undo them.

    A fault that began inside the period is diluted by the time before: the newest one that is no
    alarm of the whole is looked at again since it began.
    """
    found = find_faults(subject, root, now, period=period, version=version).faults
    asked = subject.period(period)
    begun = [
        bucket_start(fault.since, subject.bucket)
        for fault in found
        if fault.since is not None
        and fault.status == "ok"
        and asked.start < fault.since < asked.end
    ]
    if not begun:
        return found
    since = f"{iso(max(begun))}/{iso(asked.end)}"
    again = find_faults(subject, root, now, period=since, version=version).faults
    alarming = {
        (fault.kind, fault.column): fault
        for fault in again
        if fault.status in ("warning", "critical")
    }
    kept = [alarming.pop((fault.kind, fault.column), fault) for fault in found]
    return (*kept, *alarming.values())


def models_of(subject: Subject, root: Path) -> Models:
    """What can score rows of a model and be fitted to them, and why something cannot.

    What the card names and cannot be loaded is a reason here, not an error: triage goes on without.
    """
    card, store = subject.card, subject.store
    features, rules = store.baseline.shape.features, store.baseline.rules
    reasons: dict[str, str] = {}

    def tried(what: str, make: Callable[[], Scorer]) -> Scorer | None:
        try:
            return make()
        except WorkbenchError as error:
            reasons[what] = error.message
            return None

    is_trusted = is_artifact_trusted(root, card)
    champion = tried(
        "champion", lambda: load_artifact(root, card, features, rules, is_trusted=is_trusted)
    )
    previous = None
    before = previous_version(root, card, subject.champion)
    if before is None:
        reasons["previous"] = "the registry has no version before the champion"
    else:
        path = before.artifact
        previous = tried(
            "previous",
            lambda: load_artifact(
                root, card, features, rules, is_trusted=is_trusted, artifact=path
            ),
        )
    fit: Fitter | None = None
    stronger: Fitter | None = None
    folder = recipe_folder(root, card)

    def wider(further: tuple[FeatureColumn, ...]) -> Fitter:
        return recipe_of(card, (*features, *further), rules, folder=folder).scorer

    try:
        fit = recipe_of(card, features, rules, folder=folder).scorer
        stronger = stronger_fitter(card, features, rules)
    except WorkbenchError as error:
        reasons["fit"] = error.message
        reasons.setdefault("stronger", error.message)
    return Models(
        champion=champion, previous=previous, fit=fit, stronger=stronger,
        wider=wider if fit is not None else None, reasons=tuple(reasons.items()),
    )  # fmt: skip


def replayed(ws: Workspace, number: int, told: Told | None = None) -> Verdict:
    """The verdict of that number, made again from what it was made from.

    Rows and labels that were committed later are left out. What is not there any more in that form
    (the reference, the card, the artifact) is named in a note; rows that retention took are missing.

    Raises:
        WorkbenchError: there is none of this number.
    """
    stored = stored_verdict(ws, number)
    inputs = stored.document["inputs"]
    again = replace(
        ws,
        clock=FixedClock(datetime.fromisoformat(inputs["made_at"])),
        seen_version=stored.catalog_version,
    )
    verdict = triage(
        again, stored.model, inputs["period"], inputs["version"] or None,
        seed=int(inputs["seed"]), told=told, record=False,
        law=DelayLaw(dict(json.loads(inputs["label_law"]))),
    )  # fmt: skip
    changed = [
        name for name, value in verdict.inputs if inputs.get(name) != value and name != "made_at"
    ]
    note = f"not what it was made from any more: {', '.join(changed)}"
    return replace(verdict, id=number, notes=(*verdict.notes, *((note,) if changed else ())))


def stored_verdict(ws: Workspace, number: int) -> StoredVerdict:
    """One recorded verdict.

    Raises:
        WorkbenchError: there is none of this number.
    """
    with reading(ws.store, "reading verdicts") as catalog:
        found = read_verdicts(catalog, number=number)
    if not found:
        raise WorkbenchError(
            f"there is no verdict {number}", "`workbench triage NAME` makes one, with its number."
        )
    return found[0]


def newest_verdict(ws: Workspace, name: str) -> Verdict | None:
    """The newest recorded verdict on a model; None without one."""
    with reading(ws.store, "reading verdicts") as catalog:
        found = read_verdicts(catalog, model=name)
    return verdict_of(found[0].document) if found else None


def overrule(ws: Workspace, number: int, verdict: str, reason: str, author: str) -> StoredVerdict:
    """Records that a person decides otherwise; the verdict stays as it was given.

    Raises:
        WorkbenchError: there is none of this number, or no reason is given.
    """
    stored_verdict(ws, number)
    said = Overrule(ws.clock.now(), author, verdict, known_text(reason, "reason"))
    with writing(ws.store, "overruling a verdict") as catalog:
        add_overrule(catalog, number, said)
    return stored_verdict(ws, number)


def _recorded(ws: Workspace, verdict: Verdict, subject: Subject) -> Verdict:
    if ws.seen_as_of is not None:
        note = "as of an earlier moment: the verdict is not recorded"
        return replace(verdict, notes=(*verdict.notes, note))
    try:
        lives = lives_of(subject, ws.root)
        with writing(ws.store, "recording a verdict") as catalog:
            if lives:
                write_lives(catalog, verdict.model, lives, ws.clock.now())
            number = add_verdict(
                catalog, verdict_document(verdict), ws.clock.now(), subject.store.segments.version
            )
            enter_verdict(catalog, verdict, number, ws.clock.now())
    except StoreError as error:
        note = f"the verdict could not be recorded: {error.message}"
        return replace(verdict, notes=(*verdict.notes, note))
    return replace(verdict, id=number)


def _inputs(
    subject: Subject,
    root: Path,
    now: datetime,
    period: str,
    version: str | None,
    seed: int,
    law: DelayLaw,
) -> tuple[tuple[str, str], ...]:
    """What the verdict is made from, so that it can be made again."""
    store, card = subject.store, subject.card
    said = json.dumps(asdict(card), sort_keys=True, default=str)
    return (
        ("period", period),
        ("version", version or ""),
        ("seed", str(seed)),
        ("made_at", iso(now)),
        ("catalog_version", str(store.segments.up_to or store.segments.version)),
        ("label_law", json.dumps(sorted(law.shares.items()))),
        ("bins", store.baseline.ids[0]),
        ("rules", store.baseline.ids[1]),
        ("card", hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]),
        ("artifact", _hash(root, champion_artifact(root, card))),
        ("thresholds", json.dumps(asdict(card.thresholds), sort_keys=True)),
    )


def _hash(root: Path, named: str) -> str:
    """The hash of an artifact's file; empty where it is none."""
    try:
        return hashlib.sha256((root / named).read_bytes()).hexdigest()[:20] if named else ""
    except (OSError, ValueError):  # a command, or a file that triage has given its reason for
        return ""
