"""When is a question asked again? When the rows it was about to read were put into other files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from workbench.errors import SegmentGoneError

T = TypeVar("T")


def again_if_gone(answer: Callable[[], T]) -> T:
    """An answer, asked for once more where rows were put into other files while it was made."""
    try:
        return answer()
    except SegmentGoneError:
        return answer()
