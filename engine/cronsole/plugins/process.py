"""Plugins that are processes: a fresh one for each call, spoken to by protocol 2."""

import asyncio
import os
import secrets
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

import msgspec

from cronsole.config.secrets import resolve_config
from cronsole.errors import CronsoleError
from cronsole.executors.base import Job, Outcome, Remembered, StartFault
from cronsole.executors.ending import Ender
from cronsole.executors.environment import ATTEMPT, RUN_ID, base_environment
from cronsole.executors.notes import Notes
from cronsole.executors.spawn import own_account
from cronsole.executors.verdict import SUCCESS, Judgement, judge_duration, judge_output, span
from cronsole.model.action import PluginCall
from cronsole.model.instant import SECOND, Instant, Millis, to_iso
from cronsole.model.plugin import DEFAULT_PRIORITY, Carrier
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings
from cronsole.plugins.answers import StderrNotes, Veil, answer_in, secrets_in, table_in, tell, value_in
from cronsole.plugins.base import Declared, Health, PluginFault, Refused
from cronsole.plugins.child import Child, Errand, Spoken
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.manifest import MANIFEST, Manifest, missing_config, read_manifest, unknown_config
from cronsole.plugins.protocol2 import (
    MOST_STDOUT,
    Broken,
    Request,
    encode,
    judge,
    merged,
    timeout_of,
)
from cronsole.plugins.trust import check_trusted

_POLL: Final = "poll"
_HANDLE: Final = "handle"
_LOOK_SECONDS: Final = 2.0
_KILL_GRACE_MS: Final[Millis] = 5 * SECOND


async def open_process(settings: PluginSettings, ground: PluginGround) -> "ProcessPlugin":
    """Read the manifest of the folder in `settings.path`; PluginFault says why it cannot be spoken to."""
    if settings.path is None:
        raise PluginFault(f"plugin {settings.name} has no folder to be started from")
    manifest = await asyncio.to_thread(read_manifest, settings.path)
    return ProcessPlugin(settings, ground, manifest)


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call, be it of a run or of the engine's own: what the process is told, and where its words go."""

    run_id: str
    attempt: int
    verb: str
    payload: Any
    context: Mapping[str, Any]
    environment: Mapping[str, str]
    notes: Notes | None
    timeout_ms: Millis
    kill_grace_ms: Millis


class _Reply(msgspec.Struct, frozen=True):
    judgement: Judgement
    exit_code: int | None = None
    remembered: Remembered | None = None
    updates: Mapping[str, Any] = {}


class ProcessPlugin:
    """Starts a process for each call; where its manifest says so, one at a time."""

    carrier = Carrier.PROCESS

    def __init__(self, settings: PluginSettings, ground: PluginGround, manifest: Manifest) -> None:
        self.name = settings.name
        self.priority = DEFAULT_PRIORITY if settings.priority is None else settings.priority
        self.origin = os.path.join(manifest.folder, MANIFEST)
        self.manifest = manifest
        self._settings = settings
        self._ground = ground
        self._timeouts = dict(settings.timeouts)
        self._environment = {
            **base_environment(ground.environ, own_account(ground.environ), is_other=False),
            **dict(settings.env),
        }
        self._seen = self._stamp()
        self._ender = Ender()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        is_safe = manifest.is_concurrency_safe
        self._turn: AbstractAsyncContextManager[None] = nullcontext() if is_safe else asyncio.Lock()

    async def declare(self) -> Declared:
        """Return its commands and the entries that call them; `init` is called first, where it is listed."""
        config = table_in(self._settings.config)
        lacking = missing_config(self.manifest, config)
        if lacking:
            raise PluginFault(f"{self.origin} requires in its config: {', '.join(lacking)}")
        for key in unknown_config(self.manifest, config):
            self._ground.warn(f"plugin {self.name}: {self.origin} knows no key {key!r} in its config")
        await self._initialize()
        if self._watch is None:
            loop = asyncio.get_running_loop()
            self._watch = loop.create_task(self._look(), name=f"watch plugin {self.name}")
        reasons = {schedule.id: self._why_invalid(schedule) for schedule in self._settings.schedules}
        return Declared(
            tuple(_at_rest(each, reasons[each.id]) for each in self._settings.schedules),
            tuple(Refused(schedule_id, reason) for schedule_id, reason in reasons.items() if reason),
            tuple(command.as_verb() for command in self.manifest.commands),
            self.manifest.version,
            not self.manifest.is_concurrency_safe,
        )

    def _why_invalid(self, schedule: Schedule) -> str:
        """Return why an entry cannot be called, empty where it can: its command is not listed."""
        action = schedule.action
        if not isinstance(action, PluginCall) or self.manifest.command(action.call) is not None:
            return ""
        return f"invalid: {self.manifest.why_unlisted(action.call)}"

    async def call(self, job: Job, verb: str) -> Outcome:
        notes = Notes(job.output_path, job.limits.output_bytes)
        verb = verb or _POLL
        started = self._ground.clock.monotonic()
        try:
            reply = await self._reply(self._call_of(job, verb, notes), job.payload or job.config)
        except asyncio.CancelledError:
            # What it wrote until then is worth keeping; whoever cancelled gets the outcome instead.
            reply = _Reply(Judgement(RunState.CANCELLED, "cancelled"))
        judgement = reply.judgement
        kept = notes.collect()
        if judgement.state is RunState.SUCCEEDED:
            took_ms = round((self._ground.clock.monotonic() - started) * 1000)
            found = judge_duration(took_ms, job.expect)
            if found is SUCCESS and (job.expect.output_has or job.expect.output_lacks):
                found = judge_output(kept.pieces(), job.expect)
            judgement = judgement if found is SUCCESS else found
        return Outcome(
            judgement.state,
            exit_code=reply.exit_code,
            detail=judgement.detail,
            output=kept.text,
            output_file=kept.file,
            output_bytes=kept.total_bytes,
            is_final=judgement.is_final,
            remembered=reply.remembered,
        )

    async def health(self) -> Health:
        """Ask the command `health`; a plugin without one is as well as its manifest."""
        if self.manifest.command("health") is None:
            try:
                await asyncio.to_thread(read_manifest, self.manifest.folder)
            except PluginFault as fault:
                return Health(False, str(fault))
            return Health(True, "its manifest is sound; it lists no health command")
        judgement = await self._ask("health")
        return Health(judgement.state is RunState.SUCCEEDED, judgement.detail)

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def _initialize(self) -> None:
        if self.manifest.command("init") is None:
            return
        judgement = await self._ask("init")
        if judgement.state is not RunState.SUCCEEDED:
            raise PluginFault(f"its init failed: {judgement.detail}")

    async def _ask(self, verb: str) -> Judgement:
        """Call a command that belongs to no run."""
        run_id = f"{self.name}-{verb}-{secrets.token_hex(6)}"
        call = _Call(
            run_id=run_id,
            attempt=1,
            verb=verb,
            payload=None,
            context={"plugin": self.name},
            environment={**self._environment, RUN_ID: run_id, ATTEMPT: "1"},
            notes=None,
            timeout_ms=timeout_of(verb, self._timeouts),
            kill_grace_ms=_KILL_GRACE_MS,
        )
        reply = await self._reply(call, "")
        if reply.updates:
            try:
                await self._ground.state.merge(self.name, reply.updates)
            except CronsoleError as fault:
                return Judgement(RunState.FAILED, str(fault))
        return reply.judgement

    def _call_of(self, job: Job, verb: str, notes: Notes) -> _Call:
        slot = None if job.slot is None else to_iso(job.slot)
        return _Call(
            run_id=job.run_id,
            attempt=job.attempt,
            verb=verb,
            payload=None,
            context={
                "plugin": self.name,
                "schedule_id": job.schedule_id,
                "run_id": job.run_id,
                "attempt": job.attempt,
                "scheduled_at": slot or to_iso(job.due_at),
                "is_catchup": job.is_catchup,
                "run_count": job.run_count,
                "fence": job.fence,
            },
            environment={
                **self._environment,
                RUN_ID: job.run_id,
                ATTEMPT: str(job.attempt),
                "CRONSOLE_SCHEDULE": job.schedule_id,
                "CRONSOLE_SLOT": slot or "",
                "CRONSOLE_FENCE": str(job.fence),
            },
            notes=notes,
            timeout_ms=job.timeout_ms or timeout_of(verb, self._timeouts),
            kill_grace_ms=job.kill_grace_ms,
        )

    async def _reply(self, call: _Call, payload: str) -> _Reply:
        """Return what came of a call; what is wrong with it before it starts is its failure."""
        if self.manifest.command(call.verb) is None:
            return _failed(self.manifest.why_unlisted(call.verb), is_final=True)
        try:
            call = msgspec.structs.replace(call, payload=value_in(payload))
            config = table_in(resolve_config(self._settings.config, self._ground.environ))
            async with self._turn:
                # Whoever may write to it since it was loaded may have it do what he likes as the engine.
                check_trusted(Path(self.manifest.entrypoint), Path(self.manifest.folder))
                state = await self._ground.state.load(self.name)
                return await self._speak(call, config, state)
        except Broken as fault:
            return _failed(str(fault), is_final=True)
        except StartFault as fault:
            return _failed(str(fault), is_final=fault.is_final)
        except CronsoleError as fault:
            return _failed(str(fault))

    async def _speak(self, call: _Call, config: Mapping[str, Any], state: Mapping[str, Any]) -> _Reply:
        now = self._ground.clock.now()
        errand = Errand(
            arguments=(self.manifest.entrypoint,),
            folder=self.manifest.folder,
            environment=call.environment,
            document=encode(_request(call, config, state, now + call.timeout_ms)),
            mark=(call.run_id, str(call.attempt)),
            timeout_ms=call.timeout_ms,
            kill_grace_ms=call.kill_grace_ms,
            most_stdout=MOST_STDOUT,
        )
        veil = Veil(secrets_in(config).values())
        stderr = StderrNotes(call.notes, veil)
        child = Child(errand, self._ender, stderr.add)
        spoken = await child.finish()
        stderr.end()
        if spoken.survivors is None:
            self._begin(child.clear(), f"clear {call.run_id}")
        return self._conclude(call, spoken, state, veil)

    def _conclude(self, call: _Call, spoken: Spoken, state: Mapping[str, Any], veil: Veil) -> _Reply:
        left = f"; {spoken.survivors} of its processes could not be ended" if spoken.survivors else ""
        if spoken.is_cut_by_time:
            detail = f"timed out after {span(call.timeout_ms)}{left}"
            return _Reply(Judgement(RunState.TIMED_OUT, detail), spoken.exit_code)
        answer = answer_in(spoken.stdout)
        if call.notes is not None:
            tell(call.notes, answer, spoken.stdout, veil)
        # One that said too much was ended by us, which says nothing of it.
        has_ended_itself = len(spoken.stdout) <= MOST_STDOUT
        judgement = judge(answer, (spoken.exit_code or 0) if has_ended_itself else 0)
        judgement = msgspec.structs.replace(judgement, detail=veil.over(judgement.detail))
        if isinstance(answer, Broken) or not answer.state_updates:
            return _Reply(judgement, spoken.exit_code)
        try:
            merged(state, answer.state_updates)
        except Broken as fault:
            return _Reply(Judgement(RunState.FAILED, str(fault), is_final=True), spoken.exit_code)
        updates = msgspec.json.encode(answer.state_updates).decode()
        return _Reply(judgement, spoken.exit_code, Remembered(self.name, updates), answer.state_updates)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        """Have the plugin loaded afresh when its manifest or its program becomes another."""
        never = asyncio.Event()
        while True:
            await self._ground.clock.wait(never, _LOOK_SECONDS)
            found = self._stamp()
            if found != self._seen:
                self._seen = found
                self._ground.changed(self.name)

    def _stamp(self) -> tuple[object, ...]:
        return tuple(_stamp_of(path) for path in (self.origin, self.manifest.entrypoint))


def _request(
    call: _Call, config: Mapping[str, Any], state: Mapping[str, Any], deadline_at: Instant
) -> Request:
    is_event = call.verb == _HANDLE and isinstance(call.payload, dict)
    return Request(
        job_id=call.run_id,
        command=call.verb,
        deadline_at=deadline_at,
        config={key: value for key, value in config.items() if key != "secrets"},
        state=state,
        context=call.context,
        payload=None if is_event else call.payload,
        event=call.payload if is_event else None,
        secrets=secrets_in(config),
    )


def _at_rest(schedule: Schedule, reason: str) -> Schedule:
    """Return an entry that cannot be called as one that is paused with the reason."""
    return msgspec.structs.replace(schedule, invalid=reason) if reason else schedule


def _failed(detail: str, *, is_final: bool = False) -> _Reply:
    return _Reply(Judgement(RunState.FAILED, detail, is_final))


def _stamp_of(path: str) -> tuple[int, int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode
