"""One engine in virtual time: it aims, plans and claims, and things happen to it."""

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from cronsole.model.instant import SECOND, Instant
from cronsole.model.run import Cause, Range, RunState, Verdict
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.settings import Settings
from cronsole.model.trigger import Timeless
from cronsole.planning.jitter import spread_window
from cronsole.planning.plan import Surroundings, lift, plan
from cronsole.runtime.enactment import first_seen
from cronsole.runtime.limits import RunLimits
from cronsole.simulate.aftermath import Aftermath
from cronsole.simulate.dispatch import Dispatch
from cronsole.simulate.entry import Entry
from cronsole.simulate.happenings import Happenings
from cronsole.simulate.lane import Lane, Run
from cronsole.simulate.outcomes import Script
from cronsole.simulate.timeline import DUE, Timeline


class World:
    """All lanes, the clock, and the list of entries that the simulation is read from."""

    def __init__(self, settings: Settings, happenings: Happenings, start: Instant) -> None:
        self.happenings = happenings
        self.timeline = Timeline(start)
        self.entries: list[Entry] = []
        self.limits = RunLimits(settings)
        self.aftermath = Aftermath(self.timeline, self.entries)
        self.dispatch = Dispatch(self.timeline, self.limits, self.aftermath, self.entries)
        self.lanes: dict[str, Lane] = {}
        self.surroundings = Surroundings(environment=settings.environment)
        self.settings = settings
        self.engine_started_at = start
        self._is_running = True
        self._is_awake = True
        self._runs = 0
        self._keeps_rows = any(step.by < 0 for step in happenings.step)

    def begin(self, schedules: Iterable[Schedule]) -> None:
        """See the schedules for the first time."""
        now = self.timeline.now
        for schedule in schedules:
            self.put(schedule, never_seen(schedule, now))
        self.wake()

    def put(self, schedule: Schedule, state: ScheduleState) -> Lane:
        """Bring a definition into force."""
        lane = self.lanes.get(schedule.id)
        if lane is None:
            script = Script(schedule, self.happenings)
            lane = Lane(len(self.lanes), schedule, state, script, self.engine_started_at)
            self.lanes[schedule.id] = lane
        else:
            lane.script = Script(schedule, self.happenings)
            lane.redefine(schedule, state, self.engine_started_at)
        lane.is_leaving = False
        return lane

    def run(self, until: Instant) -> Iterator[Entry]:
        """Let time pass until the end, and then tell what is not over."""
        entries, timeline = self.entries, self.timeline
        yield from entries
        entries.clear()
        while timeline.step(until):
            if entries:
                yield from entries
                entries.clear()
        timeline.real = until
        yield from self._unfinished()

    def _unfinished(self) -> Iterator[Entry]:
        for lane in self.lanes.values():
            for run in (*lane.active.values(), *lane.waiting, *lane.ahead.values()):
                is_running = lane.active.get(run.number) is run and run.retry_at is None and run.start > 0
                state = RunState.RUNNING if is_running else RunState.QUEUED
                self.dispatch.tell(lane, run, state, "", retry_at=run.retry_at)
        yield from self.entries

    # From a slot to its verdict

    @property
    def is_up(self) -> bool:
        return self.dispatch.is_up

    def set_up(self, *, is_running: bool | None = None, is_awake: bool | None = None) -> None:
        """Start or stop the engine, or put the machine to sleep and wake it; it is up when neither is in the way."""
        self._is_running = self._is_running if is_running is None else is_running
        self._is_awake = self._is_awake if is_awake is None else is_awake
        self.dispatch.is_up = self._is_running and self._is_awake

    def aim(self, lane: Lane) -> None:
        """Look at the lane again when its next slot is due."""
        lane.generation += 1
        due = lane.next_due()
        if due is None:
            self._exhaust(lane)
        else:
            tick = partial(self._tick, lane, lane.generation)
            self.timeline.at_wall(due, DUE, tick, order=lane.order)

    def _exhaust(self, lane: Lane) -> None:
        if lane.is_leaving or lane.state.exhausted_at is not None:
            return
        if not isinstance(lane.schedule.trigger, Timeless):
            lane.change(exhausted_at=self.timeline.now)
            self.aftermath.note(lane.id, "exhausted: nothing is left to fire")

    def _tick(self, lane: Lane, generation: int) -> None:
        if lane.generation == generation and self.is_up:
            self.deal_with(lane, 0)

    def deal_with(self, lane: Lane, spread_ms: int) -> None:
        """Plan, claim, and act on what was claimed."""
        now = self.timeline.now
        verdicts = plan(
            lane.schedule,
            lane.trigger,
            lane.state,
            self.surroundings,
            now=now,
            horizon=now,
            spread_ms=spread_ms,
        )
        self._claim(lane, verdicts, now)
        self.aim(lane)

    def lift(self, lane: Lane) -> None:
        """End the lane's pause, with a verdict for each of its slots."""
        now = self.timeline.now
        self.deal_with(lane, 0)
        verdicts = lift(lane.schedule, lane.trigger, lane.state, self.surroundings, now=now)
        self._claim(lane, verdicts, now)
        lane.change(pause=None)
        self.aim(lane)
        self.dispatch.resume(lane)

    def _claim(self, lane: Lane, verdicts: tuple[Verdict, ...], now: Instant) -> None:
        if verdicts:
            watermark = verdicts[-1].slot
            verdicts = _unclaimed(lane, verdicts) if self._keeps_rows else verdicts
            made = sum(verdict.state is RunState.QUEUED for verdict in verdicts)
            lane.change(watermark=watermark, runs_made=lane.state.runs_made + made)
        for verdict in verdicts:
            if verdict.state is RunState.QUEUED:
                self.submit(lane, _cause(verdict), verdict.due_at, verdict)
            else:
                self.entries.append(_told(lane.id, now, verdict))

    def submit(
        self,
        lane: Lane,
        cause: Cause,
        due: Instant,
        verdict: Verdict | None = None,
        *,
        stands_for: Range | None = None,
        detail: str = "",
    ) -> None:
        """Hand a new run to the dispatcher."""
        self._runs += 1
        slot = verdict.slot if verdict else None
        run = Run(
            self._runs,
            cause,
            due,
            slot=slot,
            is_catchup=verdict.is_catchup if verdict else cause is Cause.CATCHUP,
            stands_for=verdict.stands_for if verdict else stands_for,
            detail=detail,
        )
        self.dispatch.submit(lane, run)

    def wake(self) -> None:
        """Aim every lane afresh, and make up for what fell due while nobody looked."""
        now = self.timeline.now
        overdue: list[Lane] = []
        late = 0
        for lane in self.lanes.values():
            due = lane.next_due()
            if due is not None and due <= now:
                overdue.append(lane)
                late += now - due > SECOND
            else:
                self.aim(lane)
        for lane in overdue:
            self.deal_with(lane, spread_window(late))


def never_seen(schedule: Schedule, now: Instant) -> ScheduleState:
    """Return the state of a new schedule; nothing was dealt with yet, not even a time that is over already."""
    return msgspec.structs.replace(first_seen(schedule, now), watermark=0)


def _cause(verdict: Verdict) -> Cause:
    return Cause.CATCHUP if verdict.is_catchup else Cause.SLOT


def _unclaimed(lane: Lane, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Return the verdicts that the ledger grants: a slot that has a row gets no other."""
    granted = tuple(verdict for verdict in verdicts if verdict.slot not in lane.rows)
    lane.rows.update(verdict.slot for verdict in granted)
    return granted


def _told(schedule_id: str, now: Instant, verdict: Verdict) -> Entry:
    return Entry(
        now,
        schedule_id,
        verdict.state,
        verdict.detail,
        _cause(verdict),
        verdict.slot,
        verdict.due_at,
        reason=verdict.reason,
        is_catchup=verdict.is_catchup,
        stands_for=verdict.stands_for,
    )
