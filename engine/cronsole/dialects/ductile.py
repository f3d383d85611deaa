"""The words of ductile: what a table of `plugins` says of a plugin that is a process, and when its commands are called.

Several entries may call several commands, each at its own pace. The first run counts in `max_attempts`.
"""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from cronsole.config import gates, tables, values
from cronsole.config.keys import Key, Scope, attempt, read_table, table_of
from cronsole.config.plugin_keys import PLUGIN, read_plugin
from cronsole.config.problems import MISSING, Fault, Flaw, missing, wrong_kind
from cronsole.config.references import resolve_table
from cronsole.config.task_keys import read_config, read_expression
from cronsole.model.action import PluginCall
from cronsole.model.instant import DAY, HOUR, SECOND, Millis
from cronsole.model.policy import CircuitBreaker, Conditions, Hours, MissedRunPolicy, Overlap, Policy, Retry
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import PluginSettings
from cronsole.model.trigger import IntervalSpec, OnceSpec, TriggerSpec
from cronsole.plugins.protocol2 import timeout_of

POLL: Final = "poll"
DEFERRED: Final = frozenset({"config", "config_json", "schedule", "schedules"})

_DEFAULT_ID: Final = "default"
_HANDLE: Final = "handle"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_BARE: Final = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PACES: Final[Mapping[str, Millis]] = {"hourly": HOUR, "daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY}
_OVERLAPS: Final = {"skip": Overlap.SKIP, "queue": Overlap.QUEUE_ONE, "cancel": Overlap.CANCEL_OLD}
_TRIGGERS: Final = ("every", "cron", "at", "after")
_WEEK: Final = frozenset(range(7))
_RETRY: Final = Retry(attempts=3, delay_ms=30 * SECOND)
_BREAKER: Final = CircuitBreaker()


class Translated(msgspec.Struct, frozen=True):
    """What a table means, and what is to be said of the words that it is written in."""

    plugin: PluginSettings
    warnings: tuple[str, ...] = ()


def read_name(value: object, scope: Scope) -> str:
    name = values.word(value, scope)
    if not _NAME.fullmatch(name):
        raise Fault("is no name; accepted are letters, digits and . _ -")
    return name


def read_command(value: object, scope: Scope) -> str:
    name = read_name(value, scope)
    if name == _HANDLE:
        raise Fault("is called for an event, never by a schedule; name another command")
    return name


def read_every(value: object, scope: Scope) -> Millis:
    """Read a pace: a duration, or one of four words."""
    if isinstance(value, str) and value.strip().lower() in _PACES:
        return _PACES[value.strip().lower()]
    try:
        return attempt(values.span, value, scope)  # type: ignore[no-any-return] # a reader of durations
    except Fault as fault:
        raise Fault(f"{fault}; or one of {', '.join(_PACES)}") from fault


def read_overlap(value: object, scope: Scope) -> Overlap:
    name = values.word(value, scope)
    if name not in _OVERLAPS:
        raise Fault(f"accepted is one of {', '.join(_OVERLAPS)}")
    return _OVERLAPS[name]


def read_not_on(value: object, scope: Scope) -> frozenset[int]:
    """Read the days of rest; what is returned are the days that are left."""
    left = _WEEK - gates.read_days(value, scope)
    if not left:
        raise Fault("leaves no day of the week")
    return left


def read_payload(value: object, scope: Scope) -> str:
    if not isinstance(value, dict):
        raise wrong_kind(value, "a table")
    return read_config(value, scope)


def read_retry(value: object, scope: Scope) -> Retry:
    found = read_table(value, RETRY, scope)
    delay_ms = found.get("backoff_base", _RETRY.delay_ms)
    attempts = found.get("max_attempts", _RETRY.attempts + 1) - 1
    return Retry(attempts, delay_ms, max_delay_ms=max(_RETRY.max_delay_ms, delay_ms))


def read_timeouts(value: object, scope: Scope) -> tuple[tuple[str, Millis], ...]:
    """Read how long each command may take."""
    if not isinstance(value, dict):
        raise wrong_kind(value, "a table of commands and durations, such as {poll: 60s}")
    flaws: list[Flaw] = []
    found: list[tuple[str, Millis]] = []
    for name, item in value.items():
        try:
            found.append((read_name(name, scope), attempt(values.span, item, scope)))
        except Fault as fault:
            flaws += fault.under(name, item)
    if flaws:
        raise Fault(flaws)
    return tuple(sorted(found))


RETRY: Final = table_of(
    Key("max_attempts", "a count", values.count(1, 1000), "Attempts, the first included.", default="4"),
    Key("backoff_base", "a duration", values.duration, "Wait before the second attempt.", default="30s"),
)

ENTRY: Final = table_of(
    Key("id", "a name", read_name, "What the entry is called, once in the plugin.", default="default"),
    Key("command", "a name", read_command, "The command that is called.", default=POLL),
    Key("every", "a duration or a word", read_every, "Its pace; `hourly`, `daily`, `weekly`, `monthly` too."),
    Key("cron", "an expression", read_expression, "A cron expression."),
    Key("at", "a time", values.instant, "Once, at this time."),
    Key("after", "a duration", values.duration, "Once, this long after the entry was first seen."),
    Key("payload", "a table", read_payload, "Handed to the command."),
    Key("jitter", "a duration", values.duration, "Spread starts over this long.", default="0s"),
    Key(
        "catch_up",
        "skip, run_once or run_all",
        values.one_of(MissedRunPolicy),
        "Slots that were slept through.",
        default="skip",
    ),
    Key(
        "if_running",
        "skip, queue or cancel",
        read_overlap,
        "What happens while the last call goes on.",
        default="skip",
    ),
    Key("only_between", "hours", gates.read_hours, "`HH:MM-HH:MM`; over midnight too."),
    Key("timezone", "a time zone", values.timezone, "Zone of its times.", default="`engine.timezone`"),
    Key("not_on", "days", read_not_on, "Days of rest: names, or 0 to 6 from Sunday, which is 7 too."),
)

_OLD: Final = table_of(
    Key("timeout", "a duration", values.span, "Of every command."),
    Key("max_attempts", "a count", values.count(1, 1000), "Attempts, the first included."),
)
_INSTEAD: Final = {"timeout": "timeouts: {poll: …, <command>: …}", "max_attempts": "retry: {max_attempts: …}"}

OF_PROCESSES: Final = table_of(
    Key("schedule", "a table", lambda value, _: value, "One entry of `schedules`.", keys=ENTRY),
    Key("schedules", "a list of tables", lambda value, _: value, "When which command is called.", keys=ENTRY),
    Key("retry", "a table", read_retry, "How often, and when, a call is tried again.", keys=RETRY),
    Key("timeouts", "a table", read_timeouts, "How long each command may take.", default="60s each"),
    Key(
        "circuit_breaker",
        "a table",
        tables.read_circuit_breaker,
        "Rest after failures in a row of one command.",
        keys=tables.CIRCUIT_BREAKER,
        default="3 failures, 30m",
    ),
    Key("max_outstanding_polls", "a count", values.count(1), "Polls that may be under way.", default="1"),
    Key("parallelism", "a count", values.count(1), "Calls that may go on at once.", default="any number"),
)


def translate(name: str, table: object, scope: Scope, environ: Mapping[str, str]) -> Translated:
    """Return what a table of `plugins` means; the Fault tells of everything that is wrong with it.

    `${VAR}` is the variable of that name, which must be set.
    """
    if not isinstance(table, dict):
        raise wrong_kind(table, "a table")
    flaws: list[Flaw] = []
    given = resolve_table({key: _referring(value) for key, value in table.items()}, environ, flaws, DEFERRED)
    ours = {key: value for key, value in given.items() if key in OF_PROCESSES}
    old = {key: value for key, value in given.items() if key in _OLD}
    rest = {key: value for key, value in given.items() if key not in ours and key not in old}
    plugin = PluginSettings(name)
    fields: dict[str, Any] = {}
    try:
        plugin = read_plugin(name, rest, scope, _KNOWN)
    except Fault as fault:
        flaws += fault.flaws
    try:
        fields = read_table(ours, OF_PROCESSES, scope)
        fields = _of_older_versions(read_table(old, _OLD, scope), fields)
    except Fault as fault:
        flaws += fault.flaws
    for key in ("schedule", "schedules"):
        fields.pop(key, None)
    plugin = msgspec.structs.replace(plugin, **fields)
    schedules = _schedules(plugin, ours, scope, environ, flaws)
    if flaws:
        raise Fault(flaws)
    warnings = tuple(f"{key} is a key of an older version; write {_INSTEAD[key]}" for key in old)
    return Translated(msgspec.structs.replace(plugin, schedules=schedules), warnings)


# Named here, so that a slip in any key finds the nearest of all of them.
_KNOWN: Final = {**PLUGIN, **OF_PROCESSES}


def _of_older_versions(old: Mapping[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with what older versions said in other words; the newer words win."""
    if "timeout" in old:
        every = dict.fromkeys(("poll", _HANDLE, "health", "init", ""), old["timeout"])
        fields["timeouts"] = tuple(sorted({**every, **dict(fields.get("timeouts", ()))}.items()))
    if "max_attempts" in old and "retry" not in fields:
        fields["retry"] = msgspec.structs.replace(_RETRY, attempts=old["max_attempts"] - 1)
    return fields


def _referring(value: object) -> object:
    """Return a tree with `${VAR}` written as the reference that it is."""
    match value:
        case str():
            return _BARE.sub(r"${env:\1}", value)
        case list():
            return [_referring(item) for item in value]
        case dict():
            return {key: _referring(item) for key, item in value.items()}
    return value


def _schedules(
    plugin: PluginSettings,
    table: Mapping[str, object],
    scope: Scope,
    environ: Mapping[str, str],
    flaws: list[Flaw],
) -> tuple[Schedule, ...]:
    """Return the schedules of a plugin's entries, their ids naming plugin, command and, where needed, entry."""
    entries = _entries(table, flaws)
    read: list[tuple[tuple[str | int, ...], dict[str, Any]]] = []
    for path, entry in entries:
        own: list[Flaw] = []
        try:
            read.append((path, _read_entry(entry, scope, environ, own)))
        except Fault as fault:
            own += fault.flaws
        flaws += [Flaw((*path, *flaw.path), flaw.value, flaw.message) for flaw in own]
    _check_ids(read, flaws)
    if flaws:
        return ()
    calls = Counter(fields["command"] for _, fields in read)
    return tuple(_schedule(plugin, fields, has_siblings=calls[fields["command"]] > 1) for _, fields in read)


def _entries(table: Mapping[str, object], flaws: list[Flaw]) -> list[tuple[tuple[str | int, ...], object]]:
    one, several = table.get("schedule"), table.get("schedules")
    if "schedule" in table and "schedules" in table:
        flaws.append(missing("schedules", "stands beside schedule; a plugin has one of the two"))
        return []
    if "schedule" in table:
        return [(("schedule",), one)]
    if "schedules" not in table:
        return []
    if not isinstance(several, list):
        flaws += wrong_kind(several, "a list of tables").under("schedules", MISSING)
        return []
    return [(("schedules", index), entry) for index, entry in enumerate(several)]


def _read_entry(entry: object, scope: Scope, environ: Mapping[str, str], flaws: list[Flaw]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise wrong_kind(entry, "a table")
    table = resolve_table(entry, environ, flaws, frozenset({"payload"}))
    zone = table.get("timezone", scope.timezone)
    if isinstance(zone, str):
        # Of a zone that is none the key itself tells, which is about to be read.
        with suppress(Fault):
            attempt(values.timezone, zone, scope)
            scope = msgspec.structs.replace(scope, timezone=zone)
    fields = read_table(table, ENTRY, scope)
    given = [key for key in _TRIGGERS if key in entry]
    if not given:
        raise Fault([missing("every", f"is missing; an entry has one of {', '.join(_TRIGGERS)}")])
    if len(given) > 1:
        told = f"stands beside {given[0]}; an entry has one of {', '.join(_TRIGGERS)}"
        raise Fault([missing(given[-1], told)])
    return {"command": POLL, "timezone": scope.timezone, **fields}


def _check_ids(read: list[tuple[tuple[str | int, ...], dict[str, Any]]], flaws: list[Flaw]) -> None:
    """An id is given once in a plugin; entries without one are told apart by their commands."""
    seen: set[tuple[str, str]] = set()
    for path, fields in read:
        entry_id = fields.get("id", _DEFAULT_ID)
        key = (entry_id, "" if "id" in fields else fields["command"])
        if key in seen or (entry_id == _DEFAULT_ID and (_DEFAULT_ID, "") in seen):
            told = f"{entry_id!r} is taken by another entry; each has an id of its own in its plugin"
            flaws.append(Flaw((*path, "id"), fields.get("id", MISSING), told))
        seen.add(key)


def _schedule(plugin: PluginSettings, fields: Mapping[str, Any], *, has_siblings: bool) -> Schedule:
    command = fields["command"]
    entry = f":{fields.get('id', _DEFAULT_ID)}" if has_siblings else ""
    return Schedule(
        f"{plugin.name}/{command}{entry}",
        _trigger(fields),
        PluginCall(plugin.name, command),
        timezone=fields["timezone"],
        config=fields.get("payload", ""),
        policy=_policy(plugin, fields),
        origin=Origin(SourceKind.PLUGIN, plugin.name),
    )


def _trigger(fields: Mapping[str, Any]) -> TriggerSpec:
    if "every" in fields:
        return IntervalSpec(fields["every"])
    if "at" in fields:
        return OnceSpec(at=fields["at"])
    if "after" in fields:
        return OnceSpec(after_ms=fields["after"])
    found: TriggerSpec = fields["cron"]
    return found


def _policy(plugin: PluginSettings, fields: Mapping[str, Any]) -> Policy:
    hours: Hours | None = fields.get("only_between")
    timeouts = dict(plugin.timeouts)
    return Policy(
        missed_run_policy=fields.get("catch_up", MissedRunPolicy.SKIP),
        overlap=fields.get("if_running", Overlap.SKIP),
        jitter_ms=fields.get("jitter", 0),
        timeout_ms=timeout_of(fields["command"], timeouts),
        retry=plugin.retry or _RETRY,
        circuit_breaker=plugin.circuit_breaker or _BREAKER,
        conditions=Conditions(
            days=fields.get("not_on", frozenset()), hours=(hours,) if hours is not None else ()
        ),
    )
