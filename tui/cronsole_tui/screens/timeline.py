"""What ran and what will, on one axis: rows of schedules, now in the middle, the fullest moment named."""

from collections.abc import Iterable
from datetime import tzinfo
from functools import partial
from typing import ClassVar

from textual import on
from textual.containers import Container
from textual.widget import Widget

from cronsole.errors import CronsoleError
from cronsole.model.ask import LoadKind, LoadQuery
from cronsole.model.instant import DAY, HOUR, Instant, from_datetime, to_datetime
from cronsole.model.prospect import BusyMoment, LoadView, PlannedFire
from cronsole.model.view import RunView
from cronsole_tui.keymap import Scope
from cronsole_tui.scene import Scene
from cronsole_tui.screens.tables import TableView
from cronsole_tui.screens.timeline_asked import Asked
from cronsole_tui.sources import key_of, text_of
from cronsole_tui.views import heading, heatmap, timeline
from cronsole_tui.views.entry import Entry, Key
from cronsole_tui.views.line import Line, Span, Tone, beside, line_width
from cronsole_tui.views.moments import clock, zone_name
from cronsole_tui.views.order import Order, arranged
from cronsole_tui.views.query import read
from cronsole_tui.views.window import SPANS, Window, around, midnight_before
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.lines import Lines
from cronsole_tui.widgets.live_table import LiveTable
from cronsole_tui.working import start

_NAME_CELLS = 24
_WIDE_NAME_CELLS = 36
_WIDE_FROM = 160
_AGENDA_LINES = 8
_REREAD_SECONDS = 5.0


class TimelineScreen(TableView):
    """`+` and `-` zoom, the arrows pan, `m` goes to where most start at once."""

    TITLED = "Timeline"
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE, Scope.TIMELINE)

    DEFAULT_CSS = """
    TimelineScreen #main { height: 1fr; }
    TimelineScreen #table { height: 1fr; }
    TimelineScreen #agenda { height: 10; }
    TimelineScreen #week { display: none; height: 1fr; }
    TimelineScreen.-week #main { display: none; }
    TimelineScreen.-week #agenda { display: none; }
    TimelineScreen.-week #week { display: block; }
    """

    def __init__(self, scene: Scene) -> None:
        self._span = SPANS[2]
        self._shift = 0
        self._pointed: Instant | None = None
        self._runs: dict[Key, list[RunView]] = {}
        self._fires: dict[Key, list[PlannedFire]] = {}
        self._soon: list[tuple[str, PlannedFire]] = []
        self._keys: list[Key] = []
        self._trouble = ""
        self._has_read = False
        self._week: heatmap.Week | None = None
        self._week_kind = LoadKind.PLANNED
        super().__init__(scene)
        self.table.source = self

    def body(self) -> Iterable[Widget]:
        field, table = super().body()
        yield field
        yield Container(table, id="main")
        yield Banner(self._agenda, id="agenda")
        yield Lines(id="week")

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_REREAD_SECONDS, self._read)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read()

    @property
    def zone(self) -> tzinfo:
        """An axis has one clock for all of its rows: the viewer's, or after `z` that of the schedule at the cursor."""
        key = self.table.cursor_key
        entry = None if key is None else self.scene.fleet.get(key_of(key))
        return self.scene.zone if entry is None else self.scene.zone_of(entry.schedule.timezone)

    def do_zone(self) -> None:
        told = self.scene.toggle_zone()
        of_row = "Times are on the clock of the schedule at the cursor."
        self.app.tell(of_row if self.scene.uses_schedule_zone else told)
        self.tick()

    @on(LiveTable.CursorMoved)
    def _cursor_moved(self) -> None:
        if self.scene.uses_schedule_zone:
            self.tick()

    # The table's rows are this screen's own: each is a schedule's line on the axis.

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, index: int) -> str:
        return text_of(self._keys[index])

    def header(self, width: int) -> Line:
        scene = self.scene
        return timeline.heading(
            self._window(width),
            self.zone,
            _name_cells(width),
            now=scene.now(),
            is_of_row=scene.uses_schedule_zone and len(self) > 0,
        )

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        key = self._keys[index]
        entry = self.scene.fleet.get(key)
        if entry is None:
            return ()
        cells = timeline.row(
            entry.schedule,
            self._runs.get(key, ()),
            self._fires.get(key, ()),
            self._window(width),
            now=self.scene.now(),
            ascii_only=self.scene.ascii_only,
        )
        return timeline.named(entry.schedule.id, cells, _name_cells(width), is_cursor=is_cursor)

    def _window(self, width: int) -> Window:
        return around(self.scene.now(), self._span, max(1, width - _name_cells(width)), shift_ms=self._shift)

    def told_order(self) -> str:
        return "H goes on" if self.has_class("-week") else f"{timeline.told_span(self._span)} shown"

    def filter_lines(self, width: int) -> Line:
        scene = self.scene
        if self.has_class("-week"):
            return self._told_week()
        if self.filter:
            query, fleet = read(self.filter), scene.fleet
            return heading.filter_line(
                self.filter, len(self._keys), fleet.count, width, query.problem, is_loading=fleet.is_loading
            )
        window = self._window(width - 1)
        starts = {key: [from_datetime(fire.due) for fire in fires] for key, fires in self._fires.items()}
        for key, runs in self._runs.items():
            starts.setdefault(key, []).extend(from_datetime(run.started_at or run.due_at) for run in runs)
        counted = timeline.starts_of(starts.values(), window)
        line = timeline.density(counted, window, now=scene.now(), ascii_only=scene.ascii_only)
        worst = timeline.worst_moment([fire for fires in self._fires.values() for fire in fires])
        told = self._trouble or timeline.told_worst(worst, self.zone, scene.now())
        if not self._has_read:
            told = "reading …"
        return timeline.named(told, line, _name_cells(width - 1))

    def _told_week(self) -> Line:
        """Return what the week shows; of which day and hour, its own lines say."""
        if self._week_kind is LoadKind.PLANNED:
            return (Span(" what the seven days from today on will start", Tone.STRONG),)
        return (Span(" what failed in the seven days up to today", Tone.STRONG),)

    def fleet_changed(self) -> None:
        entries = arranged(read(self.filter).select(self.scene.fleet), Order.URGENCY)
        self._keys = [entry.key for entry in self._busy(entries)]
        self.table.show()
        self.tick()

    def told_found(self) -> str:
        fleet = self.scene.fleet
        told = heading.told_count(len(self._keys), fleet.count, is_loading=fleet.is_loading)
        return read(self.filter).problem or told

    def filtered(self) -> None:
        self.fleet_changed()

    def _busy(self, entries: list[Entry]) -> list[Entry]:
        """Return those with something on the axis first: an empty row tells nothing."""
        return sorted(entries, key=lambda entry: entry.key not in self._runs and entry.key not in self._fires)

    def tick(self) -> None:
        super().tick()
        redraw(self, "#agenda")

    def _read(self) -> None:
        start(self, self._take, "timeline")

    async def _take(self) -> None:
        window = self._window(self.table.size.width or 80)
        found = Asked(window, self.scene.now(), self._pointed)
        self._trouble, unheard = "", set[str]()
        for host in self.scene.feeds:
            try:
                await found.ask(self.scene.client(host), host)
            except CronsoleError as error:
                self._trouble = str(error)
                unheard.add(host)
        # What was known of a host stays until it is heard again.
        self._runs = found.runs | {key: runs for key, runs in self._runs.items() if key[0] in unheard}
        self._fires = found.fires | {key: fires for key, fires in self._fires.items() if key[0] in unheard}
        soon = found.soon + [pair for pair in self._soon if pair[0] in unheard]
        self._soon = sorted(soon, key=lambda pair: pair[1].due)
        self._has_read = self._has_read or len(unheard) < len(self.scene.feeds)
        self.fleet_changed()

    def _agenda(self, width: int) -> tuple[Line, ...]:
        scene = self.scene
        if self._pointed is None:
            told = "the next ten minutes, paused schedules left out"
        else:
            told = f"what starts at {clock(to_datetime(self._pointed), self.zone, now=scene.now())}"
        fires = [fire for _, fire in self._soon]
        known = (
            {entry.schedule.id: entry.schedule for entry in scene.fleet} if len(scene.fleet) < 2_000 else {}
        )
        lines = timeline.agenda(
            fires, known, now=scene.now(), zone=self.zone, width=width, count=_AGENDA_LINES
        )
        left: Line = (Span(f" {told}  {zone_name(self.zone, scene.now())}", Tone.FAINT),)
        legend = timeline.legend(max(0, width - line_width(left) - 3), ascii_only=scene.ascii_only)
        head = beside(left, legend, width)
        unread = "not known: no engine answers" if self._trouble else "reading …"
        nothing = "nothing" if self._has_read else unread
        return (
            self.rule(width),
            head,
            *(lines or ((Span(f"   {nothing}", Tone.FAINT),),)),
        )

    def _moved(self) -> None:
        self.fleet_changed()
        self._read()

    def do_zoom_in(self) -> None:
        self._span = SPANS[max(0, SPANS.index(self._span) - 1)]
        self._moved()

    def do_zoom_out(self) -> None:
        self._span = SPANS[min(len(SPANS) - 1, SPANS.index(self._span) + 1)]
        self._moved()

    def do_earlier(self) -> None:
        self._shift -= self._span // 4
        self._moved()

    def do_later(self) -> None:
        self._shift += self._span // 4
        self._moved()

    def do_to_now(self) -> None:
        self._shift, self._pointed = 0, None
        self._moved()

    def do_worst(self) -> None:
        start(self, self._go_to_worst, "worst minute")

    async def _go_to_worst(self) -> None:
        now = self.scene.now()
        worst: list[BusyMoment] = []
        for host in self.scene.feeds:
            query = LoadQuery(since=to_datetime(now), until=to_datetime(now + DAY), bucket_ms=HOUR)
            try:
                load: LoadView = await self.scene.client(host).forecast(query)
            except CronsoleError as error:
                self.app.tell(str(error), is_bad=True)
                return
            worst += load.busiest[:1]
        if not worst:
            self.app.tell("No two start together in the next 24 hours.")
            return
        busiest = max(worst, key=lambda moment: moment.count)
        self._pointed = from_datetime(busiest.at)
        self._shift = self._pointed - now
        self._moved()

    def do_heatmap(self) -> None:
        """Planned load, then past failures, then the timeline again."""
        if not self.has_class("-week"):
            self._show_week(LoadKind.PLANNED)
        elif self._week_kind is LoadKind.PLANNED:
            self._show_week(LoadKind.FAILED)
        else:
            self.do_back()

    def _show_week(self, kind: LoadKind) -> None:
        self._week_kind = kind
        self.add_class("-week")
        self.query_one("#week", Lines).show(((), (Span("   counting …", Tone.FAINT),)))
        self.tick()
        start(self, partial(self._count_week, kind), "week")

    async def _count_week(self, kind: LoadKind) -> None:
        scene, now = self.scene, self.scene.now()
        # A week is counted for all schedules together, on the viewer's clock.
        since = midnight_before(now if kind is LoadKind.PLANNED else now - 6 * DAY, scene.zone)
        query = LoadQuery(
            since=to_datetime(since), until=to_datetime(since + 7 * DAY), bucket_ms=HOUR, kind=kind
        )
        counts = [0] * 168
        left_out, is_known = 0, False
        for host in scene.feeds:
            try:
                load = await scene.client(host).forecast(query)
            except CronsoleError as error:
                self.app.tell(str(error), is_bad=True)
                continue
            counts = [one + other for one, other in zip(counts, load.counts, strict=False)]
            left_out += load.left_out
            is_known = True
        what, tone = ("fires", Tone.ACCENT) if kind is LoadKind.PLANNED else ("failures", Tone.BAD)
        week = heatmap.Week(since, tuple(counts), what, tone, left_out)
        picture: tuple[Line, ...] = ((Span("   Not known: no engine answers.", Tone.STRONG),),)
        if is_known:
            picture = heatmap.picture(week, self.size.width - 1, scene.zone, ascii_only=scene.ascii_only)
        for page in self.query("#week").results(Lines):
            page.show(((), *picture))

    def do_back(self) -> None:
        if self.has_class("-week"):
            self.remove_class("-week")
            self.tick()
        else:
            super().do_back()

    @on(LiveTable.RowOpened)
    def _opened(self) -> None:
        self.do_open()

    def do_open(self) -> None:
        key = self.table.cursor_key
        entry = None if key is None else self.scene.fleet.get(key_of(key))
        if entry is not None:
            self.app.open_schedule(entry)

    def do_copy(self) -> None:
        key = self.table.cursor_key
        if key is not None:
            self.app.copy(key_of(key)[1])


def _name_cells(width: int) -> int:
    return _NAME_CELLS if width < _WIDE_FROM else _WIDE_NAME_CELLS
