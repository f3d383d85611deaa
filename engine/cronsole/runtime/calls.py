"""Calls by hand: a command of a plugin is run because somebody asks, on a schedule that fires for nothing else."""

from typing import Final

import msgspec

from cronsole.api.facade import Asker
from cronsole.errors import NotNow, UnknownCommand, nearest
from cronsole.model.action import PluginCall
from cronsole.model.ask import TriggerAsk
from cronsole.model.plugin import CallAsk
from cronsole.model.policy import Overlap, Policy
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.trigger import ManualSpec
from cronsole.plugins.base import PluginRecord
from cronsole.runtime.circuits import Circuits
from cronsole.runtime.definitions import Definitions
from cronsole.runtime.ground import Ground
from cronsole.runtime.keyed import Keyed
from cronsole.runtime.manual import Manual, payload_of
from cronsole.runtime.plugins import PluginSets
from cronsole.text import part_of_id

_ANY_NUMBER: Final = 1_000
# What the table of a plugin and the engine say of its calls; all else of the schedule is whose it is to change.
_RULED: Final = ("overlap", "max_parallel", "timeout_ms", "retry", "circuit_breaker")


class Calls:
    """Makes the schedule at the first call of a command, and starts runs of it as `trigger` does."""

    def __init__(
        self,
        ground: Ground,
        sets: PluginSets,
        *,
        keyed: Keyed,
        manual: Manual,
        definitions: Definitions,
    ) -> None:
        self._sets = sets
        self._keyed = keyed
        self._manual = manual
        self._definitions = definitions
        self._circuits = Circuits(ground)

    async def call(
        self, plugin: str, command: str, ask: CallAsk, asker: Asker, *, idempotency_key: str
    ) -> str:
        """Start a run and return its id; UnknownPlugin, UnknownCommand or NotNow where it cannot be called."""
        async with self._keyed.request(asker.actor, idempotency_key, "call", plugin, command, ask) as request:
            earlier = request.answer(str)
            if earlier is not None:
                return earlier
            check_callable(self._sets.record(plugin), command)
            schedule = self._schedule(plugin, command, asker)
            trigger = TriggerAsk(payload=ask.payload)
            payload_of(trigger)
            await self._definitions.renew(schedule, asker, lambda held: _ruled(held, schedule.policy))
            return await self._manual.start(
                schedule.id, trigger, request, actor=asker.actor, verb="call", target=f"{plugin}/{command}"
            )

    def _schedule(self, plugin: str, command: str, asker: Asker) -> Schedule:
        return Schedule(
            id=f"{part_of_id(f'{plugin}/{command}')}:by-hand",
            trigger=ManualSpec(),
            action=PluginCall(plugin, command),
            description=f"{command} of {plugin}, called by hand",
            policy=self._policy(plugin, command),
            origin=Origin(SourceKind.API, asker.actor),
        )

    def _policy(self, plugin: str, command: str) -> Policy:
        """Return the policy of the table, under which calls go on side by side as far as the plugin bears it.

        Where the table names no circuit breaker, the one that the command's schedules share holds here too.
        """
        policy = self._sets.policy_of(plugin, command)
        return msgspec.structs.replace(
            policy,
            overlap=Overlap.ALLOW,
            max_parallel=_ANY_NUMBER,
            circuit_breaker=policy.circuit_breaker or self._circuits.policy_of(plugin, command),
        )


def check_callable(record: PluginRecord, command: str) -> None:
    """NotNow where the plugin cannot be called as it stands, UnknownCommand where not by that name."""
    if not record.is_usable:
        why = f": {record.reason}" if record.reason else ""
        raise NotNow(f"plugin {record.name} is {record.status.value}{why}")
    check_listed(record, command)


def check_listed(record: PluginRecord, command: str) -> None:
    """UnknownCommand where the plugin lists no such command; it names the nearest."""
    listed = [verb.name for verb in record.declared.verbs]
    if command in listed:
        return
    if any(schedule.id == command for schedule in record.declared.schedules):
        hint = "that is a schedule of it, which is triggered"
    else:
        near = nearest(command[:200], listed)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(listed) or 'none'}"
    raise UnknownCommand(f"plugin {record.name} has no command {command[:200]!r}; {hint}")


def _ruled(held: Schedule, policy: Policy) -> Schedule:
    """Return the schedule of earlier calls under the policy of today."""
    ruled = {name: getattr(policy, name) for name in _RULED}
    return msgspec.structs.replace(held, policy=msgspec.structs.replace(held.policy, **ruled))
