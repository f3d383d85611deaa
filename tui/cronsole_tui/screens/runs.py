"""The history of everything, newest first, read from the engines page by page as it is scrolled."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import ClassVar

import msgspec
from textual import on

from cronsole.errors import CronsoleError
from cronsole.model.ask import RunQuery
from cronsole.model.view import EventView, RunView
from cronsole.text import plural
from cronsole_tui.keymap import Scope
from cronsole_tui.scene import Scene
from cronsole_tui.screens.tables import TableView
from cronsole_tui.sources import RunRows
from cronsole_tui.views.heading import found_line
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.views.query import Term
from cronsole_tui.views.run_query import Asked, read
from cronsole_tui.views.run_row import RunEntry, RunLook
from cronsole_tui.widgets.banner import redraw
from cronsole_tui.widgets.live_table import LiveTable
from cronsole_tui.working import start

_FAILURES = "state:failed since:2h"
_PAGE = 100
# A page more is asked for when so few rows are left below the cursor.
_AHEAD = 50


class RunsScreen(TableView):
    """New runs come in on top while the cursor is there; below, a page is read when it is nearly reached."""

    TITLED = "Runs"
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE, Scope.RUNS)

    def __init__(self, scene: Scene) -> None:
        self._entries: list[RunEntry] = []
        self._cursors: dict[str, str | None] = {}
        self._is_stale = True
        self._trouble = ""
        self._filter_of_entries = ""
        super().__init__(scene)

    def empty_lines(self) -> tuple[Line, ...]:
        if self.filter:
            told, hint = "No run matches.", "Clear the filter with esc."
        elif self._trouble:
            told, hint = "Nothing is known yet.", "It is read as soon as the engine answers."
        else:
            told, hint = "Nothing has run yet.", "Go to a schedule with 1, and start a run with t."
        return ((), (Span(f"   {told}", Tone.STRONG),), (Span(f"   {hint}"),))

    def filter_hint(self) -> str:
        return "state:failed  cause:catchup  schedule:gc  tag:  since:2h  took:>10s"

    def filter_lines(self, width: int) -> Line:
        asked = read(self.filter, self.scene.now())
        told = plural(len(self._entries), "run")
        told += " read, more below" if any(self._cursors.values()) else ", the newest on top"
        return found_line(self.filter, told, width, asked.problem or self._trouble, self.filter_hint())

    def told_found(self) -> str:
        return read(self.filter, self.scene.now()).problem or plural(len(self._entries), "run")

    def filtered(self) -> None:
        self._read_again()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read_again()

    def happened(self, host: str, event: EventView) -> None:
        if event.run_id:
            self._is_stale = True

    def fleet_changed(self) -> None:
        if self._is_stale and self.table.cursor_index == 0:
            self._read_again()
        self.tick()

    def _read_again(self) -> None:
        self._is_stale = False
        start(self, self._first_pages, "runs")

    async def _first_pages(self) -> None:
        asked = read(self.filter, self.scene.now())
        found: list[RunEntry] = []
        cursors: dict[str, str | None] = {}
        for host in self._hosts(asked):
            entries, cursors[host] = await self._page(host, asked, None)
            if self._trouble and self._filter_of_entries == self.filter:
                # What was known stays; that it is old, the head says.
                entries = [entry for entry in self._entries if entry.host == host]
            found += entries
        self._entries, self._cursors, self._filter_of_entries = _newest_first(found), cursors, self.filter
        self._show()

    async def _next_pages(self) -> None:
        asked = read(self.filter, self.scene.now())
        found = list(self._entries)
        for host, cursor in list(self._cursors.items()):
            if cursor is not None:
                entries, self._cursors[host] = await self._page(host, asked, cursor)
                found += entries
        self._entries = _newest_first(found)
        self._show()

    async def _page(self, host: str, asked: Asked, before: str | None) -> tuple[list[RunEntry], str | None]:
        query = msgspec.structs.replace(asked.query, limit=_PAGE, before=before)
        query = _of_words(
            query, asked.words, [entry.schedule.id for entry in self.scene.fleet if entry.host == host]
        )
        try:
            page = await self.scene.client(host).runs(query)
        except CronsoleError as error:
            self._trouble = str(error)
            return [], None
        self._trouble = ""
        return [RunEntry(host, run) for run in page.items], page.next

    def _hosts(self, asked: Asked) -> list[str]:
        hosts = list(self.scene.feeds)
        return [host for host in hosts if all(word in host for word in asked.hosts)]

    def _show(self) -> None:
        self.table.show(RunRows(self._entries, now=self.scene.now, look=self._look))
        redraw(self, "#head")

    def _look(self, width: int) -> RunLook:
        scene = self.scene
        return RunLook(
            width,
            self.zone,
            has_hosts=scene.fleet.has_many_hosts,
            ascii_only=scene.ascii_only,
            zone_of=self._zone_of if scene.uses_schedule_zone else None,
        )

    def _zone_of(self, entry: RunEntry) -> tzinfo:
        known = self.scene.fleet.get((entry.host, entry.run.schedule_id))
        return self.zone if known is None else self.scene.zone_of(known.schedule.timezone)

    @on(LiveTable.CursorMoved)
    def _moved(self, message: LiveTable.CursorMoved) -> None:
        if message.index + _AHEAD >= len(self._entries) and any(self._cursors.values()):
            start(self, self._next_pages, "runs")

    @property
    def entry(self) -> RunEntry | None:
        index = self.table.cursor_index
        return self._entries[index] if 0 <= index < len(self._entries) else None

    @on(LiveTable.RowOpened)
    def _opened(self) -> None:
        if self.entry is not None:
            self.app.open_run(self.entry.host, self.entry.run.run_id)

    def do_failures(self) -> None:
        self.filter = "" if self.filter == _FAILURES else _FAILURES
        self.filtered()

    def do_run_log(self) -> None:
        if self.entry is not None:
            self.app.open_log(self.entry.host, self.entry.run.run_id)

    def do_run_why(self) -> None:
        if self.entry is not None:
            self.app.open_why(self.entry.host, self.entry.run.schedule_id, self.entry.run.slot)

    def do_run_stop(self) -> None:
        self._cancel(by_force=False)

    def do_run_kill(self) -> None:
        self._cancel(by_force=True)

    def _cancel(self, *, by_force: bool) -> None:
        if self.entry is not None:
            run = self.entry.run
            self.app.verbs.cancel_run(self.entry.host, run.run_id, run.schedule_id, by_force=by_force)

    def do_run_retry(self) -> None:
        if self.entry is not None:
            run = self.entry.run
            self.app.verbs.retry_run(self.entry.host, run.run_id, run.schedule_id)

    def do_copy(self) -> None:
        if self.entry is not None:
            self.app.copy(self.entry.run.run_id)

    def show_only(self, text: str) -> None:
        """Show what a filter leaves, as from another view."""
        self.filter = text


def _newest_first(entries: Iterable[RunEntry]) -> list[RunEntry]:
    return sorted(entries, key=_age, reverse=True)


def _age(entry: RunEntry) -> tuple[object, str]:
    run: RunView = entry.run
    return run.created_at, run.run_id


def _of_words(query: RunQuery, words: Iterable[Term], known: list[str]) -> RunQuery:
    """Words are looked for in the ids of schedules, which the console has: the engine is asked for those."""
    terms = list(words)
    if not terms:
        return query
    ids = [
        name
        for name in known
        if all((term.value in name.casefold()) is not term.is_negated for term in terms)
    ]
    # An id that nothing bears, so that no match is no match.
    return msgspec.structs.replace(query, schedule_ids=tuple(ids) or ("\x00",))
