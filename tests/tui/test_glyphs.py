"""Characters that the terminal can draw, and sparklines that do not exaggerate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.glyphs import ASCII, UNICODE, glyphs_for, sparkline


@pytest.mark.parametrize("term", ["linux", "dumb"])
def test_the_bare_console_gets_ascii(term: str) -> None:
    assert glyphs_for({"TERM": term}, "utf-8") is ASCII


def test_an_encoding_without_braille_gets_ascii() -> None:
    assert glyphs_for({"TERM": "xterm-256color"}, "latin-1") is ASCII
    assert glyphs_for({"TERM": "xterm-256color"}, "UTF_8") is UNICODE
    assert glyphs_for({}, None) is UNICODE


def test_the_fallback_is_ascii_throughout() -> None:
    drawn = "".join(str(value) for value in vars(ASCII).values())
    assert drawn.isascii()


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=40).map(tuple),
    st.integers(0, 40),
)
def test_a_sparkline_has_exactly_its_width(values: tuple[float | None, ...], width: int) -> None:
    assert len(sparkline(values, width, UNICODE, 0.2)) == width


def test_the_newest_value_is_at_the_right() -> None:
    assert sparkline((0.0, 0.0, 1.0), 3, UNICODE) == "▁▁█"
    assert sparkline((0.0, 1.0), 4, UNICODE) == "  ▁█"


def test_a_calm_model_does_not_fill_its_cells() -> None:
    assert sparkline((0.2, 0.2, 0.2), 3, UNICODE, normal=0.2) == "▅▅▅"


def test_buckets_without_labels_are_gaps() -> None:
    assert sparkline((0.4, None, 0.4), 3, UNICODE) == "█·█"


def test_many_values_are_averaged_with_the_newest_group_whole() -> None:
    assert sparkline((0.9, 0.0, 0.0, 0.5, 1.0), 3, UNICODE) == "█▁▇"
