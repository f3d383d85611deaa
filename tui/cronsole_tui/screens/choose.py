"""A list to choose one line of, narrowed by typing: the palette, the runs that could be stopped."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from cronsole.text import safe, width
from cronsole_tui.sources import LineRows
from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.widgets.banner import Banner
from cronsole_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from cronsole_tui.app import Console

_MOST_SHOWN = 200
_TEXT_CELLS = 24


class Choice(NamedTuple):
    """`key` is the answer; `text` is matched and shown, `told` is only shown, `also` is only matched."""

    key: str
    text: str
    told: str = ""
    also: str = ""


def narrowed(choices: Sequence[Choice], typed: str, most: int = _MOST_SHOWN) -> list[Choice]:
    """Return the choices that hold every word typed; those that begin with the first come first."""
    words = typed.casefold().split()
    if not words:
        return list(choices[:most])
    first: list[Choice] = []
    rest: list[Choice] = []
    for choice in choices:
        text = choice.text.casefold()
        whole = f"{text}\n{choice.also.casefold()}" if choice.also else text
        if all(word in whole for word in words):
            (first if text.startswith(words[0]) else rest).append(choice)
            if len(first) >= most:
                break
    return (first + rest)[:most]


class ChooseScreen(ModalScreen[str | None], inherit_bindings=False):
    """Answers with the key of the choice, or None."""

    app: "Console"
    AUTO_FOCUS = "#typed"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,ctrl+c", "answer", "back"),
        ("down,ctrl+n", "move(1)", "down"),
        ("up,ctrl+p", "move(-1)", "up"),
        ("pagedown", "move(10)", "down"),
        ("pageup", "move(-10)", "up"),
    ]
    DEFAULT_CSS = """
    ChooseScreen { align: center top; background: transparent; }
    ChooseScreen #box { width: 100%; max-width: 90; margin: 3 2 0 2; height: 20; max-height: 80%; }
    ChooseScreen #box { border: round $primary; }
    ChooseScreen #typed { height: 1; border: none; padding: 0 1; background: transparent; }
    ChooseScreen LiveTable { height: 1fr; }
    """

    def __init__(
        self, choices: Sequence[Choice], *, hint: str, line: Callable[[Choice], Line] | None = None
    ) -> None:
        super().__init__()
        self._choices = choices
        self._hint = hint
        self._line = line or _line
        self._table = LiveTable()

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Input(id="typed", placeholder=self._hint, compact=True)
            yield self._table

    def on_mount(self) -> None:
        self._narrow("")

    def on_key(self, event: events.Key) -> None:
        """Type what came before the field had the focus into it all the same."""
        if event.is_printable and event.character:
            event.stop()
            self.query_one("#typed", Input).insert_text_at_cursor(event.character)

    @on(Input.Changed, "#typed")
    def _typed(self, message: Input.Changed) -> None:
        self._narrow(message.value)

    @on(Input.Submitted, "#typed")
    def _chosen(self) -> None:
        self.dismiss(self._table.cursor_key)

    @on(LiveTable.RowOpened)
    def _clicked(self, message: LiveTable.RowOpened) -> None:
        self.dismiss(message.key)

    def _narrow(self, typed: str) -> None:
        found = narrowed(self._choices, typed)
        self._table.show(LineRows([(choice.key, self._line(choice)) for choice in found]))
        self._table.home()

    def action_move(self, by: int) -> None:
        self._table.move(by)

    def action_answer(self) -> None:
        self.dismiss(None)


class PickScreen(ModalScreen[str | None], inherit_bindings=False):
    """A few choices with a number each; answers with the key of the one whose number is pressed, or None."""

    app: "Console"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,ctrl+c", "pick(0)", "back"),
        ("enter", "pick(1)", "the first"),
        *((f"{number}", f"pick({number})", "this one") for number in range(1, 10)),
    ]
    DEFAULT_CSS = """
    PickScreen { align: center middle; background: transparent; }
    PickScreen #box { width: 100%; max-width: 84; margin: 0 2; height: auto; border: round $primary; padding: 0 1; }
    """

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._question = question
        self._choices = choices[:9]

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Banner(self._lines, id="told")

    def on_mount(self) -> None:
        self.query_one("#told").styles.height = len(self._choices) + 2

    def _lines(self, cells: int) -> tuple[Line, ...]:
        head: Line = (said(self._question, Tone.STRONG),)
        rows: list[Line] = [
            (Span(f"{number} ", Tone.KEY), said(choice.text), Span("   "), said(choice.told, Tone.FAINT))
            for number, choice in enumerate(self._choices, start=1)
        ]
        return tuple(cut(line, cells) for line in (head, (), *rows))

    def action_pick(self, number: int) -> None:
        if number <= len(self._choices):
            self.dismiss(self._choices[number - 1].key if number else None)


def _line(choice: Choice) -> Line:
    text = safe(choice.text)
    gap = max(2, _TEXT_CELLS - width(text))
    return (Span(" "), Span(text), Span(" " * gap), said(choice.told, Tone.FAINT))
