"""A form: labelled fields, one line each, and what is wrong with them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.views.pages import wrapped
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.fields import settled

if TYPE_CHECKING:
    from cronsole_tui.app import Console

Values: TypeAlias = Mapping[str, str]

_FAULT_LINES = 2


class Field(NamedTuple):
    """One line of a form; `hint` says what can be typed."""

    name: str
    label: str
    hint: str = ""
    value: str = ""


class FormScreen(ModalScreen[Values | None], inherit_bindings=False):
    """Answers with the values, or None. `fault_of` says what is wrong with them, or nothing."""

    app: "Console"
    AUTO_FOCUS = "Input"
    # What leads away from a field does so before the next key of a burst is handed to any.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "give_up", "back", priority=True),
        Binding("tab,down", "app.focus_next", "next field", priority=True),
        Binding("shift+tab,up", "app.focus_previous", "field before", priority=True),
        Binding("enter", "submit", "do it", priority=True),
    ]
    DEFAULT_CSS = """
    FormScreen { align: center middle; background: transparent; }
    FormScreen #box { width: 100%; max-width: 84; margin: 0 2; height: auto; border: round $primary; padding: 0 1; }
    FormScreen Horizontal { height: 1; }
    FormScreen .label { width: 14; color: $text-muted; }
    FormScreen Input { height: 1; border: none; width: 1fr; padding: 0; background: transparent; }
    FormScreen #title { height: 2; }
    FormScreen #told { height: 3; }
    """

    def __init__(
        self, title: str, fields: Sequence[Field], *, fault_of: Callable[[Values], str], submit: str = "do it"
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._fault_of = fault_of
        self._submit = submit
        self._fault = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Banner(lambda _: ((said(self._title, Tone.STRONG),),), id="title")
            for field in self._fields:
                with Horizontal():
                    yield Static(field.label, classes="label", markup=False)
                    yield Input(field.value, placeholder=field.hint, id=f"field-{field.name}", compact=True)
            yield Banner(self._told, id="told")

    def _told(self, width: int) -> tuple[Line, ...]:
        keys: list[Span] = []
        for key, word in (("enter", self._submit), ("tab", "next field"), ("esc", "back")):
            keys += (Span(key, Tone.KEY), Span(f" {word}   ", Tone.FAINT))
        faults: list[Line] = [(Span(text, Tone.BAD),) for text in wrapped(self._fault, width)]
        # What is longer ends in an ellipsis; the keys stay where they are.
        more = " …" if len(faults) > _FAULT_LINES else ""
        faults = [*faults, (), ()][:_FAULT_LINES]
        faults[-1] = cut((*faults[-1], Span(more, Tone.BAD)), width)
        return *faults, tuple(keys)

    @property
    def values(self) -> Values:
        return {
            field.name: self.query_one(f"#field-{field.name}", Input).value.strip() for field in self._fields
        }

    async def action_submit(self) -> None:
        await asyncio.gather(*map(settled, self.query(Input)))
        values = self.values
        self._fault = self._fault_of(values)
        if self._fault:
            redraw(self, "#told")
        else:
            self.dismiss(values)

    def action_give_up(self) -> None:
        self.dismiss(None)
