"""One engine: wires the parts, starts them in order, and brings them down so that nothing is left behind."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from cronsole.catalog import Catalog, Source, SourceSet
from cronsole.clock import Clock
from cronsole.config.diff import Diff
from cronsole.dialects.bext import read_declaration
from cronsole.dialects.pulse import PulseWords
from cronsole.errors import CronsoleError
from cronsole.executors.adopt import boot_id, find_by_run_id
from cronsole.executors.choose import Executors
from cronsole.executors.libc import become_subreaper
from cronsole.executors.output import read_log
from cronsole.executors.plugin import PluginExecutor
from cronsole.model.action import PluginCall
from cronsole.model.event import EngineStarted, EngineStopped, EngineStopping, Warned
from cronsole.model.schedule import Schedule, SourceKind
from cronsole.model.settings import Configuration
from cronsole.notify.outbox import Outbox
from cronsole.notify.senders import Senders
from cronsole.plugins.author import Schedule as Declaration
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.registry import Registry
from cronsole.runtime.aftermath import Aftermath
from cronsole.runtime.alarms import Alarms
from cronsole.runtime.around import Around
from cronsole.runtime.bus import Bus
from cronsole.runtime.circuits import Circuits
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.control import Control
from cronsole.runtime.definitions import API, recalled
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.enactment import Enactment
from cronsole.runtime.facade import EngineFacade, whereabouts
from cronsole.runtime.ground import Ground
from cronsole.runtime.identity import Identity, folder_of, run_id_prefix
from cronsole.runtime.janitor import Janitor
from cronsole.runtime.journal import Journal
from cronsole.runtime.lane import Lanes
from cronsole.runtime.launcher import Launcher
from cronsole.runtime.limits import RunLimits
from cronsole.runtime.logs import Logs
from cronsole.runtime.plugin_facade import PluginFacade
from cronsole.runtime.plugin_pages import PluginPages
from cronsole.runtime.plugin_schedules import PluginSchedules
from cronsole.runtime.plugin_state import KeptState
from cronsole.runtime.plugins import PluginSets
from cronsole.runtime.reads import reads_of
from cronsole.runtime.recall import recall
from cronsole.runtime.recollection import Recollection
from cronsole.runtime.recovery import Recovery
from cronsole.runtime.reload import Reloader
from cronsole.runtime.shutdown import Shutdown
from cronsole.runtime.sources import Sources
from cronsole.runtime.ticker import Ticker
from cronsole.runtime.watchdog import Watchdog, zone_data_version
from cronsole.store.base import AuditEntry, Retention
from cronsole.store.sqlite import SqliteLedger
from cronsole.store.state_dir import StateDirectory

_FILES = Source(SourceKind.FILE)
# What takes longer to load holds up the start of all else no more, and is loaded beside it.
_FIRST_LOAD_SECONDS = 5.0
# What plugins have at least for their cleanup when the engine stops, should the grace be used up.
_CLEANUP_SECONDS = 1.5


class Engine:
    """The parts of one engine, in the order in which a fire travels through them."""

    def __init__(
        self,
        *,
        configuration: Configuration,
        read: Callable[[], Configuration],
        state: StateDirectory,
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        self._state = state
        self._clock = clock
        self._environ = environ
        self.bus = Bus()
        self.catalog = Catalog()
        self.lanes = Lanes()
        self.ledger = SqliteLedger(state.ledger_path, backups=state.backups_dir)
        self.journal = Journal(self.ledger, self.bus, clock)
        self.executors = Executors(clock, environ)
        self.outbox = Outbox(
            clock=clock,
            ledger=self.ledger,
            write=self.journal.tell_message,
            publish=self.bus.publish,
            stirred=self.journal.has_posted,
            senders=Senders(
                configuration.settings.channels,
                clock=clock,
                environ=environ,
                write=self.journal.tell_message,
                publish=self.bus.publish,
            ),
        )
        self.alarms = Alarms(clock)
        self.limits = RunLimits(configuration.settings)
        self.reloader = Reloader(
            clock=clock, bus=self.bus, read=read, current=configuration, apply=self._apply
        )
        self.janitor = Janitor(
            clock=clock,
            bus=self.bus,
            ledger=self.ledger,
            retention=self._retention,
            back_up=self._back_up,
            backup_every=lambda: self.reloader.current.settings.backup_every_ms,
            output_dir=state.output_dir,
            newest_folder=lambda: folder_of(run_id_prefix(clock.now())),
        )
        self.around = Around(
            self.lanes, environ, environment=lambda: self.reloader.current.settings.environment
        )
        self._is_wired = False
        self._stopping = asyncio.Event()
        self._stop_reason = ""
        self._leaves_by = 0.0

    def _wire(self, identity: Identity, tasks: asyncio.TaskGroup) -> None:
        """Make the parts that need to know who this engine is."""
        ground = Ground(self._clock, self.bus, self.journal, self.alarms, self.lanes, identity)
        self.ground = ground
        launcher = Launcher(
            ground,
            executor=self.executors,
            output_dir=self._state.output_dir,
            environ=self._environ,
            spawn_task=partial(_spawn, tasks),
        )
        self.dispatcher = Dispatcher(
            ground, limits=self.limits, launcher=launcher, aftermath=Aftermath(ground)
        )
        self.watchdog = Watchdog(ground, zone_data_version())
        self.claimer = Claimer(ground, dispatcher=self.dispatcher, surroundings=self.around)
        self.ticker = Ticker(ground, claimer=self.claimer, watchdog=self.watchdog)
        self.enactment = Enactment(ground, self.dispatcher, catalog=self.catalog, ledger=self.ledger)
        self.sources = Sources(
            catalog=self.catalog,
            ledger=self.ledger,
            claimer=self.claimer,
            ticker=self.ticker,
            enactment=self.enactment,
        )
        self.plugins = PluginSets(
            self._clock,
            self.bus,
            catalog=self.catalog,
            limits=self.limits,
            settings=lambda: self.reloader.current.settings,
            enact=self.sources.enact,
        )
        self.control = Control(
            ground,
            ledger=self.ledger,
            catalog=self.catalog,
            ticker=self.ticker,
            claimer=self.claimer,
            dispatcher=self.dispatcher,
            enactment=self.enactment,
            reloader=self.reloader,
            surroundings=self.around,
            plugins=self.plugins,
            environ=self._environ,
        )
        self._wire_plugins(ground)
        self.recovery = Recovery(
            ground,
            dispatcher=self.dispatcher,
            survivors=self.executors.command,
            find_process=find_by_run_id,
            job_of=launcher.job,
            on_engine_death=self.reloader.current.settings.on_engine_death,
        )
        self.shutdown = Shutdown(ground, self.ticker, self.dispatcher)
        self.facade = self._facade(ground, launcher)

    def _wire_plugins(self, ground: Ground) -> None:
        """Make what loads plugins and hands runs to them."""
        self.circuits = Circuits(ground)
        self.lanes.why_absent = self.plugins.why_absent
        self.plugin_state = KeptState(self._clock, self.ledger, self.journal)
        schedules = PluginSchedules(
            ground,
            control=self.control,
            ledger=self.ledger,
            verbs_of=self.plugins.verbs_of,
            policy_of=self.plugins.policy_of,
        )
        self.registry = self.plugins.registry = Registry(
            PluginGround(
                clock=self._clock,
                environ=self._environ,
                folder=self._state.plugins_dir,
                state=self.plugin_state,
                schedules=schedules,
                warn=lambda told: self.bus.publish(Warned(self._clock.now(), told)),
                read=self._read_declaration,
                changed=self.plugins.ask,
                words=PulseWords(),
            ),
            publish=self.bus.publish,
        )
        self.executors.register(PluginCall, partial(PluginExecutor, self.registry))

    def _read_declaration(self, plugin: str, declared: Declaration) -> Schedule:
        return read_declaration(plugin, declared, self.reloader.current.settings)

    def _facade(self, ground: Ground, launcher: Launcher) -> EngineFacade:
        """Make what shows the engine to others; it hears of events from here on."""
        logs = partial(Logs, read=read_log, output_path=launcher.output_path)
        reads = reads_of(
            ground,
            catalog=self.catalog,
            ledger=self.ledger,
            limits=self.limits,
            logs=logs,
            surroundings=self.around,
        )
        self.pulse, self.tally = reads.pulse, reads.tally
        pages = PluginPages(
            self._clock, self.lanes, catalog=self.catalog, sets=self.plugins, state=self.plugin_state
        )
        return EngineFacade(
            ground,
            reads,
            control=self.control,
            plugins=PluginFacade(
                self.plugins, pages, circuits=self.circuits, control=self.control, runs=reads.run_pages
            ),
            reloader=self.reloader,
            surroundings=self.around,
            is_stopping=self._stopping.is_set,
            place=whereabouts(self._state.config, str(self._state.path)),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the engine for as long as the context is open, then drain it."""
        await self.ledger.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                served = [_spawn(tasks, self.journal.run(), "journal")]
                try:
                    await self._begin(tasks)
                    recollection = Recollection(self._clock, self.bus, self.ledger, self.lanes)
                    parts = (
                        self.alarms,
                        self.ticker,
                        self.reloader,
                        self.janitor,
                        self.outbox,
                        self.pulse,
                        self.tally,
                        self.plugins,
                        recollection,
                    )
                    served += [_spawn(tasks, part.run(), type(part).__name__.lower()) for part in parts]
                    yield
                    await self._end()
                finally:
                    for task in served:
                        task.cancel()
        except BaseExceptionGroup as group:
            ours, _ = group.split(CronsoleError)
            if ours is None:
                raise
            # What a user can act on is told as itself, not as one of a group of one.
            raise ours.exceptions[0] from group
        finally:
            await self.outbox.close()
            await self.executors.close()
            if self._is_wired:
                left_s = self._leaves_by - self._clock.monotonic()
                await self.registry.close(within_s=max(_CLEANUP_SECONDS, left_s))
            await self.ledger.close()
            self.bus.publish(EngineStopped(self._clock.now(), self._stop_reason))

    async def _begin(self, tasks: asyncio.TaskGroup) -> None:
        become_subreaper()
        now = self._clock.now()
        identity = Identity(
            node=secrets.token_hex(4),
            boot_id=boot_id(),
            started_at=now,
            first_fence=await self.ledger.next_fence(),
        )
        self._wire(identity, tasks)
        self._is_wired = True
        configuration = self.reloader.current
        ours, refused = recalled(await self.ledger.stored_schedules(SourceKind.API))
        declared = await self.ledger.stored_schedules(SourceKind.PLUGIN)
        self.catalog.apply_all([_of_files(configuration), SourceSet(API, tuple(ours))])
        if any(plugin.is_remote for plugin in configuration.settings.plugins):
            # While it is introduced, a plugin may look at its schedules already, and make others.
            names = [schedule.id for schedule in declared]
            await self.enactment.begin(await self.ledger.schedule_states(), now, kept=[*refused, *names])
        async with self.plugins.prepared(configuration.settings, within_s=_FIRST_LOAD_SECONDS) as prepared:
            self.catalog.apply_all(self.plugins.sets(prepared))
            states = await self.ledger.schedule_states()
            await self.enactment.begin(states, now, kept=[*refused, *self.plugins.kept(declared, prepared)])
            self.plugins.commit(prepared, configuration.settings)
        for name in prepared.late:
            self.plugins.ask(name)
        # Plugins may have taken their time to load.
        now = self._clock.now()
        self.watchdog.heed_clock(now)
        await recall(self.ground, self.ledger, self.recovery)
        for lane in self.lanes:
            self.ticker.schedule(lane)
        self.bus.publish(EngineStarted(now, identity.node, len(self.lanes), os.getpid()))
        for warning in (*refused.values(), *configuration.warnings):
            self.bus.publish(Warned(now, warning))

    async def _end(self) -> None:
        self.bus.publish(EngineStopping(self._clock.now(), self._stop_reason))
        grace_ms = self.reloader.current.settings.shutdown_grace_ms
        self._leaves_by = self._clock.monotonic() + grace_ms / 1000
        await self.shutdown.drain(grace_ms)
        await self.outbox.finish()

    def stop(self, reason: str) -> None:
        """Drain and end; asked a second time, kill what still runs."""
        if self._stopping.is_set():
            self.shutdown.hurry()
        self._stop_reason = self._stop_reason or reason
        self._stopping.set()

    async def wait_for_stop(self) -> None:
        await self._stopping.wait()

    async def _apply(self, configuration: Configuration, /, *, audit: Iterable[AuditEntry] = ()) -> Diff:
        """Bring a configuration and the plugins that it names into force, all of it or nothing."""

        def settle() -> None:
            settings = configuration.settings
            self.outbox.use(settings.channels)
            self.plugins.commit(prepared, settings)

        async with self.plugins.prepared(configuration.settings) as prepared:
            sets = [_of_files(configuration), *self.plugins.sets(prepared)]
            return await self.sources.enact(sets, audit=audit, settled=settle)

    def _retention(self) -> Retention:
        keep = self.reloader.current.settings.keep
        return Retention(keep.successes, keep.failures, keep.success_age_ms, keep.failure_age_ms)

    async def _back_up(self) -> None:
        await self.ledger.backup(self._state.next_backup(self._clock.now()))


def _of_files(configuration: Configuration) -> SourceSet:
    return SourceSet(_FILES, configuration.schedules)


def _spawn(tasks: asyncio.TaskGroup, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    return tasks.create_task(work, name=name)
