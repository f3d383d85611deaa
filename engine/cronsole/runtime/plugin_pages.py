"""Plugins as the API tells them: what the registry knows of each, and what its schedules and circuits make of it."""

from collections.abc import Iterator, Mapping

from cronsole.catalog import Catalog
from cronsole.clock import Clock
from cronsole.model.action import PluginCall
from cronsole.model.instant import to_datetime
from cronsole.model.plugin import (
    CircuitView,
    CommandView,
    PluginDetail,
    PluginStatus,
    PluginView,
    RefusedView,
    ShadowedView,
)
from cronsole.model.schedule import Origin, SourceKind
from cronsole.plugins.base import PluginRecord, PluginState, Refused, Verb
from cronsole.runtime.lane import Lane, Lanes
from cronsole.runtime.plugin_schedules import creator_of
from cronsole.runtime.plugins import PluginSets
from cronsole.runtime.slices import in_slices
from cronsole.runtime.views import circuit_open_until, plugin_of


class _Gathered:
    """What the lanes tell of one plugin: a lane is its own where it declared, made or is called by it."""

    def __init__(self, record: PluginRecord) -> None:
        self._record = record
        self._creator = Origin(SourceKind.API, creator_of(record.name))
        self.made: list[str] = []
        self.callers: dict[str, list[str]] = {}
        self.circuits: dict[str, CircuitView] = {}
        self.running = self.failing = 0

    def add(self, lane: Lane) -> None:
        schedule = lane.schedule
        if schedule.origin == self._creator:
            self.made.append(schedule.id)
        self.running += sum(active.execution is not None for active in lane.active.values())
        self.failing += lane.is_failing
        action = schedule.action
        if not isinstance(action, PluginCall) or action.plugin != self._record.name:
            return
        verb = self._record.verb_of(action.call)
        self.callers.setdefault(verb, []).append(schedule.id)
        if schedule.policy.circuit_breaker is not None:
            self.circuits.setdefault(verb, _circuit_view(lane))

    @property
    def circuits_open(self) -> int:
        return sum(circuit.opened_at is not None for circuit in self.circuits.values())


class PluginPages:
    """Makes the list of plugins and the page of one, in one pass over the lanes that lets others run."""

    def __init__(
        self, clock: Clock, lanes: Lanes, *, catalog: Catalog, sets: PluginSets, state: PluginState
    ) -> None:
        self._clock = clock
        self._lanes = lanes
        self._catalog = catalog
        self._sets = sets
        self._state = state

    async def list(self) -> tuple[PluginView, ...]:
        """Return every plugin by name, those that failed or left too."""
        records = self._sets.registry.records()
        gathered = await self._gather(records)
        return tuple(self._view(record, gathered[record.name]) for record in records)

    async def view(self, name: str) -> PluginView:
        record = self._sets.record(name)
        return self._view(record, (await self._gather((record,)))[name])

    async def show(self, name: str) -> PluginDetail:
        """Return everything about one plugin; UnknownPlugin names the nearest."""
        record = self._sets.record(name)
        found = (await self._gather((record,)))[name]
        remembered = await self._state.load(name)
        return PluginDetail(
            plugin=self._view(record, found),
            declared=tuple(schedule.id for schedule in record.declared.schedules),
            made=tuple(found.made),
            commands=tuple(_command_view(verb, found) for verb in record.declared.verbs),
            refused=tuple(_refused_view(one) for one in record.declared.refused),
            shadowed=tuple(self._shadowed(record)),
            remembers=tuple(sorted(remembered)),
        )

    def statuses(self) -> Mapping[str, int]:
        """Return how many plugins there are of each status."""
        found = dict.fromkeys((status.value for status in PluginStatus), 0)
        for record in self._sets.registry.records():
            found[record.status.value] += 1
        return found

    def troubled(self) -> int:
        """Return how many plugins could not be loaded, those that run on with what they had before included."""
        return sum(record.status.is_troubled for record in self._sets.registry.records())

    async def _gather(self, records: tuple[PluginRecord, ...]) -> dict[str, _Gathered]:
        found = {record.name: _Gathered(record) for record in records}
        creators = {creator_of(name): name for name in found}
        async for lane in in_slices(self._clock, list(self._lanes)):
            if lane.is_leaving:
                continue
            origin = lane.schedule.origin
            made_by = creators.get(origin.name) if origin.kind is SourceKind.API else None
            for name in {made_by, plugin_of(lane.schedule)}:
                if name in found:
                    found[name].add(lane)
        return found

    def _view(self, record: PluginRecord, found: _Gathered) -> PluginView:
        return PluginView(
            name=record.name,
            status=record.status,
            since=to_datetime(record.since),
            priority=record.priority,
            carrier=record.carrier,
            version=record.declared.version,
            origin=record.origin,
            reason=record.reason,
            declared=len(record.declared.schedules),
            made=len(found.made),
            refused=len(record.declared.refused),
            shadowed=sum(1 for _ in self._shadowed(record)),
            running=found.running,
            failing=found.failing,
            circuits_open=found.circuits_open,
        )

    def _shadowed(self, record: PluginRecord) -> Iterator[ShadowedView]:
        for schedule in record.declared.schedules:
            held = self._catalog.get(schedule.id)
            if held is not None and held.origin != schedule.origin:
                yield ShadowedView(schedule_id=schedule.id, held_by=str(held.origin))


def _refused_view(refused: Refused) -> RefusedView:
    return RefusedView(schedule_id=refused.schedule_id, reason=refused.reason)


def _command_view(verb: Verb, found: _Gathered) -> CommandView:
    return CommandView(
        name=verb.name,
        description=verb.description,
        is_write=verb.is_write,
        input_schema=verb.input_schema,
        output_schema=verb.output_schema,
        schedules=tuple(found.callers.get(verb.name, ())),
        circuit=found.circuits.get(verb.name),
    )


def _circuit_view(lane: Lane) -> CircuitView:
    breaker, until = lane.state.breaker, circuit_open_until(lane)
    return CircuitView(
        failures=breaker.failures,
        opened_at=None if breaker.opened_at is None else to_datetime(breaker.opened_at),
        open_until=None if until is None else to_datetime(until),
        is_probing=breaker.is_probing,
    )
