"""How are the models doing? Every question about one model or all of them, as one object's methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from workbench.domain.drift import DriftReport
from workbench.domain.fault import KINDS, QualityReport
from workbench.domain.rates import PerformanceReport
from workbench.domain.slices import SliceReport
from workbench.domain.status import ModelRecord, ModelStatus
from workbench.errors import SegmentGoneError, StoreLockedError, WorkbenchError
from workbench.store.alerts import read_raised
from workbench.store.connections import Connection, reading
from workbench.store.decisions import standing_flags
from workbench.store.incidents import read_incidents, recorded_from
from workbench.workspace.cards import (
    card_names,
)
from workbench.workspace.counted_once import counted_once
from workbench.workspace.known_versions import require_version
from workbench.workspace.measuring import measure_drift, measure_performance
from workbench.workspace.opened import Opened
from workbench.workspace.repeating import again_if_gone
from workbench.workspace.row_estimating import make_estimates
from workbench.workspace.subjects import Subject

if TYPE_CHECKING:
    import polars as pl


__all__ = ["Questions"]

S = TypeVar("S")


class Questions(Opened):
    """What can be asked of a workspace."""

    def status(self, only: Sequence[str] | None = None) -> tuple[ModelStatus, ...]:
        """Every model's status, worst first; a model that cannot be measured says why.

        Args:
            only: the names of the models that are asked for; None: all.

        Raises:
            StoreLockedError: others hold the store for too long.
        """
        return again_if_gone(lambda: self._status(card_names(self.root) if only is None else only))

    def _status(self, names: Sequence[str]) -> tuple[ModelStatus, ...]:
        from workbench.workspace.fleet import worst_first

        with reading(self.store, "answering") as catalog:
            records = self.records(catalog)
            # Opening the catalog is much of what a status costs: once, if it can be.
            subjects, found = self._subjects(self.stored_subject, names)
            ready = [one for one in subjects if one is not None and not one.needs_rows(None, None)]
            if len(ready) == len(subjects):
                return worst_first(self._with_failed(ready, found, records))
        made, found = self._subjects(self._subject, names)
        with self.one_reading(*made):
            return worst_first(self._with_failed(made, found, records))

    def _with_failed(
        self, subjects: list[Subject], failed: list[ModelStatus], records: dict[str, ModelRecord]
    ) -> list[ModelStatus]:
        """The statuses of models, and of those that cannot be measured, with what is recorded."""
        from workbench.workspace.fleet import model_status, with_record

        statuses = [with_record(one, records[one.name]) for one in failed]
        for one in subjects:
            with counted_once(one) as counted:
                status = model_status(counted, self.clock.now(), records[one.card.name])
            statuses.append(status)
        return statuses

    def records(self, catalog: Connection) -> dict[str, ModelRecord]:
        """What is recorded of every model and not over, as of the moment that is asked for."""
        names, moment = card_names(self.root), self.seen_as_of
        first = recorded_from(catalog) if moment is not None else None
        if moment is not None and (first is None or first > moment):
            why = "the store was made later: nothing had been recorded by then"
            return dict.fromkeys(names, ModelRecord(reason=why))
        faults = [one for one in read_raised(catalog, names, moment) if one.kind in KINDS]
        incidents = read_incidents(catalog, as_of=moment, only_open=True)
        flags = standing_flags(catalog, moment)
        return {
            name: ModelRecord(
                tuple(one for one in faults if one.model == name),
                tuple(one for one in incidents if one.model == name),
                flags.get(name),
            )
            for name in names
        }

    def subject(self, name: str) -> Subject:
        """One model ready to be measured; errors as of its card and of the store."""
        return self._subject(name)

    def _asked(self, model: str, version: str | None) -> Subject:
        """The model of a question, once the version that it names is known to be there."""
        one = self._subject(model)
        require_version(one, version)
        return one

    def _subjects(
        self, find: Callable[[str], S], names: Sequence[str]
    ) -> tuple[list[S], list[ModelStatus]]:
        """What `find` makes of each model, and the statuses of those that it fails for."""
        from workbench.workspace.fleet import unreadable_status

        subjects: list[S] = []
        failed = []
        for name in names:
            try:
                subjects.append(find(name))
            except (SegmentGoneError, StoreLockedError):
                raise  # that says nothing about the model
            except WorkbenchError as error:
                failed.append(unreadable_status(name, error.message))
        return subjects, failed

    def performance(
        self,
        model: str,
        period: str | None = None,
        by: str | None = None,
        segment: str | None = None,
        version: str | None = None,
        estimate: bool = False,
    ) -> pl.DataFrame:
        """The bad-prediction rate over time: one row a bucket (and segment value).

        With `estimate`, what only rows can tell is estimated in some seconds, and remembered.

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: the period or the bucket is unknown.
            MisuseError: there is no such segment column or version.
            NoRowsError: nothing is stored.
        """
        from workbench.workspace.frames import performance_frame

        report = self.performance_report(model, period, by, segment, version, estimate)
        return performance_frame(report)

    def performance_report(
        self,
        model: str,
        period: str | None = None,
        by: str | None = None,
        segment: str | None = None,
        version: str | None = None,
        estimate: bool = False,
    ) -> PerformanceReport:
        """As `performance`, with the whole, the months, and the break-downs."""

        def answer() -> PerformanceReport:
            one = self._asked(model, version)
            now = self.clock.now()
            made = make_estimates(one, self.root, now, period, by, version) if estimate else ()
            with self.one_reading(one, periods=[(period, by)]):
                return measure_performance(
                    one, period=period, by=by, segment=segment, version=version, made=made
                )

        return again_if_gone(answer)

    def drift(
        self,
        model: str,
        period: str | None = None,
        against: str = "reference",
        version: str | None = None,
        *,
        multivariate: bool = False,
        exact: bool = False,
    ) -> DriftReport:
        """How far every column moved, worst first.

        `multivariate` compares all inputs together as well, on samples of the rows; `exact` reads
        rows for the Kolmogorov-Smirnov test of raw values beside the one of bins.

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: a period cannot be read.
            MisuseError: no row has the version.
            NoRowsError: nothing is stored.
        """
        periods = [(period, None)] + ([(against, None)] if against != "reference" else [])

        def answer() -> DriftReport:
            one = self._asked(model, version)
            with self.one_reading(one, periods=periods):
                report = measure_drift(one, period=period, against=against, version=version)
            if exact:
                from workbench.workspace.exact_values import with_exact_ks

                report = with_exact_ks(one, self.root, self.clock.now(), report, period, version)
            if multivariate:
                from workbench.workspace.multivariate import with_all_inputs

                return with_all_inputs(one, self.root, self.clock.now(), report, period, version)
            return report

        return again_if_gone(answer)

    def slices(
        self, model: str, period: str | None = None, version: str | None = None
    ) -> SliceReport:
        """Where the bad predictions are, by segment and by conditions; raises as `drift` does."""
        from workbench.workspace.slicing import measure_slices

        return again_if_gone(
            lambda: measure_slices(
                self._asked(model, version), self.root, self.clock.now(), period, version
            )
        )

    def quality(
        self, model: str, period: str | None = None, version: str | None = None
    ) -> QualityReport:
        """The faults of the data against the reference, worst first.

        Raises:
            UnknownModelError: there is no such model.
            PeriodError: the period cannot be read.
            MisuseError: no row has the version.
            NoRowsError: nothing is stored.
        """
        from workbench.workspace.quality import measure_quality

        return again_if_gone(
            lambda: measure_quality(
                self._asked(model, version),
                self.root,
                self.clock.now(),
                period=period,
                version=version,
            )
        )
