"""Schedules that plugins make while they run: runtime schedules like those of people, with the plugin as creator."""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Final

from cronsole.api.facade import Asker
from cronsole.config.secrets import resolve_config
from cronsole.errors import ConfigError, NotNow, UnknownSchedule
from cronsole.model.action import PluginCall
from cronsole.model.instant import SECOND, Instant, Millis, to_iso
from cronsole.model.policy import DEFAULT_POLICY, Policy
from cronsole.model.run import Run
from cronsole.model.schedule import Origin, Schedule, ScheduleState, SourceKind
from cronsole.model.trigger import IntervalSpec
from cronsole.plugins.base import RuntimeSchedule
from cronsole.runtime.control import Control
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.payloads import Kept, pack, unpack
from cronsole.runtime.views import is_exhausted, next_fire
from cronsole.store.base import Ended, Ledger
from cronsole.text import part_of_id
from cronsole.triggers.duration import LONGEST, format_duration

_LARGEST_BYTES: Final = 1024 * 1024


class PluginSchedules:
    """Fulfils plugins.base.RuntimeSchedules.

    `verbs_of` tells what a plugin can do, None while that is unknown; `policy_of` under which policy it does it.
    """

    def __init__(
        self,
        ground: Ground,
        *,
        control: Control,
        ledger: Ledger,
        verbs_of: Callable[[str], Collection[str] | None],
        policy_of: Callable[[str, str], Policy] = lambda _plugin, _verb: DEFAULT_POLICY,
    ) -> None:
        self._clock = ground.clock
        self._lanes = ground.lanes
        self._control = control
        self._ledger = ledger
        self._verbs_of = verbs_of
        self._policy_of = policy_of

    async def create(
        self, plugin: str, handler: str, *, every_ms: Millis, payload: str, metadata: Mapping[str, str]
    ) -> str:
        """Bring a new schedule into force, whose first run is one interval from now; return its id."""
        self._check(plugin, handler, every_ms)
        config = pack(Kept(payload, dict(metadata)))
        if len(config) > _LARGEST_BYTES:
            raise ConfigError(
                [f"payload and metadata take {len(config):,} characters; accepted are {_LARGEST_BYTES:,}"]
            )
        creator = creator_of(plugin)
        schedule = Schedule(
            id=f"{part_of_id(f'{plugin}/{handler}')}-{secrets.token_hex(6)}",
            trigger=IntervalSpec(every_ms),
            action=PluginCall(plugin, handler),
            config=config,
            policy=self._policy_of(plugin, handler),
            origin=Origin(SourceKind.API, creator),
        )
        await self._control.bring(schedule, Asker(creator, may_execute=True))
        return schedule.id

    async def pause(self, plugin: str, schedule_id: str) -> None:
        lane = await self._in_force(plugin, schedule_id)
        await self._control.pause([lane.id], actor=creator_of(plugin))

    async def resume(self, plugin: str, schedule_id: str) -> None:
        lane = await self._in_force(plugin, schedule_id)
        await self._control.resume([lane.id], actor=creator_of(plugin))

    async def delete(self, plugin: str, schedule_id: str) -> None:
        """Archive the schedule; one that was deleted before stays so."""
        lane = self._lane(plugin, schedule_id)
        if lane is None:
            await self._deleted(plugin, schedule_id)
            return
        await self._control.delete(lane.id, Asker(creator_of(plugin), may_execute=True))

    async def get(self, plugin: str, schedule_id: str) -> RuntimeSchedule:
        """Return the schedule as it stands; one that was deleted is still known."""
        lane = self._lane(plugin, schedule_id)
        last = await self._last_run(schedule_id)
        if lane is not None:
            _, next_at = next_fire(lane)
            told = _state_of(lane)
            return _shown(lane.schedule, lane.state, told, last, next_at if told == "active" else None)
        schedule, state = await self._deleted(plugin, schedule_id)
        return _shown(schedule, state, "deleted", last, None)

    def _check(self, plugin: str, handler: str, every_ms: Millis) -> None:
        if every_ms < SECOND:
            raise ConfigError([f"interval is {format_duration(every_ms)}; the shortest is 1s"])
        if every_ms > LONGEST:
            raise ConfigError(
                [f"interval is {format_duration(every_ms)}; the longest is {format_duration(LONGEST)}"]
            )
        if not handler:
            raise ConfigError(["handler name is empty"])
        verbs = self._verbs_of(plugin)
        if verbs is not None and handler not in verbs:
            raise ConfigError(
                [f"unknown handler: {handler[:100]!r}; {plugin} has {', '.join(verbs) or 'none'}"]
            )

    def _lane(self, plugin: str, schedule_id: str) -> Lane | None:
        lane = self._lanes.get(schedule_id)
        if lane is None or lane.is_leaving or not _is_own(lane.schedule, plugin):
            return None
        return lane

    async def _last_run(self, schedule_id: str) -> Run | Ended | None:
        """Return the last run, from the ledger where no lane knows of it: deleted, or not recalled yet."""
        lane = self._lanes.get(schedule_id)
        if lane is not None and lane.last_run is not None:
            return lane.last_run
        ended = (await self._ledger.recent_outcomes((schedule_id,), limit=1)).get(schedule_id, ())
        return ended[-1] if ended else None

    async def _in_force(self, plugin: str, schedule_id: str) -> Lane:
        lane = self._lane(plugin, schedule_id)
        if lane is None:
            _, state = await self._deleted(plugin, schedule_id)
            at = "" if state.archived_at is None else f" since {to_iso(state.archived_at)}"
            raise NotNow(f"scheduled job is deleted{at}: {schedule_id}")
        return lane

    async def _deleted(self, plugin: str, schedule_id: str) -> tuple[Schedule, ScheduleState]:
        """Return a schedule that the plugin had; UnknownSchedule where it never had one of that id."""
        schedule = await self._ledger.definition(schedule_id)
        if schedule is not None and _is_own(schedule, plugin):
            state = (await self._ledger.schedule_states()).get(schedule_id)
            if state is not None and state.archived_at is not None:
                return schedule, state
        raise UnknownSchedule(f"scheduled job not found: {schedule_id}")


def creator_of(plugin: str) -> str:
    """Return how a plugin is named as the creator of a schedule, and in the audit trail."""
    return f"plugin:{plugin}"


def _is_own(schedule: Schedule, plugin: str) -> bool:
    return schedule.origin == Origin(SourceKind.API, creator_of(plugin))


def _state_of(lane: Lane) -> str:
    if lane.state.pause is not None:
        return "paused"
    return "inactive" if is_exhausted(lane) or not lane.schedule.enabled else "active"


def _shown(
    schedule: Schedule, state: ScheduleState, told: str, last: Run | Ended | None, next_at: Instant | None
) -> RuntimeSchedule:
    kept = _kept(schedule)
    last_at = None if last is None else last.created_at if last.started_at is None else last.started_at
    action, trigger = schedule.action, schedule.trigger
    created_at = state.created_at + 1
    return RuntimeSchedule(
        schedule_id=schedule.id,
        handler=action.call if isinstance(action, PluginCall) else "",
        every_ms=trigger.every_ms if isinstance(trigger, IntervalSpec) else 0,
        payload=kept.payload,
        metadata=kept.metadata,
        state=told,
        created_at=created_at,
        updated_at=_updated_at(created_at, state, last.finished_at if last else None),
        next_at=next_at,
        last_at=last_at,
        last_run_id=last.run_id if last else "",
    )


def _kept(schedule: Schedule) -> Kept:
    """Return what the plugin said of it, or what somebody has since put in its place."""
    try:
        config = resolve_config(schedule.config, {})
    except ConfigError:
        config = schedule.config
    return unpack(config) or Kept(config, {})


def _updated_at(created_at: Instant, state: ScheduleState, ran_at: Instant | None) -> Instant:
    paused_at = state.pause.since if state.pause else None
    known = (created_at, state.trigger_changed_at + 1, state.resumed_at, paused_at, state.archived_at, ran_at)
    return max(at for at in known if at is not None)
