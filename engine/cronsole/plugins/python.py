"""Python plugins: classes in this process. What is synchronous has a thread, what is async the plugin's own loop.

Neither is the engine's, so that a plugin that blocks holds up its own runs alone. A call that outlives its deadline
and does not heed its cancellation is left behind and counted.
"""

import asyncio
import inspect
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import msgspec

from cronsole.config.secrets import resolve_config
from cronsole.errors import ConfigError, nearest
from cronsole.executors.base import Job, Outcome
from cronsole.executors.context import RunContext
from cronsole.executors.handler import conclude, judge_fault
from cronsole.executors.notes import Notes
from cronsole.executors.threads import ThreadPool
from cronsole.executors.verdict import Judgement, judge_duration, span
from cronsole.model.plugin import Carrier
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings
from cronsole.plugins.author import Plugin
from cronsole.plugins.author import Schedule as Declaration
from cronsole.plugins.base import Declared, Health, PluginFault, Verb
from cronsole.plugins.code import find_plugin, forget
from cronsole.plugins.deadlines import Deadlines
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.loop_thread import LoopThread
from cronsole.plugins.own_schedules import OwnSchedules

_MOST_THREADS: Final = 32
# How long a coroutine that was cancelled may still go on before it is left behind.
_GRACE: Final = 5.0
_SHORTEST_GRACE: Final = 0.1
_CONTRACT: Final = frozenset(dir(Plugin)) - {"run"}


async def open_python(settings: PluginSettings, ground: PluginGround) -> "PythonPlugin":
    """Import a plugin's module and make the plugin; nothing is asked of it yet."""
    threads = ThreadPool(_MOST_THREADS)
    try:
        made = await threads.run(partial(_make, settings), _nothing)
    except BaseException:
        threads.close()
        raise
    if made.name and made.name not in (settings.name, settings.code):
        ground.warn(f"plugin {settings.name} calls itself {made.name!r}; here it is known as {settings.name}")
    return PythonPlugin(made, settings, ground, threads)


def carry(plugin: Any, settings: PluginSettings, ground: PluginGround) -> "PythonPlugin":
    """Return a plugin that somebody else has made."""
    return PythonPlugin(_made(plugin, ""), settings, ground, ThreadPool(_MOST_THREADS))


def _nothing() -> None:
    """Whoever gives up waiting for a load lets it go on by itself."""


class _Verb(msgspec.Struct, frozen=True):
    """What is called for one verb, looked up once."""

    call: Callable[[RunContext], Any]
    is_async: bool


class _Made(msgspec.Struct, frozen=True):
    """A plugin as its author made it, and what it says of itself."""

    plugin: Any
    module: str
    name: str
    priority: int


class PythonPlugin:
    """One instance of an author's class."""

    carrier = Carrier.PYTHON

    def __init__(
        self, made: _Made, settings: PluginSettings, ground: PluginGround, threads: ThreadPool
    ) -> None:
        self._plugin = made.plugin
        self._module = made.module
        self._settings = settings
        self._ground = ground
        self._threads = threads
        self._loop = LoopThread(settings.name)
        self._deadlines = Deadlines()
        self._functions: dict[str, _Verb] = {}
        self._schedules: OwnSchedules | None = None
        self.name = settings.name
        self.origin = settings.path or f"module {settings.module}"
        self.priority = made.priority

    async def declare(self) -> Declared:
        if isinstance(self._plugin, Plugin):
            self._plugin.config_json = resolve_config(self._settings.config, self._ground.environ)
        try:
            declared = await self._ask(self._plugin.schedules)
            if inspect.isgenerator(declared):
                declared = await self._threads.run(partial(list, declared), _nothing)
        except Exception as fault:
            raise PluginFault(f"schedules() raised {_named(fault)}") from fault
        return Declared(
            schedules=(*self._settings.schedules, *self._read(declared)),
            verbs=tuple(self._verbs()),
            version=str(getattr(self._plugin, "version", "") or ""),
        )

    async def call(self, job: Job, verb: str) -> Outcome:
        notes = Notes(job.output_path, job.limits.output_bytes)
        notes.share()
        clock = self._ground.clock
        function = self._functions.get(verb) or self._look_up(verb)
        if isinstance(function, Judgement):
            return self._conclude(job, notes, function)
        asked = partial(function.call, RunContext(job, notes, clock.now(), self._own_schedules()))
        started = clock.monotonic()
        deadline = self._deadlines.begin(job.timeout_ms)
        grace_s = max(job.kill_grace_ms / 1000, _SHORTEST_GRACE)
        try:
            if function.is_async:
                await self._loop.run(asked, notes.abandon, grace_s)
            else:
                await self._ask(asked, notes.abandon, grace_s)
        except asyncio.CancelledError:
            if deadline is not None and deadline.is_why():
                judgement = Judgement(RunState.TIMED_OUT, f"timed out after {span(job.timeout_ms or 0)}")
            else:
                # What it wrote until then is worth keeping; whoever cancelled gets the outcome instead.
                judgement = Judgement(RunState.CANCELLED, "cancelled")
        except (Exception, SystemExit, KeyboardInterrupt) as fault:  # noqa: BLE001 - it belongs to the run
            judgement = judge_fault(fault, notes)
        else:
            judgement = judge_duration(round((clock.monotonic() - started) * 1000), job.expect)
        finally:
            self._deadlines.end(deadline)
        return self._conclude(job, notes, judgement)

    async def health(self) -> Health:
        left_behind = self._threads.abandoned + self._loop.abandoned
        if left_behind:
            return Health(False, f"{left_behind} of its calls went past their end and cannot be stopped")
        return Health(True)

    async def close(self) -> None:
        try:
            cleanup = getattr(self._plugin, "cleanup", None)
            if callable(cleanup):
                await self._ask(cleanup)
        except Exception as fault:  # noqa: BLE001 - it is gone either way
            self._ground.warn(f"plugin {self.name}: cleanup() raised {_named(fault)}")
        finally:
            self._threads.close()
            self._loop.close()
            self._deadlines.close()
            forget(self._module)

    def _conclude(self, job: Job, notes: Notes, judgement: Judgement) -> Outcome:
        return conclude(job, notes, judgement, self._threads.abandoned + self._loop.abandoned)

    def _look_up(self, verb: str) -> "_Verb | Judgement":
        known = [one.name for one in self._verbs()]
        name = verb or "run"
        if name in known:
            found = getattr(self._plugin, name)
            self._functions[verb] = function = _Verb(found, inspect.iscoroutinefunction(found))
            return function
        near = nearest(verb, known)
        hint = f"did you mean {near!r}?" if near else f"it has: {', '.join(known)}"
        told = f"plugin {self.name} has no verb {verb!r}; {hint}"
        return Judgement(RunState.FAILED, told, is_final=True)

    def _verbs(self) -> Iterable[Verb]:
        """Yield `run`, and every public method that the author added to the contract."""
        yield Verb("run", _first_line(self._plugin.run))
        for name in sorted(set(dir(type(self._plugin))) - _CONTRACT - {"run"}):
            found = inspect.getattr_static(type(self._plugin), name)
            if not name.startswith("_") and inspect.isfunction(found):
                yield Verb(name, _first_line(found))

    def _own_schedules(self) -> OwnSchedules:
        if self._schedules is None:
            self._schedules = OwnSchedules(self.name, self._ground.schedules, asyncio.get_running_loop())
        return self._schedules

    async def _ask(
        self, function: Callable[[], Any], on_abandon: Callable[[], None] = _nothing, grace_s: float = _GRACE
    ) -> Any:
        """Call a function of the plugin on a thread, and await what is to be awaited in the plugin's loop."""
        result = await self._threads.run(function, on_abandon)
        if inspect.isawaitable(result):
            return await self._loop.run(partial(_awaited, result), on_abandon, grace_s)
        return result

    def _read(self, declared: object) -> list[Schedule]:
        """Return what was declared as schedules of ours; one that is wrong aborts all, so that it is seen."""
        if isinstance(declared, str | bytes) or not isinstance(declared, Iterable):
            raise PluginFault(f"schedules() returned {type(declared).__name__}; wanted is a list of Schedule")
        found: list[Schedule] = []
        problems: list[str] = []
        for index, one in enumerate(declared):
            if not isinstance(one, Declaration):
                problems.append(f"schedules()[{index}] is {type(one).__name__}; wanted is cronsole.Schedule")
                continue
            try:
                found.append(self._ground.read(self.name, one))
            except ConfigError as fault:
                problems += [f"{one.id}: {problem}" for problem in fault.problems]
        if problems:
            raise PluginFault("; ".join(problems))
        return found


async def _awaited(result: Any) -> Any:
    return await result


def _make(settings: PluginSettings) -> _Made:
    return _made(*find_plugin(settings))


def _made(plugin: Any, module: str) -> _Made:
    return _Made(plugin, module, str(_value(plugin, "name") or ""), _priority(plugin))


def _priority(plugin: Any) -> int:
    value = _value(plugin, "priority")
    if value is None:
        return Plugin.priority
    if not isinstance(value, int) or isinstance(value, bool):
        raise PluginFault(f"priority is {value!r}; wanted is a whole number")
    return value


def _value(plugin: Any, name: str) -> Any:
    """Return an attribute, or what the method of that name returns."""
    value = getattr(plugin, name, None)
    return value() if callable(value) else value


def _first_line(function: Any) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _named(fault: BaseException) -> str:
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}: {fault}{place}"
