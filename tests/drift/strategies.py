"""Samples of numbers and categories, as the properties of this folder draw them."""

from __future__ import annotations

from hypothesis import strategies as st

QUARTERS = st.integers(-200, 200).map(lambda quarter: quarter / 4)
"""A grid that binary floats hold exactly, with many ties."""

REALS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))

NUMBERS = st.one_of(
    st.lists(QUARTERS, min_size=1, max_size=60),
    st.lists(REALS, min_size=1, max_size=60),
)

LABELS = st.lists(st.sampled_from(["a", "b", "c", "d d", "[/b]", "é"]), min_size=1, max_size=60)

COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8).filter(
    lambda pairs: sum(a for a, _ in pairs) > 0 and sum(b for _, b in pairs) > 0
)
