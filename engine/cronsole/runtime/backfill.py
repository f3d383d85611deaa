"""Backfill: a run for every slot of a range that is past, oldest first, one after another."""

import msgspec

from cronsole.errors import ConfigError, NotNow
from cronsole.model.ask import BackfillAsk
from cronsole.model.instant import Instant, to_datetime, to_iso
from cronsole.model.prospect import BackfillView
from cronsole.model.run import Cause, Range
from cronsole.planning.coming import Coming
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.keyed import Keyed
from cronsole.runtime.lane import Lane
from cronsole.runtime.manual import hand_on, instant_of, startable
from cronsole.store.base import AuditEntry

MOST_SLOTS = 1_000
"""What one backfill may run; a longer range is divided by whoever asks for it."""


class Backfill:
    """Makes runs that stand for slots without being their verdict, so that watermark and `max_runs` stay."""

    def __init__(self, ground: Ground, *, dispatcher: Dispatcher, keyed: Keyed) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._identity = ground.identity
        self._lanes = ground.lanes
        self._dispatcher = dispatcher
        self._keyed = keyed

    async def run(
        self, schedule_id: str, ask: BackfillAsk, *, actor: str, idempotency_key: str
    ) -> BackfillView:
        """Run every slot in [since, until], or only tell which those are.

        A slot that has run before runs again: whoever asks knows what is wrong with what it did. The runs wait
        for one another and for whatever else of the schedule is under way; a slot that comes meanwhile goes first.
        """
        async with self._keyed.request(actor, idempotency_key, "backfill", schedule_id, ask) as request:
            earlier = request.answer(BackfillView)
            if earlier is not None:
                return earlier
            lane = startable(self._lanes.in_force(schedule_id))
            now = self._clock.now()
            slots = _slots(lane, ask, now)
            view = _told(lane, slots, is_preview=ask.preview)
            if ask.preview:
                return view
            if view.slots > MOST_SLOTS:
                told = f"until: {view.slots:,} slots are in this range; one backfill may have {MOST_SLOTS:,}"
                raise ConfigError([told])
            runs = [
                self._identity.new_run(
                    lane.id, Cause.BACKFILL, now, stands_for=Range(1, slot, slot), actor=actor
                )
                for slot in slots
            ]
            view = msgspec.structs.replace(view, run_ids=tuple(run.run_id for run in runs))
            span = f"{view.slots} slots from {to_iso(slots.after + 1)} to {to_iso(slots.until)}"
            entry = AuditEntry(now, actor, "backfill", lane.id, span)
            await self._journal.ask(keys=request.used(view, view.run_ids), runs=runs, audit=[entry])
            hand_on(self._dispatcher, lane, runs)
            return view


def _slots(lane: Lane, ask: BackfillAsk, now: Instant) -> Coming:
    """Return the slots of the range that lie between the schedule's own start and end."""
    since, until = instant_of(ask.since, "since"), instant_of(ask.until, "until")
    if since > until:
        raise ConfigError([f"since: {to_iso(since)} is after until, {to_iso(until)}"])
    schedule = lane.schedule
    first = since if schedule.start is None else max(since, schedule.start)
    last = until if schedule.end is None else min(until, schedule.end)
    to_come = lane.trigger.next(max(now, first - 1))
    if to_come is not None and to_come <= last:
        raise NotNow(
            f"{lane.id} has a slot at {to_iso(to_come)}, which has not come yet; end the range before it"
        )
    return Coming(lane.trigger, first - 1, last)


def _told(lane: Lane, slots: Coming, *, is_preview: bool) -> BackfillView:
    count = slots.count
    first = lane.trigger.next(slots.after) if count else None
    last = lane.trigger.previous(slots.until) if count else None
    return BackfillView(
        schedule_id=lane.id,
        slots=count,
        is_preview=is_preview,
        first=None if first is None else to_datetime(first),
        last=None if last is None else to_datetime(last),
    )
