"""What is there to measure of a model? Its card, its rows, its reference, and its now."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, iso, resolve_period
from workbench.errors import NoRowsError, ReferenceTableError, StoreError
from workbench.retrain.registry import judged_tables
from workbench.store.baseline import earlier_baseline, ensure_baseline, stored_baseline
from workbench.store.baseline_record import Baseline
from workbench.store.connections import StoreHome, reading
from workbench.store.counted import ModelStore, read_model_store, reference_source
from workbench.store.extent import Extent, model_extent
from workbench.store.judging import own_bucket
from workbench.store.measured import Choice, read_outcomes
from workbench.store.stretches import segment_number
from workbench.store.version_baselines import (
    VersionBaseline,
    ensure_version_baseline,
    is_of_file,
    read_version_baselines,
)
from workbench.workspace.cards import require_supported
from workbench.workspace.versions import champion_version


@dataclass(frozen=True)
class Subject:
    """One model to be measured: its card, its rows, its champion and its now."""

    card: ModelCard
    store: ModelStore
    champion: str
    extent: Extent | None
    """None without rows."""
    asked: dict[tuple[str, str | None], tuple[OutcomeBucket, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """The reference's outcomes as far as they were asked for: they never change under an identity."""
    judged_on: Mapping[str, VersionBaseline] = field(default_factory=dict)
    """The baseline of each promoted version that has one of its own."""
    notes: tuple[str, ...] = ()
    """Why a version that should have one has none."""

    @property
    def bucket(self) -> timedelta:
        """The card's bucket."""
        return self.store.baseline.rules.bucket

    def period(self, text: str | None) -> Period:
        """The period that a user's words mean; the card's window by default.

        Raises:
            NoRowsError: there are no rows to count back from.
            PeriodError: the words cannot be read.
        """
        if self.extent is None and self.store.before is not None:
            raise NoRowsError(
                f"no predictions of {self.card.name} from then are left",
                f"`store retain` took those older than {iso(self.store.before)}.",
            )
        if self.extent is None:
            raise NoRowsError(
                f"no predictions of {self.card.name} are stored",
                f"Ingest some: workbench ingest PATH --model {shlex.quote(self.card.name)}",
            )
        return resolve_period(
            text or self.card.monitoring.window,
            first=self.extent.first,
            now=self.extent.newest,
            bucket=self.bucket,
        )

    def needs_rows(self, period: str | None, by: str | None) -> bool:
        """Whether a question can only be answered from the rows.

        Raises:
            NoRowsError: as `period`, but for a model without rows in its own window.
            PeriodError: the words cannot be read.
        """
        if self.extent is None and period is None:
            return False
        return self.store.needs_rows(self.period(period), by or self.store.own_by)

    def own_baseline(
        self, versions: Sequence[str] | None = None, baseline: Baseline | None = None
    ) -> VersionBaseline | None:
        """The baseline that the rates and scores of one version are compared with.

        None where that is the reference: for several versions together, for one without a baseline
        of its own, and for a time whose counts are over an earlier reference.

        Args:
            versions: that are asked about; None: the champion.
            baseline: what the time asked about is counted over; None: the model's of now.
        """
        if baseline is not None and baseline.ids != self.store.baseline.ids:
            return None
        asked = (self.champion,) if versions is None else tuple(versions)
        return self.judged_on.get(asked[0]) if len(asked) == 1 else None

    def assumed_before(self) -> datetime | None:
        """Buckets that end by then take missing labels for what the card says."""
        rules = self.store.baseline.rules
        if rules.missing_means is None or self.extent is None:
            return None
        return self.extent.newest - timedelta(seconds=rules.maturity_seconds) - rules.bucket


def subject(card: ModelCard, store: ModelStore, champion: str) -> Subject:
    """A model ready to be measured."""
    extent = model_extent(store.home, store.segments, store.as_of)
    if extent is not None and store.counted_from is not None and store.as_of is None:
        extent = replace(extent, first=min(extent.first, store.counted_from))
    return Subject(card, store, champion, extent)


def opened_subject(
    home: StoreHome, root: Path, card: ModelCard, as_of: datetime | None, now: datetime,
    up_to: int | None = None,
) -> Subject:  # fmt: skip
    """A model ready to be measured; its baseline is made if that is still to be done.

    Args:
        home: the store.
        root: the workspace, which the card's paths are relative to.
        card: the model's card.
        as_of: later predictions and labels do not exist; None: everything does.
        now: the machine's clock.
        up_to: a version of the catalog: what was committed later is left out.

    Raises:
        CardError: the card asks for what is not supported.
        ReferenceTableError: the reference cannot be used.
    """
    found = stored_subject(home, root, card, as_of, up_to)
    if found is not None:
        return found
    baseline = ensure_baseline(home, root, card, now)
    own, notes = _ensured(home, root, card, baseline, now)
    store = read_model_store(home, baseline, as_of, up_to=up_to)
    made = subject(card, store, champion_version(root, card))
    return replace(made, judged_on=own, notes=notes)


def _ensured(
    home: StoreHome, root: Path, card: ModelCard, baseline: Baseline, now: datetime
) -> tuple[dict[str, VersionBaseline], tuple[str, ...]]:
    """The versions' own baselines, made where they are missing; and why one cannot be."""
    with reading(home, f"reading the baselines of {card.name}") as catalog:
        found = read_version_baselines(catalog, baseline)
    notes = []
    for version, path in judged_tables(root, card).items():
        if is_of_file(found.get(version), root, path):
            continue
        found.pop(version, None)
        try:
            found[version] = ensure_version_baseline(home, root, card, baseline, version, path, now)
        except (ReferenceTableError, StoreError) as error:
            # The reference is there to compare with; an operator must still get an answer.
            notes.append(f"version {version} is compared with the reference: {error.message}")
    return found, tuple(notes)


def stored_subject(
    home: StoreHome, root: Path, card: ModelCard, as_of: datetime | None, up_to: int | None = None
) -> Subject | None:
    """A model as far as it is stored; None when its baseline is still to be made.

    Raises:
        CardError: as for `opened_subject`.
    """
    require_supported(card)
    champion = champion_version(root, card)
    with reading(home, f"reading {card.name}") as catalog:
        baseline = stored_baseline(home, root, card)
        if baseline is not None:
            own = read_version_baselines(catalog, baseline)
            wanted = judged_tables(root, card)
            if not all(
                is_of_file(own.get(version), root, path) for version, path in wanted.items()
            ):
                return None
            found = subject(card, read_model_store(home, baseline, as_of, up_to=up_to), champion)
            return replace(found, judged_on=own)
        earlier = earlier_baseline(home, card)
        if earlier is None:
            return None
        store = read_model_store(home, earlier, as_of, is_outdated=True, up_to=up_to)
        return subject(card, store, champion)


def reference_outcomes(
    subject: Subject,
    segment: str | None = None,
    baseline: Baseline | None = None,
    versions: Sequence[str] | None = None,
) -> list[OutcomeBucket]:
    """The outcomes a bucket (and segment) of what rates are compared with; empty without any.

    That is the reference, or the labelled rows that the version was judged on when it was promoted.

    Args:
        subject: the model.
        segment: the segment column to break them down by.
        baseline: another than the model's of now.
        versions: whose rates; the champion's by default.
    """
    store = subject.store
    compared = baseline or store.baseline
    number = segment_number(compared, segment)
    if number is None:
        return []
    own = subject.own_baseline(versions, baseline)
    source = reference_source(compared) if own is None else own.source
    start = compared.start if own is None else own.start
    key = (str(source.rules_id), segment)
    known = subject.asked.get(key)
    if known is not None:
        return list(known)
    with reading(store.home, f"reading the baseline of {subject.card.name}") as catalog:
        found = read_outcomes(
            catalog,
            source,
            Choice(roles=()),
            by=own_bucket(compared.rules),
            start=start or datetime.fromisoformat("1970-01-01T00:00:00+00:00"),
            segment_no=number,
        )
    kept = [bucket for bucket in found if bucket.counts.labelled > 0]
    subject.asked[key] = tuple(kept)
    return kept
