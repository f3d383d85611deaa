"""The home view: every schedule, the most urgent first, and below it what is known of the one at the cursor."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.containers import Container
from textual.timer import Timer
from textual.widget import Widget

from cronsole.errors import CronsoleError
from cronsole.model.view import ScheduleDetail
from cronsole_tui.keymap import OF_ONE, Scope
from cronsole_tui.scene import Scene
from cronsole_tui.screens import panel
from cronsole_tui.screens.tables import TableView
from cronsole_tui.sources import ScheduleRows, key_of, text_of
from cronsole_tui.verbs import OF_SCHEDULES
from cronsole_tui.views import detail, heading
from cronsole_tui.views.entry import Entry, Key, Link
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.views.order import Order, arranged, following
from cronsole_tui.views.query import read
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.live_table import LiveTable
from cronsole_tui.working import start

_REST_SECONDS = 2.0
# How many times as long as it took to sort nothing is sorted again.
_SORTS_REST = 20
# How long the eye needs to see that another schedule stands under the cursor than a moment ago.
_GLANCE_SECONDS = 2.0
_LOOKS = frozenset({"log", "log_failed", "history", "why", "copy"})
_PANEL_DELAY = 0.15
# How long the panel keeps to what it told before, rather than be drawn with half of what is new and once more.
_PANEL_PATIENCE = 0.3
# How high the panel is below the table, as `+` makes it: some lines, more, none.
_PANEL_LINES = (8, 15, 0)
_HEAD_OF_PANEL = 6
# What else stands above and below the rows: the head, the titles, a line of nothing, the foot.
_AROUND_ROWS = 7
# Beside the table it is as wide as leaves the table all of its columns, or half, or not there.
_TABLE_CELLS, _HOST_CELLS, _PANEL_CELLS = 112, 12, 80
_MOST_OUTPUT = 60


class SchedulesScreen(TableView):
    """Sorted anew only while the cursor rests, never under a moving hand."""

    TITLED = "Schedules"
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE, Scope.SCHEDULES)

    DEFAULT_CSS = """
    SchedulesScreen #main { height: 1fr; layout: vertical; }
    SchedulesScreen #table { height: 1fr; }
    SchedulesScreen #panel { height: 8; }
    SchedulesScreen.-wide #main { layout: horizontal; }
    SchedulesScreen.-wide #table { width: 1fr; height: 1fr; }
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._order = Order.URGENCY
        self._is_reversed = False
        self._moved_at = self._sorts_from = 0.0
        self._came_at = float("-inf")
        self._is_opening, self._is_touched = True, False
        self._zoom = 0
        self._details: dict[Key, ScheduleDetail] = {}
        self._output: dict[Key, tuple[str, ...]] = {}
        self._pending: Timer | None = None
        self._is_panel_held = False
        self._rows = self._sorted()

    def body(self) -> Iterable[Widget]:
        found, table = super().body()
        yield found
        with_panel = Container(table, Banner(self._panel, id="panel"), id="main")
        yield with_panel

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._lay_out()

    def _lay_out(self) -> None:
        """Give the panel its room: a column beside a wide table, some lines below one that is not."""
        # A feed may know something before the panel is there, and when it is there no more.
        for room in self.query("#panel").results(Banner):
            room.display = self._zoom < len(_PANEL_LINES) - 1
            if self.has_class("-wide"):
                whole = self.size.width
                table = _TABLE_CELLS + (_HOST_CELLS if self.scene.fleet.has_many_hosts else 0)
                room.styles.height = "1fr"
                room.styles.width = whole // 2 if self._zoom else max(1, min(_PANEL_CELLS, whole - table))
            else:
                room.styles.width = "100%"
                room.styles.height = self._panel_lines or 1

    @property
    def _panel_lines(self) -> int:
        """How high the panel is below the table: it takes the room that few schedules have no use for."""
        wished, count = _PANEL_LINES[self._zoom], self.scene.fleet.count
        free = self.size.height - _AROUND_ROWS - count if count else 0
        return max(wished, free) if wished else 0

    def empty_lines(self) -> tuple[Line, ...]:
        hosts = self.scene.fleet.hosts
        if self.filter:
            told = ("No schedule matches.", "Clear the filter with esc, or change it with /.")
        elif all(host.engine is None and host.link is Link.LOST for host in hosts):
            told = (
                "Nothing is known yet.",
                "It is tried again every two seconds; does the engine run there?",
            )
        elif any(host.engine is None or host.engine.counts.schedules for host in hosts):
            told = ("Reading …", "")
        else:
            told = ("No schedules.", "Write a [[tasks]] entry and reload with R, or make a schedule with n.")
        return ((), (Span(f"   {told[0]}", Tone.STRONG),), (Span(f"   {told[1]}"),))

    def filter_hint(self) -> str:
        return "words  !word  state:failed  tag:db  plugin:  source:  host:"

    def told_order(self) -> str:
        marks = [entry for key in self.table.marks if (entry := self.scene.fleet.get(key_of(key)))]
        # Verbs are for these, too, and nobody should have to remember them.
        hidden = len(marks) - len(read(self.filter).select(marks))
        unseen = f", {hidden:,} not shown" if hidden else ""
        marked = f"{len(marks):,} marked{unseen}   " if marks else ""
        return f"{marked}sorted by {self._order}{', reversed' if self._is_reversed else ''}"

    def filter_lines(self, width: int) -> Line:
        query, fleet = read(self.filter), self.scene.fleet
        return heading.filter_line(
            self.filter, len(self._rows), fleet.count, width, query.problem, is_loading=fleet.is_loading
        )

    def told_found(self) -> str:
        fleet = self.scene.fleet
        told = heading.told_count(len(self._rows), fleet.count, is_loading=fleet.is_loading)
        return read(self.filter).problem or told

    def filtered(self) -> None:
        self._sort()

    def fleet_changed(self) -> None:
        """Show what is known by now; the order waits for the hand to rest."""
        now = self.app.monotonic()
        is_resting = now - self._moved_at >= _REST_SECONDS and now >= self._sorts_from
        if is_resting or not len(self._rows):
            self._sort_by_itself()
        else:
            self.tick()
        self._look_closer()

    def _sorted(self) -> ScheduleRows:
        scene = self.scene
        entries = read(self.filter).select(scene.fleet)
        return ScheduleRows(
            scene.fleet,
            arranged(entries, self._order, is_reversed=self._is_reversed),
            now=scene.now,
            ascii_only=scene.ascii_only,
            order=self._order,
            is_reversed=self._is_reversed,
        )

    def _sort_by_itself(self) -> None:
        """Sort anew though nobody asked for it: a key on its way is meant for the schedule that was seen.

        So the cursor stays on its schedule. But a screen that nobody has touched does not scroll after it: what is
        urgent would go out of sight, and who comes back looks for that. It goes back to its top, as it does while
        it is filled. Who comes under the cursor so, or because another is gone, was not chosen by anybody: verbs
        are held back from it for as long as it takes to see it.
        """
        table, seen = self.table, self.table.cursor_key
        is_touched = self._is_touched or table.scroll_offset.y > 0
        self._sort()
        if not is_touched and (self._is_opening or table.scroll_offset.y > 0):
            table.home()
            # No hand moved the cursor, so that the panel need not wait for one to rest.
            redraw(self, "#panel")
        if len(self._rows) and not self.scene.fleet.is_loading:
            self._is_opening = False
        if seen is not None and table.cursor_key != seen:
            self._came_at = self.app.monotonic()

    def _sort(self) -> None:
        began = self.app.monotonic()
        self._rows = self._sorted()
        took = self.app.monotonic() - began
        # Of 100,000 schedules an order takes a third of a second, in which no key is heard.
        self._sorts_from = began + took * _SORTS_REST
        self.table.show(self._rows)
        self._lay_out()
        self.tick()

    def tick(self) -> None:
        super().tick()
        if not self._is_panel_held:
            redraw(self, "#panel")

    @property
    def entry(self) -> Entry | None:
        """The schedule at the cursor."""
        key = self.table.cursor_key
        return None if key is None else self.scene.fleet.get(key_of(key))

    @property
    def chosen(self) -> list[Entry]:
        """What verbs are for: all that is marked, else the one at the cursor."""
        marked = [self.scene.fleet.get(key_of(key)) for key in sorted(self.table.marks)]
        return [entry for entry in marked if entry is not None] or self._at_cursor

    @property
    def _at_cursor(self) -> list[Entry]:
        return [] if self.entry is None else [self.entry]

    @on(LiveTable.CursorMoved)
    def _moved(self) -> None:
        # Over a slow line the cursor is drawn at once, and what is told of its row when the hand rests.
        entry = self.entry
        if self._is_touched and entry is not None and entry.key not in self._details:
            self._is_panel_held = True
            self.set_timer(_PANEL_DELAY + _PANEL_PATIENCE, self._release_panel)
        self._look_closer()

    def _release_panel(self) -> None:
        self._is_panel_held = False
        redraw(self, "#panel")

    def on_click(self) -> None:
        self._note_hand()

    def _note_hand(self) -> None:
        self._moved_at, self._is_touched = self.app.monotonic(), True

    def _is_held_back(self, name: str) -> bool:
        """Say so, once, where a verb would hit a schedule that has only just come under the cursor by itself."""
        now, entry = self.app.monotonic(), self.entry
        hits_cursor = name == "mark" or (
            name in OF_SCHEDULES - _LOOKS and (name in OF_ONE or not self.table.marks)
        )
        if entry is None or not hits_cursor or now - self._came_at >= _GLANCE_SECONDS:
            return False
        self._came_at = float("-inf")
        self.app.tell(f"{entry.schedule.id} has only just come under the cursor: once more, if it is meant.")
        return True

    def action_act(self, name: str) -> None:
        self._note_hand()
        if self._is_held_back(name):
            return
        if name in OF_SCHEDULES:
            if self.has_class("-filtering"):
                self.end_filtering()
            self.app.verbs.do(name, self._at_cursor if name in OF_ONE else self.chosen)
        else:
            super().action_act(name)

    def _look_closer(self) -> None:
        """Show in the panel what is known, and ask for the rest, once the cursor has stood still for a moment."""
        if self._pending is not None:
            self._pending.stop()
        self._pending = self.set_timer(_PANEL_DELAY, self._ask)

    def _ask(self) -> None:
        entry = self.entry
        if not self._is_panel_held or entry is None or entry.key in self._details:
            self._release_panel()
        if entry is not None and self.query_one("#panel", Banner).display:
            start(self, partial(self._read, entry), "panel")

    async def _read(self, entry: Entry) -> None:
        client = self.scene.client(entry.host)
        try:
            self._details[entry.key] = await client.schedule(entry.schedule.id)
            last = entry.schedule.running[-1:] or ((entry.schedule.last,) if entry.schedule.last else ())
            for run in last:
                seen = (await client.run(run.run_id)).run
                self._output[entry.key] = detail.output_of(seen, _MOST_OUTPUT)
        except CronsoleError as error:
            # What is known already stays; that it is old, the head says.
            self._output.setdefault(entry.key, (str(error),))
        if entry == self.entry or not self._is_panel_held:
            self._release_panel()

    def _panel(self, width: int) -> tuple[Line, ...]:
        entry = self.entry
        if entry is None:
            return (self.rule(width),)
        known, output = self._details.get(entry.key), self._output.get(entry.key, ())
        if self.has_class("-wide"):
            height = self.query_one("#panel", Banner).size.height
            return panel.beside(self.scene, entry, known, output, width=width, height=height)
        room = max(1, self._panel_lines - _HEAD_OF_PANEL)
        return (self.rule(width), *panel.below(self.scene, entry, known, output[-room:], width=width))

    @on(LiveTable.RowOpened)
    def _opened(self) -> None:
        if self.entry is not None:
            self.app.open_schedule(self.entry)

    def do_sort(self) -> None:
        self._order = following(self._order)
        self._sort()

    def do_reverse(self) -> None:
        self._is_reversed = not self._is_reversed
        self._sort()

    def do_zoom(self) -> None:
        before = self._panel_lines
        self._zoom = (self._zoom + 1) % len(_PANEL_LINES)
        if self._panel_lines == before and not self.has_class("-wide"):
            # It has more room than that already.
            self._zoom = (self._zoom + 1) % len(_PANEL_LINES)
        self._lay_out()
        self._ask()

    def do_mark(self) -> None:
        self.table.toggle_mark()
        self.table.move(1)
        self.tick()

    def do_mark_all(self) -> None:
        self.table.mark_all()
        self.tick()

    def do_back(self) -> None:
        if not self.filter and not self.has_class("-filtering"):
            self.table.clear_marks()
            self.tick()
        super().do_back()

    def do_new(self) -> None:
        self.app.verbs.new()

    def show_only(self, text: str) -> None:
        """Show what a filter leaves, as from another view."""
        self.filter = text
        self._sort()

    def point_at(self, key: Key) -> None:
        """Put the cursor on a schedule, and take off a filter that hides it."""
        if not self.table.point_at(text_of(key)):
            self.filter = ""
            self._sort()
            self.table.point_at(text_of(key))
