"""What is to come of all schedules together: each fire of a stretch of time, and how many start in each part of it."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from cronsole.model.ask import ForecastQuery, LoadQuery
from cronsole.model.instant import DAY, MINUTE, Instant, from_datetime, to_datetime
from cronsole.model.schedule import Schedule
from cronsole.model.view import BusyMinute, ForecastView, LoadView, PlannedFire
from cronsole.planning.due import due_at, is_over, owing_since, runs_left
from cronsole.planning.gates import Surroundings, first_closed
from cronsole.runtime.lane import Lane

# Two or three milliseconds of work.
_FIRES_AT_ONCE = 1_000
_LANES_AT_ONCE = 200
# Two seconds of work, in slices: what fires more often than this allows for is left out, and said to be.
_MOST_COUNTED = 1_000_000
_MOST_OF_ONE = 50_000
# Up to here single minutes are told apart.
_LONGEST_BY_MINUTE = 2 * DAY
_BUSIEST = 5
_NAMED = 50


def upcoming(
    lane: Lane, around: Surroundings, *, after: Instant, until: Instant
) -> Iterator[tuple[Instant, Instant]]:
    """Yield slot and due time of each fire in (after, until] that no gate is known to close."""
    schedule, state = lane.schedule, lane.state
    if lane.is_leaving or not schedule.enabled or is_over(schedule, state):
        return
    foreseeable = _without_condition(schedule)
    left = runs_left(schedule, state)
    jitter_ms = schedule.policy.jitter_ms
    end = until if schedule.end is None else min(until, schedule.end)
    slot = lane.trigger.next(max(after - jitter_ms, owing_since(schedule, state)))
    while slot is not None and slot <= end and left != 0:
        due = due_at(lane.trigger, schedule.id, slot, jitter_ms)
        if after < due <= until and first_closed(foreseeable, state, around, slot, slot) is None:
            yield slot, due
            left = None if left is None else left - 1
        slot = lane.trigger.next(slot)


def _without_condition(schedule: Schedule) -> Schedule:
    """What an expression will say later cannot be known now."""
    conditions = schedule.policy.conditions
    if conditions.expression is None:
        return schedule
    open_policy = msgspec.structs.replace(
        schedule.policy, conditions=msgspec.structs.replace(conditions, expression=None)
    )
    return msgspec.structs.replace(schedule, policy=open_policy)


async def forecast(
    lanes: Iterable[Lane], around: Surroundings, query: ForecastQuery, now: Instant
) -> ForecastView:
    """Return the earliest fires that were asked for, all schedules merged by when each is due."""
    since = now if query.since is None else max(now, from_datetime(query.since))
    until = from_datetime(query.until)
    # Claimed slots are above no watermark any more, and still to come.
    found = _claimed(lanes, query, since, until)
    streams = await _streams(lanes, around, query, since, until)
    heap = [*found, *streams]
    heapq.heapify(heap)
    fires: list[PlannedFire] = []
    while heap and len(fires) < query.limit:
        due, schedule_id, slot, rest = heap[0]
        fires.append(PlannedFire(schedule_id=schedule_id, slot=to_datetime(slot), due=to_datetime(due)))
        following = None if rest is None else next(rest, None)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following[1], schedule_id, following[0], rest))
        if len(fires) % _FIRES_AT_ONCE == 0:
            await asyncio.sleep(0)
    ends = fires[-1].due if heap else query.until
    return ForecastView(since=to_datetime(since), until=ends, fires=tuple(fires), is_cut=bool(heap))


_Stream = tuple[Instant, str, Instant, Iterator[tuple[Instant, Instant]] | None]


def _claimed(lanes: Iterable[Lane], query: ForecastQuery, since: Instant, until: Instant) -> list[_Stream]:
    return [
        (run.due_at, lane.id, run.slot, None)
        for lane in lanes
        if lane.preclaimed and _is_asked_for(lane, query)
        for run in lane.preclaimed.values()
        if run.slot is not None and since < run.due_at <= until
    ]


async def _streams(
    lanes: Iterable[Lane], around: Surroundings, query: ForecastQuery, since: Instant, until: Instant
) -> list[_Stream]:
    streams: list[_Stream] = []
    for position, lane in enumerate(list(lanes)):
        if position % _LANES_AT_ONCE == _LANES_AT_ONCE - 1:
            await asyncio.sleep(0)
        if not _is_asked_for(lane, query):
            continue
        fires = upcoming(lane, around, after=since, until=until)
        first = next(fires, None)
        if first is not None:
            streams.append((first[1], lane.id, first[0], fires))
    return streams


def _is_asked_for(lane: Lane, query: ForecastQuery) -> bool:
    if query.ids and lane.id not in query.ids:
        return False
    return not query.tags or any(tag in lane.schedule.tags for tag in query.tags)


async def planned_load(
    lanes: Iterable[Lane], around: Surroundings, query: LoadQuery, now: Instant
) -> LoadView:
    """Return how many fires are due in each bucket, and the minutes in which most are."""
    since, until = from_datetime(query.since), from_datetime(query.until)
    # A bucket that would be finer than a minute is of no use to anybody who looks at many schedules.
    bucket_ms = max(1_000, query.bucket_ms)
    counts = [0] * -(-(until - since) // bucket_ms)
    minutes: Counter[int] = Counter()
    by_minute = until - since <= _LONGEST_BY_MINUTE
    counted = left_out = 0
    for position, lane in enumerate(list(lanes)):
        if position % _LANES_AT_ONCE == _LANES_AT_ONCE - 1:
            await asyncio.sleep(0)
        if counted >= _MOST_COUNTED:
            left_out += 1
            continue
        own = 0
        for _, due in upcoming(lane, around, after=max(since, now), until=until - 1):
            counts[(due - since) // bucket_ms] += 1
            if by_minute:
                minutes[due // MINUTE] += 1
            own += 1
            if own % _FIRES_AT_ONCE == 0:
                await asyncio.sleep(0)
            if own >= _MOST_OF_ONE:
                left_out += 1
                break
        counted += own
    return LoadView(
        since=query.since,
        until=query.until,
        bucket_ms=bucket_ms,
        counts=tuple(counts),
        busiest=await _busiest(lanes, around, minutes, max(since, now)),
        left_out=left_out,
    )


async def _busiest(
    lanes: Iterable[Lane], around: Surroundings, minutes: Counter[int], after: Instant
) -> tuple[BusyMinute, ...]:
    """Return the minutes in which most start, each with who."""
    worst = sorted(minutes.items(), key=lambda item: (-item[1], item[0]))[:_BUSIEST]
    found: list[BusyMinute] = []
    for minute, count in worst:
        if count < 2:
            break
        begin = minute * MINUTE
        names = [
            lane.id
            for lane in lanes
            if next(upcoming(lane, around, after=max(after, begin - 1), until=begin + MINUTE - 1), None)
        ]
        found.append(BusyMinute(at=to_datetime(begin), count=count, schedule_ids=tuple(names[:_NAMED])))
        await asyncio.sleep(0)
    return tuple(found)
