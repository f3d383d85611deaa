"""What happenings do to the simulated engine: outages, clocks, people, new configurations."""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from cronsole.model.action import Command
from cronsole.model.instant import SECOND, Instant
from cronsole.model.policy import Delivery, OnEngineDeath
from cronsole.model.run import Cause, Range, RunState, SkipReason
from cronsole.model.schedule import Breaker, Pause, Schedule
from cronsole.model.settings import Configuration
from cronsole.planning.catchup import Stretch, choose
from cronsole.planning.gates import explain
from cronsole.planning.setback import after_setback
from cronsole.runtime.enactment import carried_on
from cronsole.simulate.happenings import (
    CancelAt,
    Down,
    Happening,
    PauseAt,
    ReloadAt,
    ResumeAt,
    SessionAt,
    Sleep,
    Step,
    Target,
    TriggerAt,
)
from cronsole.simulate.lane import Lane, Phase, Run
from cronsole.simulate.timeline import DUE, HAPPENING
from cronsole.simulate.world import World, never_seen
from cronsole.text import human_duration

# What people ask of a running engine.
_ASKED = (PauseAt, ResumeAt, TriggerAt, CancelAt)

# A removal has to hold for this long before it counts.
_SETTLE_MS = 2 * SECOND


class Fate:
    """Lets each happening befall the world when its time comes."""

    def __init__(self, world: World) -> None:
        self._world = world
        # What the files say that no engine has read yet.
        self._unread: Callable[[], None] | None = None
        # Outages may overlap; the last to end lets the engine go on.
        self._outages = 0
        self._sleeps = 0
        self._acts: dict[type, Callable[..., None]] = {
            Down: self._go_down,
            Sleep: self._fall_asleep,
            Step: self._step,
            PauseAt: self._pause,
            ResumeAt: self._resume,
            TriggerAt: self._trigger,
            CancelAt: self._cancel,
            SessionAt: self._session,
            ReloadAt: self._reload,
        }

    def foretell(self) -> None:
        """Put everything that is to happen on the time line."""
        for at, happening in self._world.happenings.moments():
            self._at(at, partial(self._befall, happening))

    def _befall(self, happening: Happening) -> None:
        if isinstance(happening, _ASKED) and not self._world.is_up:
            self._note("no engine is there to be asked")
        else:
            self._acts[type(happening)](happening)

    def _at(self, real: Instant, act: Callable[[], None]) -> None:
        self._world.timeline.at(real, HAPPENING, act)

    def _note(self, detail: str, schedule_id: str = "") -> None:
        self._world.aftermath.note(schedule_id, detail)

    def _meant(self, target: Target) -> list[Lane]:
        lanes = self._world.lanes.values()
        return [lane for lane in lanes if not lane.is_leaving and target.covers(lane.schedule)]

    # Outages

    def _go_down(self, down: Down) -> None:
        world = self._world
        self._note("the engine is stopped" if down.how == "stop" else "the engine dies")
        world.set_up(is_running=False)
        self._outages += 1
        grace_ends = world.timeline.real + world.settings.shutdown_grace_ms
        for lane in world.lanes.values():
            for run in _running(lane):
                if down.how == "stop":
                    if run.ends > grace_ends:
                        self._at(grace_ends, partial(_shut_down, world, lane, run, run.token))
                elif not isinstance(lane.schedule.action, Command):
                    # A command outlives its engine, work in the engine's own process does not.
                    run.token += 1
        self._at(down.end, self._come_up)

    def _come_up(self) -> None:
        self._outages -= 1
        if self._outages:
            return
        world = self._world
        self._note("the engine starts")
        world.set_up(is_running=True)
        world.engine_started_at = world.timeline.now
        world.dispatch.forget_backlog()
        self._catch_up_on_files()
        for lane in world.lanes.values():
            lane.redefine(lane.schedule, lane.state, world.engine_started_at)
            self._settle(lane)
        if world.is_up:
            world.wake()
        for lane in world.lanes.values():
            self._watch_pause(lane)

    def _catch_up_on_files(self) -> None:
        read, self._unread = self._unread, None
        if read is not None:
            read()

    def _settle(self, lane: Lane) -> None:
        """Give every run that an earlier engine left an owner or an end."""
        world = self._world
        unstarted = [*lane.ahead.values(), *lane.waiting]
        unstarted += [run for run in lane.active.values() if run.phase is Phase.HELD]
        lane.ahead.clear()
        lane.waiting.clear()
        for run in list(lane.active.values()):
            if run.phase is Phase.HELD:
                del lane.active[run.number]
            elif run.phase is Phase.RUNNING:
                self._settle_running(lane, run)
            else:
                world.dispatch.await_retry(lane, run, run.retry_at or world.timeline.now)
        for run in unstarted:
            if run.cause is Cause.SLOT and run.attempt == 1 and run.slot == lane.state.watermark:
                # It never started: the newest slot is owed again, so that catch-up decides.
                made = max(0, lane.state.runs_made - 1)
                lane.change(watermark=run.slot - 1, runs_made=made)
                lane.rows.discard(run.slot)
            else:
                world.dispatch.submit(lane, run)

    def _settle_running(self, lane: Lane, run: Run) -> None:
        world, policy = self._world, lane.schedule.policy
        if isinstance(lane.schedule.action, Command):
            if (policy.on_engine_death or world.settings.on_engine_death) is OnEngineDeath.KILL:
                world.dispatch.stop(lane, run, "its engine died")
            return
        world.dispatch.leave(run)
        detail = "the engine died while it ran"
        if policy.delivery is Delivery.AT_LEAST_ONCE:
            now = world.timeline.now
            world.dispatch.tell(lane, run, RunState.LOST, detail, retry_at=now)
            run.attempt += 1
            world.dispatch.await_retry(lane, run, now)
        else:
            world.dispatch.tell(lane, run, RunState.LOST, detail)
            world.dispatch.release(lane, run, RunState.LOST)

    # Clocks

    def _fall_asleep(self, sleep: Sleep) -> None:
        world = self._world
        self._note("the machine falls asleep")
        world.set_up(is_awake=False)
        self._sleeps += 1
        for lane in world.lanes.values():
            for run in _running(lane):
                # Work does not go on in a sleeping machine.
                run.ends += sleep.end - sleep.begin
                world.dispatch.aim_at_end(lane, run)
        self._at(sleep.end, self._wake_up)

    def _wake_up(self) -> None:
        self._sleeps -= 1
        if self._sleeps:
            return
        self._note("the machine wakes")
        self._world.set_up(is_awake=True)
        if self._world.is_up:
            self._catch_up_on_files()
        self._look_again()

    def _step(self, step: Step) -> None:
        world = self._world
        world.timeline.offset_ms += step.by
        self._note(
            f"the clock is set {'forward' if step.by > 0 else 'back'} by {human_duration(abs(step.by))}"
        )
        moved = 0
        for lane in world.lanes.values():
            state = after_setback(lane.state, world.timeline.now)
            if state is not None:
                lane.state = state
                moved += 1
        if moved:
            self._note(f"the clock is far behind the ledger: {moved} schedules start again from now")
        self._look_again()

    def _look_again(self) -> None:
        world = self._world
        if not world.is_up:
            return
        for lane in world.lanes.values():
            for run in lane.active.values():
                if run.phase is Phase.RETRYING and run.retry_at is not None:
                    world.dispatch.await_retry(lane, run, run.retry_at)
            ahead = list(lane.ahead.values())
            lane.ahead.clear()
            for run in ahead:
                run.token += 1
                world.dispatch.submit(lane, run)
        world.wake()
        for lane in world.lanes.values():
            self._watch_pause(lane)

    # People

    def _pause(self, pause: PauseAt) -> None:
        world = self._world
        for lane in self._meant(pause):
            lane.change(pause=Pause(world.timeline.now, pause.until, pause.reason, "simulation"))
            world.dispatch.skip_ahead(lane, SkipReason.PAUSED, pause.reason)
            self._note("paused", lane.id)
            self._watch_pause(lane)

    def _watch_pause(self, lane: Lane) -> None:
        pause = lane.state.pause
        if pause is not None and pause.until is not None:
            # After the slots of the same instant, which planning tells from those of the pause by itself.
            lift = partial(self._lift, lane, pause)
            self._world.timeline.at_wall(pause.until, DUE, lift, order=len(self._world.lanes))

    def _lift(self, lane: Lane, pause: Pause) -> None:
        world = self._world
        if lane.state.pause is pause and world.is_up and not pause.holds_at(world.timeline.now):
            self._note("the pause is over", lane.id)
            world.lift(lane)

    def _resume(self, resume: ResumeAt) -> None:
        world, now = self._world, self._world.timeline.now
        for lane in self._meant(resume):
            ranges = self._made_up_for(lane, now) if resume.catch_up else []
            lane.change(breaker=Breaker())
            self._note("resumed", lane.id)
            world.lift(lane)
            for each in ranges:
                world.submit(lane, Cause.CATCHUP, now, stands_for=each)

    def _made_up_for(self, lane: Lane, now: Instant) -> list[Range]:
        pause, policy = lane.state.pause, lane.schedule.policy
        if pause is None:
            return []
        paused = Stretch(pause.since - 1, now if pause.until is None else min(now, pause.until - 1))
        choice = choose(policy, lane.trigger, lane.id, (paused,), now=now)
        return [choice.stands_for or Range(1, slot, slot) for slot in choice.slots]

    def _trigger(self, trigger: TriggerAt) -> None:
        world, now = self._world, self._world.timeline.now
        for lane in self._meant(trigger):
            if not lane.schedule.enabled:
                self._note(f"a manual run is refused: disabled in {lane.schedule.origin}", lane.id)
                continue
            readings = explain(lane.schedule, lane.state, world.surroundings, now, now)
            bypassed = ", ".join(each.name for each in readings if not each.is_open)
            world.submit(lane, Cause.MANUAL, now, detail=f"bypassed: {bypassed}" if bypassed else "")

    def _cancel(self, cancel: CancelAt) -> None:
        for lane in self._meant(cancel):
            for run in list(lane.active.values()):
                self._world.dispatch.stop(lane, run, "cancelled by simulation")

    def _session(self, session: SessionAt) -> None:
        self._world.surroundings = msgspec.structs.replace(
            self._world.surroundings, session_active=session.active
        )
        self._note("a session begins" if session.active else "the session ends")

    # New configurations

    def _reload(self, reload: ReloadAt) -> None:
        name, configuration = reload.config or "the configuration", reload.configuration
        if configuration is None:
            self._note(f"{name} has faults: the old set stays in force")
            return
        if not self._world.is_up:
            self._unread = partial(self._apply, name, configuration)
            return
        present = {schedule.id for schedule in configuration.schedules}
        if all(lane.is_leaving or lane.id in present for lane in self._world.lanes.values()):
            self._apply(name, configuration)
        else:
            self._at(self._world.timeline.real + _SETTLE_MS, partial(self._apply, name, configuration))

    def _apply(self, name: str, configuration: Configuration) -> None:
        world = self._world
        world.settings = configuration.settings
        world.limits.set(world.settings)
        world.surroundings = msgspec.structs.replace(
            world.surroundings, environment=world.settings.environment
        )
        self._put_in_force(configuration.schedules, world.timeline.now)
        self._note(f"{name} is in force")

    def _put_in_force(self, schedules: Iterable[Schedule], now: Instant) -> None:
        world = self._world
        after = {schedule.id: schedule for schedule in schedules}
        for lane in list(world.lanes.values()):
            if lane.id not in after and not lane.is_leaving:
                lane.is_leaving = True
                lane.change(archived_at=now)
                world.dispatch.skip_ahead(lane, SkipReason.DISABLED, "its definition was removed")
                world.dispatch.skip_waiting(lane, SkipReason.DISABLED, "its definition was removed")
        for schedule in after.values():
            known = world.lanes.get(schedule.id)
            if known is None:
                world.aim(world.put(schedule, never_seen(schedule, now)))
            elif known.is_leaving or known.schedule != schedule:
                world.aim(world.put(schedule, carried_on(schedule, known.state, now)))


def _running(lane: Lane) -> list[Run]:
    return [run for run in lane.active.values() if run.phase is Phase.RUNNING]


def _shut_down(world: World, lane: Lane, run: Run, token: int) -> None:
    if run.token == token:
        world.dispatch.stop(lane, run, "shutdown", by_force=True)
