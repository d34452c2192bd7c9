"""Which response belongs to which request? Joined across lines and files, in either order.

The n-th request of a key goes with its n-th response. What waits for its other half is held in
memory up to a limit; beyond it everything goes to files on disk, split by the hash of the key,
and is joined there, a part at a time.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.ingest.formats.adapter import REQUEST, Half

LIMIT = 32 * 1024 * 1024
"""Characters of logged text that may wait in memory."""
_PARTS = 64
_MOST_DEPTH = 3
"""How often a part is split again; one key alone cannot be split."""
EARLIER = -1
"""The file number of a half that an earlier ingest left waiting."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A half with the place it came from."""

    number: int
    """Of its file, among those of the call; EARLIER for one from an earlier ingest."""
    position: int
    half: Half
    text: str
    """The record as it stood in the file."""

    @property
    def is_request(self) -> bool:
        """Whether it is the request."""
        return self.half.side == REQUEST


@dataclass(frozen=True, slots=True)
class Pair:
    """A request and its response."""

    request: Waiting
    response: Waiting


class Pairing:
    """Joins halves as they come; what is left over comes out at the end."""

    def __init__(self, folder: Path, limit: int = LIMIT, depth: int = 0) -> None:
        """Starts with nothing.

        Args:
            folder: where files may be put; made when it is needed.
            limit: characters of text that may wait in memory.
            depth: how often the keys were split by their hash before.
        """
        self._folder = folder
        self._limit = limit
        self._depth = depth
        self._waiting: dict[str, deque[Waiting]] = {}
        self._size = 0
        self._parts: _Parts | None = None

    def add(self, waiting: Waiting) -> Pair | None:
        """Takes a half; gives the pair that it completes."""
        if self._parts is not None:
            self._parts.write(waiting)
            return None
        pair = self._match(waiting)
        if pair is not None:
            return pair
        self._waiting.setdefault(waiting.half.key, deque()).append(waiting)
        self._size += _size(waiting)
        if self._size > self._limit and self._depth < _MOST_DEPTH:
            self._spill()
        return None

    def finish(self, earlier: Callable[[], Iterable[Waiting]]) -> Iterator[Pair | Waiting]:
        """The pairs that are still to be had, and the halves without another.

        Args:
            earlier: gives halves that were left over before, oldest first; asked for only when
                something is left over now. Those without a pair do not come out again.
        """
        if self._parts is not None:
            yield from self._finish_parts(self._parts, earlier)
            return
        if self._waiting:
            for old in earlier():
                pair = self._match(old)
                if pair is not None:
                    yield pair
        for queue in self._waiting.values():
            yield from queue

    def _match(self, waiting: Waiting) -> Pair | None:
        queue = self._waiting.get(waiting.half.key)
        if not queue or queue[0].half.side == waiting.half.side:
            return None
        other = queue.popleft()
        if not queue:
            del self._waiting[waiting.half.key]
        self._size -= _size(other)
        return Pair(waiting, other) if waiting.is_request else Pair(other, waiting)

    def _spill(self) -> None:
        self._parts = _Parts(self._folder / "new", self._depth)
        for queue in self._waiting.values():
            for waiting in queue:
                self._parts.write(waiting)
        self._waiting = {}
        self._size = 0

    def _finish_parts(
        self, parts: _Parts, earlier: Callable[[], Iterable[Waiting]]
    ) -> Iterator[Pair | Waiting]:
        parts.close()
        old = _Parts(self._folder / "old", self._depth)
        for waiting in earlier():
            old.write(waiting)
        old.close()
        for part in range(_PARTS):
            within = Pairing(self._folder / f"{part:02d}", self._limit, self._depth + 1)
            for waiting in parts.read(part):
                pair = within.add(waiting)
                if pair is not None:
                    yield pair
            yield from within.finish(lambda part=part: old.read(part))  # type: ignore[misc]
            parts.drop(part)
            old.drop(part)


class _Parts:
    """Files of halves, split by the hash of their key."""

    def __init__(self, folder: Path, depth: int) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._shift = depth * (_PARTS - 1).bit_length()
        self._open = ExitStack()
        self._files: dict[int, IO[str]] = {}

    def write(self, waiting: Waiting) -> None:
        half = waiting.half
        part = (zlib.crc32(half.key.encode("utf-8", "surrogatepass")) >> self._shift) % _PARTS
        file = self._files.get(part)
        if file is None:
            file = self._open.enter_context(self._path(part).open("w", encoding="ascii"))
            self._files[part] = file
        values = [waiting.number, waiting.position, half.side, half.key, half.body, waiting.text]
        file.write(json.dumps(values, default=str) + "\n")

    def close(self) -> None:
        self._open.close()

    def read(self, part: int) -> Iterator[Waiting]:
        path = self._path(part)
        if not path.exists():
            return
        with path.open("r", encoding="ascii") as file:
            for line in file:
                number, position, side, key, body, text = json.loads(line)
                yield Waiting(number, position, Half(side, key, body), text)

    def drop(self, part: int) -> None:
        self._path(part).unlink(missing_ok=True)

    def _path(self, part: int) -> Path:
        return self._folder / f"{part:02d}.jsonl"


def _size(waiting: Waiting) -> int:
    # The body holds about what the text does; objects cost several times their text.
    return 200 + 4 * len(waiting.text)
