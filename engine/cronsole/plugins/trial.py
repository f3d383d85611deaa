"""One run of one plugin without an engine, as `cronsole.testing.run_plugin` offers it to authors."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cronsole.clock import Clock
from cronsole.config.plugin_sections import read_declaration
from cronsole.errors import CronsoleError, UnknownSchedule, nearest
from cronsole.executors.base import Job, Outcome
from cronsole.model.action import PluginCall
from cronsole.model.instant import Instant
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings, Settings
from cronsole.plugins.base import RuntimeSchedule
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.python import PythonPlugin, carry

_T = TypeVar("_T")


class Asked(msgspec.Struct, frozen=True):
    """What a trial run is told; None stands for what the schedule itself says."""

    schedule_id: str | None
    verb: str
    scheduled_at_ms: Instant
    is_catchup: bool
    run_count: int
    attempt: int
    config_json: str | None
    payload: str
    timeout_ms: int | None


class PluginRun(msgspec.Struct, frozen=True):
    """How a trial run ended: `made` are the schedules that the plugin has made meanwhile and not deleted."""

    state: RunState
    output: str
    detail: str
    schedule: Schedule
    made: tuple[RuntimeSchedule, ...] = ()

    @property
    def has_succeeded(self) -> bool:
        return self.state is RunState.SUCCEEDED


def try_out(plugin: Any, settings: PluginSettings, asked: Asked, clock: Clock) -> PluginRun:
    """Declare, run once and clean up, on a thread with a loop of its own, so that any test may call it."""
    return _apart(_try_out(plugin, settings, asked, clock))


async def _try_out(plugin: Any, settings: PluginSettings, asked: Asked, clock: Clock) -> PluginRun:
    with tempfile.TemporaryDirectory(prefix="cronsole-") as name:
        folder = Path(name)
        memory = _Memory(clock)
        warnings: list[str] = []
        ground = PluginGround(
            clock=clock,
            environ={},
            folder=folder,
            state=memory,
            schedules=memory,
            warn=warnings.append,
            read=lambda owner, declared: read_declaration(owner, declared, Settings()),
        )
        carried = carry(plugin, settings, ground)
        try:
            schedule = _chosen(await _declared(carried), asked.schedule_id)
            outcome = await carried.call(_job(schedule, asked, folder), asked.verb)
        finally:
            await carried.close()
        output = "".join([_output(outcome), *(f"{warning}\n" for warning in warnings)])
        return PluginRun(outcome.state, output, outcome.detail, schedule, tuple(memory.made.values()))


def _output(outcome: Outcome) -> str:
    return Path(outcome.output_file).read_text(errors="replace") if outcome.output_file else outcome.output


async def _declared(carried: PythonPlugin) -> tuple[Schedule, ...]:
    return (await carried.declare()).schedules


def _chosen(schedules: tuple[Schedule, ...], schedule_id: str | None) -> Schedule:
    """Return the schedule of that id; without one, the only one that there is."""
    ids = [schedule.id for schedule in schedules]
    if schedule_id is None and len(schedules) == 1:
        return schedules[0]
    for schedule in schedules:
        if schedule.id == schedule_id:
            return schedule
    if schedule_id is None:
        raise UnknownSchedule(f"the plugin declares {len(ids)} schedules; name one of them: {', '.join(ids)}")
    near = nearest(schedule_id, ids)
    hint = f"; did you mean {near!r}?" if near else f"; it declares: {', '.join(ids) or 'none'}"
    raise UnknownSchedule(f"the plugin declares no schedule {schedule_id!r}{hint}")


def _job(schedule: Schedule, asked: Asked, folder: Path) -> Job:
    return Job(
        run_id="trial",
        schedule_id=schedule.id,
        action=PluginCall(schedule.origin.name, asked.verb),
        attempt=asked.attempt,
        fence=1,
        slot=asked.scheduled_at_ms,
        due_at=asked.scheduled_at_ms,
        is_catchup=asked.is_catchup,
        run_count=asked.run_count,
        config=schedule.config if asked.config_json is None else asked.config_json,
        payload=asked.payload,
        output_path=folder / "output.log",
        timeout_ms=schedule.policy.timeout_ms if asked.timeout_ms is None else asked.timeout_ms,
        kill_grace_ms=schedule.policy.kill_grace_ms,
        expect=Expect(),
        limits=Limits(),
    )


class _Memory:
    """State and schedules of a plugin that has no engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._state: dict[str, Any] = {}
        self.made: dict[str, RuntimeSchedule] = {}

    async def load(self, plugin: str) -> Mapping[str, Any]:
        return dict(self._state)

    async def merge(self, plugin: str, updates: Mapping[str, Any]) -> None:
        self._state.update(updates)

    async def create(
        self, plugin: str, handler: str, *, every_ms: int, payload: str, metadata: Mapping[str, str]
    ) -> str:
        now = self._clock.now()
        schedule_id = f"{plugin}/{handler}-{len(self.made) + 1}"
        self.made[schedule_id] = RuntimeSchedule(
            schedule_id=schedule_id,
            handler=handler,
            every_ms=every_ms,
            payload=payload,
            metadata=metadata,
            state="active",
            created_at=now,
            updated_at=now,
            next_at=now + every_ms,
        )
        return schedule_id

    async def pause(self, plugin: str, schedule_id: str) -> None:
        self._become(schedule_id, "paused")

    async def resume(self, plugin: str, schedule_id: str) -> None:
        self._become(schedule_id, "active")

    async def delete(self, plugin: str, schedule_id: str) -> None:
        await self.get(plugin, schedule_id)
        del self.made[schedule_id]

    async def get(self, plugin: str, schedule_id: str) -> RuntimeSchedule:
        if schedule_id not in self.made:
            raise UnknownSchedule(f"scheduled job not found: {schedule_id}")
        return self.made[schedule_id]

    def _become(self, schedule_id: str, state: str) -> None:
        if schedule_id not in self.made:
            raise UnknownSchedule(f"scheduled job not found: {schedule_id}")
        found = self.made[schedule_id]
        self.made[schedule_id] = msgspec.structs.replace(found, state=state, updated_at=self._clock.now())


def _apart(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what a coroutine returns, run where no loop of the caller's is in the way."""
    results: list[_T] = []
    faults: list[BaseException] = []

    def serve() -> None:
        try:
            results.append(asyncio.run(work))
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - it is raised where the caller waits
            faults.append(fault)

    thread = threading.Thread(target=serve, name="cronsole-trial")
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    if not results:
        raise CronsoleError("the trial run ended without a result")
    return results[0]
