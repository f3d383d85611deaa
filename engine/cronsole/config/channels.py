"""`[notify.NAME]`: the channels that tasks name under `notify`."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, Final

import msgspec

from cronsole.config import actions, values
from cronsole.config.keys import Key, Keys, Scope, attempt, read_table, table_of
from cronsole.config.problems import Fault, Flaw, missing, wrong_kind
from cronsole.config.references import resolve_table
from cronsole.config.secrets import files_named
from cronsole.errors import MissingExtra
from cronsole.model.channel import (
    AppriseChannel,
    Channel,
    CommandChannel,
    LogChannel,
    MemoryChannel,
    WebhookChannel,
)
from cronsole.model.event import Level

_METHODS: Final = ("POST", "PUT", "PATCH")


class ChannelType(StrEnum):
    LOG = "log"
    WEBHOOK = "webhook"
    COMMAND = "command"
    MEMORY = "memory"
    APPRISE = "apprise"


class _Kind(msgspec.Struct, frozen=True):
    """What a type of channel is made of."""

    make: Callable[..., Channel]
    keys: Keys
    needed: str = ""


def _read_apprise_url(value: object, scope: Scope) -> str:
    url = values.word(value, scope)
    if find_spec("apprise") is None:
        raise MissingExtra("a channel of type apprise", "notify")
    return url


def _read_method(value: object, scope: Scope) -> str:
    method = actions.read_method(value, scope)
    if method not in _METHODS:
        raise Fault(f"carries no message; accepted is one of {', '.join(_METHODS)}")
    return method


def _timeout(default: str) -> Key:
    return Key("timeout", "a duration", values.span, "How long a message may take.", "timeout_ms", default)


_TYPE = Key(
    "type", "log, webhook, command, memory or apprise", values.one_of(ChannelType), "What the channel is."
)

KINDS: Final[Mapping[ChannelType, _Kind]] = {
    ChannelType.LOG: _Kind(
        LogChannel,
        table_of(
            Key(
                "level",
                "debug, info, warning or error",
                values.one_of(Level),
                "How loud its lines are.",
                default="error for a failure, warning for what was skipped or missed, else info",
            )
        ),
    ),
    ChannelType.WEBHOOK: _Kind(
        WebhookChannel,
        table_of(
            Key("url", "a URL", actions.read_url, "Where the request goes."),
            Key("method", ", ".join(_METHODS), _read_method, "How it goes there.", default="POST"),
            Key("headers", "a table", actions.read_headers, "Headers of the request."),
            _timeout("10s"),
        ),
        "url",
    ),
    ChannelType.COMMAND: _Kind(
        CommandChannel,
        table_of(
            Key(
                "command",
                "text or a list",
                actions.read_command,
                "A line for `/bin/sh -c`, or a program and its words.",
                "run",
            ),
            Key("env", "a table", actions.read_env, "Variables."),
            _timeout("30s"),
        ),
        "command",
    ),
    ChannelType.MEMORY: _Kind(MemoryChannel, {}),
    ChannelType.APPRISE: _Kind(
        AppriseChannel,
        table_of(
            Key("url", "a URL of Apprise", _read_apprise_url, "The service (extra `notify`)."),
            _timeout("30s"),
        ),
        "url",
    ),
}

# Their references stay as written: what they stand for shall not reach the ledger, the logs or a screen.
_DEFERRED: Final = frozenset({"url", "headers", "command", "env"})


def read_channels(value: object, scope: Scope, environ: Mapping[str, str]) -> tuple[Channel, ...]:
    """Read all channels; the Fault tells of everything that is wrong with any of them."""
    if not isinstance(value, dict):
        raise wrong_kind(value, "tables, written as [notify.NAME] headers")
    flaws: list[Flaw] = []
    channels: list[Channel] = []
    for name, table in value.items():
        try:
            if not isinstance(table, dict):
                raise wrong_kind(table, f"a table, written as a [notify.{name}] header")
            channels.append(_read_channel(attempt(values.word, name, scope), table, scope, environ))
        except Fault as fault:
            flaws.extend(fault.under(name, table))
    if flaws:
        raise Fault(flaws)
    return tuple(channels)


def advise_channel(channel: Channel) -> Iterator[str]:
    """Yield warnings about a channel that is right in form."""
    if isinstance(channel, CommandChannel):
        words = channel.run if isinstance(channel.run, str) else "\n".join(channel.run)
        if files_named(words):
            yield "puts a secret's file into its command line, where every user sees it; put it into env"


def _read_channel(
    name: str, table: Mapping[str, object], scope: Scope, environ: Mapping[str, str]
) -> Channel:
    flaws: list[Flaw] = []
    resolved = resolve_table(table, environ, flaws, _DEFERRED)
    if flaws:
        raise Fault(flaws)
    if "type" not in resolved:
        raise Fault([missing("type", f"is missing; a channel is one of {', '.join(ChannelType)}")])
    try:
        kind = KINDS[attempt(_TYPE.read, resolved["type"], scope)]
    except Fault as fault:
        raise Fault(fault.under("type", resolved["type"])) from fault
    fields: dict[str, Any] = read_table(resolved, {"type": _TYPE, **kind.keys}, scope)
    if kind.needed and kind.needed not in resolved:
        raise Fault([missing(kind.needed, "is missing")])
    del fields["type"]
    return kind.make(name=name, **fields)
