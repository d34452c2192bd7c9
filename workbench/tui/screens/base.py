"""How does a screen ask without blocking? In worker threads, with the old answer in view."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.worker import get_current_worker

from workbench.tui.keys import key_hints
from workbench.tui.messages import FleetLoaded, QueryEnded, QueryFailed, failure_of
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.widgets.header import HeaderFacts, HeaderLine
from workbench.tui.widgets.keyline import KeyLine
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.too_small import TooSmall
from workbench.tui.wording import duration


class QueryScreen(Screen[None]):
    """A screen whose content is the answer to one or more questions to the workspace.

    A subclass says what to ask (`reload`), what to show (`fill`), whether there is something
    to show (`has_content`) and what an empty answer means (`say_empty`).
    """

    BINDINGS = [
        Binding("r", "reload", "refresh", tooltip="read again; what is shown stays until then"),
    ]
    HELP_TEXT: ClassVar[str] = ""
    """What the numbers of this screen mean: plain text."""
    QUIET: ClassVar[frozenset[str]] = frozenset()
    """Questions that the header does not call loading, because they follow the cursor."""

    def __init__(self, session: Session) -> None:
        """A screen that has not asked anything yet."""
        super().__init__()
        self.session = session
        self._pending: set[str] = set()
        self._failures: dict[str, QueryFailed] = {}
        self._asked_at = 0.0
        self._asked_period: str | None = None

    def compose(self) -> ComposeResult:
        """The frame that all screens have, around the screen's own content."""
        yield HeaderLine(self.session.glyphs)
        yield Notice()
        yield Vertical(*self.content(), id="content")
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        """Paints first and asks afterwards."""
        self.query_one(KeyLine).show(key_hints(self))
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self.settle()
        self.call_after_refresh(self.action_reload)
        if not self.session.is_low_bandwidth:
            self.set_interval(1.0, self._tick)

    def on_screen_resume(self) -> None:
        """Asks again when the period was changed on another screen meanwhile."""
        if self._asked_at and self._asked_period != self.session.period:
            self.action_reload()
        self._show_header()

    # What a subclass says.

    def content(self) -> Iterable[Widget]:
        """The widgets between the two lines."""
        raise NotImplementedError

    def reload(self) -> None:
        """Asks every question of this screen with `ask`."""
        raise NotImplementedError

    def fill(self) -> None:
        """Shows what is known; called after every answer, and when the theme changes."""
        raise NotImplementedError

    def has_content(self) -> bool:
        """Whether anything was answered that can be shown."""
        raise NotImplementedError

    def say_empty(self, notice: Notice) -> None:
        """Says why there is nothing to show and what to type."""
        raise NotImplementedError

    def facts(self) -> HeaderFacts:
        """What the header says; state and alerts are added to it."""
        raise NotImplementedError

    def action_fleet(self) -> None:
        """Goes home."""
        self.post_message(PlaceChosen("fleet"))

    # Asking.

    def action_reload(self) -> None:
        """Asks everything again."""
        self._asked_at = time.monotonic()
        self._asked_period = self.session.period
        self.reload()
        self.settle()

    def ask(self, query: str, question: Callable[[], Message]) -> None:
        """Answers a question in a thread; its message reaches the screen's handler.

        Args:
            query: names the question; asking it again makes an older answer void.
            question: blocks, touches no widget, and returns the message to post.
        """
        self._pending.add(query)
        self.run_worker(
            partial(self._answer, query, question),
            name=query, group=query, exclusive=True, thread=True, exit_on_error=False,
        )  # fmt: skip

    def _answer(self, query: str, question: Callable[[], Message]) -> None:
        worker = get_current_worker()
        try:
            answer = question()
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen must show it
            answer = QueryFailed(query, failure_of(error))
        if not worker.is_cancelled:
            self.post_message(answer)
            self.post_message(QueryEnded(query))

    def ask_fleet(self) -> None:
        """Asks for every model's state, which all screens' headers show."""
        source = self.session.source
        self.ask("fleet", lambda: FleetLoaded(source.status()))

    def on_fleet_loaded(self, message: FleetLoaded) -> None:
        """Keeps the state for all screens."""
        self.session.statuses = message.statuses
        self._answered("fleet")

    def on_query_failed(self, message: QueryFailed) -> None:
        """Keeps the failure; what was known before stays."""
        self.failed(message)

    def failed(self, message: QueryFailed) -> None:
        """What a failure of a question means for the screen: a strip above what is shown."""
        self._failures[message.query] = message

    def on_query_ended(self, message: QueryEnded) -> None:
        """Shows the state after an answer."""
        self._pending.discard(message.query)
        self.settle()

    def _answered(self, query: str) -> None:
        self._failures.pop(query, None)

    # Showing.

    def is_pending(self, query: str) -> bool:
        """Whether a question is being asked."""
        return query in self._pending

    def failure(self, query: str) -> QueryFailed | None:
        """How the last asking of a question failed; None when it did not."""
        return self._failures.get(query)

    def settle(self) -> None:
        """Shows content, or why there is none."""
        notice, has_content = self.query_one(Notice), self.has_content()
        self.query_one("#content").display = has_content
        failed = next(iter(self._failures.values()), None)
        if failed is not None and (has_content or not self._pending):
            notice.say_failure(failed.failure, has_content)
        elif has_content:
            notice.hide()
        elif self._pending or not self._asked_at:
            self._say_loading(notice)
        else:
            self.say_empty(notice)
        if has_content:
            self.fill()
        self._show_header()
        self.query_one(TooSmall).show(self.session.alerts)

    def _say_loading(self, notice: Notice) -> None:
        waited = int(time.monotonic() - self._asked_at) if self._asked_at else 0
        notice.say_loading(
            self.session.source.root.name, 0 if self.session.is_low_bandwidth else waited
        )

    def _tick(self) -> None:
        if self._pending and not self.has_content():
            self._say_loading(self.query_one(Notice))

    def _theme_changed(self, _theme: Theme) -> None:
        self.settle()

    def _show_header(self) -> None:
        facts = self.facts()
        state = "loading" if self._pending - self.QUIET else "stale" if self._failures else ""
        state = f"{self.session.doing} ..." if self.session.doing else state
        self.query_one(HeaderLine).show(
            HeaderFacts(
                workspace=self.session.source.root.name,
                crumbs=facts.crumbs,
                period=facts.period,
                # A narrow line has room for one of the two.
                age=facts.age if not self.session.doing else "",
                state=state if self.has_content() else "",
                alerts=self.session.alerts,
                warnings=self.session.warnings,
            )
        )

    def age_of(self, model: str) -> str:
        """How old a model's newest prediction is; empty when that is not known."""
        status = self.session.status_of(model)
        return "" if status is None or status.age_seconds is None else duration(status.age_seconds)
