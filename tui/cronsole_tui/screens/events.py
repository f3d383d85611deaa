"""The live stream of what happens, and the trail of who changed what."""

from typing import ClassVar

from cronsole.errors import CronsoleError
from cronsole.model.ask import AuditQuery
from cronsole.model.view import EventView
from cronsole.text import plural
from cronsole_tui.keymap import Scope
from cronsole_tui.scene import Scene
from cronsole_tui.screens.tables import TableView
from cronsole_tui.sources import EventRows, LineRows
from cronsole_tui.views.event_row import audit_line, event_line, event_matches
from cronsole_tui.views.heading import found_line
from cronsole_tui.views.line import Line, Span, Tone, plain
from cronsole_tui.views.moments import zone_name
from cronsole_tui.views.query import split
from cronsole_tui.working import start

# Wider than any line, so that nothing of it is cut.
_WHOLE = 100_000


class EventsScreen(TableView):
    """Newest on top; the cursor stays on its event while others come in, or on top. `a` shows the audit trail."""

    TITLED = "Events"
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE, Scope.EVENTS)

    def __init__(self, scene: Scene) -> None:
        self._audit: list[tuple[str, Line]] = []
        self._shows_audit = False
        self._has_news = False
        self._shown = 0
        super().__init__(scene)

    def empty_lines(self) -> tuple[Line, ...]:
        if self._shows_audit:
            told, hint = (
                "No change matches." if self.filter else "No change is known.",
                "The audit trail tells who changed what; a goes back to the events.",
            )
        elif self.filter:
            told, hint = "No event matches.", "Clear the filter with esc."
        else:
            told = "Nothing has happened since this console was opened."
            hint = "Events come in as they happen; a shows who changed what, 3 the runs of the past."
        return ((), (Span(f"   {told}", Tone.STRONG),), (Span(f"   {hint}"),))

    def told_order(self) -> str:
        return "the audit trail" if self._shows_audit else "as it happens"

    def filter_lines(self, width: int) -> Line:
        what = "change" if self._shows_audit else "event"
        told = plural(self._shown, what)
        if not self._shows_audit and self.scene.events:
            told += ", the newest on top"
        return found_line(self.filter, told, width)

    def happened(self, host: str, event: EventView) -> None:
        # Events come by the hundred: what is seen of them changes as often as the fleet does.
        self._has_news = True

    def fleet_changed(self) -> None:
        if self._has_news and not self._shows_audit:
            self._show()
        else:
            super().fleet_changed()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._show()

    def told_found(self) -> str:
        return plural(self._shown, "event")

    def filtered(self) -> None:
        self._show()

    def do_audit(self) -> None:
        self._shows_audit = not self._shows_audit
        if self._shows_audit:
            start(self, self._read_audit, "audit")
        self._show()

    async def _read_audit(self) -> None:
        scene = self.scene
        found: list[tuple[str, Line]] = []
        for host in scene.feeds:
            try:
                page = await scene.client(host).audit(AuditQuery(limit=500))
            except CronsoleError as error:
                self.app.tell(str(error), is_bad=True)
                continue
            name = host if scene.fleet.has_many_hosts else ""
            found += [
                (f"{host}/{number}", audit_line(entry, name, now=scene.now(), zone=scene.zone))
                for number, entry in enumerate(page.items)
            ]
        self._audit = found
        self._show()

    def _show(self) -> None:
        self._has_news = False
        words = [word.casefold() for word in split(self.filter)]
        zone = zone_name(self.scene.zone, self.scene.now())
        title: Line = (
            Span(f"   {f'AT, {zone}':<17}{'WHO, WHAT' if self._shows_audit else 'WHAT'}", Tone.FAINT),
        )
        is_on_top = self.table.cursor_index == 0
        if self._shows_audit:
            rows = [(key, line) for key, line in self._audit if _says(line, words)]
            self._shown = len(rows)
            self.table.show(LineRows(rows, title))
        else:
            events = [pair for pair in self.scene.events if not words or event_matches(pair[1], words)]
            self._shown = len(events)
            self.table.show(EventRows(events, self._line, title))
        if is_on_top:
            self.table.home()
        super().fleet_changed()

    def _line(self, host: str, event: EventView) -> Line:
        scene = self.scene
        name = host if scene.fleet.has_many_hosts else ""
        return event_line(event, name, now=scene.now(), zone=scene.zone, ascii_only=scene.ascii_only)

    def do_open(self) -> None:
        """Open the run that the event is of, else its schedule."""
        chosen = next(
            (pair for pair in self.scene.events if f"{pair[0]}/{pair[1].id}" == self.table.cursor_key), None
        )
        if chosen is None or self._shows_audit:
            return
        host, event = chosen
        entry = self.scene.fleet.get((host, event.schedule_id))
        if event.run_id:
            self.app.open_run(host, event.run_id)
        elif entry is not None:
            self.app.open_schedule(entry)

    def do_copy(self) -> None:
        if self._shown:
            line = self.table.source.line(self.table.cursor_index, _WHOLE, False, False)
            self.app.copy(plain(line).strip())


def _says(line: Line, words: list[str]) -> bool:
    text = "".join(span.text for span in line).casefold()
    return all(word in text for word in words)
