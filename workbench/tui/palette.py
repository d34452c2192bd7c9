"""Which colour means what? Calm is blue, trouble is amber and red; words say it as well."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import Theme

# Blue against red and amber stays apart in the common forms of colour blindness; green is
# used nowhere.
WORKBENCH_THEME = Theme(
    name="workbench",
    primary="#79b8ff",
    secondary="#8b9bb4",
    accent="#79b8ff",
    foreground="#cfd6e0",
    background="#11151b",
    surface="#11151b",
    panel="#1b212b",
    success="#79b8ff",
    warning="#e8b44c",
    error="#ff7b72",
    dark=True,
)


@dataclass(frozen=True)
class Palette:
    """The styles of the current theme, as Rich takes them."""

    critical: Style
    warning: Style
    ok: Style
    unknown: Style
    dim: Style
    """What is read second: labels, units, rules."""
    strong: Style
    accent: Style
    """Keys and names of places."""
    base: Style
    """Foreground on background; widgets that draw their own lines need it for blanks."""

    def status(self, status: str) -> Style:
        """The style of a status; anything unknown is shown as unknown."""
        styles = {"critical": self.critical, "warning": self.warning, "ok": self.ok}
        return styles.get(status, self.unknown)


def palette_of(app: App[None]) -> Palette:
    """The styles of the theme that the app shows now."""
    variables = app.theme_variables

    def colour(name: str) -> Color:
        return Color.parse(variables[name])

    front, back = colour("foreground"), colour("background")
    # The terminal's own colours cannot be mixed, so that dim is left to the terminal.
    muted = (
        Style(dim=True)
        if front.ansi is not None or back.ansi is not None
        else Style(color=front.blend(back, 0.42).rich_color)
    )
    return Palette(
        critical=Style(color=colour("error").rich_color, bold=True),
        warning=Style(color=colour("warning").rich_color, bold=True),
        ok=Style(color=colour("success").rich_color),
        unknown=muted,
        dim=muted,
        strong=Style(bold=True),
        accent=Style(color=colour("primary").rich_color),
        base=Style(color=front.rich_color, bgcolor=back.rich_color),
    )
