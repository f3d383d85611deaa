"""A table of schedules whose countdowns tick: `table_app.py [--rows N] [--plain] [--still]`.

`--plain` leaves Textual's own driver in place, to compare with; `--still` stops the clocks.
"""

import os
import subprocess
import sys
import time

from cronsole_tui.widgets.terminal import textual_environ

os.environ.update(textual_environ(os.environ))

from textual.app import App, ComposeResult
from textual.binding import Binding

from cronsole_tui.themes import THEMES
from cronsole_tui.views.line import Line, Span, Tone, cell
from cronsole_tui.widgets.frugal import FrugalDriver
from cronsole_tui.widgets.live_table import LiveTable

_STATES = (
    ("✗", "failed 7m ago", Tone.BAD),
    ("▶", "running 0:42", Tone.BUSY),
    ("✓", "ok 4m ago", Tone.GOOD),
    ("‖", "ok 3h ago", Tone.QUIET),
)


class Rows:
    """Rows as those of the home view; the clock is read once a look."""

    def __init__(self, count: int, is_still: bool) -> None:
        self.count = count
        self._is_still = is_still
        self._began = time.monotonic()

    def __len__(self) -> int:
        return self.count

    def key(self, index: int) -> str:
        return f"schedule-{index:06}"

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        state = _STATES[0 if index % 41 == 3 else 1 if index % 17 == 5 else 3 if index % 29 == 7 else 2]
        passed = 0 if self._is_still else int(time.monotonic() - self._began)
        left = (index * 37) % 3600 + 40 - passed % 40
        return (
            Span("*" if is_marked else " ", Tone.KEY),
            Span(f"{state[0]} ", state[2]),
            cell(Span(self.key(index)), 25),
            cell(Span(f"every {5 + index % 50} minutes", Tone.FAINT), 22),
            cell(
                Span(f"in {left // 60}m {left % 60}s", Tone.FAINT if state[2] is Tone.QUIET else Tone.PLAIN),
                14,
            ),
            cell(Span(state[1], state[2]), 17),
            Span("▂▂▃▂▂", Tone.FAINT),
            Span("✗", Tone.BAD),
            cell(Span("▂▂▃▂▂", Tone.FAINT), 20),
            Span(f"{index % 97 / 10:.1f}s"),
        )

    def header(self, width: int) -> Line:
        return (Span("   NAME                     SCHEDULE              NEXT          LAST", Tone.FAINT),)


class TableApp(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [  # noqa: RUF012
        Binding("j", "table('move', 1)"),
        Binding("k", "table('move', -1)"),
        Binding("g", "table('home')"),
        Binding("G", "table('end')"),
        Binding("ctrl+d", "table('half_page', 1)"),
        Binding("ctrl+u", "table('half_page', -1)"),
        Binding("pagedown", "table('page', 1)"),
        Binding("space", "table('toggle_mark')"),
        Binding("enter", "table('open')"),
        Binding("q", "quit"),
        Binding("s", "outside"),
    ]

    def __init__(self, rows: Rows, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.rows = rows
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = os.environ.get("SHOWN_THEME", "dark")

    def compose(self) -> ComposeResult:
        yield LiveTable(self.rows)

    def on_mount(self) -> None:
        table = self.query_one(LiveTable)
        table.focus()
        self.set_interval(1.0, table.refresh_lines)

    def action_table(self, method: str, *arguments: int) -> None:
        getattr(self.query_one(LiveTable), method)(*arguments)

    def action_outside(self) -> None:
        """Give the terminal to another program for a moment, as for a pager."""
        with self.suspend():
            subprocess.run(["echo", "another program"], check=True)


def main() -> None:
    count = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 128
    rows = Rows(count, is_still="--still" in sys.argv)
    options = {} if "--plain" in sys.argv else {"driver_class": FrugalDriver}
    TableApp(rows, ansi_color=True if os.environ.get("NO_COLOR") else None, **options).run()


if __name__ == "__main__":
    main()
