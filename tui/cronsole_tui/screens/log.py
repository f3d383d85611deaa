"""The output of one run: opens at its end, follows while it is there, and never mixes in another run's."""

import os
import shlex
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input

from cronsole.client.engine import EngineClient
from cronsole.errors import CronsoleError
from cronsole.model.instant import Instant, to_datetime
from cronsole.model.view import LogChunk, RunView
from cronsole.text import human_duration, plural
from cronsole_tui.keymap import Scope, of_scopes
from cronsole_tui.scene import Scene
from cronsole_tui.views import key_help
from cronsole_tui.views.exits import left_with
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, said
from cronsole_tui.views.moments import full
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from cronsole_tui.app import Console
from cronsole_tui.working import start

_POKE_SECONDS = 0.5
_ALSO = ("zone",)
_CLOCK_CELLS = 10
_MOVES = {
    "j": "down", "down": "down", "k": "up", "up": "up", "g": "top", "home": "top", "G": "bottom", "end": "bottom",
    "pagedown": "page_down", "pageup": "page_up", "ctrl+d": "half_down", "ctrl+u": "half_up",
}  # fmt: skip


class RunLog:
    """Where the view reads the log from; notes when each part of it came, for those who want times beside lines."""

    def __init__(self, client: EngineClient, run_id: str, scene: Scene) -> None:
        self._client = client
        self._run_id = run_id
        self._scene = scene
        self._offsets: list[int] = []
        self._times: list[Instant] = []

    async def read(self, offset: int, limit: int) -> LogChunk:
        chunks = [chunk async for chunk in self._client.log(self._run_id, offset=offset, limit=limit)]
        if not chunks:
            at = max(0, offset)
            return LogChunk(run_id=self._run_id, attempt=1, offset=at, next_offset=at)
        first, last = chunks[0], chunks[-1]
        if last.next_offset > (self._offsets[-1] if self._offsets else 0):
            self._offsets.append(last.next_offset)
            self._times.append(self._scene.now())
        return LogChunk(
            run_id=self._run_id,
            attempt=last.attempt,
            offset=first.offset,
            next_offset=last.next_offset,
            data=b"".join(chunk.data for chunk in chunks),
            left_out=first.left_out,
            is_complete=last.is_complete,
        )

    def came_at(self, offset: int) -> Instant | None:
        """Return by when the console had seen the byte; of what was there before it looked, nobody knows."""
        place = bisect_right(self._offsets, offset)
        return self._times[place] if 0 < place < len(self._times) else None


class LogScreen(Screen[None], inherit_bindings=False):
    """One run's log, by the run's id."""

    app: "Console"
    AUTO_FOCUS = "#log"
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LOG,)
    DEFAULT_CSS = """
    LogScreen { background: transparent; }
    LogScreen #head { height: 2; }
    LogScreen #log { height: 1fr; }
    LogScreen #foot { height: 1; }
    LogScreen #find { display: none; height: 1; border: none; padding: 0 1; background: transparent; }
    LogScreen.-finding #find { display: block; }
    """

    def __init__(self, scene: Scene, host: str, run_id: str) -> None:
        super().__init__()
        self._scene = scene
        self._host = host
        self._client = scene.client(host)
        self._run_id = run_id
        self._run: RunView | None = None
        self._trouble = ""
        self._source = RunLog(self._client, run_id, scene)
        self._log = LogView(id="log")
        self._actions = (
            *of_scopes(scene.actions, self.SCOPES),
            *(action for action in scene.actions if action.name in _ALSO),
        )
        self._footed = (
            *(action._replace(label="back") for action in scene.actions if action.name == "back"),
            *self._actions,
            *(action for action in scene.actions if action.name == "help"),
        )
        for action in self._actions:
            for key in action.keys:
                self._bindings.bind(key, f"act('{action.name}')", action.help, show=False)
        for key, name in _MOVES.items():
            self._bindings.bind(key, f"act('{name}')", show=False)
        self._bindings.bind("escape,q", "act('back')", show=False)
        self._bindings.bind("question_mark", "act('help')", show=False)
        self._bindings.bind("ctrl+c", "app.leave", show=False)

    def compose(self) -> ComposeResult:
        yield Banner(self._head_lines, id="head")
        yield self._log
        yield Input(id="find", placeholder="find", compact=True)
        yield Banner(self._foot_lines, id="foot")

    def on_mount(self) -> None:
        self._log.show(self._source)
        self._look()
        self.set_interval(_POKE_SECONDS, self._look)

    def _look(self) -> None:
        self._log.poke()
        if self._run is None or not self._run.state.is_final:
            start(self, self._read_run, "run")
        self._redraw()

    async def _read_run(self) -> None:
        try:
            self._run = (await self._client.run(self._run_id)).run
            self._trouble = ""
        except CronsoleError as error:
            self._trouble = str(error)
        self._redraw()

    @on(LogView.Moved)
    def _redraw(self) -> None:
        redraw(self, "#head")
        redraw(self, "#foot")

    @on(LogView.FindEnded)
    def _found(self, message: LogView.FindEnded) -> None:
        if message.offset is None:
            self.app.tell("Not found.")
        self._redraw()

    @property
    def _zone(self) -> tzinfo:
        """The clock of the schedule, where times are told on it and it is known."""
        entry = None if self._run is None else self._scene.fleet.get((self._host, self._run.schedule_id))
        return self._scene.zone if entry is None else self._scene.zone_of(entry.schedule.timezone)

    def _head_lines(self, width: int) -> tuple[Line, ...]:
        rule: Line = (Span(("-" if self._scene.ascii_only else "─") * width, Tone.RULE),)
        run = self._run
        if run is None:
            return (said(f" run {self._run_id}   {self._trouble}", Tone.FAINT),), rule
        mark = of_run(run.state)
        took = "" if run.duration_ms is None else f"  {human_duration(run.duration_ms)}"
        code = f"  {left_with(run.exit_code)}" if run.exit_code else ""
        spans = (
            Span(f" {shown(mark, ascii_only=self._scene.ascii_only)} {mark.word}", mark.tone),
            Span(f"{took}{code}   ", Tone.FAINT),
            said(run.schedule_id, Tone.STRONG),
            Span(f"   {full(run.started_at or run.due_at, self._zone)}", Tone.FAINT),
            said(f"   run {run.run_id}", Tone.FAINT),
            said(f"   {self._trouble}" if self._trouble else "", Tone.BAD),
        )
        return spans, rule

    def _foot_lines(self, width: int) -> tuple[Line, ...]:
        log = self._log
        if log.new_lines:
            told = f"{log.new_lines:,} new ↓"
        elif log.is_following:
            told = "all of it" if log.is_complete else "following"
        else:
            told = f"{round(log.position * 100)} %"
        keys = key_help.footer(self._footed, max(20, width - len(told) - 4))
        return ((Span(f" {told}  ", Tone.ACCENT), *keys),)

    def action_act(self, name: str) -> None:
        getattr(self, f"do_{name}")()

    def do_down(self) -> None:
        self._log.move(1)

    def do_up(self) -> None:
        self._log.move(-1)

    def do_top(self) -> None:
        self._log.home()

    def do_bottom(self) -> None:
        self._log.end()

    def do_page_down(self) -> None:
        self._log.page(1)

    def do_page_up(self) -> None:
        self._log.page(-1)

    def do_half_down(self) -> None:
        self._log.half_page(1)

    def do_half_up(self) -> None:
        self._log.half_page(-1)

    def do_back(self) -> None:
        if self.has_class("-finding"):
            self.remove_class("-finding")
            self.set_focus(self._log)
        elif self._log.is_finding:
            self._log.cancel_find()
        else:
            self.dismiss()

    def do_help(self) -> None:
        self.app.show_help(self._actions)

    def do_zone(self) -> None:
        self.app.tell(self._scene.toggle_zone())
        self._log.refresh_lines()
        self._redraw()

    def do_find(self) -> None:
        self.add_class("-finding")
        self.set_focus(self.query_one("#find", Input))

    @on(Input.Submitted, "#find")
    def _find(self, message: Input.Submitted) -> None:
        self.remove_class("-finding")
        self.set_focus(self._log)
        self._log.find(message.value)

    def do_find_next(self) -> None:
        self._log.find_next()

    def do_find_previous(self) -> None:
        self._log.find_next(backwards=True)

    def do_wrap(self) -> None:
        self._log.toggle_wrap()

    def do_times(self) -> None:
        """Beside each line that came while the console was looking: when. Of others nobody knows."""
        self._log.beside = None if self._log.beside else self._beside
        self._log.refresh_lines()

    def _beside(self, offset: int) -> Span:
        at = self._source.came_at(offset)
        text = "" if at is None else f"{to_datetime(at).astimezone(self._zone):%H:%M:%S}"
        return Span(f"{text:<{_CLOCK_CELLS}}", Tone.FAINT)

    def do_copy_log(self) -> None:
        text = self._log.shown_text()
        self.app.copy_to_clipboard(text)
        self.app.tell(f"Copied {plural(text.count(chr(10)) + 1, 'line')}.")

    def do_pager(self) -> None:
        start(self, self._page, "pager")

    async def _page(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="cronsole-", suffix=".log") as file:
            try:
                async for chunk in self._client.log(self._run_id):
                    file.write(chunk.data)
            except CronsoleError as error:
                self.app.tell(str(error), is_bad=True)
                return
            file.flush()
            self._open_pager(file.name)

    def _open_pager(self, path: str) -> None:
        command = [*shlex.split(os.environ.get("PAGER") or "less"), path]
        # Colours come through; every other control sequence is shown as text.
        environ = {"LESS": "-R", **os.environ, "LESSSECURE": "1"}
        with outside(self.app):
            try:
                subprocess.run(command, env=environ, check=False)
            except OSError as error:
                self.app.tell(f"{command[0]} cannot be started: {error.strerror}", is_bad=True)


@contextmanager
def outside(app: "Console") -> Iterator[None]:
    """Give the terminal to another program, and take it back."""
    with app.suspend():
        yield
    app.draw_anew()
