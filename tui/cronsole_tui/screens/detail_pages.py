"""Pages that are read from an engine when they open, and again while something of theirs happens."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType

from cronsole.errors import CronsoleError
from cronsole.model.ask import RunQuery
from cronsole.model.prospect import WhyView
from cronsole.model.view import RunDetail
from cronsole.text import safe
from cronsole_tui.keymap import Scope, of_scopes
from cronsole_tui.scene import Scene
from cronsole_tui.screens.page import PageScreen, Text
from cronsole_tui.verbs import OF_SCHEDULES
from cronsole_tui.views import run_page, schedule_page, why
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.line import Span, Tone, said
from cronsole_tui.views.run_row import RunEntry
from cronsole_tui.working import start

_AGAIN_SECONDS = 1.0
_RUNS_SHOWN = 20
_SLOTS_SHOWN = 30


class ReadPage(PageScreen):
    """Shows that it reads, then what it read; what went wrong is told in its place."""

    def __init__(self, read: Callable[[], Awaitable[Text]], told: str = "") -> None:
        super().__init__(lambda _: ((Span(" reading …", Tone.FAINT),),), told=told)
        self._read = read

    def on_mount(self) -> None:
        super().on_mount()
        self._look()
        self.set_interval(_AGAIN_SECONDS, self._look)

    def _look(self) -> None:
        start(self, self._take, "page")

    async def _take(self) -> None:
        try:
            text = await self._read()
        except CronsoleError as error:
            told = str(error)
            text = lambda _: ((said(f" {told}", Tone.BAD),),)  # noqa: E731 - a sentence in the page's place
        self.again(text)


def why_screen(scene: Scene, host: str, schedule_id: str, slot: datetime | None = None) -> ReadPage:
    """Return the page with the decision about a slot, the next one by default."""

    async def read() -> Text:
        client = scene.client(host)
        view: WhyView = await client.why(schedule_id, slot)
        past = (await client.runs(RunQuery(schedule_ids=(schedule_id,), limit=_SLOTS_SHOWN))).items
        return lambda width: why.page(
            view, past, width=width, now=scene.now(), zone=scene.zone, ascii_only=scene.ascii_only
        )

    return ReadPage(read, told=f"why {schedule_id}")


class ScheduleScreen(ReadPage):
    """Everything about one schedule; the verbs of the home view hold here too."""

    def __init__(self, scene: Scene, entry: Entry) -> None:
        super().__init__(self._page, told=f"{safe(entry.schedule.id)} on {entry.host}")
        self._scene = scene
        self._key = entry.key
        self._entry = entry
        for action in of_scopes(scene.actions, (Scope.SCHEDULES,)):
            if action.name in OF_SCHEDULES:
                for key in action.keys:
                    self._bindings.bind(key, f"verb('{action.name}')", action.help, show=False)

    @property
    def entry(self) -> Entry:
        """The schedule as it is by now."""
        self._entry = self._scene.fleet.get(self._key) or self._entry
        return self._entry

    async def _page(self) -> Text:
        host, schedule_id = self._key
        scene, client = self._scene, self._scene.client(host)
        detail = await client.schedule(schedule_id)
        page = await client.runs(RunQuery(schedule_ids=(schedule_id,), limit=_RUNS_SHOWN))
        runs = [RunEntry(host, run) for run in page.items]
        return lambda width: schedule_page.page(
            detail, runs, width=width, now=scene.now(), zone=scene.zone, ascii_only=scene.ascii_only
        )

    def action_verb(self, name: str) -> None:
        self.app.verbs.do(name, [self.entry])


class RunScreen(ReadPage):
    """Everything about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("l", "log", "log"),
        ("w", "why", "why"),
        ("x", "cancel(False)", "stop"),
        ("X", "cancel(True)", "kill"),
        ("r", "retry", "run again"),
        ("c", "copy", "copy its id"),
    ]

    def __init__(self, scene: Scene, host: str, run_id: str) -> None:
        super().__init__(self._page, told="l log  w why  r again  x stop")
        self._scene = scene
        self._host, self._run_id = host, run_id
        self._detail: RunDetail | None = None

    async def _page(self) -> Text:
        scene = self._scene
        detail = self._detail = await scene.client(self._host).run(self._run_id)
        return lambda width: run_page.page(
            detail, width=width, now=scene.now(), zone=scene.zone, ascii_only=scene.ascii_only
        )

    def action_log(self) -> None:
        self.app.open_log(self._host, self._run_id)

    def action_why(self) -> None:
        if self._detail is not None:
            self.app.open_why(self._host, self._detail.run.schedule_id, self._detail.run.slot)

    def action_cancel(self, by_force: bool) -> None:
        if self._detail is not None:
            schedule_id = self._detail.run.schedule_id
            self.app.verbs.cancel_run(self._host, self._run_id, schedule_id, by_force=by_force)

    def action_retry(self) -> None:
        if self._detail is not None:
            self.app.verbs.retry_run(self._host, self._run_id, self._detail.run.schedule_id)

    def action_copy(self) -> None:
        self.app.copy(self._run_id)
