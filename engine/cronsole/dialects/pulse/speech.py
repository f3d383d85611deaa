"""The words of Pulse towards a plugin: how it is introduced, what it announces, and how it is told to work."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cronsole.dialects.pulse.messages import (
    Empty,
    ExecuteJobRequest,
    ExecuteJobResponse,
    HealthResponse,
    InitializeRequest,
    InitializeResponse,
    JobLogEntry,
    MetadataResponse,
    ScheduleInfo,
)
from cronsole.dialects.pulse.service import ScheduleService, as_bytes
from cronsole.model.action import PluginCall
from cronsole.model.instant import SECOND, Millis
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.trigger import IntervalSpec
from cronsole.plugins.base import Declared, Health, Refused, RuntimeSchedules, Verb
from cronsole.plugins.words import Executed, Method
from cronsole.text import part_of_id

_SERVICE = "/protocol.DomainPluginService"


class PulseWords:
    """Fulfils plugins.words.Words."""

    initialize = f"{_SERVICE}/Initialize"
    execute = f"{_SERVICE}/ExecuteJob"
    metadata = f"{_SERVICE}/Metadata"
    health = f"{_SERVICE}/Health"
    shutdown = f"{_SERVICE}/Shutdown"

    def nothing(self) -> bytes:
        return Empty().encode()

    def introduction(self, *, token: str, endpoint: str, config: str) -> bytes:
        return InitializeRequest(
            auth_token=token, schedule_endpoint=endpoint, config=_as_pairs(config)
        ).encode()

    def read_declared(self, plugin: str, answer: bytes) -> Declared:
        said = InitializeResponse.decode(answer)
        schedules: list[Schedule] = []
        refused: list[Refused] = []
        for schedule_id, info in _named(plugin, said.schedules):
            fault = _fault(info, said.handler_names)
            if fault:
                refused.append(Refused(schedule_id, fault))
            else:
                schedules.append(_schedule(plugin, schedule_id, info))
        verbs = tuple(Verb(name) for name in dict.fromkeys(said.handler_names))
        return Declared(tuple(schedules), tuple(refused), verbs)

    def read_version(self, answer: bytes) -> str:
        return MetadataResponse.decode(answer).version

    def read_health(self, answer: bytes) -> Health:
        said = HealthResponse.decode(answer)
        return Health(said.healthy, said.message)

    def order(self, run_id: str, verb: str, payload: str, timeout_ms: Millis | None) -> bytes:
        return ExecuteJobRequest(
            job_id=run_id,
            handler_name=verb,
            payload=as_bytes(payload),
            timeout_secs=None if timeout_ms is None else -(-timeout_ms // SECOND),
        ).encode()

    def read_executed(self, answer: bytes) -> Executed:
        said = ExecuteJobResponse.decode(answer)
        error = "" if said.success else said.error or "the plugin says that it failed, and not why"
        return Executed(said.success, error, "".join(f"{line}\n" for line in _lines(said)))

    def schedule_service(self, plugin: str, token: str, schedules: RuntimeSchedules) -> Mapping[str, Method]:
        return ScheduleService(plugin, token, schedules).methods()


def _as_pairs(config: str) -> dict[str, str]:
    """Return a table as texts: texts as they are, all else as JSON."""
    table = msgspec.json.decode(config) if config else {}
    if not isinstance(table, dict):
        table = {"config": table}
    return {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for key, value in table.items()
    }


def _named(plugin: str, infos: Iterable[ScheduleInfo]) -> Iterator[tuple[str, ScheduleInfo]]:
    """Yield each schedule with its id: plugin and handler, and a number from the second of one handler on."""
    seen: dict[str, int] = {}
    for info in infos:
        name = f"{plugin}/{part_of_id(info.handler_name)}"
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}:{seen[name]}"), info


def _fault(info: ScheduleInfo, handlers: Iterable[str]) -> str:
    if info.handler_name not in handlers:
        return f"it calls the handler {info.handler_name!r}, which the plugin does not have"
    if info.interval_seconds < 1:
        return f"its interval is {info.interval_seconds} seconds, and the shortest is 1"
    return ""


def _schedule(plugin: str, schedule_id: str, info: ScheduleInfo) -> Schedule:
    return Schedule(
        id=schedule_id,
        trigger=IntervalSpec(info.interval_seconds * SECOND),
        action=PluginCall(plugin, info.handler_name),
        description=info.description or info.ats_code,
        starts_paused=not info.enabled_by_default,
        origin=Origin(SourceKind.PLUGIN, plugin),
    )


def _lines(said: ExecuteJobResponse) -> Iterator[str]:
    yield from map(_line, said.log_entries)
    if said.progress_total or said.progress_current:
        yield f"progress: {said.progress_current} of {said.progress_total}"
    if said.cost_actual:
        yield f"cost: {said.cost_actual:g}"
    if said.plugin_version:
        yield f"version: {said.plugin_version}"
    if said.result:
        yield said.result.decode(errors="replace").rstrip("\n")


def _line(entry: JobLogEntry) -> str:
    parts = (entry.timestamp, entry.level, entry.stage and f"[{entry.stage}]", entry.message, entry.metadata)
    return " ".join(part for part in parts if part)
