"""`cronsole watch`: the list, live and in place, without taking the screen."""

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.live_schedules import LiveSchedules
from cronsole.cli.standing import Order, parse_filter
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError
from cronsole.model.view import ScheduleView

if TYPE_CHECKING:
    from rich.console import Group

    from cronsole.client.engine import EngineClient

LEAST_PAUSE_SECONDS: Final = 0.25
"""Between two repaints: no more than four in a second."""
_TICK_SECONDS: Final = 1.0
_FRAME_LINES: Final = 3
_ENDINGS: Final = {signal.SIGINT: 0, signal.SIGTERM: 128 + signal.SIGTERM}


def command(
    words: Annotated[
        list[str] | None, typer.Argument(help="Which schedules, as `cronsole list` filters them.")
    ] = None,
    order: Annotated[Order, typer.Option("--sort", help="In which order.")] = Order.URGENCY,
    is_once: Annotated[bool, typer.Option("--once", help="Paint once and end.")] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the schedules as they change, below the prompt; ctrl-c ends it and leaves the last look there.

    The most urgent that fit the terminal are shown. A lost link keeps the last look, dims it and comes back by
    itself. Where stdout is no terminal the list is printed once. --json answers with one ScheduleView a line: first
    all of them, then each as it changes.
    """
    try:
        terms = parse_filter(words or ())
    except CronsoleError as error:
        misuse(str(error))
    is_once = is_once or not (as_json or render.can_repaint())

    async def look(client: "EngineClient") -> None:
        live = LiveSchedules(client, SystemClock(), terms, order)
        await live.refresh()
        if as_json:
            await _tell_lines(live, is_once=is_once)
        elif is_once:
            render.show(_picture(live, lines=None))
        else:
            await _paint(live)

    speak(engine, token_file, look, is_endless=True)


async def _paint(live: LiveSchedules) -> None:
    """Paint until a signal comes, and exit as it asks for.

    However many come, none breaks in: a terminal that is left without its cursor is worse than a late end.
    """
    codes: list[int] = []
    async with asyncio.TaskGroup() as group:
        painting = group.create_task(_paint_on(live), name="painting")

        def end(code: int) -> None:
            codes.append(code)
            painting.cancel()

        for number, code in _ENDINGS.items():
            asyncio.get_running_loop().add_signal_handler(number, end, code)
    raise SystemExit(codes[0])


async def _paint_on(live: LiveSchedules) -> None:
    from cronsole.cli.region import Region

    console = render.console_of()
    with Region(console) as region:
        async with live.listening():
            while True:
                region.paint(_picture(live, lines=console.height - _FRAME_LINES))
                await asyncio.sleep(LEAST_PAUSE_SECONDS)
                await live.changed(_TICK_SECONDS - LEAST_PAUSE_SECONDS)


def _picture(live: LiveSchedules, *, lines: int | None) -> "Group":
    from rich.console import Group
    from rich.text import Text

    from cronsole.cli.glyphs import BAD, FAINT
    from cronsole.cli.schedule_rows import schedule_table, summary
    from cronsole.cli.times import Viewer
    from cronsole.text import safe

    viewer = Viewer.here()
    views = live.views()
    shown = views if lines is None else views[: max(1, lines)]
    table = schedule_table(
        shown,
        now=viewer.now,
        zone=viewer.zone,
        has_glyphs=render.has_glyphs(),
        style=FAINT if live.trouble else "",
    )
    told = summary(views)
    if len(shown) < len(views):
        told += f"; {len(views) - len(shown):,} more do not fit"
    footer = Text(told, FAINT, no_wrap=True, overflow="ellipsis")
    if live.trouble:
        footer = Text(safe(live.trouble), BAD, no_wrap=True, overflow="ellipsis")
    return Group(table, footer)


async def _tell_lines(live: LiveSchedules, *, is_once: bool) -> None:
    told: dict[str, ScheduleView] = {}
    async with live.listening():
        while True:
            for view in live.views():
                if told.get(view.id) != view:
                    told[view.id] = view
                    render.json_line(view)
            render.flush()
            if is_once:
                return
            await live.changed(None)
