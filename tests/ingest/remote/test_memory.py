"""What is larger than memory streams: fetched in pieces, and unpacked to the disk."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.ingest.remote.object_server import ObjectServer
from tests.ingest.remote.web_server import Page, WebServer
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.store.sources import peek_columns

LARGE = 200_000_000
FETCH = """
import resource, sys
from pathlib import Path
from threading import Event
from workbench.ingest.addresses import parse_address
from workbench.ingest.copying import Copy
from workbench.ingest.named_files import Services

services = Services()
for url in sys.argv[2:]:
    address = parse_address(url)
    (file,) = services.of(address).find(address)
    with Copy(Path(sys.argv[1]), Event()) as copy:
        services.of(address).copy(address, copy, None)
    print(copy.written, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def growth(target: Path, small: str, large: str) -> int:
    """How much more memory a process needs for the large file than for the small one."""
    done = subprocess.run(
        [sys.executable, "-c", FETCH, str(target), small, large],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (_, before), (written, after) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert written == LARGE
    return after - before


def test_an_object_is_never_in_memory_as_a_whole(objects: ObjectServer, tmp_path: Path) -> None:
    # Two chunks: with one, what is needed for the next would look like growth.
    objects.put("logs", "small", bytes(17_000_000))
    objects.put("logs", "large", bytes(LARGE))
    assert growth(tmp_path / "copy", "s3://logs/small", "s3://logs/large") < LARGE / 4


def test_a_file_of_the_web_is_never_in_memory_as_a_whole(web: WebServer, tmp_path: Path) -> None:
    web.pages["/small"] = Page(zeros=17_000_000)
    web.pages["/large"] = Page(zeros=LARGE)
    assert growth(tmp_path / "copy", f"{web.url}/small", f"{web.url}/large") < LARGE / 4


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_packed_table_is_not_unpacked_into_memory(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame({"id": np.frombuffer(os.urandom(24_000_000), dtype=np.int64)})
    plain = tmp_path / f"a.{kind}"
    if kind == "parquet":
        frame.write_parquet(plain, compression="uncompressed", row_group_size=10_000)
    else:
        frame.write_ipc(plain, record_batch_size=10_000)
    path = tmp_path / f"a.{kind}.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(plain.read_bytes())
    tracemalloc.start()
    try:
        assert peek_columns(path, folder=tmp_path)[1] == ("id",)
        assert glimpse_of(path, path.name, tmp_path).columns == ("id",)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert sorted(tmp_path.iterdir()) == sorted([plain, path])
