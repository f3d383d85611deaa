"""Pages that are read from an engine when they open, and again each second while they are looked at."""

from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo
from typing import ClassVar

from cronsole.errors import CronsoleError
from cronsole.model.ask import RunQuery
from cronsole.model.instant import Instant
from cronsole.model.prospect import WhyView
from cronsole.model.view import RunDetail
from cronsole_tui.scene import Scene
from cronsole_tui.screens.page import PageScreen, Text
from cronsole_tui.verbs import OF_SCHEDULES
from cronsole_tui.views import run_page, schedule_page, why
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.line import Line, Span, Tone, said
from cronsole_tui.views.moments import age
from cronsole_tui.views.pages import wrapped
from cronsole_tui.views.run_row import RunEntry
from cronsole_tui.widgets.lines import Lines
from cronsole_tui.working import start

_RUNS_SHOWN = 20
_SLOTS_SHOWN = 30


class ReadPage(PageScreen):
    """Shows that it reads, then what it read. What cannot be read again stays, dimmed, with its age."""

    ACTIONS: ClassVar[tuple[str, ...]] = ("zone",)

    def __init__(
        self, scene: Scene, host: str, read: Callable[[], Awaitable[Text]], *, kind: str, named: str
    ) -> None:
        super().__init__(lambda _: ((Span(" reading …", Tone.FAINT),),), kind=kind, named=named)
        self.scene = scene
        self.host = host
        self._read = read
        self._read_at: Instant | None = None
        self._trouble = ""

    def on_mount(self) -> None:
        super().on_mount()
        self._look()

    def tick(self) -> None:
        super().tick()
        self._look()

    def _look(self) -> None:
        start(self, self._take, "page")

    async def _take(self) -> None:
        try:
            text = await self._read()
        except CronsoleError as error:
            self._trouble = told = str(error)
            if self._read_at is None:
                self.again(
                    lambda width: tuple((Span(f" {line}", Tone.BAD),) for line in wrapped(told, width - 2))
                )
        else:
            self._trouble, self._read_at = "", self.scene.now()
            self.again(text)
        for page in self.query("#page").results(Lines):
            page.is_dimmed = bool(self._trouble)

    def zone_of(self, schedule_id: str) -> tzinfo:
        """Return the clock that the times of a schedule are told on."""
        entry = self.scene.fleet.get((self.host, schedule_id))
        return self.scene.zone if entry is None else self.scene.zone_of(entry.schedule.timezone)

    def told(self) -> Line:
        if not self._trouble or self._read_at is None:
            return (said(f"on {self.host}", Tone.FAINT),)
        old = age(max(1_000, self.scene.now() - self._read_at))
        return (said(f"{old} old: {self._trouble}", Tone.WARN),)

    def do_zone(self) -> None:
        self.app.tell(self.scene.toggle_zone())
        self.again()


class WhyScreen(ReadPage):
    """The decision about a slot, the next one by default."""

    def __init__(self, scene: Scene, host: str, schedule_id: str, slot: datetime | None = None) -> None:
        super().__init__(scene, host, self._decision, kind="why", named=schedule_id)
        self._schedule_id, self._slot = schedule_id, slot

    async def _decision(self) -> Text:
        scene, client = self.scene, self.scene.client(self.host)
        view: WhyView = await client.why(self._schedule_id, self._slot)
        past = (await client.runs(RunQuery(schedule_ids=(self._schedule_id,), limit=_SLOTS_SHOWN))).items
        return lambda width: why.page(
            view,
            past,
            width=width,
            now=scene.now(),
            zone=self.zone_of(self._schedule_id),
            ascii_only=scene.ascii_only,
        )


class ScheduleScreen(ReadPage):
    """Everything about one schedule; the verbs of the home view hold here too."""

    ACTIONS: ClassVar[tuple[str, ...]] = (*ReadPage.ACTIONS, "view_plugins", *sorted(OF_SCHEDULES))

    def __init__(self, scene: Scene, entry: Entry) -> None:
        super().__init__(scene, entry.host, self._everything, kind="schedule", named=entry.schedule.id)
        self._key = entry.key
        self._entry = entry

    @property
    def entry(self) -> Entry:
        """The schedule as it is by now."""
        self._entry = self.scene.fleet.get(self._key) or self._entry
        return self._entry

    async def _everything(self) -> Text:
        host, schedule_id = self._key
        scene, client = self.scene, self.scene.client(host)
        detail = await client.schedule(schedule_id)
        page = await client.runs(RunQuery(schedule_ids=(schedule_id,), limit=_RUNS_SHOWN))
        runs = [RunEntry(host, run) for run in page.items]
        return lambda width: schedule_page.page(
            detail,
            runs,
            width=width,
            now=scene.now(),
            zone=scene.zone_of(detail.schedule.timezone),
            ascii_only=scene.ascii_only,
            plugin=scene.fleet.plugin(host, detail.schedule.plugin),
        )

    def action_act(self, name: str) -> None:
        if name in OF_SCHEDULES:
            self.app.verbs.do(name, [self.entry])
        else:
            super().action_act(name)

    def do_view_plugins(self) -> None:
        """Open the plugin that the schedule belongs to."""
        host, plugin = self.entry.host, self.entry.schedule.plugin
        if plugin:
            self.app.open_plugin(host, plugin)
        else:
            self.app.tell("It belongs to no plugin.")


class RunScreen(ReadPage):
    """Everything about one run."""

    ACTIONS: ClassVar[tuple[str, ...]] = (
        *ReadPage.ACTIONS,
        *("run_log", "run_why", "run_retry", "run_stop", "run_kill", "copy"),
    )

    def __init__(self, scene: Scene, host: str, run_id: str) -> None:
        super().__init__(scene, host, self._everything, kind="run", named=run_id)
        self._run_id = run_id
        self._detail: RunDetail | None = None

    async def _everything(self) -> Text:
        scene = self.scene
        detail = self._detail = await scene.client(self.host).run(self._run_id)
        self._named = detail.run.schedule_id
        return lambda width: run_page.page(
            detail,
            width=width,
            now=scene.now(),
            zone=self.zone_of(detail.run.schedule_id),
            ascii_only=scene.ascii_only,
        )

    def do_run_log(self) -> None:
        self.app.open_log(self.host, self._run_id)

    def do_run_why(self) -> None:
        if self._detail is not None:
            self.app.open_why(self.host, self._detail.run.schedule_id, self._detail.run.slot)

    def do_run_stop(self) -> None:
        self._cancel(by_force=False)

    def do_run_kill(self) -> None:
        self._cancel(by_force=True)

    def _cancel(self, *, by_force: bool) -> None:
        if self._detail is not None:
            schedule_id = self._detail.run.schedule_id
            self.app.verbs.cancel_run(self.host, self._run_id, schedule_id, by_force=by_force)

    def do_run_retry(self) -> None:
        if self._detail is not None:
            self.app.verbs.retry_run(self.host, self._run_id, self._detail.run.schedule_id)

    def do_copy(self) -> None:
        self.app.copy(self._run_id)
