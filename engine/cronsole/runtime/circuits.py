"""Circuits: those of schedules by themselves, and those that the schedules of one plugin's command have together."""

from collections.abc import Iterable

from cronsole.model.action import PluginCall
from cronsole.model.event import CircuitClosed, CircuitHalfOpened, CircuitOpened
from cronsole.model.schedule import Breaker
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.store.base import AuditEntry, BreakerMoved

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
            found |= dict.fromkeys(lane for lane in self._lanes if _command(lane) in commands)
        return list(found)

    def move(self, lane: Lane, after: Breaker) -> None:
        """Bring the circuit to where a run of the lane has brought it, for all that share it."""
        for sharing in self.shared_by([lane]):
            before = sharing.state.breaker
            if before != after:
                sharing.change(breaker=after)
                self._journal.tell_state(BreakerMoved(sharing.id, after))
                self._announce(sharing, before, after)

    def of_plugin(self, plugin: str) -> dict[str, Breaker]:
        """Return the circuits of a plugin by command, those that never saw a failure left out."""
        calls = self._of(plugin, None).items()
        return {call: lane.state.breaker for lane, call in calls if lane.state.breaker != _CLOSED}

    async def reset(self, plugin: str, call: str | None, *, actor: str) -> tuple[str, ...]:
        """Close the circuits of a plugin, or of one of its commands, and return the commands that had one to close."""
        calls = self._of(plugin, call).items()
        lanes = {lane: command for lane, command in calls if lane.state.breaker != _CLOSED}
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

    def _of(self, plugin: str, call: str | None) -> dict[Lane, str]:
        """Return the lanes that have a breaker and call a plugin, or one of its commands; and the command of each."""
        found = ((lane, _command(lane)) for lane in self._lanes)
        return {
            lane: command[1]
            for lane, command in found
            if command is not None and command[0] == plugin and call in (None, command[1])
        }

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


def _command(lane: Lane) -> tuple[str, str] | None:
    """Return the plugin and the command that a schedule calls under a breaker."""
    action = lane.schedule.action
    if not isinstance(action, PluginCall) or lane.schedule.policy.circuit_breaker is None or lane.is_leaving:
        return None
    return action.plugin, action.call
