"""What are a version's columns compared with? The reference's, and for outputs the version's own.

A promoted version's predictions and scores are compared with those that it gave for the rows it was
judged on; its inputs stay compared with the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.domain.drift import ColumnDrift
from workbench.domain.names import shown
from workbench.domain.profile import ColumnProfile
from workbench.drift.day_null import Variation, variations
from workbench.store.baseline_record import Baseline
from workbench.store.bucket_counts import BucketCounts, read_bucket_counts
from workbench.store.bucket_profiles import read_bucket_profiles
from workbench.store.connections import Connection
from workbench.store.counted import reference_source
from workbench.store.judging import own_bucket
from workbench.store.measured import Choice, read_profiles
from workbench.workspace.subjects import Subject

OUTPUTS = ("prediction", "score")
"""The roles of columns that a version has a baseline of its own for."""


def compared_profiles(
    catalog: Connection, subject: Subject, baseline: Baseline, versions: Sequence[str] | None
) -> tuple[ColumnProfile, ...]:
    """The profile that each column is compared with, in the order of the bins.

    Args:
        catalog: open.
        subject: the model.
        baseline: what the period asked about is counted over.
        versions: whose columns; None: the champion's.
    """
    before = read_profiles(catalog, reference_source(baseline), baseline.bins, Choice())
    own = subject.own_baseline(versions, baseline)
    if own is None:
        return before
    outputs = read_profiles(catalog, own.source, baseline.bins, Choice())
    return tuple(
        mine if mine.bins.role in OUTPUTS and mine.rows else usual
        for usual, mine in zip(before, outputs, strict=True)
    )


@dataclass(frozen=True)
class UsualVariation:
    """How the buckets of what columns are compared with differ."""

    buckets: int
    """How many buckets of the reference have rows."""
    of_columns: dict[tuple[str, str], Variation]


def compared_variation(
    catalog: Connection, subject: Subject, baseline: Baseline, versions: Sequence[str] | None
) -> UsualVariation:
    """How each column's buckets differ from one another; arguments as for `compared_profiles`.

    Outputs whose own buckets are too few to tell vary as those of the reference do.
    """
    found = read_bucket_profiles(catalog, reference_source(baseline), baseline.bins)
    of_columns = variations(found.profiles)
    own = subject.own_baseline(versions, baseline)
    if own is not None:
        mine = read_bucket_profiles(catalog, own.source, baseline.bins)
        told = variations(mine.profiles)
        for key, usual in of_columns.items():
            if key[1] in OUTPUTS:
                of_columns[key] = replace(told.get(key, usual), span=mine.buckets)
    return UsualVariation(found.buckets, of_columns)


def compared_counts(
    catalog: Connection, subject: Subject, baseline: Baseline, versions: Sequence[str] | None
) -> tuple[tuple[tuple[datetime, ...], BucketCounts], ...]:
    """The buckets and the counts in them of what each column is compared with.

    Arguments as for `compared_profiles`.
    """
    times, columns = read_bucket_counts(
        catalog, reference_source(baseline), baseline.bins, Choice()
    )
    usual = tuple((times, column) for column in columns)
    own = subject.own_baseline(versions, baseline)
    if own is None:
        return usual
    own_times, outputs = read_bucket_counts(catalog, own.source, baseline.bins, Choice())
    return tuple(
        (own_times, mine) if mine.bins.role in OUTPUTS and mine.rows.sum() else before
        for before, mine in zip(usual, outputs, strict=True)
    )


def comparison_notes(
    subject: Subject,
    baseline: Baseline,
    columns: Sequence[ColumnDrift],
    usual: UsualVariation,
    versions: Sequence[str],
) -> tuple[str, ...]:
    """What p-values are measured against where that is more than chance, and outputs compared with.

    Args:
        subject: the model.
        baseline: what the period asked about is counted over.
        columns: as they were compared.
        usual: how their buckets differ.
        versions: as for `compared_variation`.
    """
    notes = list(subject.notes)
    if any(column.null == "days" for column in columns):
        width = own_bucket(baseline.rules)
        notes.append(
            f"p-values allow for how the reference's own buckets differ ({usual.buckets} of {width})"
        )
    own = subject.own_baseline(versions, baseline)
    if own is not None:
        notes.append(
            f"predictions and scores are compared with the {own.rows:,} rows that version "
            f"{shown(own.version, 40)} was judged on"
        )
    return tuple(notes)
