"""Runs that somebody asks for: trigger, now or at a time; retry; cancel."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from cronsole.errors import ConfigError, NotNow, ScheduleDisabled, StoreUnavailable, UnknownRun
from cronsole.model.ask import TriggerAsk
from cronsole.model.instant import Instant, from_datetime, to_iso
from cronsole.model.run import Cause, Range, Run, SkipReason
from cronsole.planning.gates import GateReading, explain
from cronsole.planning.plan import Surroundings
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.keyed import Keyed, Request
from cronsole.runtime.lane import Lane
from cronsole.store.base import AuditEntry, Ledger

# A command finds it in its environment, where one variable takes 128 KiB at most.
_LONGEST_PAYLOAD = 64 * 1024


class Manual:
    """Makes runs without a slot, which move no watermark and use up no `max_runs`."""

    def __init__(
        self,
        ground: Ground,
        *,
        ledger: Ledger,
        dispatcher: Dispatcher,
        surroundings: Callable[[], Surroundings],
        keyed: Keyed,
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._identity = ground.identity
        self._lanes = ground.lanes
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._surroundings = surroundings
        self._keyed = keyed

    async def trigger(self, schedule_id: str, ask: TriggerAsk, *, actor: str, idempotency_key: str) -> str:
        """Start a manual run, now or at a time, and return its id."""
        async with self._keyed.request(actor, idempotency_key, "trigger", schedule_id, ask) as request:
            earlier = request.answer(str)
            if earlier is not None:
                return earlier
            return await self.start(schedule_id, ask, request, actor=actor)

    async def start(
        self,
        schedule_id: str,
        ask: TriggerAsk,
        request: Request,
        *,
        actor: str,
        verb: str = "trigger",
        target: str = "",
    ) -> str:
        """Start a manual run under a request that is new; `verb` and `target` are what the audit trail calls it.

        It passes by the gates that are closed, which are recorded, or is refused for them. For a run to come they
        are read as they will stand then, as far as that is known now; when it comes they are not asked again.
        """
        lane = startable(self._lanes.in_force(schedule_id))
        now = self._clock.now()
        due_at = now if ask.at is None else max(now, instant_of(ask.at, "at"))
        closed = self._closed(lane, due_at, now)
        if ask.is_gated and closed:
            raise NotNow(f"{schedule_id} may not run: {_gates(closed)}")
        run = self._identity.new_run(
            schedule_id,
            Cause.MANUAL,
            now,
            due_at=due_at,
            actor=actor,
            payload=payload_of(ask),
            bypassed=_names(closed),
        )
        detail = run.run_id if due_at == now else f"{run.run_id} at {to_iso(due_at)}"
        return await self._start(lane, run, AuditEntry(now, actor, verb, target or lane.id, detail), request)

    async def retry(self, run_id: str, *, actor: str, idempotency_key: str) -> str:
        """Do once more what an ended run was for; return the id of the new run.

        It carries the same payload and stands for the same slots, which is where `CRONSOLE_SLOT` comes from. A
        slot that was skipped or missed can be run this way too, which is what somebody wants who comes late; a
        missed range is made up for by one run. The ledger says `repeats <run>` while it waits, the audit trail for
        good.
        """
        async with self._keyed.request(actor, idempotency_key, "retry", run_id) as request:
            earlier = request.answer(str)
            if earlier is not None:
                return earlier
            repeated = await self._row(run_id)
            if not repeated.state.is_final:
                raise NotNow(f"{run_id} has not ended: it is {repeated.state}")
            lane = startable(self._lanes.in_force(repeated.schedule_id))
            now = self._clock.now()
            run = self._identity.new_run(
                lane.id,
                Cause.MANUAL,
                now,
                stands_for=slots_of(repeated),
                actor=actor,
                payload=repeated.payload,
                detail=f"repeats {run_id}",
                bypassed=_names(self._closed(lane, now, now)),
            )
            entry = AuditEntry(now, actor, "retry", lane.id, f"{run_id} as {run.run_id}")
            return await self._start(lane, run, entry, request)

    async def cancel(self, run_id: str, *, actor: str, by_force: bool) -> None:
        """Stop a run that runs, or take one that waits out of its queue.

        It takes effect before it is on record: a disk that is full of a run's output must not keep it alive.
        """
        lane = await self._lane_of(run_id)
        if lane is None or not self._dispatcher.stop(
            lane, run_id, f"cancelled by {actor}", by_force=by_force
        ):
            run = await self._row(run_id)
            raise NotNow(
                f"{run_id} has ended: {run.state}" if run.state.is_final else f"{run_id} is not held here"
            )
        verb = "kill" if by_force else "cancel"
        self._journal.tell_audit(AuditEntry(self._clock.now(), actor, verb, lane.id, run_id))

    async def _lane_of(self, run_id: str) -> Lane | None:
        try:
            return self._lanes.get((await self._row(run_id)).schedule_id)
        except StoreUnavailable:
            return next((lane for lane in self._lanes if lane.holds(run_id)), None)

    async def _row(self, run_id: str) -> Run:
        run = await self._ledger.run(run_id)
        if run is None:
            raise UnknownRun(f"no run is called {run_id!r}")
        return run

    def _closed(self, lane: Lane, at: Instant, now: Instant) -> list[GateReading]:
        readings = explain(lane.schedule, lane.state, self._surroundings(), at=at, now=now)
        return [reading for reading in readings if not reading.is_open]

    async def _start(self, lane: Lane, run: Run, entry: AuditEntry, request: Request) -> str:
        await self._journal.ask(keys=request.used(run.run_id, (run.run_id,)), runs=[run], audit=[entry])
        hand_on(self._dispatcher, lane, [run])
        return run.run_id


def startable(lane: Lane) -> Lane:
    """Return the lane; ScheduleDisabled where nobody may start it."""
    if not lane.schedule.enabled:
        raise ScheduleDisabled(f"{lane.id} is disabled in {lane.schedule.origin}")
    return lane


def hand_on(dispatcher: Dispatcher, lane: Lane, runs: Iterable[Run]) -> None:
    """Have runs started that are on record; none where the schedule went while they were written."""
    for run in runs:
        if lane.is_leaving:
            dispatcher.reject(lane, run, SkipReason.DISABLED, "its definition was removed")
        else:
            dispatcher.submit(lane, run)


def instant_of(moment: datetime, field: str) -> Instant:
    """Return the instant of a time that was asked for; ConfigError where it says no offset."""
    if moment.tzinfo is None:
        raise ConfigError([f"{field}: {moment.isoformat()} has no offset, such as Z or +01:00"])
    return from_datetime(moment)


def slots_of(run: Run) -> Range | None:
    """Return the slots that a row is about, or None where it is about none."""
    if run.stands_for is not None or run.slot is None:
        return run.stands_for
    return Range(1, run.slot, run.slot)


def payload_of(ask: TriggerAsk) -> str:
    """Return the payload as text; ConfigError where it is too long."""
    if ask.payload is None:
        return ""
    text = msgspec.json.encode(ask.payload).decode()
    if len(text.encode()) > _LONGEST_PAYLOAD:
        raise ConfigError([f"payload: takes {len(text.encode()):,} bytes; accepted are {_LONGEST_PAYLOAD:,}"])
    return text


def _names(closed: Iterable[GateReading]) -> str:
    return ", ".join(reading.name for reading in closed)


def _gates(closed: Iterable[GateReading]) -> str:
    return "; ".join(f"{reading.name} ({reading.detail})" for reading in closed)
