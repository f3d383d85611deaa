"""What a pause or a resume of many schedules comes to, told before it is done."""

from collections.abc import Iterable

import msgspec

from cronsole.errors import ConfigError, StoreUnavailable, UnknownSchedule, nearest
from cronsole.model.ask import Selection
from cronsole.model.instant import DAY, HOUR, Instant, to_iso
from cronsole.model.prospect import EffectView
from cronsole.model.run import RunState
from cronsole.planning.coming import coming
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.pausing import paused_range
from cronsole.runtime.slices import in_slices
from cronsole.runtime.views import plugin_of
from cronsole.store.base import Ledger, RunFilter
from cronsole.text import human_duration, plural

# Without an end, what a day brings says best what the pause means.
_OPEN_END = DAY
_WORST = 3
# Of more schedules than this the ledger is not asked when each last succeeded.
_ASKED = 50


class _Skipping(msgspec.Struct, frozen=True):
    """What a pause means for one schedule: fires skipped, and the first that runs again."""

    lane: Lane
    skips: int
    next_fire: Instant | None


class Effects:
    """Looks at lanes as they stand, in slices that let the engine go on."""

    def __init__(self, ground: Ground, ledger: Ledger) -> None:
        self._clock = ground.clock
        self._lanes = ground.lanes
        self._ledger = ledger

    def selected(self, select: Selection) -> list[Lane]:
        """Return the schedules that any field of a selection names; each name has to be one that is known."""
        if not (select.ids or select.tags or select.plugins or select.everything):
            raise ConfigError(["select: names no schedule; give ids, tags, plugins or everything"])
        in_force = [lane for lane in self._lanes if not lane.is_leaving]
        if select.everything:
            return in_force
        chosen = {schedule_id: self._lanes.in_force(schedule_id) for schedule_id in select.ids}
        for tag in select.tags:
            found = [lane for lane in in_force if tag in lane.schedule.tags]
            _check_known(
                found, "bears the tag", tag, (each for lane in in_force for each in lane.schedule.tags)
            )
            chosen |= {lane.id: lane for lane in found}
        for plugin in select.plugins:
            found = [lane for lane in in_force if plugin_of(lane.schedule) == plugin]
            names = (plugin_of(lane.schedule) for lane in in_force)
            _check_known(found, "comes from the plugin", plugin, filter(None, names))
            chosen |= {lane.id: lane for lane in found}
        return list(chosen.values())

    async def of_pause(self, lanes: list[Lane], *, until: Instant | None, is_preview: bool) -> EffectView:
        """Tell how many fires are skipped, what grows old meanwhile, and what goes on."""
        now = self._clock.now()
        end = now + _OPEN_END if until is None else until
        skipping: list[_Skipping] = []
        async for lane in in_slices(self._clock, lanes):
            skipping.append(_skipping(lane, now, end))
        skips = sum(each.skips for each in skipping)
        running = sum(_running(lane) for lane in lanes)
        told = [_told_of_skips(skips, until), *await self._growing_old(skipping, now)]
        if running:
            told.append(f"{plural(running, 'run')} {'goes' if running == 1 else 'go'} on")
        return EffectView(
            schedule_ids=tuple(lane.id for lane in lanes),
            is_preview=is_preview,
            skips=skips,
            told=tuple(told),
        )

    async def of_resume(self, lanes: list[Lane], *, catch_up: bool, is_preview: bool) -> EffectView:
        """Tell what starts at once: catch-ups, where they are asked for, and retries that the pause put off."""
        now = self._clock.now()
        starts = 0
        told: list[str] = []
        unpaused = 0
        async for lane in in_slices(self._clock, lanes):
            unpaused += lane.state.pause is None
            choice = paused_range(lane, now)
            if choice.slots and catch_up:
                count = len(choice.slots)
                slots = choice.stands_for.count if choice.stands_for else count
                told.append(
                    f"{lane.id} starts {plural(count, 'run')} for {plural(slots, 'slot')} of its pause"
                )
                starts += count
            if lane.deferred:
                count = len(lane.deferred)
                told.append(f"{lane.id} goes on with {plural(count, 'retry', 'retries')}")
                starts += count
        if len(told) > _WORST:
            told = [*told[:_WORST], f"and {plural(len(told) - _WORST, 'schedule')} more"]
        if unpaused:
            told.append(
                f"{plural(unpaused, 'schedule')} of these {'is' if unpaused == 1 else 'are'} not paused"
            )
        return EffectView(
            schedule_ids=tuple(lane.id for lane in lanes),
            is_preview=is_preview,
            starts=starts,
            told=tuple(told),
        )

    async def _growing_old(self, skipping: list[_Skipping], now: Instant) -> list[str]:
        """Tell of the few whose last success will be the oldest by the time they run again."""
        hit = [each for each in skipping if each.skips and each.next_fire is not None]
        ages: list[tuple[Instant, str]] = []
        for each in hit:
            succeeded_at = await self._last_success(each.lane, is_few=len(hit) <= _ASKED)
            if succeeded_at is not None and each.next_fire is not None:
                ages.append((each.next_fire - succeeded_at, each.lane.id))
        ages.sort(reverse=True)
        return [f"{schedule_id}'s last success will be {_age(age)} old" for age, schedule_id in ages[:_WORST]]

    async def _last_success(self, lane: Lane, *, is_few: bool) -> Instant | None:
        last = lane.last_run
        if last is None:
            return None
        if last.state is RunState.SUCCEEDED:
            return last.finished_at
        if not is_few:
            return None
        matching = RunFilter(schedule_ids=(lane.id,), states=(RunState.SUCCEEDED,))
        try:
            page = await self._ledger.runs_page(matching, limit=1)
        except StoreUnavailable:
            return None
        return page.runs[0].finished_at if page.runs else None


def _skipping(lane: Lane, now: Instant, end: Instant) -> _Skipping:
    # What is claimed for a moment ahead has no verdict above the watermark any more, and is skipped too.
    fires = coming(lane.schedule, lane.trigger, lane.state, since=now, until=end - 1)
    left = coming(lane.schedule, lane.trigger, lane.state, since=end, until=end + 366 * DAY)
    return _Skipping(lane, fires.count + len(lane.preclaimed), next(iter(left), None))


def _running(lane: Lane) -> int:
    return sum(1 for active in lane.active.values() if active.execution is not None)


def _told_of_skips(skips: int, until: Instant | None) -> str:
    fires = plural(skips, "fire")
    if until is None:
        return f"no end is set: {fires} of the next 24 hours {'is' if skips == 1 else 'are'} skipped"
    return f"{fires} until {to_iso(until)} {'is' if skips == 1 else 'are'} skipped"


def _age(age_ms: int) -> str:
    # A number of hours is easier to compare with a daily rhythm than days and hours.
    return f"{age_ms // HOUR} h" if HOUR <= age_ms < 7 * DAY else human_duration(age_ms)


def _check_known(found: list[Lane], words: str, name: str, known: Iterable[str]) -> None:
    if not found:
        near = nearest(name, set(known))
        raise UnknownSchedule(f"no schedule {words} {name!r}" + (f"; did you mean {near!r}?" if near else ""))
