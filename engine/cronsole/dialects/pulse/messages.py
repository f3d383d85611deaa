"""The messages of schedule.proto and domain.proto, with their field numbers."""

from collections.abc import Mapping
from typing import ClassVar

from cronsole.dialects.pulse.wire import (
    BOOL,
    BYTES,
    DOUBLE,
    INT32,
    OPTIONAL_INT64,
    PAIRS,
    STRING,
    STRINGS,
    Fields,
    Many,
    Message,
    One,
)


class Empty(Message, frozen=True):
    """Nothing to say."""


class ScheduledJob(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "id": (1, STRING),
        "ats_code": (2, STRING),
        "handler_name": (3, STRING),
        "payload": (4, BYTES),
        "source_url": (5, STRING),
        "interval_seconds": (6, INT32),
        "next_run_at": (7, STRING),
        "last_run_at": (8, STRING),
        "last_execution_id": (9, STRING),
        "state": (10, STRING),
        "metadata": (11, STRING),
        "created_at": (12, STRING),
        "updated_at": (13, STRING),
        "created_from_doc": (14, STRING),
    }

    id: str = ""
    ats_code: str = ""
    handler_name: str = ""
    payload: bytes = b""
    source_url: str = ""
    interval_seconds: int = 0
    next_run_at: str = ""
    last_run_at: str = ""
    last_execution_id: str = ""
    state: str = ""
    metadata: str = ""
    created_at: str = ""
    updated_at: str = ""
    created_from_doc: str = ""


class CreateScheduleRequest(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "auth_token": (1, STRING),
        "handler_name": (2, STRING),
        "interval_seconds": (3, INT32),
        "payload": (4, BYTES),
        "metadata": (5, PAIRS),
    }

    auth_token: str = ""
    handler_name: str = ""
    interval_seconds: int = 0
    payload: bytes = b""
    metadata: Mapping[str, str] = {}


class CreateScheduleResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {"success": (1, BOOL), "error": (2, STRING), "schedule_id": (3, STRING)}

    success: bool = False
    error: str = ""
    schedule_id: str = ""


class ScheduleRequest(Message, frozen=True, kw_only=True):
    """The Pause-, Resume-, Delete- and GetScheduleRequest, which are alike."""

    FIELDS: ClassVar[Fields] = {"auth_token": (1, STRING), "schedule_id": (2, STRING)}

    auth_token: str = ""
    schedule_id: str = ""


class ScheduleResponse(Message, frozen=True, kw_only=True):
    """The Pause-, Resume- and DeleteScheduleResponse, which are alike."""

    FIELDS: ClassVar[Fields] = {"success": (1, BOOL), "error": (2, STRING)}

    success: bool = False
    error: str = ""


class GetScheduleResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {"success": (1, BOOL), "error": (2, STRING), "job": (3, One(ScheduledJob))}

    success: bool = False
    error: str = ""
    job: ScheduledJob | None = None


class MetadataResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {"name": (1, STRING), "version": (2, STRING)}

    name: str = ""
    version: str = ""


class InitializeRequest(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "ats_store_endpoint": (1, STRING),
        "queue_endpoint": (2, STRING),
        "auth_token": (3, STRING),
        "config": (4, PAIRS),
        "schedule_endpoint": (5, STRING),
    }

    ats_store_endpoint: str = ""
    queue_endpoint: str = ""
    auth_token: str = ""
    config: Mapping[str, str] = {}
    schedule_endpoint: str = ""


class ScheduleInfo(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "handler_name": (1, STRING),
        "interval_seconds": (2, INT32),
        "enabled_by_default": (3, BOOL),
        "description": (4, STRING),
        "ats_code": (5, STRING),
    }

    handler_name: str = ""
    interval_seconds: int = 0
    enabled_by_default: bool = False
    description: str = ""
    ats_code: str = ""


class InitializeResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {"handler_names": (1, STRINGS), "schedules": (2, Many(ScheduleInfo))}

    handler_names: tuple[str, ...] = ()
    schedules: tuple[ScheduleInfo, ...] = ()


class ExecuteJobRequest(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "job_id": (1, STRING),
        "handler_name": (2, STRING),
        "payload": (3, BYTES),
        "timeout_secs": (4, OPTIONAL_INT64),
    }

    job_id: str = ""
    handler_name: str = ""
    payload: bytes = b""
    timeout_secs: int | None = None


class JobLogEntry(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "timestamp": (1, STRING),
        "level": (2, STRING),
        "message": (3, STRING),
        "stage": (4, STRING),
        "metadata": (5, STRING),
    }

    timestamp: str = ""
    level: str = ""
    message: str = ""
    stage: str = ""
    metadata: str = ""


class ExecuteJobResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {
        "success": (1, BOOL),
        "error": (2, STRING),
        "result": (3, BYTES),
        "progress_current": (4, INT32),
        "progress_total": (5, INT32),
        "cost_actual": (6, DOUBLE),
        "log_entries": (7, Many(JobLogEntry)),
        "plugin_version": (8, STRING),
    }

    success: bool = False
    error: str = ""
    result: bytes = b""
    progress_current: int = 0
    progress_total: int = 0
    cost_actual: float = 0.0
    log_entries: tuple[JobLogEntry, ...] = ()
    plugin_version: str = ""


class HealthResponse(Message, frozen=True, kw_only=True):
    FIELDS: ClassVar[Fields] = {"healthy": (1, BOOL), "message": (2, STRING)}

    healthy: bool = False
    message: str = ""
