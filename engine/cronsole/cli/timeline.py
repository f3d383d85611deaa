"""`cronsole timeline`: the coming hours, one row for each schedule, and the minute in which most start together."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.list import every_schedule
from cronsole.cli.standing import Order, chosen, ordered, parse_filter
from cronsole.cli.times import Viewer
from cronsole.errors import CronsoleError
from cronsole.model.ask import ForecastQuery, ScheduleQuery
from cronsole.model.instant import DAY, Instant, from_datetime, to_datetime
from cronsole.model.prospect import PlannedFire
from cronsole.triggers.duration import parse_duration
from cronsole.triggers.moments import Toward, parse_moment

if TYPE_CHECKING:
    from cronsole.cli.timeline_text import Rows
    from cronsole.client.engine import EngineClient

MOST_FIRES: Final = 1_000
"""What is shown of one schedule; where it fires more often than that, the rest of its row is shown as full."""
_MOST_PAGES: Final = 20
# So many can be asked for by name.
_MOST_NAMED: Final = 500


class Coming(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of --json: the fires of a schedule within the window; `is_cut` tells that there are more."""

    schedule_id: str
    fires: tuple[PlannedFire, ...]
    is_cut: bool = False


class _Forecast:
    """The fires of some schedules, page after page; `until` is how far they are known."""

    def __init__(self, names: Iterable[str], start: Instant, end: Instant) -> None:
        self._fires: dict[str, list[PlannedFire]] = {name: [] for name in names}
        self._full: set[str] = set()
        self._begin = start
        self.end = self.until = end

    async def read(self, client: "EngineClient") -> None:
        """Ask for all of them together; whoever fires too often to be shown is not asked for again."""
        for _ in range(_MOST_PAGES):
            names = self._fires.keys() - self._full
            ids = tuple(sorted(names)) if len(names) <= _MOST_NAMED else ()
            since, until = to_datetime(self._begin - 1), to_datetime(self.end - 1)
            page = await client.forecast(ForecastQuery(since=since, until=until, ids=ids))
            # At the moment where a page is cut there may be more; it is read again.
            self.until = from_datetime(page.until) if page.is_cut else self.end
            if self.until == self._begin:
                self.until += 1
            self._take(page.fires)
            self._begin = self.until
            if not page.is_cut or self._full == self._fires.keys():
                self.until = self.end
                return

    def _take(self, fires: Iterable[PlannedFire]) -> None:
        for fire in fires:
            of_it = self._fires.get(fire.schedule_id)
            if of_it is None or from_datetime(fire.due) >= self.until:
                continue
            if len(of_it) < MOST_FIRES:
                of_it.append(fire)
            else:
                self._full.add(fire.schedule_id)

    def rows(self) -> "Rows":
        """Return when each schedule fires, and whether it does so more often than is shown."""
        return {
            name: ([from_datetime(fire.due) for fire in fires], name in self._full)
            for name, fires in self._fires.items()
            if fires
        }

    def coming(self) -> list[Coming]:
        """Return the schedules that fire, in the order in which they were named."""
        is_short = self.until < self.end
        return [
            Coming(name, tuple(fires), is_short or name in self._full)
            for name, fires in self._fires.items()
            if fires
        ]


def command(
    words: Annotated[
        list[str] | None, typer.Argument(help="Which schedules, as `cronsole list` filters them.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="When to begin; now by default.")] = None,
    span: Annotated[str, typer.Option("--for", help="How far to look: 90m, 12h, 7d.")] = "24h",
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show when schedules fire in the hours ahead: a mark for each fire, a figure where several fall together.

    What is paused fires nothing until the pause ends; what does not fire in that time is left out. --json answers with
    one line for each schedule: {"schedule_id": …, "fires": [PlannedFire, …]}, and "is_cut" where there are more. What a
    gate is known to skip is no fire.
    """
    viewer = Viewer.here()
    try:
        terms = parse_filter(words or ())
        start = viewer.now
        if begin is not None:
            start = parse_moment(begin, now=start, timezone=viewer.zone.key, toward=Toward.FUTURE)
        end = start + parse_duration(span)
        if not start < end <= start + 366 * DAY:
            raise CronsoleError(f"--for {span} is no window of time; from a minute to a year are accepted")
    except CronsoleError as error:
        misuse(str(error))

    async def ask(client: "EngineClient") -> _Forecast:
        views = chosen(await every_schedule(client, ScheduleQuery()), terms)
        asked = _Forecast((view.id for view in ordered(views, Order.NEXT)), start, end)
        if views:
            await asked.read(client)
        return asked

    found = speak(engine, token_file, ask)
    if found.until < end:
        told = f"{to_datetime(found.until).astimezone(viewer.zone):%a %d %H:%M}"
        render.err(f"more fires than can be shown: until {told}; name fewer schedules", render.Style.WARN)
    if as_json:
        for coming in found.coming():
            render.json_line(coming)
        return
    _show(found.rows(), start, found.until, viewer)


def _show(rows: "Rows", start: Instant, end: Instant, viewer: Viewer) -> None:
    from cronsole.cli.timeline_text import Window, timeline_lines

    if not rows:
        render.err("nothing fires in that time")
        return
    window = Window(start, end, render.terminal_width())
    for line in timeline_lines(rows, window, viewer, has_glyphs=render.has_glyphs()):
        render.show(line)
