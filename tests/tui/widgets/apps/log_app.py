"""A log: `log_app.py [FILE]`, or one with everything that outputs do."""

import os
import sys
from pathlib import Path

from cronsole_tui.widgets.terminal import textual_environ

os.environ.update(textual_environ(os.environ))

from tests.tui.widgets.logs import MemoryLog
from textual.app import App, ComposeResult
from textual.binding import Binding

from cronsole_tui.themes import THEMES
from cronsole_tui.views.line import Span, Tone
from cronsole_tui.widgets.frugal import FrugalDriver
from cronsole_tui.widgets.log_view import LogView

_SAMPLE = (
    b"plain, \x1b[32mgreen\x1b[0m, \x1b[1;38;5;209mbold orange\x1b[0m, \x1b[48;2;60;20;80mon violet\x1b[0m\n"
    b"an escape \x1b]52;c;ZWNobyBoaQ==\x07 and \x1b[2J and \x9b6n\n"
    b"10%\r20%\r100% done\n"
    b"wide \xe4\xb8\x96\xe7\x95\x8c, tab\there, nul \x00, not UTF-8 \xff\xfe\n" + b"long " * 60 + b"\n"
)


class LogApp(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [  # noqa: RUF012
        Binding("j", "log('move', 1)"),
        Binding("k", "log('move', -1)"),
        Binding("g", "log('home')"),
        Binding("G", "log('end')"),
        Binding("w", "log('toggle_wrap')"),
        Binding("f", "log('find', 'o')"),
        Binding("n", "log('find_next')"),
        Binding("q", "quit"),
    ]

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(driver_class=FrugalDriver)
        self.source = log
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = os.environ.get("SHOWN_THEME", "dark")

    def compose(self) -> ComposeResult:
        view = LogView(self.source)
        view.beside = lambda offset: Span(f"{offset:>8} ", Tone.FAINT)
        yield view

    def action_log(self, method: str, *arguments: object) -> None:
        getattr(self.query_one(LogView), method)(*arguments)


def main() -> None:
    data = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else _SAMPLE * 40
    LogApp(MemoryLog(data)).run()


if __name__ == "__main__":
    main()
