"""The n-th request of a key goes with its n-th response, in memory and on disk alike."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.ingest.formats.adapter import REQUEST, RESPONSE, Half
from workbench.ingest.formats.pairing import EARLIER, LIMIT, Pair, Pairing, Waiting

KEYS = st.sampled_from(["a", "b", "\ud800", "🛬", "", "c" * 50])
HALVES = st.lists(st.tuples(KEYS, st.sampled_from([REQUEST, RESPONSE])), max_size=60)


def waiting(number: int, position: int, key: str, side: str) -> Waiting:
    text = f"{number}/{position}/{key!r}"
    return Waiting(number, position, Half(side, key, {"at": position, "key": key}), text)


def paired(
    new: list[Waiting], earlier: list[Waiting], limit: int
) -> tuple[set[tuple[int, int]], set[int]]:
    """Pairs as (request, response) and left-overs, each by number * 1000 + position."""
    pairs: set[tuple[int, int]] = set()
    left: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        pairing = Pairing(Path(folder) / "halves", limit)
        found: list[Pair | Waiting | None] = [pairing.add(one) for one in new]
        found += pairing.finish(lambda: earlier)
    for one in found:
        if isinstance(one, Pair):
            assert one.request.half.key == one.response.half.key
            assert (one.request.half.side, one.response.half.side) == (REQUEST, RESPONSE)
            pairs.add((place(one.request), place(one.response)))
        elif one is not None:
            left.add(place(one))
    return pairs, left


def place(one: Waiting) -> int:
    assert one.half.body == {"at": one.position, "key": one.half.key}
    assert one.text == f"{one.number}/{one.position}/{one.half.key!r}"
    return one.number * 1000 + one.position


def by_counting(
    new: list[Waiting], earlier: list[Waiting]
) -> tuple[set[tuple[int, int]], set[int]]:
    """The same, by listing both sides of each key and laying them beside one another."""
    sides: dict[str, dict[str, list[int]]] = defaultdict(lambda: {REQUEST: [], RESPONSE: []})
    for one in new:
        sides[one.half.key][one.half.side].append(place(one))
    pairs: set[tuple[int, int]] = set()
    left: set[int] = set()
    for key, both in sides.items():
        requests, responses = both[REQUEST], both[RESPONSE]
        whole = min(len(requests), len(responses))
        pairs |= set(zip(requests[:whole], responses[:whole], strict=True))
        for side, rest in ((REQUEST, requests[whole:]), (RESPONSE, responses[whole:])):
            old = [place(e) for e in earlier if e.half.key == key and e.half.side != side]
            for own, other in zip(rest, old, strict=False):
                pairs.add((own, other) if side == REQUEST else (other, own))
            left |= set(rest[len(old) :])
    return pairs, left


@given(new=HALVES, old=HALVES, limit=st.sampled_from([0, 500, 2000, LIMIT]))
def test_pairs_are_those_that_counting_gives(
    new: list[tuple[str, str]], old: list[tuple[str, str]], limit: int
) -> None:
    halves = [waiting(1 + n % 3, n, *pair) for n, pair in enumerate(new)]
    earlier = [waiting(EARLIER, n, *pair) for n, pair in enumerate(old)]
    assert paired(halves, earlier, limit) == by_counting(halves, earlier)


def test_what_does_not_fit_in_memory_is_joined_on_disk(tmp_path: Path) -> None:
    folder = tmp_path / "halves"
    pairing = Pairing(folder, limit=20_000)
    count = 5000
    for n in range(count):
        assert pairing.add(waiting(1, n, f"key-{n}", REQUEST)) is None
    assert folder.is_dir()
    for n in reversed(range(count)):
        assert pairing.add(waiting(2, n, f"key-{n}", RESPONSE)) is None
    found = list(pairing.finish(list))
    assert len(found) == count
    assert all(
        isinstance(pair, Pair) and pair.request.position == pair.response.position for pair in found
    )
    # Parts that are joined are gone from the disk.
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_neighbours_are_joined_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "halves"
    pairing = Pairing(folder, limit=2000)
    for n in range(500):
        assert pairing.add(waiting(1, n, "k", RESPONSE)) is None
        assert isinstance(pairing.add(waiting(1, n, "k", REQUEST)), Pair)
    assert not folder.exists()


def test_earlier_halves_are_asked_for_only_when_something_is_left(tmp_path: Path) -> None:
    pairing = Pairing(tmp_path)
    pairing.add(waiting(1, 1, "k", REQUEST))
    pairing.add(waiting(1, 2, "k", RESPONSE))

    def refuse() -> list[Waiting]:
        pytest.fail("nothing is left over")

    assert list(pairing.finish(refuse)) == []
