"""Is this really meant? A question before a deed, which Enter alone answers with no."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from workbench.domain.names import shown
from workbench.tui.confirmation import Confirmation
from workbench.tui.palette import palette_of

_LABEL = 12


class ConfirmScreen(ModalScreen[str | None]):
    """States what a deed does; dismissed with the reason (maybe empty), or None for no.

    Enter on empty lines and Esc are no. What was asked to be typed has to be typed in full.
    """

    BINDINGS = [
        Binding("escape", "cancel", "cancel"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, confirmation: Confirmation) -> None:
        """The question."""
        super().__init__()
        self._asked = confirmation

    def compose(self) -> ComposeResult:
        """Facts, warnings, the lines to type, and two buttons of which Cancel is the default."""
        asked = self._asked
        with VerticalScroll(id="confirm", can_focus=False) as page:
            page.border_title = asked.title
            page.border_subtitle = "Esc cancels"
            yield Static(id="facts", markup=False)
            # A reason that is needed is asked for first; one that is not must not catch the name.
            if asked.reason and asked.needs_reason:
                yield from self._line("reason", asked.reason)
            if asked.word:
                yield from self._line("word", "type")
            if asked.reason and not asked.needs_reason:
                yield from self._line("reason", asked.reason)
            yield Static(id="say", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(asked.verb, id="confirm-button", compact=True, disabled=True)

    @staticmethod
    def _line(name: str, label: str) -> ComposeResult:
        with Horizontal(classes="typed"):
            yield Static(label, markup=False)
            yield Input(id=name, compact=True, max_length=2000)

    def on_mount(self) -> None:
        """The first line takes the keys."""
        self.query_one("#facts", Static).update(self._facts())
        self.query(Input).first().focus()
        self._judge()

    def on_input_changed(self, _message: Input.Changed) -> None:
        """The button follows what is typed."""
        self._judge()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter: yes when all is there, no when nothing is, else to the line that lacks."""
        if self._lacks() is None:
            self.dismiss(self._reason())
        elif not any(line.value.strip() for line in self.query(Input)):
            self.dismiss(None)
        else:
            self._judge()
            lacking = [line for line in self.query(Input) if self._is_lacking(line)]
            (lacking[0] if lacking else message.input).focus()

    def on_button_pressed(self, message: Button.Pressed) -> None:
        """A button."""
        is_yes = message.button.id == "confirm-button" and self._lacks() is None
        self.dismiss(self._reason() if is_yes else None)

    def action_cancel(self) -> None:
        """No."""
        self.dismiss(None)

    def _reason(self) -> str:
        return self.query_one("#reason", Input).value.strip() if self._asked.reason else ""

    def _is_lacking(self, line: Input) -> bool:
        if line.id == "reason":
            return self._asked.needs_reason and not line.value.strip()
        word = self._asked.word
        # A name that no keyboard has is typed as it is shown.
        return line.value.strip() not in {word, word.strip(), shown(word)}

    def _lacks(self) -> str | None:
        """What is still to be typed; None: nothing."""
        for line in self.query(Input):
            if self._is_lacking(line):
                return "a reason" if line.id == "reason" else shown(self._asked.word)
        return None

    def _judge(self) -> None:
        palette, lacks = palette_of(self.app), self._lacks()
        self.query_one("#confirm-button", Button).disabled = lacks is not None
        if lacks is None:
            text = Text.assemble(("Enter", palette.accent), f": {self._asked.verb.lower()}")
        else:
            text = Text.assemble("Type ", (lacks, palette.strong), " to go on. ")
            if not any(line.value.strip() for line in self.query(Input)):
                text.append("Enter on an empty line cancels.", palette.dim)
        self.query_one("#say", Static).update(text)

    def _facts(self) -> Text:
        palette, text = palette_of(self.app), Text()
        width = min(self.app.size.width, 84) - 6
        told = [(label, said, Style()) for label, said in self._asked.facts]
        told += [("!", warning, palette.warning) for warning in self._asked.warnings]
        for label, said, style in told:
            whole = Text(shown(said, 600), style)
            for number, line in enumerate(whole.wrap(self.app.console, max(width - _LABEL, 20))):
                text.append(f"{label if number == 0 else '':<{_LABEL}}", palette.dim)
                text.append_text(line).append("\n")
        return text
