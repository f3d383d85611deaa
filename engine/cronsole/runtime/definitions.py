"""Schedules that people and programs make while the engine runs: create, replace, patch, delete."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from cronsole.api.facade import Asker
from cronsole.catalog import Catalog, Source
from cronsole.config.definition import as_table, executes, merged, read_definition
from cronsole.config.diff import Diff
from cronsole.config.hashing import definition_hash
from cronsole.errors import (
    ConfigError,
    CronsoleError,
    Forbidden,
    NotNow,
    NotOurs,
    ScheduleExists,
    StaleDefinition,
)
from cronsole.model.event import Event, ScheduleDefined, ScheduleDeleted
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import Settings
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.enactment import Enactment
from cronsole.runtime.ground import Ground
from cronsole.runtime.keyed import Keyed, Request
from cronsole.runtime.shadow import out_of_shadow
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import AuditEntry
from cronsole.triggers.compile import compile_trigger

API = Source(SourceKind.API)


class Definitions:
    """Changes one schedule at a time, all of it or nothing; what a file or a plugin holds is not ours to change.

    Nothing of a definition is looked at before it is known that the asker may have it carried out: reading it replaces
    references by what they stand for.
    """

    def __init__(
        self,
        ground: Ground,
        *,
        catalog: Catalog,
        claimer: Claimer,
        ticker: Ticker,
        enactment: Enactment,
        settings: Callable[[], Settings],
        environ: Mapping[str, str],
        keyed: Keyed,
    ) -> None:
        self._clock = ground.clock
        self._bus = ground.bus
        self._lanes = ground.lanes
        self._catalog = catalog
        self._claimer = claimer
        self._ticker = ticker
        self._enactment = enactment
        self._settings = settings
        self._environ = environ
        self._keyed = keyed

    async def create(self, definition: Mapping[str, Any], asker: Asker, *, idempotency_key: str) -> str:
        """Bring a new schedule into force; ScheduleExists where its id is taken, wherever from."""
        async with self._keyed.request(asker.actor, idempotency_key, "create", definition) as request:
            earlier = request.answer(str)
            if earlier is not None:
                return earlier
            schedule = self._read(definition, asker)
            async with self._claimer.lock:
                holder = self._catalog.get(schedule.id)
                if holder is not None:
                    raise ScheduleExists(f"{schedule.id} exists already: {_whence(holder)}")
                await self._define(schedule, asker, request)
            return schedule.id

    async def bring(self, schedule: Schedule, asker: Asker) -> None:
        """Bring a schedule into force that is ready made; ScheduleExists where its id is taken, wherever from."""
        async with self._claimer.lock:
            holder = self._catalog.get(schedule.id)
            if holder is not None:
                raise ScheduleExists(f"{schedule.id} exists already: {_whence(holder)}")
            await self._define(schedule, asker)

    async def renew(self, schedule: Schedule, asker: Asker, renewed: Callable[[Schedule], Schedule]) -> None:
        """Bring a schedule into force that is ready made, or renew the one that there is of it.

        It is the same where it does the same; NotNow where its id is another's.
        """
        async with self._claimer.lock:
            held = self._catalog.get(schedule.id)
            if held is None:
                await self._define(schedule, asker)
                return
            if held.origin.kind is not SourceKind.API or held.action != schedule.action:
                raise NotNow(f"the id {schedule.id} is taken: {_whence(held)}")
            changed = renewed(held)
            if changed != held:
                await self._define(changed, asker)

    async def replace(
        self, schedule_id: str, definition: Mapping[str, Any], asker: Asker, *, etag: str | None
    ) -> str:
        """Put a definition in the place of the schedule's, or create it."""
        schedule = self._read(_with_id(definition, schedule_id), asker)
        async with self._claimer.lock:
            held = self._catalog.get(schedule_id)
            if held is not None:
                _check_ours(held)
            _check_fresh(schedule_id, held, etag)
            await self._define(schedule, asker)
        return schedule_id

    async def patch(
        self, schedule_id: str, changes: Mapping[str, Any], asker: Asker, *, etag: str | None
    ) -> str:
        """Change some keys of the schedule's definition; a key that is null is taken away."""
        async with self._claimer.lock:
            held = self._ours(schedule_id)
            _check_fresh(schedule_id, held, etag)
            table = _with_id(merged(as_table(held), changes), schedule_id)
            # Who made it stays its creator: a plugin still finds its own when somebody has moved them.
            changed = msgspec.structs.replace(self._read(table, asker), origin=held.origin)
            await self._define(changed, asker)
        return schedule_id

    async def delete(self, schedule_id: str, asker: Asker, *, etag: str | None) -> None:
        """Archive the schedule: what waits is skipped, what runs goes on to its end, history stays."""
        async with self._claimer.lock:
            held = self._ours(schedule_id)
            _check_fresh(schedule_id, held, etag)
            now = self._clock.now()
            entry = AuditEntry(now, asker.actor, "delete", schedule_id)
            change = self._catalog.withdraw(API, schedule_id)
            await self._enact(change, held, entry, ScheduleDeleted(now, schedule_id, asker.actor))

    def _read(self, definition: Mapping[str, Any], asker: Asker) -> Schedule:
        if not asker.may_execute and executes(definition):
            raise Forbidden(
                "this definition runs something on the machine, or refers to its environment or files: that takes "
                "the permission exec"
            )
        origin = Origin(SourceKind.API, asker.actor)
        return read_definition(definition, origin, settings=self._settings(), environ=self._environ)

    def _ours(self, schedule_id: str) -> Schedule:
        held = self._catalog.get(schedule_id)
        if held is None:
            raise self._lanes.unknown(schedule_id)
        _check_ours(held)
        return held

    async def _define(self, schedule: Schedule, asker: Asker, request: Request | None = None) -> None:
        before = self._catalog.held(API).get(schedule.id)
        now = self._clock.now()
        verb = "create" if before is None else "change"
        entry = AuditEntry(now, asker.actor, verb, schedule.id, _told(before, schedule))
        change = self._catalog.define(API, schedule)
        event = ScheduleDefined(now, schedule.id, asker.actor, before is None)
        await self._enact(change, before, entry, event, request)

    async def _enact(
        self,
        change: Diff,
        before: Schedule | None,
        entry: AuditEntry,
        event: Event,
        request: Request | None = None,
    ) -> None:
        """Write what the catalog has taken in already, or have it forget that again."""
        try:
            archive = await self._enactment.archive(change.added)
            keys = () if request is None else request.used(entry.target)
            lanes = await self._enactment.change(change, archive, audit=[entry], keys=keys)
        except BaseException:
            if before is None:
                self._catalog.withdraw(API, entry.target)
            else:
                self._catalog.define(API, before)
            raise
        for lane in lanes:
            self._ticker.schedule(lane)
        self._bus.publish(event)


def recalled(stored: Iterable[Schedule]) -> tuple[list[Schedule], dict[str, str]]:
    """Return what the ledger holds of runtime schedules, and by its stored id why one of them cannot be in force.

    What was right when it was written may not be any more: time-zone data loses zones.
    """
    found: list[Schedule] = []
    refused: dict[str, str] = {}
    for schedule in stored:
        try:
            compile_trigger(
                schedule.trigger, schedule_id=schedule.id, timezone=schedule.timezone, dst=schedule.dst
            )
        except CronsoleError as fault:
            refused[schedule.id] = f"{schedule.id.strip()}, {_whence(schedule)}, is not in force: {fault}"
        else:
            found.append(out_of_shadow(schedule))
    return found, refused


def _with_id(definition: Mapping[str, Any], schedule_id: str) -> dict[str, Any]:
    """Return the definition with the id that it is asked for under."""
    given = next((definition[key] for key in ("id", "name") if key in definition), schedule_id)
    if given != schedule_id:
        raise ConfigError(
            [f"definition: id: is {given!r}, and not {schedule_id!r}, which it is asked for under"]
        )
    return {**definition, "id": schedule_id} if "name" not in definition else dict(definition)


def _check_ours(held: Schedule) -> None:
    if held.origin.kind is not SourceKind.API:
        raise NotOurs(f"{held.id} is {_whence(held)}, and is changed there")


def _check_fresh(schedule_id: str, held: Schedule | None, etag: str | None) -> None:
    if etag is None or (held is not None and etag in ("*", definition_hash(held))):
        return
    if held is None:
        raise StaleDefinition(f"{schedule_id} does not exist, or no longer")
    raise StaleDefinition(f"{schedule_id} was changed since you read it; read it again")


def _whence(schedule: Schedule) -> str:
    match schedule.origin.kind:
        case SourceKind.API:
            return f"created by {schedule.origin}"
        case SourceKind.PLUGIN:
            return f"declared by the plugin {schedule.origin}"
    return f"defined in {schedule.origin}"


def _told(before: Schedule | None, after: Schedule) -> str:
    """Return which keys of a definition were changed; what they say may be a secret."""
    if before is None:
        return ""
    old, new = as_table(before), as_table(after)
    return ", ".join(key for key in {**old, **new} if old.get(key) != new.get(key))
