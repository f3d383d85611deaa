"""Circuits: those of schedules by themselves, and those that the schedules of one plugin's command have together."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from cronsole.model.action import PluginCall
from cronsole.model.event import CircuitClosed, CircuitHalfOpened, CircuitOpened
from cronsole.model.policy import CircuitBreaker
from cronsole.model.schedule import Breaker, Schedule, ScheduleState
from cronsole.model.trigger import ManualSpec
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
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
        commands = {command for lane in found if (command := _command(lane)) is not None}
        if commands:
            found |= dict.fromkeys(lane for lane in self._callers() if _command(lane) in commands)
        return list(found)

    def standing_for(self, schedules: Iterable[Schedule]) -> Standing:
        """Return how the circuits of all commands stand, where one of these schedules shares one."""
        if all(_command_of(schedule) is None for schedule in schedules):
            return {}
        return standing((lane.schedule, lane.state) for lane in self._callers() if not lane.is_leaving)

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
        found = (lane.schedule for lane, each in self._of(plugin).items() if each == call)
        timed = (schedule for schedule in found if type(schedule.trigger) is not ManualSpec)
        return next((schedule.policy.circuit_breaker for schedule in timed), None)

    def of_plugin(self, plugin: str) -> dict[str, Breaker]:
        """Return the circuits of a plugin by command, those that never saw a failure left out."""
        calls = self._of(plugin).items()
        return {call: lane.state.breaker for lane, call in calls if lane.state.breaker != _CLOSED}

    def calls_of(self, plugin: str) -> list[str]:
        """Return which calls of a plugin are made under a breaker."""
        return list(dict.fromkeys(self._of(plugin).values()))

    async def reset(self, plugin: str, calls: Collection[str], *, actor: str) -> tuple[str, ...]:
        """Close the circuits of some calls of a plugin, and return which of them had one to close."""
        found = self._of(plugin).items()
        lanes = {lane: call for lane, call in found if call in calls and lane.state.breaker != _CLOSED}
        now = self._clock.now()
        if lanes:
            await self._journal.ask(
                states=[BreakerMoved(lane.id, _CLOSED) for lane in lanes],
                audit=[AuditEntry(now, actor, "reset circuit", lane.id) for lane in lanes],
            )
        for lane in lanes:
            before = lane.state.breaker
            lane.change(breaker=_CLOSED)
            self._announce(lane, before, _CLOSED)
        return tuple(dict.fromkeys(lanes.values()))

    def _of(self, plugin: str) -> dict[Lane, str]:
        """Return the lanes that have a breaker and call a plugin, and what each calls of it."""
        found = ((lane, _command(lane)) for lane in self._callers())
        return {lane: command[1] for lane, command in found if command is not None and command[0] == plugin}

    def _callers(self) -> list[Lane]:
        """Return the lanes that call a plugin at all, which are few among the lanes that there can be."""
        return [lane for lane in self._lanes if type(lane.schedule.action) is PluginCall]

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
        command = _command_of(schedule)
        if command is not None:
            found.setdefault(command, state.breaker)
    return found


def joined(schedule: Schedule, state: ScheduleState, circuits: Standing) -> ScheduleState:
    """Return the state of a schedule that comes into force: it finds the circuit of its command as that stands."""
    command = _command_of(schedule)
    if command not in circuits or circuits[command] == state.breaker:
        return state
    return msgspec.structs.replace(state, breaker=circuits[command])


def _command(lane: Lane) -> tuple[str, str] | None:
    """Return the plugin and the command that a schedule calls under a breaker."""
    return None if lane.is_leaving else _command_of(lane.schedule)


def _command_of(schedule: Schedule) -> tuple[str, str] | None:
    action = schedule.action
    if not isinstance(action, PluginCall) or schedule.policy.circuit_breaker is None:
        return None
    return action.plugin, action.call
