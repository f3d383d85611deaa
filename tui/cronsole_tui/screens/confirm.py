"""What a wide or destructive verb will do, in sentences, and a yes or no."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from cronsole_tui.views.line import Line, Span, Tone, said
from cronsole_tui.views.pages import wrapped
from cronsole_tui.widgets.banner import Banner

if TYPE_CHECKING:
    from cronsole_tui.app import Console

_MOST_TOLD = 12


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

    def on_mount(self) -> None:
        self.query_one("#told").styles.height = len(self._lines(min(72, self.app.size.width - 6)))

    def _lines(self, width: int) -> tuple[Line, ...]:
        lines: list[Line] = [(said(text, Tone.STRONG),) for text in wrapped(self._question, width)]
        for sentence in self._sentences[:_MOST_TOLD]:
            lines += [(said(text),) for text in wrapped(sentence, width)]
        if len(self._sentences) > _MOST_TOLD:
            lines.append((Span(f"and {len(self._sentences) - _MOST_TOLD} more", Tone.FAINT),))
        lines.append(())
        lines.append(
            (Span("y", Tone.KEY), Span(f" {self._yes}   "), Span("n", Tone.KEY), Span(f" {self._no}"))
        )
        return tuple(lines)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
