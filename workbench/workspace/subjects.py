"""What is there to measure of a model? Its card, its rows, its reference, and its now."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, iso, resolve_period
from workbench.errors import NoRowsError
from workbench.store.baseline import earlier_baseline, ensure_baseline, stored_baseline
from workbench.store.baseline_record import Baseline
from workbench.store.connections import StoreHome, reading
from workbench.store.counted import ModelStore, read_model_store, reference_source
from workbench.store.extent import Extent, model_extent
from workbench.store.judging import own_bucket
from workbench.store.measured import Choice, read_outcomes
from workbench.store.stretches import segment_number
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
    store = read_model_store(home, baseline, as_of, up_to=up_to)
    return subject(card, store, champion_version(root, card))


def stored_subject(
    home: StoreHome, root: Path, card: ModelCard, as_of: datetime | None, up_to: int | None = None
) -> Subject | None:
    """A model as far as it is stored; None when its baseline is still to be made.

    Raises:
        CardError: as for `opened_subject`.
    """
    require_supported(card)
    champion = champion_version(root, card)
    with reading(home, f"reading {card.name}"):
        baseline = stored_baseline(home, root, card)
        if baseline is not None:
            return subject(card, read_model_store(home, baseline, as_of, up_to=up_to), champion)
        earlier = earlier_baseline(home, card)
        if earlier is None:
            return None
        store = read_model_store(home, earlier, as_of, is_outdated=True, up_to=up_to)
        return subject(card, store, champion)


def reference_outcomes(
    subject: Subject, segment: str | None = None, baseline: Baseline | None = None
) -> list[OutcomeBucket]:
    """The reference's outcomes a bucket (and segment); empty when it has no labels or predictions.

    Args:
        subject: the model.
        segment: the segment column to break them down by.
        baseline: another than the model's of now.
    """
    store = subject.store
    own = baseline or store.baseline
    number = segment_number(own, segment)
    if number is None:
        return []
    known = subject.asked.get((own.reference_rules_id, segment))
    if known is not None:
        return list(known)
    with reading(store.home, f"reading the baseline of {subject.card.name}") as catalog:
        start = own.start or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        found = read_outcomes(
            catalog,
            reference_source(own),
            Choice(roles=()),
            by=own_bucket(own.rules),
            start=start,
            segment_no=number,
        )
    kept = [bucket for bucket in found if bucket.counts.labelled > 0]
    subject.asked[own.reference_rules_id, segment] = tuple(kept)
    return kept
