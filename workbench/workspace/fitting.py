"""How many threads may a fit take? One, so that a busy machine does not stand still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds the numeric libraries to one thread for the length of the block.

    Threads that wait for one another by turning in a loop, as those of gradient boosting do, cost
    many times the work as soon as another process wants the cores: six times as much processor
    time was measured for the same fits on two busy cores.
    """
    # Only libraries that are loaded can be limited.
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
