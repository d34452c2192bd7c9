"""How are fits that do not need one another made? One by one, unless other processes lend a hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Each(Protocol):
    """Calls a function once for each of some arguments.

    The results are in the order of the arguments, and the same wherever the calls are made: the
    function is one of a module, without state, and is given whatever it needs.
    """

    def __call__(self, function: Any, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The results, one for each of the arguments."""


def one_by_one(function: Any, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Calls the function in this process, for one after the other."""
    return [function(*one) for one in arguments]
