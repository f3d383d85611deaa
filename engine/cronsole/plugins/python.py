"""Python plugins: classes in this process. What is synchronous has a thread, what is async the plugin's own loop.

Neither is the engine's, so that a plugin that blocks holds up its own runs alone. A call that outlives its deadline
and does not heed its cancellation is left behind and counted.
"""

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, Final

import msgspec

from cronsole.config.secrets import resolve_config
from cronsole.errors import ConfigError, nearest
from cronsole.executors.base import Job, Outcome
from cronsole.executors.context import RunContext
from cronsole.executors.faults import Escaped, told
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
# Each of them is a thread for good, and those of the process are everybody's.
_MOST_LEFT_BEHIND: Final = 32
_EXHAUSTED: Final = (
    "{} calls of plugin {} went past their end and cannot be stopped; none is started until one of them returns, "
    "or the plugin is mended and the engine started anew"
)
_NOTHING_RUN: Final = Judgement(
    RunState.FAILED, "it is a generator, of which nothing was run; take `yield` out of it", is_final=True
)
_MOST_SCHEDULES: Final = 100_000
_MOST_PROBLEMS: Final = 10
_LONGEST_ID: Final = 100
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
        self._loop = LoopThread(settings.name, lambda told: ground.warn(f"plugin {settings.name}: {told}"))
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
            if inspect.isasyncgen(declared):
                declared = await self._loop.run(partial(_gathered, declared), _nothing, _GRACE)
            # Whatever it is that was returned, to go through it may take long, and run code of the plugin's.
            described: Declared = await self._threads.run(partial(self._described, declared), _nothing)
        except PluginFault:
            raise
        except Exception as fault:
            raise PluginFault(f"schedules() raised {_named(fault)}") from fault
        return described

    async def call(self, job: Job, verb: str) -> Outcome:
        notes = Notes(job.output_path, job.limits.output_bytes)
        notes.share()
        clock = self._ground.clock
        function = self._functions.get(verb) or self._look_up(verb)
        if self._left_behind >= _MOST_LEFT_BEHIND:
            function = Judgement(RunState.FAILED, _EXHAUSTED.format(self._left_behind, self.name))
        if isinstance(function, Judgement):
            return self._conclude(job, notes, function)
        asked = partial(function.call, RunContext(job, notes, clock.now(), self._own_schedules()))
        started = clock.monotonic()
        deadline = self._deadlines.begin(job.timeout_ms)
        grace_s = max(job.kill_grace_ms / 1000, _SHORTEST_GRACE)
        try:
            if function.is_async:
                result = await self._loop.run(asked, notes.abandon, grace_s)
            else:
                result = await self._ask(asked, notes.abandon, grace_s)
        except asyncio.CancelledError:
            if deadline is not None and deadline.is_why():
                judgement = Judgement(RunState.TIMED_OUT, f"timed out after {span(job.timeout_ms or 0)}")
            else:
                # What it wrote until then is worth keeping; whoever cancelled gets the outcome instead.
                judgement = Judgement(RunState.CANCELLED, "cancelled")
        except Exception as fault:  # noqa: BLE001 - it belongs to the run
            judgement = judge_fault(fault, notes)
        else:
            judgement = judge_duration(round((clock.monotonic() - started) * 1000), job.expect)
            if inspect.isgenerator(result) or inspect.isasyncgen(result):
                judgement = _NOTHING_RUN
        finally:
            self._deadlines.end(deadline)
        return self._conclude(job, notes, judgement)

    async def health(self) -> Health:
        left_behind = self._left_behind
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
        return conclude(job, notes, judgement, self._left_behind)

    @property
    def _left_behind(self) -> int:
        return self._threads.abandoned + self._loop.abandoned

    def _look_up(self, verb: str) -> "_Verb | Judgement":
        """Return what is to be called, or why nothing can be."""
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

    def _described(self, declared: object) -> Declared:
        return Declared(
            schedules=(*self._settings.schedules, *self._read(declared)),
            verbs=tuple(self._verbs()),
            version=str(getattr(self._plugin, "version", "") or ""),
        )

    def _read(self, declared: object) -> list[Schedule]:
        """Return what was declared as schedules of ours; one that is wrong aborts all, so that it is seen."""
        if isinstance(declared, str | bytes) or not isinstance(declared, Iterable):
            raise PluginFault(f"schedules() returned {type(declared).__name__}; wanted is a list of Schedule")
        found: list[Schedule] = []
        problems: list[str] = []
        for index, one in enumerate(declared):
            if index >= _MOST_SCHEDULES:
                raise PluginFault(f"schedules() has no end: it returned more than {_MOST_SCHEDULES:,}")
            if not isinstance(one, Declaration):
                problems.append(f"schedules()[{index}] is {type(one).__name__}; wanted is cronsole.Schedule")
                continue
            try:
                found.append(self._ground.read(self.name, one))
            except ConfigError as fault:
                shown = str(one.id)[:_LONGEST_ID] or f"schedules()[{index}]"
                problems += [f"{shown}: {problem}" for problem in fault.problems]
        if len(problems) > _MOST_PROBLEMS:
            problems[_MOST_PROBLEMS:] = [f"{len(problems) - _MOST_PROBLEMS:,} more are like this"]
        if problems:
            raise PluginFault("; ".join(problems))
        return found


async def _awaited(result: Any) -> Any:
    return await result


async def _gathered(declared: AsyncIterator[Any]) -> list[Any]:
    found: list[Any] = []
    async for one in declared:
        found.append(one)
        if len(found) > _MOST_SCHEDULES:
            break
    return found


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
    """Return what the author says of it, and not what the contract does."""
    return inspect.cleandoc(getattr(function, "__doc__", None) or "").partition("\n")[0]


def _named(fault: BaseException) -> str:
    raised = fault.fault if isinstance(fault, Escaped) else fault
    frames = traceback.extract_tb(raised.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{told(fault)}{place}"
