"""How does an input come about? From a seed and a number, by a few changes in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.fuzz.drafts import Draft, Operation
from tests.fuzz.seeds import CANONICAL
from tests.fuzz.structure_mutations import STRUCTURE
from tests.fuzz.text_mutations import BYTES, LINES, OUTSIDE

_LONGEST = 4_000_000
"""Bytes after which an input grows no more."""
_CANONICAL_SHARE = 0.3
_KINDS: tuple[tuple[Operation, ...], ...] = (STRUCTURE,) * 6 + (LINES, LINES, BYTES)


def make_input(seed: int, number: int, sources: Sequence[Draft], most: int = 99) -> Draft:
    """One input; the same arguments give the same.

    Args:
        seed: of the run.
        number: of the input.
        sources: what it may be made from and mixed with.
        most: how many of its changes are made, so that the needed ones can be found.
    """
    rng = Random(f"{seed}/{number}")
    group = rng.choice(sorted({one.group for one in sources}))
    group = CANONICAL if rng.random() < _CANONICAL_SHARE else group
    draft = rng.choice([one for one in sources if one.group == group])
    draft = replace(draft, origin=draft.name)
    for _ in range(min(most, rng.choice((0, 1, 1, 1, 2, 2, 3, 4, 6)))):
        draft = _changed(rng, draft, sources)
    rng = Random(f"{seed}/{number}/outside")
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2)) if most else 0):
        draft = _done(rng, draft, sources, rng.choice(OUTSIDE)) or draft
    return draft


def _changed(rng: Random, draft: Draft, sources: Sequence[Draft]) -> Draft:
    for _ in range(4):
        kind = rng.choice(_KINDS)
        operations = rng.sample(kind, len(kind)) if kind is STRUCTURE else (rng.choice(kind),)
        for operation in operations:
            changed = _done(rng, draft, sources, operation)
            if changed is not None:
                return changed
    return draft


def _done(
    rng: Random, draft: Draft, sources: Sequence[Draft], operation: Operation
) -> Draft | None:
    changed = operation(rng, draft, sources)
    if changed is None or len(changed.data) > _LONGEST:
        return None
    step = f"{operation.__name__.strip('_')} ({len(draft.data)} to {len(changed.data)} bytes)"
    return replace(changed, steps=(*draft.steps, step))
