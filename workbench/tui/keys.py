"""Which keys does a screen have? Read from its bindings, so that no list can go stale."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.screen import Screen

_NAMES = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "Up",
    "down": "Down",
    "home": "Home",
    "end": "End",
    "colon": ":",
}


@dataclass(frozen=True)
class KeyHint:
    """One action and the keys that start it."""

    keys: str
    """As they are printed, alternatives separated by a slash."""
    label: str
    """One or two words for the line at the bottom."""
    help: str
    """What it does, one line; empty for an action that the help leaves out."""
    action: str
    """Namespaced, as a click on the hint runs it."""
    is_shown: bool
    """Whether it is in the line at the bottom."""


def key_hints(screen: Screen[None]) -> tuple[KeyHint, ...]:
    """The keys of a screen, its own before those of every screen, in the order of the classes."""
    hints: list[KeyHint] = []
    seen: set[str] = set()
    for owner in (*type(screen).__mro__, *type(screen.app).__mro__):
        # Bindings of Textual itself are for single widgets, or hidden on purpose.
        if owner.__module__.partition(".")[0] == "textual":
            continue
        for binding in owner.__dict__.get("BINDINGS", ()):
            if not isinstance(binding, Binding):
                continue
            scope, _, name = binding.action.rpartition(".")
            if name not in seen:
                seen.add(name)
                home = "app" if owner in type(screen.app).__mro__ else "screen"
                hints.append(_hint(binding, f"{scope or home}.{name}"))
    return tuple(hints)


def _hint(binding: Binding, action: str) -> KeyHint:
    keys = [k.strip() for k in binding.key.split(",")]
    printed = binding.key_display or "/".join(_NAMES.get(k, k) for k in keys)
    return KeyHint(printed, binding.description, binding.tooltip, action, binding.show)
