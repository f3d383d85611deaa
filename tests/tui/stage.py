"""A console over a real engine with its real API, under a clock that moves only when told."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from tests.runtime.house import House, schedule
from textual.pilot import Pilot

from cronsole.api.server import ApiServer, Place
from cronsole.client import wire
from cronsole.client.engine import EngineClient
from cronsole.model.instant import HOUR, SECOND, Instant, Millis
from cronsole.model.run import Cause, Run, RunState
from cronsole.model.schedule import Schedule
from cronsole.runtime.enactment import first_seen
from cronsole.store.base import Batch, Defined
from cronsole.store.sqlite import SqliteLedger
from cronsole.store.state_dir import StateDirectory
from cronsole.testing import FakeClock
from cronsole.triggers.compile import compile_trigger
from cronsole_tui.app import Console
from cronsole_tui.keymap import ACTIONS, Action
from cronsole_tui.scene import Scene
from cronsole_tui.screens import schedules
from cronsole_tui.screens.frame import Frame

# Work that reads something and is done; feeds and verbs go on for as long as there is somebody to wait for.
_SHORT = frozenset(
    {"page", "panel", "run", "runs", "timeline", "week", "worst minute", "audit", "latest failure"}
)

GROUPS = ("db", "mail", "cache", "shop", "billing", "search", "media", "ops")
NAMES = (
    "backup", "vacuum", "report", "sync", "purge", "index", "poll", "warm",
    "rotate", "verify", "export", "import", "notify", "archive", "check", "renew",
)  # fmt: skip


def fleet_of_128() -> list[Schedule]:
    """Sixteen schedules in each of eight groups; each group fires at a minute of its own, and all of them at 03:00."""
    return [
        schedule(
            f"{group}/{name}",
            "0 3 * * *" if name == "report" else f"{number * 2}/20 * * * *",
            tags=(group,),
            description=f"{name} of {group}",
            timezone="UTC",
        )
        for number, group in enumerate(GROUPS)
        for name in NAMES
    ]


def past_run(
    schedule_id: str,
    at: Instant,
    state: RunState = RunState.SUCCEEDED,
    *,
    took_ms: Millis = 3 * SECOND,
    output: str = "",
    exit_code: int | None = None,
) -> Run:
    """A run as the ledger holds it."""
    return Run(
        run_id=f"{at:012x}{blake2b(schedule_id.encode(), digest_size=6).hexdigest()}",
        schedule_id=schedule_id,
        cause=Cause.SLOT,
        state=state,
        due_at=at,
        created_at=at,
        slot=at,
        started_at=at + 4,
        finished_at=at + 4 + took_ms,
        exit_code=exit_code,
        output=output,
        output_bytes=len(output),
        fence=1,
        node="n1",
    )


async def write_history(
    state: Path, schedules: Iterable[Schedule], runs: Sequence[Run], since: Instant
) -> None:
    """Fill the ledger as an engine of yesterday would have."""
    with StateDirectory(state) as directory:
        ledger = SqliteLedger(directory.ledger_path)
        await ledger.open()
        await ledger.next_fence()
        defined = [Defined(each, first_seen(each, since)) for each in schedules]
        await ledger.commit(Batch(states=list(defined), claims=sorted(runs, key=lambda run: run.slot or 0)))
        await ledger.close()


_PATIENT_SECONDS = 600


@contextmanager
def patience() -> Iterator[None]:
    """An engine whose clock stands still is silent; here that is no sign of a lost link."""
    names = ("SILENCE_SECONDS", "_HEADER_SECONDS", "_ANSWER_SECONDS")
    with ExitStack() as patched:
        for name in names:
            patched.enter_context(patch.object(wire, name, _PATIENT_SECONDS))
        # Who rests here for long enough to look is not made to wait by a clock of the wall.
        patched.enter_context(patch.object(schedules, "_PANEL_DELAY", 0.001))
        yield


class Door:
    """The API of a house, which may be closed and opened again while the engine goes on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._opened = AsyncExitStack()

    async def open(self) -> None:
        house = self._house
        server = ApiServer(
            lambda: house.engine.reloader.current.settings.api,
            place=Place(state_dir=house.state, owner=0),
            clock=house.clock,
            warn=lambda _: None,
        )
        await self._opened.enter_async_context(server.open())
        await server.serve(house.engine.facade)

    async def close(self) -> None:
        await self._opened.aclose()


class Stage:
    """What a test sees and does."""

    def __init__(self, house: House, door: Door, app: Console, pilot: Pilot[None]) -> None:
        self.house, self.door, self.app, self.pilot = house, door, app, pilot
        self.keys = 0

    async def press(self, *keys: str) -> None:
        """Press keys, counted, and wait until what they set off has come to rest."""
        for key in keys:
            self.keys += 1
            await self.pilot.press(key)
        await self.rest()

    async def type(self, text: str) -> None:
        """Type a text, each letter counted."""
        names = {
            "/": "slash",
            ":": "colon",
            " ": "space",
            "#": "number_sign",
            "-": "minus",
            "_": "underscore",
        }
        await self.press(*(names.get(letter, letter) for letter in text))

    async def rest(self) -> None:
        """Wait until no worker works and nothing is left to draw."""
        for _ in range(3):
            await self.pilot.pause(0.02)
            work = [
                worker.wait()
                for worker in self.app.workers
                if worker.name in _SHORT and not worker.is_finished
            ]
            await asyncio.gather(*work, return_exceptions=True)
            await self.house.settle()
        await self.pilot.pause(0.02)

    async def until(self, text: str) -> None:
        """Wait until a text is to be seen."""
        try:
            async with asyncio.timeout(10):
                while text not in self.screen:
                    await self.pilot.pause(0.05)
                    await self.house.settle()
        except TimeoutError:
            raise AssertionError(f"{text!r} is not to be seen:\n{self.screen}") from None

    async def seconds(self, seconds: float) -> None:
        """Let time pass for the engine and for the console."""
        await self.house.seconds(seconds)
        screen = self.app.screen
        if isinstance(screen, Frame):
            screen.tick()
        await self.rest()

    @property
    def screen(self) -> str:
        """All that is to be seen, as text."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines)

    def line_with(self, text: str) -> str:
        """The first line on the screen that holds a text."""
        return next(line for line in self.screen.split("\n") if text in line)


@asynccontextmanager
async def stage(
    folder: Path,
    schedules: Sequence[Schedule] = (),
    runs: Sequence[Run] = (),
    *,
    size: tuple[int, int] = (120, 36),
    actions: Sequence[Action] = ACTIONS,
    is_read_only: bool = False,
    ascii_only: bool = False,
    hosts: int = 1,
    at: str | None = None,
    waits: bool = True,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """Open a console, at some time if need be; two hosts are two names for one engine.

    What else is given are settings of the engine.
    """
    house = House(folder / "state")
    if at is not None:
        house.clock = FakeClock(at, settle=house.settle)
    if runs:
        await write_history(house.state, schedules, runs, house.clock.now() - 24 * HOUR)
    await house.start(*schedules, **settings)
    door = Door(house)
    scene = Scene(
        clock=house.clock,
        zone=ZoneInfo("UTC"),
        actions=actions,
        is_read_only=is_read_only,
        ascii_only=ascii_only,
    )
    try:
        async with AsyncExitStack() as opened:
            opened.enter_context(patience())
            opened.push_async_callback(door.close)
            await door.open()
            target = f"unix:{house.state / 'cronsole.sock'}"
            names = [f"ops@web-{number + 1}" for number in range(hosts)]
            clients = {name: await opened.enter_async_context(EngineClient.at(target)) for name in names}
            app = Console(scene, clients)
            async with app.run_test(size=size, notifications=True) as pilot:
                seen = Stage(house, door, app, pilot)
                if schedules and waits:
                    await seen.until(f"all {len(schedules) * hosts:,}")
                    await seen.until("live")
                await seen.rest()
                yield seen
    finally:
        for lane in house.engine.lanes:
            for run_id in list(lane.active):
                await house.engine.control.cancel(run_id, actor="test", by_force=True)
        await house.stop()


def usual_history(schedules: Iterable[Schedule], now: Instant, count: int = 12) -> list[Run]:
    """A run for each of the last slots of each schedule, all of them well."""
    runs: list[Run] = []
    for each in schedules:
        trigger = compile_trigger(
            each.trigger, schedule_id=each.id, timezone="UTC", dst=each.dst, anchor_at=now
        )
        slot = trigger.previous(now)
        for number in range(count):
            if slot is not None:
                runs.append(past_run(each.id, slot, took_ms=3 * SECOND + number))
                slot = trigger.previous(slot - 1)
    return runs
