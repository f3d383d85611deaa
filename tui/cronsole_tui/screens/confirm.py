"""What a wide or destructive verb will do, in sentences, and a yes or no."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from cronsole_tui.views.line import Line, Span, Tone, said
from cronsole_tui.views.pages import wrapped
from cronsole_tui.widgets.banner import Banner, redraw

if TYPE_CHECKING:
    from cronsole_tui.app import Console

_MOST_TOLD = 12
# The border, a line above and below it, the empty line and the keys.
_AROUND_LINES = 6


class ConfirmScreen(ModalScreen[bool], inherit_bindings=False):
    """Answers True for `y` and `enter`, False for everything that says no."""

    app: "Console"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,enter", "answer(True)", "yes"),
        ("n,escape,q,ctrl+c", "answer(False)", "no"),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: transparent; }
    ConfirmScreen #box { width: 100%; max-width: 76; margin: 0 2; height: auto; border: round $primary; padding: 0 1; }
    ConfirmScreen #told { height: auto; }
    """

    def __init__(self, question: str, told: Sequence[str] = (), *, yes: str = "yes", no: str = "no") -> None:
        super().__init__()
        self._question = question
        self._sentences = told
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Banner(self._lines, id="told")

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#told").styles.height = len(self._lines(min(72, event.size.width - 8)))
        redraw(self, "#told")

    def _lines(self, width: int) -> tuple[Line, ...]:
        """Return the question, what would happen, and the keys, for which there is room on any screen."""
        asked: list[Line] = [(said(text, Tone.STRONG),) for text in wrapped(self._question, width)]
        keys: Line = (
            Span("y", Tone.KEY),
            Span(f" {self._yes}   "),
            Span("n", Tone.KEY),
            Span(f" {self._no}"),
        )
        room = max(1, min(_MOST_TOLD + 1, self.app.size.height - len(asked) - _AROUND_LINES))
        told: list[Line] = []
        for position, sentence in enumerate(self._sentences):
            lines = wrapped(sentence, width)
            is_last = position == len(self._sentences) - 1
            if len(told) + len(lines) + (0 if is_last else 1) > room:
                told.append((Span(f"and {len(self._sentences) - position} more", Tone.FAINT),))
                break
            told += [(said(text),) for text in lines]
        return (*asked, *told, (), keys)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
