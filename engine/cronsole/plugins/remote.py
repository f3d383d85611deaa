"""Plugins that are servers: introduced when they are loaded and whenever they came back, called once for each run."""

import asyncio
import secrets
from collections import Counter
from contextlib import suppress
from typing import Final

import msgspec

from cronsole.config.secrets import resolve_config
from cronsole.errors import CronsoleError
from cronsole.executors.base import Job, Outcome
from cronsole.executors.environment import base_environment
from cronsole.executors.handler import conclude
from cronsole.executors.notes import Notes
from cronsole.executors.spawn import own_account
from cronsole.executors.verdict import SUCCESS, Judgement, judge_duration, span
from cronsole.model.action import PluginCall
from cronsole.model.instant import Millis
from cronsole.model.plugin import DEFAULT_PRIORITY, Carrier
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings
from cronsole.plugins.base import Declared, Health, PluginFault
from cronsole.plugins.line import Line, LineFault, Service
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.supervision import ENGINE, PluginProcess, ProcessFault
from cronsole.text import safe

_INTRODUCED_SECONDS: Final = 20.0
_ASKED_SECONDS: Final = 5.0
_LEAVE_SECONDS: Final = 5.0
# The kernel has no room for a longer one.
_LONGEST_PATH: Final = 107
_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
# A process that has run for this long has recovered from what ended the one before it.
_SOUND_SECONDS: Final = 60.0

# How many of us speak with the plugin at an address: it is told to shut down by the last.
_spoken_with: Counter[str] = Counter()


class RemotePlugin:
    """One plugin. While it is away its runs fail with the reason, and it is waited for, or started again."""

    carrier = Carrier.GRPC

    def __init__(self, settings: PluginSettings, ground: PluginGround, target: str | None) -> None:
        if ground.words is None:
            raise PluginFault("this engine speaks no language of remote plugins")
        self.name = settings.name
        self.priority = DEFAULT_PRIORITY if settings.priority is None else settings.priority
        self.origin = target or " ".join(settings.command)
        self._settings = settings
        self._ground = ground
        self._words = ground.words
        self._target = target
        self._timeouts = dict(settings.timeouts)
        self._token = secrets.token_urlsafe(32)
        self._service = Service(self._words.schedule_service(self.name, self._token, ground.schedules))
        self._endpoint = ""
        self._process = None if target else self._make_process()
        self._line: Line | None = None
        self._away = "it has not been reached yet"
        self._said: Declared | None = None
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Serve what the plugin may ask for, start its process, and reach it."""
        self._endpoint = await self._service.start(self._service_address())
        try:
            self._line = await self._reach(_INTRODUCED_SECONDS)
        except (ProcessFault, TimeoutError) as fault:
            raise PluginFault(str(fault) or f"nobody answers at {self._target}") from fault

    async def declare(self) -> Declared:
        assert self._line is not None
        try:
            self._said = await self._introduce(self._line)
        except CronsoleError as fault:
            raise PluginFault(f"it could not be initialized: {fault}{self._last_words()}") from fault
        self._away = ""
        loop = asyncio.get_running_loop()
        self._watch = loop.create_task(self._keep(), name=f"watch plugin {self.name}")
        return msgspec.structs.replace(
            self._said, schedules=(*self._settings.schedules, *map(self._ruled, self._said.schedules))
        )

    async def call(self, job: Job, verb: str) -> Outcome:
        notes = Notes(job.output_path, job.limits.output_bytes)
        started = self._ground.clock.monotonic()
        try:
            judgement = await self._execute(job, verb, notes)
        except asyncio.CancelledError:
            return conclude(job, notes, Judgement(RunState.CANCELLED, "cancelled"), 0)
        if judgement is SUCCESS:
            took_ms = round((self._ground.clock.monotonic() - started) * 1000)
            judgement = judge_duration(took_ms, job.expect)
        return conclude(job, notes, judgement, 0)

    async def health(self) -> Health:
        """Ask the plugin; one that has no answer to that is as well as its line."""
        line = self._line
        if self._away or line is None:
            return Health(False, self._away)
        try:
            answer = await line.ask(self._words.health, self._words.nothing(), seconds=_ASKED_SECONDS)
            return self._words.read_health(answer)
        except LineFault as fault:
            return Health(fault.is_unknown, "" if fault.is_unknown else str(fault))
        except CronsoleError as fault:
            return Health(False, str(fault))

    async def close(self) -> None:
        """Tell the plugin to shut down, unless another of us speaks with it, and end its process."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
            self._watch = None
        try:
            await self._leave()
        finally:
            if self._process is not None:
                await self._process.stop()
            await self._service.stop()

    async def _leave(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        _spoken_with[line.target] -= 1
        if not self._away and _spoken_with[line.target] < 1:
            try:
                await line.ask(self._words.shutdown, self._words.nothing(), seconds=_LEAVE_SECONDS)
            except LineFault as fault:
                if not (fault.is_unknown or fault.is_cut):
                    self._ground.warn(f"plugin {self.name} did not shut down: {fault}")
        await line.close()

    async def _execute(self, job: Job, verb: str, notes: Notes) -> Judgement:
        line, timeout_ms = self._line, job.timeout_ms or self._timeouts.get(verb)
        if self._said is not None and verb not in {known.name for known in self._said.verbs}:
            return Judgement(RunState.FAILED, self._unknown(verb), is_final=True)
        if self._away or line is None:
            return Judgement(RunState.FAILED, f"plugin {self.name} is away: {self._away}")
        order = self._words.order(job.run_id, verb, job.payload or job.config, timeout_ms)
        try:
            seconds = None if timeout_ms is None else timeout_ms / 1000
            executed = self._words.read_executed(await line.ask(self._words.execute, order, seconds=seconds))
        except LineFault as fault:
            return await self._judge(fault, timeout_ms)
        except CronsoleError as fault:
            return Judgement(RunState.FAILED, f"its answer cannot be read: {fault}")
        if executed.output:
            notes.add(executed.output)
        return SUCCESS if executed.is_success else Judgement(RunState.FAILED, executed.error)

    async def _judge(self, fault: LineFault, timeout_ms: Millis | None) -> Judgement:
        if fault.is_late and timeout_ms is not None:
            return Judgement(RunState.TIMED_OUT, f"timed out after {span(timeout_ms)}")
        if fault.is_cut and self._process is not None:
            # The line breaks a moment before the process is known to have ended.
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._process.ended.wait()
            if self._process.ended.is_set():
                told = (
                    f"its process ended while the run went on: {self._process.exit_told}{self._last_words()}"
                )
                return Judgement(RunState.FAILED, told)
        return Judgement(RunState.FAILED, str(fault))

    def _unknown(self, verb: str) -> str:
        known = ", ".join(known.name for known in self._said.verbs) if self._said else ""
        return f"plugin {self.name} has no handler {verb!r}; it has: {known or 'none'}"

    async def _reach(self, seconds: float) -> Line:
        """Return a line that is up; ProcessFault or TimeoutError where there is none to be had."""
        target = self._target or f"127.0.0.1:{await self._started()}"
        line = Line(target)
        try:
            async with asyncio.timeout(seconds):
                await line.connected()
        except BaseException:
            await line.close()
            raise
        _spoken_with[target] += 1
        return line

    async def _started(self) -> int:
        assert self._process is not None
        return await self._process.start()

    async def _introduce(self, line: Line) -> Declared:
        config = resolve_config(self._settings.config, self._ground.environ)
        request = self._words.introduction(token=self._token, endpoint=self._endpoint, config=config)
        answer = await line.ask(self._words.initialize, request, seconds=_INTRODUCED_SECONDS, waits=True)
        said = self._words.read_declared(self.name, answer)
        try:
            answer = await line.ask(self._words.metadata, self._words.nothing(), seconds=_ASKED_SECONDS)
            return msgspec.structs.replace(said, version=self._words.read_version(answer))
        except LineFault as fault:
            if fault.is_unknown:
                return said
            raise

    async def _keep(self) -> None:
        """Introduce the plugin again whenever it was away, and start its process again when it ended."""
        pause, since, has_refused = _SHORTEST_PAUSE, self._ground.clock.monotonic(), False
        while True:
            assert self._line is not None
            if not self._away:
                await self._line.lost()
                self._away = await self._why_lost()
                self._ground.warn(f"plugin {self.name} is away: {self._away}")
                if self._ground.clock.monotonic() - since > _SOUND_SECONDS:
                    pause = _SHORTEST_PAUSE
            # A server that merely lost its line is back when it listens; one that refused us is not asked at once.
            if self._process is not None or has_refused:
                await self._ground.clock.wait(asyncio.Event(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            has_refused = True
            try:
                said = await self._come_back()
            except Exception as fault:  # noqa: BLE001 - a plugin that is not watched any more never comes back
                self._away = safe(str(fault)) or "it does not answer"
                self._ground.warn(f"plugin {self.name} is away: {self._away}")
                continue
            self._away, has_refused, since = "", False, self._ground.clock.monotonic()
            if said != self._said:
                self._ground.changed(self.name)

    async def _why_lost(self) -> str:
        process = self._process
        if process is None:
            return f"the connection to {self._target} was lost"
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.ended.wait()
        if not process.ended.is_set():
            return "it does not serve its port any more"
        return f"its process ended: {process.exit_told}{process.last_words()}"

    async def _come_back(self) -> Declared:
        line = self._line
        assert line is not None
        if self._process is None:
            await line.connected()
            return await self._introduce(line)
        await self._process.stop()
        new = await self._reach(_INTRODUCED_SECONDS)
        _spoken_with[line.target] -= 1
        self._line = new
        await line.close()
        return await self._introduce(new)

    def _ruled(self, schedule: Schedule) -> Schedule:
        """Return a schedule under the policies that the plugin's table has for its verb."""
        action = schedule.action
        verb = action.call if isinstance(action, PluginCall) else ""
        return msgspec.structs.replace(schedule, policy=self._settings.policy(verb))

    def _make_process(self) -> PluginProcess:
        environ = {
            **base_environment(self._ground.environ, own_account(self._ground.environ), is_other=False),
            **dict(self._settings.env),
        }
        return PluginProcess(self.name, self._settings.command, environ, self._ground.folder)

    def _service_address(self) -> str:
        """A plugin on a unix socket is served on one, where its path fits; all others over the loopback."""
        if self._target is None or not self._target.startswith("unix:"):
            return "127.0.0.1:0"
        for left in self._ground.folder.glob("*.sock"):
            if not left.name.startswith(ENGINE):
                left.unlink(missing_ok=True)
        path = str(self._ground.folder / f"{ENGINE}-{secrets.token_hex(3)}.sock")
        return f"unix:{path}" if len(path.encode()) <= _LONGEST_PATH else "127.0.0.1:0"

    def _last_words(self) -> str:
        return self._process.last_words() if self._process is not None else ""
