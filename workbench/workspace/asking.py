"""How does a query reach the store? With the cards, which say what must not be seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.store.querying import Answer, answering

if TYPE_CHECKING:
    import polars as pl

    from workbench.domain.card import ModelCard
    from workbench.workspace import Workspace


@contextmanager
def asked(
    ws: Workspace, query: str, *, printable: bool = False, limit: int | None = None
) -> Iterator[Answer]:
    """The answer to a query over a workspace, for the length of the block."""
    cards = {name: _card_or_none(ws, name) for name in ws.names()}
    with answering(
        ws.store, cards, query, as_of=ws.seen_as_of, printable=printable, limit=limit
    ) as answer:
        yield answer


def as_frame(answer: Answer) -> pl.DataFrame:
    """All rows of an answer; of columns with the same name the later ones get an underscore."""
    import polars as pl

    frame = pl.concat(list(answer.batches), how="vertical")
    names: list[str] = []
    for column in answer.columns:
        name = column.name
        while name in names:
            name += "_"
        names.append(name)
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _card_or_none(ws: Workspace, name: str) -> ModelCard | None:
    try:
        return ws.card(name)
    except WorkbenchError:
        return None
