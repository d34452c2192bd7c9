"""Which characters can this terminal draw? Braille and blocks, or plain ASCII."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Glyphs:
    """The characters that charts and marks are drawn with."""

    has_braille: bool
    ramp: str
    """Heights of a sparkline, lowest first."""
    gap: str
    """A bucket without labels in a sparkline."""
    limit: str
    """The critical threshold."""
    hint: str
    """The warning threshold, and rules."""
    corner: str
    floor: str
    tick: str
    onset: str
    arrow: str
    crumb: str
    dot: str
    full: str
    """A bar of a histogram."""


UNICODE = Glyphs(
    has_braille=True, ramp="▁▂▃▄▅▆▇█", gap="·", limit="─", hint="┄", corner="└", floor="─",
    tick="┴", onset="▲", arrow="→", crumb="\u203a", dot="·", full="█",
)  # fmt: skip
ASCII = Glyphs(
    has_braille=False, ramp="_.,-~=*#", gap=" ", limit="-", hint=".", corner="+", floor="-",
    tick="+", onset="^", arrow="->", crumb=">", dot="-", full="#",
)  # fmt: skip


def glyphs_for(environ: Mapping[str, str], encoding: str | None) -> Glyphs:
    """Braille unless the terminal is the bare console, `dumb`, or not UTF-8.

    Args:
        environ: where `TERM` is looked up.
        encoding: of standard output; None counts as UTF-8.
    """
    is_utf8 = (encoding or "utf-8").lower().replace("-", "").replace("_", "") == "utf8"
    return UNICODE if is_utf8 and environ.get("TERM") not in {"linux", "dumb"} else ASCII


def terminal_glyphs() -> Glyphs:
    """The characters for the terminal that this process runs in."""
    # Textual replaces sys.stdout while it runs; the original one knows the encoding.
    return glyphs_for(os.environ, getattr(sys.__stdout__, "encoding", None))


def sparkline(
    values: tuple[float | None, ...], width: int, glyphs: Glyphs, normal: float | None = None
) -> str:
    """A row of bars, newest at the right, on a scale from zero to the largest value.

    The scale starts at zero so that noise stays flat, and has room for twice the normal value
    so that a model that is well does not fill its cells. More values than cells are averaged
    in equal groups, the newest group whole; a group without values is a gap.

    Args:
        values: fractions, oldest first; None where nothing is known.
        width: cells to fill; fewer values leave the left blank.
        glyphs: the characters to use.
        normal: the reference's value, when it is known.
    """
    if width <= 0 or not values:
        return " " * max(width, 0)
    size = -(-len(values) // width)
    groups = [values[max(end - size, 0) : end] for end in range(len(values), 0, -size)][::-1]
    means = [_mean(group) for group in groups]
    top = max((m for m in means if m is not None), default=0.0)
    top = max(top, 2.0 * normal if normal is not None else 0.0)
    steps = len(glyphs.ramp) - 1
    bars = "".join(
        glyphs.gap if m is None else glyphs.ramp[round(m / top * steps) if top > 0 else 0]
        for m in means
    )
    return bars.rjust(width)


def _mean(values: tuple[float | None, ...]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
