"""A real engine on a real ledger, with real processes, under a clock that moves only when told."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cronsole.executors.resolve import resolve
from cronsole.model.action import Action, Command, Handler, Record
from cronsole.model.event import Event
from cronsole.model.policy import Policy
from cronsole.model.run import Run
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration, Settings
from cronsole.model.trigger import TriggerSpec
from cronsole.runtime.engine import Engine
from cronsole.store.base import RunFilter
from cronsole.store.state_dir import StateDirectory
from cronsole.testing import FakeClock, let_others_run
from cronsole.triggers.parse import parse_trigger

E_ = TypeVar("E_")


def schedule(
    schedule_id: str, trigger: str | TriggerSpec, action: Action | None = None, **fields: Any
) -> Schedule:
    """A schedule; keywords that a policy has go into its policy."""
    names = {field.name for field in msgspec.structs.fields(Policy)}
    policy = Policy(**{name: fields.pop(name) for name in list(fields) if name in names})
    return Schedule(
        id=schedule_id,
        trigger=parse_trigger(trigger) if isinstance(trigger, str) else trigger,
        action=action or Record(),
        policy=policy,
        **fields,
    )


class Threads(ThreadPoolExecutor):
    """The loop's threads, which tell what handlers are being looked up in them: only then can one be called."""

    def __init__(self) -> None:
        super().__init__()
        self.looking_up: set[Future[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(function, *args, **kwargs)
        if isinstance(function, partial) and resolve in function.args:
            self.looking_up.add(future)
        return future

    async def have_looked_up(self) -> bool:
        """Wait for the handlers that are being looked up; return whether there were any."""
        looking_up, self.looking_up = self.looking_up, set()
        if looking_up:
            await asyncio.wait([asyncio.wrap_future(future) for future in looking_up])
        return bool(looking_up)


class House:
    """One state directory in which engines come and go."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = FakeClock("2026-11-20T00:00:00.500Z", settle=self.settle)
        self.configuration = Configuration(settings=Settings(watch_files=False), schedules=(), files=())
        self.events: list[Event] = []
        self.arrived = asyncio.Event()
        self.engine: Engine
        self._stack: AsyncExitStack | None = None
        self._threads = Threads()

    def define(self, *schedules: Schedule, **settings: Any) -> None:
        chosen = msgspec.structs.replace(self.configuration.settings, **settings)
        self.configuration = Configuration(settings=chosen, schedules=schedules, files=())

    async def start(self, *schedules: Schedule, **settings: Any) -> None:
        if schedules or settings:
            self.define(*schedules, **settings)
        asyncio.get_running_loop().set_default_executor(self._threads)
        self._stack = AsyncExitStack()
        directory = self._stack.enter_context(StateDirectory(self.state))
        self.engine = Engine(
            configuration=self.configuration,
            read=lambda: self.configuration,
            state=directory,
            clock=self.clock,
            environ=dict(os.environ),
        )
        self.engine.bus.listen(self._note)
        await self._stack.enter_async_context(self.engine.running())
        await self.settle()

    async def stop(self) -> None:
        if self._stack is not None:
            stack, self._stack = self._stack, None
            await stack.aclose()

    async def kill(self) -> None:
        """End the engine as kill -9 does: of all that it holds, only what is committed by now is left.

        Its database is opened anew elsewhere, for what an engine writes on its way down is no part of that.
        """
        await self.settle()
        corpse = self.state.with_name("corpse")
        shutil.copytree(self.state, corpse)
        self.engine.shutdown.hurry()
        await self.stop()
        shutil.rmtree(self.state)
        corpse.rename(self.state)

    async def restart(self, *schedules: Schedule) -> None:
        await self.stop()
        await self.start(*schedules)

    async def reload(self, *schedules: Schedule, **settings: Any) -> None:
        self.define(*schedules, **settings)
        reload = asyncio.ensure_future(self.engine.reloader.reload())
        while not reload.done():
            # The files are read in a thread, which takes no time of this clock.
            await self.settle()
            await asyncio.wait([reload], timeout=0.05)
            if not reload.done():
                await self.seconds(2)
        await reload

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self.arrived.set()

    async def settle(self) -> None:
        """Let everything that needs no time happen, the threads of the ledger and of handlers included."""
        rounds = 3
        while rounds:
            rounds -= 1
            await let_others_run()
            if await self._threads.have_looked_up():
                rounds = 3
            if self._stack is None or not hasattr(self, "engine"):
                continue
            if self.engine.journal.is_troubled:
                # It waits for time to pass; its thread does not.
                await asyncio.sleep(0.005)
            else:
                # Should the ledger fall into trouble meanwhile, it is time that has to pass.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self.engine.journal.settle()

    async def seconds(self, seconds: float) -> None:
        await self.clock.advance(round(seconds * 1000))

    async def until(self, kind: type[E_], holds: Callable[[E_], bool] = lambda _: True, count: int = 1) -> E_:
        """Return the count-th event of the kind; real processes may take their time."""
        async with asyncio.timeout(20):
            while True:
                found = [event for event in self.events if isinstance(event, kind) and holds(event)]
                if len(found) >= count:
                    await self.settle()
                    return found[count - 1]
                self.arrived.clear()
                await self.arrived.wait()

    def of(self, kind: type[E_]) -> list[E_]:
        return [event for event in self.events if isinstance(event, kind)]

    async def rows(self, schedule_id: str | None = None) -> list[Run]:
        """All rows of the ledger, oldest first."""
        await self.settle()
        ids = (schedule_id,) if schedule_id else ()
        return list(reversed(await self.engine.ledger.runs(RunFilter(schedule_ids=ids), limit=1000)))

    async def verdicts(self, schedule_id: str) -> list[str]:
        """`state`, or `skipped(reason)`, or `missed(count)` of each row, oldest slot first."""
        return [_verdict(run) for run in await self.rows(schedule_id)]


def _verdict(run: Run) -> str:
    if run.reason is not None:
        return f"skipped({run.reason})"
    if run.state == "missed" and run.stands_for is not None:
        return f"missed({run.stands_for.count})"
    return run.state.value


def names(runs: Iterable[Run]) -> list[str]:
    return [run.schedule_id for run in runs]


def calls(verb: str) -> Handler:
    """The action that calls a handler of `handlers_in_tests`."""
    return Handler(f"tests.runtime.handlers_in_tests:{verb}")


def shell(text: str) -> Command:
    return Command(text)
