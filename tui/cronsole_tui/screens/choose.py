"""A list to choose one line of, narrowed by typing: the palette, the runs that could be stopped."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from cronsole.text import safe, width
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


class Choices(Protocol):
    """Choices by index: of ten thousand, only those are made that are looked at."""

    def __len__(self) -> int: ...

    def choice(self, index: int) -> Choice: ...

    def matched(self) -> list[str]:
        """Return of each choice what is matched, its text first, with case folded."""
        ...


class Listed:
    """A few choices that are made already."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self._choices = choices

    def __len__(self) -> int:
        return len(self._choices)

    def choice(self, index: int) -> Choice:
        return self._choices[index]

    def matched(self) -> list[str]:
        return [f"{choice.text}\n{choice.also}".casefold() for choice in self._choices]


class Finder:
    """Finds the choices that hold every word typed; their case is folded once, with the first word."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._matched: list[str] | None = None

    def find(self, typed: str, most: int = _MOST_SHOWN) -> Sequence[int]:
        """Return where the choices are, those first that begin with the first word."""
        words = typed.casefold().split()
        if not words:
            return range(min(len(self._choices), most))
        if self._matched is None:
            self._matched = self._choices.matched()
        matched = self._matched
        found = [index for index, text in enumerate(matched) if words[0] in text]
        for word in words[1:]:
            found = [index for index in found if word in matched[index]]
        first = list(islice((index for index in found if matched[index].startswith(words[0])), most))
        if len(first) == most:
            return first
        rest = (index for index in found if not matched[index].startswith(words[0]))
        return [*first, *islice(rest, most - len(first))]


class _FoundRows:
    """The choices that were found, made a line when they are looked at."""

    def __init__(self, choices: Choices, found: Sequence[int]) -> None:
        self._choices = choices
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    def key(self, index: int) -> str:
        return self._choices.choice(self._found[index]).key

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        return cut(_line(self._choices.choice(self._found[index])), width)

    def header(self, width: int) -> Line:
        return ()


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

    def __init__(self, choices: Choices | Sequence[Choice], *, hint: str) -> None:
        super().__init__()
        self._choices = Listed(choices) if isinstance(choices, Sequence) else choices
        self._finder = Finder(self._choices)
        self._hint = hint
        self._table = LiveTable()

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            field = Input(id="typed", placeholder=self._hint, compact=True)
            field.cursor_blink = False
            yield field
            yield self._table

    def on_mount(self) -> None:
        # Not by its message, which comes when the letter is drawn already: both are to go out as one frame.
        self.watch(self.query_one("#typed", Input), "value", self._narrow)

    def on_key(self, event: events.Key) -> None:
        """Type what came before the field had the focus into it all the same."""
        if event.is_printable and event.character:
            event.stop()
            self.query_one("#typed", Input).insert_text_at_cursor(event.character)

    @on(Input.Submitted, "#typed")
    def _chosen(self) -> None:
        self.dismiss(self._table.cursor_key)

    @on(LiveTable.RowOpened)
    def _clicked(self, message: LiveTable.RowOpened) -> None:
        self.dismiss(message.key)

    def _narrow(self, typed: str) -> None:
        self._table.show(_FoundRows(self._choices, self._finder.find(typed)))
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
