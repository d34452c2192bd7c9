"""How do all charts look? One set of colours, shapes and ways to write a figure.

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any
colour vision can tell apart; a status is told by shape and word as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import altair as alt

from workbench.domain.names import shown

WIDTH = 720
"""Pixels of the plotted area; fits a laptop and a printed page."""
NAME_LIMIT = 40
"""Characters of a name from a log before it is cut."""

LOCAL_MENU = {
    "embedOptions": {
        "actions": {"export": True, "source": False, "compiled": False, "editor": False}
    }
}
"""Vega's menu without the entries that would send the data to a site of its makers."""

REFERENCE_COLOUR = "#0072B2"
CURRENT_COLOUR = "#D55E00"
QUIET_COLOUR = "#555555"

STATUS_ORDER = ("ok", "unknown", "warning", "critical")
STATUS_COLOURS = ("#009E73", "#767676", "#B07A00", "#C00000")
STATUS_SHAPES = ("circle", "cross", "triangle-up", "diamond")


def status_colour() -> alt.Scale:
    """Which colour each status has."""
    return alt.Scale(domain=list(STATUS_ORDER), range=list(STATUS_COLOURS))


def status_shape() -> alt.Scale:
    """Which shape each status has."""
    return alt.Scale(domain=list(STATUS_ORDER), range=list(STATUS_SHAPES))


def values(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows as the data of a chart; never a frame, so that no limit on rows applies."""
    return alt.InlineData(values=rows)


def percent(share: float | None, digits: int = 1) -> str:
    """A fraction as per cent; `not known` for None.

    >>> percent(0.1764), percent(None)
    ('17.6%', 'not known')
    """
    return "not known" if share is None else f"{share:.{digits}%}"


def figure(number: float | None) -> str:
    """A number to three significant digits; `not known` for None."""
    return "not known" if number is None else f"{number:.3g}"


def count(rows: int) -> str:
    """A number of rows, with separators."""
    return f"{rows:,}"


def moment(at: datetime) -> str:
    """A moment in UTC, without the time of day at midnight."""
    return at.strftime("%Y-%m-%d" if (at.hour, at.minute) == (0, 0) else "%Y-%m-%d %H:%M")


def distinct(names: list[str]) -> list[str]:
    """Names made harmless, cut, and still different from each other.

    >>> distinct(["a", "a"])
    ['a', 'a (2)']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        short = shown(name, NAME_LIMIT)
        label, number = short, 1
        while label in taken:
            number += 1
            label = f"{short} ({number})"
        taken.add(label)
        result.append(label)
    return result


def message(text: str, title: str) -> alt.Chart:
    """A chart that says in words why there is nothing to draw."""
    chart: alt.Chart = (
        alt.Chart(values([{"text": text}]))
        .mark_text(fontSize=13, color=QUIET_COLOUR, limit=WIDTH)
        .encode(text=alt.Text("text:N"))
        .properties(
            width=WIDTH, height=60, title=title, description=f"{title}: {text}", usermeta=LOCAL_MENU
        )
    )
    return chart
