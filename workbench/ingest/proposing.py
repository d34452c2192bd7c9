"""What must a card say so that a serving system's log can be read? Guessed from its beginning.

The log is read without names for its values and with the reference's: what lets more of it be
read is what the card needs. Classes are needed where another order of them says something else.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.domain.card import ModelCard, Source
from workbench.ingest.formats.adapter import (
    PREDICTIONS,
    Adapter,
    Half,
    Item,
    Prediction,
    Record,
    Rejected,
)
from workbench.ingest.formats.canonical import mapped_of
from workbench.ingest.formats.companions import reader_for
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.ingest.formats.pairing import Pair, Pairing, Waiting
from workbench.ingest.formats.records import read_records
from workbench.ingest.formats.registry import recognise
from workbench.store.sources import compression_of, file_head, unpack

_RECORDS = 2000
_MOST_CLASSES = 20


@dataclass(frozen=True)
class ProposedSource:
    """A `[source]`, and why it says what it says."""

    source: Source
    notes: dict[str, str] = field(default_factory=dict)
    """Key of the card to the reason."""


def propose_source(
    log: Path, card: ModelCard, features: Sequence[str], classes: Sequence[str]
) -> ProposedSource:
    """The `[source]` that a log suggests.

    Args:
        log: a file of the log.
        card: the card as the reference suggests it.
        features: the reference's features, in the order of its columns.
        classes: the classes that the reference names.

    Raises:
        LogFileError: the file cannot be read, or holds no predictions of a known format.
    """
    adapter = recognise(lambda: glimpse_of(log, str(log)), card, kind=PREDICTIONS)
    if adapter is None:
        return ProposedSource(Source(), {"source.format": "the log is a table in its own columns"})
    records = _records(log)
    sample = _Sample(adapter, log, records, card, tuple(features))
    order = tuple(sorted(classes, key=_place))
    source = Source(format=adapter.name)
    notes = {"source.format": f"recognised: {adapter.title}"}
    plain = sample.read(source)
    named = replace(source, features=tuple(features))
    if len(sample.read(named).predictions) > len(plain.predictions):
        source = named
        notes["source.features"] = (
            "the log gives values without names; these are the reference's columns in order, "
            "which must be the order in which the model is called"
        )
    if 2 <= len(order) <= _MOST_CLASSES and card.is_classification:
        with_classes = replace(source, classes=order)
        backwards = replace(source, classes=order[::-1])
        if sample.read(with_classes).scores != sample.read(backwards).scores:
            source = with_classes
            notes["source.classes"] = (
                "the log gives probabilities without names; this is the sorted order of the "
                "classes, as scikit-learn has it"
            )
    found = sample.read(source)
    source = _with_names(source, found, card, features, notes)
    if not found.predictions and found.reasons:
        reason, _ = found.reasons.most_common(1)[0]
        notes["source.format"] += f"; nothing in it could be read yet: {reason}"
    return ProposedSource(source, notes)


@dataclass(frozen=True)
class _Found:
    """What one way of reading the sample gives."""

    predictions: list[Prediction]
    reasons: Counter[str]

    @property
    def scores(self) -> list[tuple[Any, ...]]:
        """What the predictions say of the classes."""
        return [(row.prediction, row.score, row.probabilities) for row in self.predictions]


@dataclass(frozen=True)
class _Sample:
    """The beginning of a log."""

    adapter: Adapter
    log: Path
    records: list[Record]
    card: ModelCard
    features: tuple[str, ...]

    def read(self, source: Source) -> _Found:
        """What a `[source]` makes of it."""
        mapped = mapped_of(replace(self.card, source=source), self.features)
        read = reader_for(self.adapter, self.log)
        found = _Found([], Counter())
        with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
            pairing = Pairing(Path(folder))
            for record in self.records:
                for item in read(record, mapped):
                    if not isinstance(item, Half):
                        _take(found, (item,))
                        continue
                    pair = pairing.add(Waiting(0, record.position, item, record.text))
                    if isinstance(pair, Pair) and self.adapter.join is not None:
                        halves = (pair.request.half, pair.response.half)
                        _take(found, self.adapter.join(*halves, mapped))
        return found


def _take(found: _Found, items: Iterable[Item]) -> None:
    for item in items:
        if isinstance(item, Prediction):
            found.predictions.append(item)
        elif isinstance(item, Rejected):
            found.reasons[item.detail or item.reason] += 1


def _records(log: Path) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        packing = compression_of(file_head(log))
        plain = log
        if packing:
            plain = Path(folder) / log.name[:80]
            unpack(log, plain, packing)
        records = islice(read_records(plain, PurePosixPath(log)), _RECORDS)
        return [record for record in records if isinstance(record, Record)]


def _with_names(
    source: Source,
    found: _Found,
    card: ModelCard,
    features: Sequence[str],
    notes: dict[str, str],
) -> Source:
    """Adds names that are spelt otherwise in the log, and the id where the log has none."""
    seen = list(dict.fromkeys(name for row in found.predictions for name in row.features))
    by_spelling = {_spelling(name): name for name in features if name not in seen}
    rename = {
        name: by_spelling[_spelling(name)]
        for name in seen
        if name not in features and _spelling(name) in by_spelling
    }
    if rename and len(set(rename.values())) == len(rename):
        source = replace(source, rename=rename)
        notes["source.rename"] = "spelt otherwise in the log than in the reference"
    lost = [n for n in features if n not in seen and n not in rename.values()]
    if found.predictions and lost:
        notes.setdefault(
            "source.features", f"the log does not have: {', '.join(lost[:8])}; see also rename"
        )
    if found.predictions and all(row.id is None for row in found.predictions):
        column = card.columns.prediction_id
        likely = [n for n in seen if n not in features and n.lower().endswith("id")]
        own = next((n for n in (column, *likely) if n in seen and _is_distinct(n, found)), "")
        source = replace(source, id=own)
        notes["source.id"] = (
            "the log has no ids of its own"
            if own
            else "the log has no ids, and no input looks like one: labels cannot be joined"
        )
    return source


def _is_distinct(name: str, found: _Found) -> bool:
    values = [str(row.features.get(name)) for row in found.predictions]
    return len(set(values)) == len(values)


def _spelling(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _place(name: str) -> tuple[bool, float, str]:
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name
