"""Channels: where messages go, as `[notify.NAME]` tables define them. References to secrets stay as written."""

from typing import TypeAlias

import msgspec

from cronsole.model.action import Pairs
from cronsole.model.event import Level
from cronsole.model.instant import SECOND, Millis


class LogChannel(msgspec.Struct, frozen=True, tag="log"):
    """The engine's log; without a level, each message is as loud as its kind deserves."""

    name: str
    level: Level | None = None


class WebhookChannel(msgspec.Struct, frozen=True, tag="webhook"):
    """An HTTP request that carries the message as JSON."""

    name: str
    url: str
    method: str = "POST"
    headers: Pairs = ()
    timeout_ms: Millis = 10 * SECOND


class CommandChannel(msgspec.Struct, frozen=True, tag="command"):
    """A process that reads the message as JSON: a list is executed as it stands, a string handed to `/bin/sh -c`."""

    name: str
    run: str | tuple[str, ...]
    env: Pairs = ()
    timeout_ms: Millis = 30 * SECOND


class MemoryChannel(msgspec.Struct, frozen=True, tag="memory"):
    """A table of the ledger, which other parts can read later."""

    name: str


class AppriseChannel(msgspec.Struct, frozen=True, tag="apprise"):
    """One of the services that Apprise knows, by its URL."""

    name: str
    url: str
    timeout_ms: Millis = 30 * SECOND


Channel: TypeAlias = LogChannel | WebhookChannel | CommandChannel | MemoryChannel | AppriseChannel
