"""Asks planning what lanes are owed, commits one claim for each slot, and hands what is to run to the dispatcher."""

import asyncio
from collections.abc import Callable, Iterable

from cronsole.model.action import Command
from cronsole.model.event import SchedulePaused, ScheduleResumed, SlotSkipped, SlotsMissed, Warned
from cronsole.model.instant import SECOND, Instant, Millis
from cronsole.model.policy import Locking
from cronsole.model.run import Cause, Run, RunState, SkipReason, Verdict
from cronsole.planning.jitter import spread_window
from cronsole.planning.messages import messages_of_verdict
from cronsole.planning.plan import Surroundings, lift, plan
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.own_pause import own_pause
from cronsole.runtime.payloads import scheduled_payload
from cronsole.store.base import Committed, PauseSet

# A command is claimed this long before it is due, so that only the spawn is left for the due instant.
_LEAD_MS: Millis = 250


def lead(lane: Lane) -> Millis:
    """Return how long before they are due the lane's slots are claimed."""
    return _LEAD_MS if isinstance(lane.schedule.action, Command) else 0


class Claimer:
    """The one way to a verdict.

    Whoever changes a lane's definition or pause holds `lock`, so that no claim is under way meanwhile; StoreUnavailable
    from any of its methods means that nothing was claimed.
    """

    def __init__(
        self, ground: Ground, *, dispatcher: Dispatcher, surroundings: Callable[[], Surroundings]
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._identity = ground.identity
        self._dispatcher = dispatcher
        self._surroundings = surroundings
        self.lock = asyncio.Lock()

    async def claim(self, lanes: list[Lane]) -> set[str]:
        """Give every slot that is owed by now its verdict; return the ids of the lanes that had any."""
        now, around = self._clock.now(), self._surroundings()
        late = sum(1 for lane in lanes if lane.due is not None and now - lane.due > SECOND)
        spread_ms = spread_window(late)
        claims: list[tuple[Lane, Run]] = []
        for lane in lanes:
            verdicts = self._verdicts(lane, around, now, spread_ms)
            is_alone = len(verdicts) == 1
            for verdict in verdicts:
                claims.append((lane, self._claim_of(lane, verdict, now, is_alone=is_alone)))
        await self._commit(claims)
        return {lane.id for lane, _ in claims}

    async def lift(self, lanes: Iterable[Lane], *, actor: str) -> None:
        """End the lanes' pauses, right after `claim`: what they cover is skipped, and then they are gone.

        A schedule that cannot run has one of its own left.
        """
        now, around = self._clock.now(), self._surroundings()
        lanes = list(lanes)
        claims = [
            (lane, self._claim_of(lane, verdict, now, is_alone=False))
            for lane in lanes
            for verdict in lift(lane.schedule, lane.trigger, lane.state, around, now=now)
        ]
        await self._commit(claims)
        left = {lane: own_pause(lane.schedule, None, now) for lane in lanes}
        await self._journal.ask(states=[PauseSet(lane.id, pause) for lane, pause in left.items()])
        for lane, pause in left.items():
            lane.change(pause=pause)
            if pause is not None:
                self._bus.publish(SchedulePaused(now, lane.id, None, pause.reason, pause.actor))
                continue
            self._bus.publish(ScheduleResumed(now, lane.id, actor))
            self._dispatcher.resume(lane)

    def _verdicts(
        self, lane: Lane, around: Surroundings, now: Instant, spread_ms: Millis
    ) -> tuple[Verdict, ...]:
        horizon = now + lead(lane)
        try:
            return plan(
                lane.schedule, lane.trigger, lane.state, around, now=now, horizon=horizon, spread_ms=spread_ms
            )
        except Exception as fault:  # noqa: BLE001 - one schedule that cannot be planned must not stop the others
            self._bus.publish(Warned(now, f"{lane.id} cannot be planned: {fault!r}"))
            return ()

    def _claim_of(self, lane: Lane, verdict: Verdict, now: Instant, *, is_alone: bool) -> Run:
        is_to_run = verdict.state is RunState.QUEUED
        starts_at_once = is_to_run and is_alone and self._dispatcher.has_room(lane)
        return Run(
            run_id=self._identity.new_run_id(now),
            schedule_id=lane.id,
            cause=Cause.CATCHUP if verdict.is_catchup else Cause.SLOT,
            state=RunState.STARTING if starts_at_once else verdict.state,
            due_at=verdict.due_at,
            created_at=now,
            slot=verdict.slot,
            reason=verdict.reason,
            is_catchup=verdict.is_catchup,
            stands_for=verdict.stands_for,
            fence=self._identity.new_fence() if is_to_run else 0,
            node=self._identity.node,
            boot_id=self._identity.boot_id,
            unfenced=is_to_run and lane.schedule.policy.locking is Locking.PREFER_GLOBAL,
            detail=verdict.detail,
            finished_at=None if is_to_run else now,
            payload=scheduled_payload(lane.schedule),
        )

    async def _commit(self, claims: list[tuple[Lane, Run]]) -> None:
        """Write all claims in one transaction, and only then act on those that were granted."""
        if not claims:
            return
        told = [
            message
            for lane, run in claims
            if run.finished_at is not None
            for message in messages_of_verdict(lane.schedule, run)
        ]
        committed = await self._journal.ask(claims=[run for _, run in claims], messages=told)
        for lane, run in claims:
            self._act(lane, run, committed)

    def _act(self, lane: Lane, run: Run, committed: Committed) -> None:
        assert run.slot is not None
        lane.dealt_with(run.slot)
        if run.run_id in committed.refused:
            return
        if run.state is RunState.SKIPPED:
            reason = run.reason or SkipReason.DISABLED
            self._bus.publish(SlotSkipped(run.created_at, lane.id, run.slot, reason, run.detail))
        elif run.state is RunState.MISSED:
            assert run.stands_for is not None
            self._bus.publish(SlotsMissed(run.created_at, lane.id, run.stands_for))
        else:
            lane.change(runs_made=lane.state.runs_made + 1)
            self._dispatcher.submit(lane, run)
