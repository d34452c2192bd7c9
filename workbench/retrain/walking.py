"""Of what does a fitted estimator consist? Every object inside it, whoever made the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type)


def parts_of(estimator: Any) -> Iterator[Any]:
    """The object itself and everything reachable from it, each once; arrays of numbers are left out.

    Reads attributes from where they are stored and calls nothing of the object's own.
    """
    import numpy as np

    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _ATOMS) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, np.ndarray):
            if part.dtype == object:
                waiting.extend(part.ravel().tolist())
            continue
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.extend(part)
        waiting.extend(getattr(part, "__dict__", {}).values())
