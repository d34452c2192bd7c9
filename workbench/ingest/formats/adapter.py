"""What is an export format to the ingest? A name, a detector, and how a record is read.

An adapter knows nothing of files, cards or the store. It is handed one decoded record at a
time and gives what the record says in one vocabulary: predictions, labels, the two halves of
a prediction that were logged apart, or a rejected record with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

PREDICTIONS, LABELS = "predictions", "labels"
REQUEST, RESPONSE = "request", "response"


@dataclass(frozen=True)
class Glimpse:
    """What a detector sees of a file: never more than its beginning."""

    path: PurePosixPath
    container: str
    """`jsonl`, `json` (one document), `csv`, `parquet` or `arrow`."""
    columns: tuple[str, ...]
    """The names of a table's columns; of JSON, the keys of the first object."""
    records: tuple[Mapping[str, Any], ...] = ()
    """The first readable records, at most five."""


@dataclass(frozen=True)
class Record:
    """One decoded record: a line, an element of a JSON array, or a row of a table."""

    position: int
    """Line, element or row number, from 1."""
    value: Mapping[str, Any]
    text: str
    """As it stood in the file (a table's row: as JSON), for the quarantine."""
    path: PurePosixPath
    """The file's path as given: some exports say the version or the time only there."""


@dataclass(frozen=True)
class Mapped:
    """What the operator said that the log itself does not: the card's `[source]` and classes."""

    features: tuple[str, ...] = ()
    """Names of the features, in order, for logs that carry values without names."""
    classes: tuple[str, ...] = ()
    """Class order of a list of probabilities; empty: unknown."""
    positive_class: str = "1"
    task: str = "binary"
    prediction: str = ""
    """Name of the output that holds the prediction, where there are several."""
    score: str = ""
    """Name of the output that holds the score or the probabilities."""
    id: str = ""
    """Name of the feature or input that holds the prediction id, where the log's own is not it."""
    output: str = "auto"
    """What a lone number is: `prediction`, `score`, or told by its value."""
    known: frozenset[str] = frozenset()
    """The model's features by name, where the reference is known."""


@dataclass(frozen=True)
class Prediction:
    """One prediction, as far as its record tells. Values are as decoded, not yet text."""

    id: str | None
    timestamp: Any
    """ISO text, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970."""
    features: Mapping[str, Any]
    prediction: Any = None
    score: float | None = None
    """P(positive class), binary only."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """Multiclass: class to probability."""
    label: Any = None
    label_timestamp: Any = None
    version: str | None = None
    role: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Further columns to keep, such as the platform's own request id."""


@dataclass(frozen=True)
class Label:
    """One outcome of a prediction that is logged elsewhere."""

    id: str | None
    label: Any
    timestamp: Any = None


@dataclass(frozen=True)
class Half:
    """A request or a response that was logged as a record of its own."""

    side: str
    """REQUEST or RESPONSE."""
    key: str
    """What both halves share. The n-th request of a key goes with its n-th response."""
    body: Mapping[str, Any]
    """Whatever the adapter's `join` needs; must be plain JSON."""


@dataclass(frozen=True)
class Rejected:
    """A record that is no prediction, with the reason for the quarantine.

    Reasons: `malformed_record` (it can be decoded and makes no sense), `error_response` (the
    serving system answered with an error), `no_response`, `no_request` (the engine gives these
    two), `no_prediction` (the log holds none by its nature), `unreadable_prediction`.
    """

    reason: str
    detail: str = ""
    text: str | None = None
    """The piece of the record that is meant, as it stood there; None: all of it."""


Item = Prediction | Label | Half | Rejected


@dataclass(frozen=True)
class Adapter:
    """One export format. Adding one is a module with its `ADAPTER` and its line in the registry."""

    name: str
    """As `--format` takes it and as results state it."""
    title: str
    """For messages and the documentation."""
    recognises: Callable[[Glimpse], bool]
    read: Callable[[Record, Mapped], Iterable[Item]]
    """Every item of one record, in order. It must not raise on any decoded JSON: what it
    cannot read is a `Rejected`. A record that is not a prediction at all (a schema, a
    heartbeat) gives nothing."""
    join: Callable[[Half, Half, Mapped], Iterable[Item]] | None = None
    """For formats whose request and response are records of their own: the predictions of a
    request half and a response half."""
    kind: str = PREDICTIONS
    is_flat: bool = False
    """Told by the names of its columns alone, so the card's own columns are tried first."""
    has_times: bool = True
    """False: records may carry no time, and the file's own then stands for it."""
    schema_files: str | None = None
    """Where schemas stand, as a pattern relative to the folder of a log file."""
    read_with: Callable[[Mapping[str, Any]], Callable[[Record, Mapped], Iterable[Item]]] | None = (
        None
    )
    """Makes the reader that follows a schema, for formats that have one."""
