"""Views whose engine side is yet to come: they say what will fill them."""

from collections.abc import Iterable

from textual.widget import Widget

from cronsole_tui.scene import Scene
from cronsole_tui.screens.frame import Frame
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.lines import Lines


class EmptyView(Frame):
    """One sentence that says what is not there, and one that says what would be."""

    SAID: tuple[str, ...] = ()

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        head, *rest = self.SAID
        self._lines: tuple[Line, ...] = (
            (),
            (Span(f"   {head}", Tone.STRONG),),
            *((Span(f"   {text}"),) for text in rest),
        )

    def body(self) -> Iterable[Widget]:
        yield Lines(id="empty")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.query_one("#empty", Lines).show(self._lines)


class MonitorsScreen(EmptyView):
    TITLED = "Monitors"
    SAID = (
        "No monitors.",
        "A monitor polls something until it is done or has failed:",
        "a batch job, a deployment, a long copy.",
        "The engines watched here know of none; what they run is under 1 and 3.",
    )
