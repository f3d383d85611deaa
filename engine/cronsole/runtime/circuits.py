"""Circuits: those of schedules by themselves, and those that the schedules of one plugin's command have together."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from cronsole.model.event import CircuitClosed, CircuitHalfOpened, CircuitOpened
from cronsole.model.policy import CircuitBreaker
from cronsole.model.schedule import Breaker, Schedule, ScheduleState
from cronsole.model.trigger import ManualSpec
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane, circuit_of
from cronsole.runtime.slices import in_slices
from cronsole.store.base import AuditEntry, BreakerMoved

Standing: TypeAlias = Mapping[tuple[str, str] | None, Breaker]
"""The circuits of commands, by plugin and call."""

_CLOSED = Breaker()


class Circuits:
    """A failing command rests for all who call it, so that each of these schedules bears the same breaker."""

    def __init__(self, ground: Ground) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._lanes = ground.lanes

    def shared_by(self, lanes: Iterable[Lane]) -> list[Lane]:
        """Return these lanes, and those whose circuit is that of one of them."""
        found = dict.fromkeys(lanes)
        commands = {circuit_of(lane.schedule) for lane in found if not lane.is_leaving}
        for command in commands:
            if command is not None:
                found |= dict.fromkeys(self._lanes.sharing(command))
        return list(found)

    def standing_for(self, schedules: Iterable[Schedule]) -> Standing:
        """Return how the circuits stand that these schedules share."""
        commands = {command for schedule in schedules if (command := circuit_of(schedule)) is not None}
        bearing = {command: self._lanes.sharing(command) for command in commands}
        return {command: lanes[0].state.breaker for command, lanes in bearing.items() if lanes}

    def move(self, lane: Lane, after: Breaker) -> None:
        """Bring the circuit to where a run of the lane has brought it, for all that share it."""
        for sharing in self.shared_by([lane]):
            before = sharing.state.breaker
            if before != after:
                sharing.change(breaker=after)
                self._journal.tell_state(BreakerMoved(sharing.id, after))
                self._announce(sharing, before, after)

    def policy_of(self, plugin: str, call: str) -> CircuitBreaker | None:
        """Return the breaker of a command, as the schedules have it that call it by time."""
        found = (lane.schedule for lane in self._lanes.sharing((plugin, call)))
        timed = (schedule for schedule in found if type(schedule.trigger) is not ManualSpec)
        return next((schedule.policy.circuit_breaker for schedule in timed), None)

    def calls_of(self, plugin: str) -> list[str]:
        """Return which calls of a plugin are made under a breaker."""
        return [call for _, call in self._lanes.commands_of(plugin) if self._lanes.sharing((plugin, call))]

    async def reset(self, plugin: str, calls: Collection[str], *, actor: str) -> tuple[str, ...]:
        """Close the circuits of some calls of a plugin, and return which of them had one to close."""
        bearing = [(lane, call) for call in calls for lane in self._lanes.sharing((plugin, call))]
        lanes = {lane: call for lane, call in bearing if lane.state.breaker != _CLOSED}
        now = self._clock.now()
        if lanes:
            await self._journal.ask(
                states=[BreakerMoved(lane.id, _CLOSED) for lane in lanes],
                audit=[AuditEntry(now, actor, "reset circuit", lane.id) for lane in lanes],
            )
        async for lane in in_slices(self._clock, list(lanes)):
            before = lane.state.breaker
            lane.change(breaker=_CLOSED)
            self._announce(lane, before, _CLOSED)
        return tuple(dict.fromkeys(lanes.values()))

    def _announce(self, lane: Lane, before: Breaker, after: Breaker) -> None:
        now = self._clock.now()
        policy = lane.schedule.policy.circuit_breaker
        if policy is None:
            return
        if after.opened_at is None and before.opened_at is not None:
            self._bus.publish(CircuitClosed(now, lane.id))
        elif after.opened_at is not None and after.opened_at != before.opened_at:
            reset_at = after.opened_at + policy.reset_after_ms
            self._bus.publish(CircuitOpened(now, lane.id, after.failures, reset_at))
        elif after.is_probing and not before.is_probing:
            self._bus.publish(CircuitHalfOpened(now, lane.id))


def standing(shared: Iterable[tuple[Schedule, ScheduleState]]) -> Standing:
    """Return how the circuit of each command stands that some of these schedules call."""
    found: dict[tuple[str, str] | None, Breaker] = {}
    for schedule, state in shared:
        command = circuit_of(schedule)
        if command is not None:
            found.setdefault(command, state.breaker)
    return found


def joined(schedule: Schedule, state: ScheduleState, circuits: Standing) -> ScheduleState:
    """Return the state of a schedule that comes into force: it finds the circuit of its command as that stands."""
    command = circuit_of(schedule)
    if command not in circuits or circuits[command] == state.breaker:
        return state
    return msgspec.structs.replace(state, breaker=circuits[command])
