"""Exports as bytes, for the tests of remote files."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import polars as pl

from tests.logs import Site
from workbench.domain.ingested import FileResult
from workbench.ingest.loading import ingest_files


def packed(frame: pl.DataFrame, name: str) -> bytes:
    """A table in the format and packing of a file name."""
    out = io.BytesIO()
    if ".csv" in name:
        frame.write_csv(out)
    elif ".jsonl" in name:
        frame.write_ndjson(out)
    elif ".arrow" in name:
        frame.write_ipc(out)
    else:
        frame.write_parquet(out)
    return gzip.compress(out.getvalue()) if name.endswith(".gz") else out.getvalue()


def ingest(site: Site, *paths: str | Path, kind: str = "auto") -> tuple[FileResult, ...]:
    """Ingests into the site."""
    return ingest_files(site.context, list(paths), kind=kind).files
