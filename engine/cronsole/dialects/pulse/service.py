"""ScheduleService: a plugin creates, pauses, resumes, deletes and looks at schedules of its own making.

Whatever goes wrong is said in the answer: `success` is false, and `error` a sentence.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from cronsole.dialects.pulse.messages import (
    CreateScheduleRequest,
    CreateScheduleResponse,
    GetScheduleResponse,
    ScheduledJob,
    ScheduleRequest,
    ScheduleResponse,
)
from cronsole.errors import CronsoleError
from cronsole.model.instant import SECOND, Instant, to_rfc3339
from cronsole.plugins.base import RuntimeSchedule, RuntimeSchedules
from cronsole.plugins.words import Method

_SERVICE = "/protocol.ScheduleService"
_WRONG_TOKEN = "invalid authentication token"
_LARGEST_INT32 = 2**31 - 1


class ScheduleService:
    """The service as one plugin sees it."""

    def __init__(self, plugin: str, token: str, schedules: RuntimeSchedules) -> None:
        self._plugin = plugin
        self._token = token.encode()
        self._schedules = schedules

    def methods(self) -> Mapping[str, Method]:
        return {
            f"{_SERVICE}/CreateSchedule": self._create,
            f"{_SERVICE}/PauseSchedule": self._pause,
            f"{_SERVICE}/ResumeSchedule": self._resume,
            f"{_SERVICE}/DeleteSchedule": self._delete,
            f"{_SERVICE}/GetSchedule": self._get,
        }

    async def _create(self, data: bytes) -> bytes:
        asked = CreateScheduleRequest.decode(data)
        if not self._is_known(asked.auth_token):
            return CreateScheduleResponse(error=_WRONG_TOKEN).encode()
        try:
            schedule_id = await self._schedules.create(
                self._plugin,
                asked.handler_name,
                every_ms=asked.interval_seconds * SECOND,
                payload=as_text(asked.payload),
                metadata=asked.metadata,
            )
        except CronsoleError as fault:
            return CreateScheduleResponse(error=str(fault)).encode()
        return CreateScheduleResponse(success=True, schedule_id=schedule_id).encode()

    async def _get(self, data: bytes) -> bytes:
        asked = ScheduleRequest.decode(data)
        if not self._is_known(asked.auth_token):
            return GetScheduleResponse(error=_WRONG_TOKEN).encode()
        try:
            found = await self._schedules.get(self._plugin, asked.schedule_id)
        except CronsoleError as fault:
            return GetScheduleResponse(error=str(fault)).encode()
        return GetScheduleResponse(success=True, job=_as_job(found)).encode()

    async def _pause(self, data: bytes) -> bytes:
        return await self._change(self._schedules.pause, data)

    async def _resume(self, data: bytes) -> bytes:
        return await self._change(self._schedules.resume, data)

    async def _delete(self, data: bytes) -> bytes:
        return await self._change(self._schedules.delete, data)

    async def _change(self, change: Callable[[str, str], Awaitable[None]], data: bytes) -> bytes:
        asked = ScheduleRequest.decode(data)
        if not self._is_known(asked.auth_token):
            return ScheduleResponse(error=_WRONG_TOKEN).encode()
        try:
            await change(self._plugin, asked.schedule_id)
        except CronsoleError as fault:
            return ScheduleResponse(error=str(fault)).encode()
        return ScheduleResponse(success=True).encode()

    def _is_known(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)


def as_text(payload: bytes) -> str:
    """Return a payload as text from which `as_bytes` makes the same bytes again, be they UTF-8 or not."""
    return payload.decode(errors="surrogateescape")


def as_bytes(payload: str) -> bytes:
    return payload.encode(errors="surrogateescape")


def _time(at: Instant | None) -> str:
    return "" if at is None else to_rfc3339(at)


def _as_job(found: RuntimeSchedule) -> ScheduledJob:
    return ScheduledJob(
        id=found.schedule_id,
        handler_name=found.handler,
        payload=as_bytes(found.payload),
        interval_seconds=min(found.every_ms // SECOND, _LARGEST_INT32),
        next_run_at=_time(found.next_at),
        last_run_at=_time(found.last_at),
        last_execution_id=found.last_run_id,
        state=found.state,
        metadata=msgspec.json.encode(found.metadata).decode() if found.metadata else "",
        created_at=_time(found.created_at),
        updated_at=_time(found.updated_at),
    )
