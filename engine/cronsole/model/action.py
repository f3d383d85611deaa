"""What a run does."""

from typing import TypeAlias

import msgspec

from cronsole.model.instant import Millis

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class Command(msgspec.Struct, frozen=True, tag="command"):
    """A process: a list is executed as it stands, a string is handed to `/bin/sh -c`."""

    run: str | tuple[str, ...]
    env: Pairs = ()
    env_file: str | None = None
    cwd: str | None = None
    user: str | None = None


class Handler(msgspec.Struct, frozen=True, tag="handler"):
    """A Python callable, `module:function`, called with the run's context."""

    target: str


class PluginCall(msgspec.Struct, frozen=True, tag="plugin"):
    """A plugin's verb. `task` is the action, as JSON, that a task handed to its provider has in its own words."""

    plugin: str
    call: str = ""
    task: str = ""


class Http(msgspec.Struct, frozen=True, tag="http"):
    """One HTTP request; success is a status among `expect_status`."""

    url: str
    method: str = "GET"
    headers: Pairs = ()
    body: str | None = None
    expect_status: tuple[int, ...] = ()
    connect_timeout_ms: Millis = 10_000


class Publish(msgspec.Struct, frozen=True, tag="publish"):
    """One message on a Redis channel."""

    channel: str
    message: str
    url: str


class Celery(msgspec.Struct, frozen=True, tag="celery"):
    """One task sent to a Celery broker."""

    task: str
    broker: str
    args_json: str = "[]"
    kwargs_json: str = "{}"
    queue: str | None = None


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Nothing but a record: the schedule fires, is logged and shown."""


Action: TypeAlias = Command | Handler | PluginCall | Http | Publish | Celery | Record
