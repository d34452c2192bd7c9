"""What do the data blocks of SageMaker hold? Text in one of three encodings, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.ingest.formats.payload import (
    PayloadError,
    base64_text,
    csv_rows,
    id_text,
    json_value,
    kind_of,
)


@dataclass(frozen=True)
class Decoded:
    """A data block: the rows of a CSV text, or a JSON value."""

    csv: list[list[str]] | None = None
    json: Any = None

    def cells(self) -> list[Any]:
        """The values of a block that holds one value a row.

        A container may write the values of a batch on a line each, or all on one line.

        Raises:
            PayloadError: it is an object.
        """
        if self.csv is not None:
            is_column = len(self.csv) > 1 and all(len(row) == 1 for row in self.csv)
            return [row[0] for row in self.csv] if is_column else list[Any](self.csv[0])
        if isinstance(self.json, Mapping):
            raise PayloadError("an object where a value was expected")
        return self.json if isinstance(self.json, list) else [self.json]


def decoded(block: Any, what: str) -> Decoded:
    """A data block (`data`, `encoding`, `observedContentType`) decoded.

    Args:
        block: as logged.
        what: names it in messages.

    Raises:
        PayloadError: it cannot be decoded.
    """
    if not isinstance(block, Mapping):
        raise PayloadError(f"the {what} is {kind_of(block)}")
    data, encoding = block.get("data"), block.get("encoding")
    content = str(block.get("observedContentType") or "").lower()
    if encoding == "JSON" and not isinstance(data, str):
        return Decoded(json=data)
    if not isinstance(data, str):
        raise PayloadError(f"the data of the {what} is {kind_of(data)} and no text")
    try:
        if encoding == "CSV":
            return Decoded(csv=csv_rows(data))
        if encoding == "JSON":
            return Decoded(json=_json(data, content))
        if encoding == "BASE64":
            text = base64_text(data)
            is_json = "json" in content or ("csv" not in content and text.lstrip()[:1] in "{[")
            return Decoded(json=_json(text, content)) if is_json else Decoded(csv=csv_rows(text))
    except PayloadError as error:
        raise PayloadError(f"the {what}: {error}") from None
    raise PayloadError(f"the encoding of the {what} is none of CSV, JSON and BASE64")


def _json(text: str, content: str) -> Any:
    if "jsonlines" in content:
        return [json_value(line) for line in text.splitlines() if line.strip()]
    return json_value(text)


def event_ids(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The caller's id of an event and the platform's; either may be missing."""
    metadata = record.get("eventMetadata")
    if not isinstance(metadata, Mapping):
        return None, None
    return id_text(metadata.get("inferenceId")), id_text(metadata.get("eventId"))
