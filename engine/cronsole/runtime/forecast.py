"""What is to come of all schedules together: each fire of a stretch of time, and how many start in each part of it."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cronsole.errors import NotNow
from cronsole.model.ask import ForecastQuery, LoadQuery
from cronsole.model.instant import DAY, FAR_FUTURE, SECOND, Instant, from_datetime, to_datetime
from cronsole.model.policy import Conditions
from cronsole.model.prospect import BusyMoment, ForecastView, LoadView, PlannedFire
from cronsole.model.schedule import Schedule
from cronsole.planning.due import due_at, is_over, owing_since, runs_left
from cronsole.planning.gates import Surroundings, first_closed
from cronsole.runtime.lane import Lane

# Two or three milliseconds of work.
_FIRES_AT_ONCE = 1_000
_LANES_AT_ONCE = 200
# Two seconds of work, in slices: what fires more often than this allows for is left out, and said to be.
_MOST_COUNTED = 1_000_000
_MOST_OF_ONE = 50_000
# Slots in a row that a gate closes: so many are passed over at a time, and so many before the search is given up.
_CLOSED_AT_ONCE = 500
_MOST_CLOSED = 200_000
_MOST_BUCKETS = 5_000
# Up to here single seconds are told apart.
_LONGEST_BY_MOMENT = 2 * DAY
_NO_CONDITIONS = Conditions()
_NEVER = FAR_FUTURE
_BUSIEST = 5
_NAMED = 50


def upcoming(
    lane: Lane, around: Surroundings, *, after: Instant, until: Instant
) -> Iterator[tuple[Instant, Instant] | None]:
    """Yield slot and due time of each fire in (after, until] that no gate is known to close.

    None stands for a stretch of closed slots, after which others shall have their turn.
    """
    schedule, state = lane.schedule, lane.state
    if lane.is_leaving or not schedule.enabled or is_over(schedule, state):
        return
    foreseeable = _without_condition(schedule)
    left = runs_left(schedule, state)
    jitter_ms = schedule.policy.jitter_ms
    end = until if schedule.end is None else min(until, schedule.end)
    closed = 0
    slot = lane.trigger.next(max(after - jitter_ms, owing_since(schedule, state)))
    while slot is not None and slot <= end and left != 0 and closed < _MOST_CLOSED:
        due = due_at(lane.trigger, schedule.id, slot, jitter_ms)
        if after < due <= until and first_closed(foreseeable, state, around, slot, slot) is None:
            yield slot, due
            left = None if left is None else left - 1
            closed = 0
        else:
            closed += 1
            if closed % _CLOSED_AT_ONCE == 0:
                yield None
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
    # Claimed slots are above no watermark any more, and still to come, as are runs that people appointed.
    found = _claimed(lanes, query, since, until)
    streams = await _streams(lanes, around, query, since, until)
    heap = [*found, *streams]
    heapq.heapify(heap)
    fires: list[PlannedFire] = []
    while heap and len(fires) < query.limit:
        due, schedule_id, slot, rest = heap[0]
        fires.append(PlannedFire(schedule_id=schedule_id, slot=to_datetime(slot), due=to_datetime(due)))
        following = None if rest is None else await _next(rest)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following[1], schedule_id, following[0], rest))
        if len(fires) % _FIRES_AT_ONCE == 0:
            await asyncio.sleep(0)
    ends = fires[-1].due if heap else query.until
    return ForecastView(since=to_datetime(since), until=ends, fires=tuple(fires), is_cut=bool(heap))


_Stream = tuple[Instant, str, Instant, Iterator[tuple[Instant, Instant] | None] | None]


async def _next(fires: Iterator[tuple[Instant, Instant] | None]) -> tuple[Instant, Instant] | None:
    """Return the next fire, if there is one, and let others go on wherever it is far to find."""
    for found in fires:
        if found is not None:
            return found
        await asyncio.sleep(0)
    return None


def _claimed(lanes: Iterable[Lane], query: ForecastQuery, since: Instant, until: Instant) -> list[_Stream]:
    return [
        (run.due_at, lane.id, run.due_at if run.slot is None else run.slot, None)
        for lane in lanes
        if (lane.preclaimed or lane.appointed) and _is_asked_for(lane, query)
        for run in (*lane.preclaimed.values(), *lane.appointed.values())
        if since < run.due_at <= until
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
        first = await _next(fires)
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
    """Return how many fires are due in each bucket, and the seconds in which most are."""
    counting = _Counting(query, now)
    left_out = 0
    for position, lane in enumerate(list(lanes)):
        if position % _LANES_AT_ONCE == _LANES_AT_ONCE - 1:
            await asyncio.sleep(0)
        if not await counting.take(lane, around):
            left_out += 1
    return LoadView(
        since=query.since,
        until=query.until,
        bucket_ms=query.bucket_ms,
        counts=tuple(counting.counts),
        busiest=await _busiest(lanes, around, counting.moments, counting.after),
        left_out=left_out,
    )


class _Counting:
    """What was counted so far; where the stretch is short, single seconds are told apart."""

    def __init__(self, query: LoadQuery, now: Instant) -> None:
        self._since, self._until = from_datetime(query.since), from_datetime(query.until)
        self._bucket_ms = query.bucket_ms
        self._has_moments = self._until - self._since <= _LONGEST_BY_MOMENT
        self._left = _MOST_COUNTED
        self.after = max(self._since, now)
        self.counts = [0] * _buckets(query)
        self.moments: Counter[int] = Counter()

    async def take(self, lane: Lane, around: Surroundings) -> bool:
        """Count the fires of a schedule; return whether that was possible: all of them, or none."""
        if not self._has_moments and _is_steady(lane, around):
            self._take_steady(lane)
            return True
        dues: list[Instant] = []
        fires = upcoming(lane, around, after=self.after, until=self._until - 1)
        while (found := await _next(fires)) is not None:
            dues.append(found[1])
            if len(dues) % _FIRES_AT_ONCE == 0:
                await asyncio.sleep(0)
            if len(dues) > min(self._left, _MOST_OF_ONE):
                return False
        self._left -= len(dues)
        for due in dues:
            self.counts[(due - self._since) // self._bucket_ms] += 1
        if self._has_moments:
            self.moments.update(due // SECOND for due in dues)
        return True

    def _take_steady(self, lane: Lane) -> None:
        """Count by the trigger alone, which need not name each of its fires."""
        begin = max(self.after, owing_since(lane.schedule, lane.state))
        for number in range(len(self.counts)):
            end = min(self._since + (number + 1) * self._bucket_ms, self._until) - 1
            if end > begin:
                self.counts[number] += lane.trigger.count(begin, end)
                begin = end


def _is_steady(lane: Lane, around: Surroundings) -> bool:
    """Tell whether every slot of the trigger is a fire, and starts at its slot."""
    schedule, state = lane.schedule, lane.state
    return (
        not (lane.is_leaving or is_over(schedule, state))
        and schedule.end is None
        and schedule.max_runs is None
        and schedule.policy.jitter_ms <= 0
        and schedule.policy.conditions == _NO_CONDITIONS
        and first_closed(schedule, state, around, _NEVER, _NEVER) is None
        and state.pause is None
    )


def failed_load(query: LoadQuery, counts: Mapping[int, int]) -> LoadView:
    """Return how many runs failed in each bucket."""
    return LoadView(
        since=query.since,
        until=query.until,
        bucket_ms=query.bucket_ms,
        counts=tuple(counts.get(number, 0) for number in range(_buckets(query))),
    )


def check_buckets(query: LoadQuery) -> None:
    """Refuse a question whose answer nobody could look at."""
    if not 0 < _buckets(query) <= _MOST_BUCKETS:
        raise NotNow(f"that makes {_buckets(query):,} buckets; 1 to {_MOST_BUCKETS:,} are possible")


def _buckets(query: LoadQuery) -> int:
    return -(-(from_datetime(query.until) - from_datetime(query.since)) // query.bucket_ms)


async def _busiest(
    lanes: Iterable[Lane], around: Surroundings, moments: Counter[int], after: Instant
) -> tuple[BusyMoment, ...]:
    """Return the seconds in which most start, each with who."""
    worst = sorted(moments.items(), key=lambda item: (-item[1], item[0]))[:_BUSIEST]
    found: list[BusyMoment] = []
    for moment, count in worst:
        if count < 2:
            break
        begin = moment * SECOND
        names = [
            lane.id
            for lane in lanes
            if any(upcoming(lane, around, after=max(after, begin - 1), until=begin + SECOND - 1))
        ]
        found.append(BusyMoment(at=to_datetime(begin), count=count, schedule_ids=tuple(names[:_NAMED])))
        await asyncio.sleep(0)
    return tuple(found)
