"""From an entry of `[[tasks]]` to a schedule of the model."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cronsole.config import task_keys
from cronsole.config.actions import action_of
from cronsole.config.keys import Scope, attempt
from cronsole.config.problems import MISSING, Fault, Flaw, missing, unknown, wrong_kind
from cronsole.config.references import resolve_table
from cronsole.config.task_keys import (
    ACTIONS,
    ALIASES,
    DEFERRED,
    OF_COMMAND,
    OF_INTERVAL,
    POLICIES,
    TASK,
    TRIGGERS,
)
from cronsole.model.policy import DEFAULT_POLICY, Overlap, Policy
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.settings import Settings
from cronsole.model.trigger import IntervalSpec, OnceSpec, TriggerSpec

# Hardly two tasks share these, so that keeping what was read of them would only take memory.
_UNSHARED = frozenset({"id", "name", "description", "command", "handler", "http", "config", "config_json"})
_NOT_IN_DEFAULTS = frozenset({"id", "name", "schedule", *TRIGGERS})

# Stands for a cron key that could not be read, of which no more is to be said.
_INTERVAL = IntervalSpec(1)

Table = Mapping[str, object]


class Folder(msgspec.Struct, frozen=True):
    """What the entries of one file have in common: where relative paths start, and what fills in missing keys."""

    path: str = ""
    defaults: Table = {}


class TaskReader:
    """Reads entries; values that were read before are read once and shared."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], channels: tuple[str, ...] = ()
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._channels = channels
        self._known: dict[str, Any] = {}
        self._policies: dict[str, Policy] = {}
        self._equal: dict[object, Any] = {DEFAULT_POLICY: DEFAULT_POLICY}
        self._scopes: dict[tuple[str, str], tuple[Scope, str]] = {}

    def defaults(
        self, table: object, inherited: Table, path: str, *, has_references: bool
    ) -> dict[str, object]:
        """Return the checked defaults of a file, on top of those that it inherits."""
        if not isinstance(table, dict):
            raise wrong_kind(table, "a table")
        flaws: list[Flaw] = []
        if has_references:
            table = resolve_table(table, self._environ, flaws, DEFERRED)
        flaws += [
            Flaw((name,), value, "belongs to one task; [defaults] fills in all other keys")
            for name, value in table.items()
            if name in _NOT_IN_DEFAULTS
        ]
        checked = {name: value for name, value in table.items() if name not in _NOT_IN_DEFAULTS}
        self._read_all(checked, self._scope(checked, path), flaws)
        flaws += _doubled(checked)
        if flaws:
            raise Fault(flaws)
        return _merged(inherited, checked)

    def read(
        self, entry: dict[str, object], folder: Folder, origin: Origin, *, has_references: bool
    ) -> Schedule:
        """Return the schedule of an entry; the Fault tells of everything that is wrong with it."""
        flaws: list[Flaw] = []
        resolved = resolve_table(entry, self._environ, flaws, DEFERRED) if has_references else entry
        merged = _filled_in(resolved, folder.defaults) if folder.defaults else resolved
        scope = self._scope(merged, folder.path)
        read, policy = self._read_all(merged, scope, flaws)
        flaws.extend(_contradictions(entry, folder.defaults, read))
        if flaws:
            raise Fault(flaws)
        return Schedule(
            id=read["id"],
            trigger=self._trigger(read),
            action=action_of(read),
            timezone=scope[0].timezone,
            policy=self._policy(policy, read),
            origin=origin,
            **{key: read[key] for key in _PLAIN if key in read},
        )

    def _read_all(
        self, table: Table, scope: tuple[Scope, str], flaws: list[Flaw]
    ) -> tuple[dict[str, Any], str]:
        """Return the read values by their first spelling, and a text that equal policies have in common."""
        read: dict[str, Any] = {}
        policy: list[str] = []
        for name, value in table.items():
            key = TASK.get(name)
            if key is None:
                flaws.append(Flaw((name,), value, unknown(name, TASK)))
                continue
            canonical = ALIASES.get(name, name)
            try:
                if name in _UNSHARED:
                    read[canonical] = attempt(key.read, value, scope[0])
                    continue
                token = f"{name}={value!r}{scope[1]}"
                if token not in self._known:
                    self._known[token] = attempt(key.read, value, scope[0])
                read[canonical] = self._known[token]
                if name in POLICIES:
                    policy.append(token)
            except Fault as fault:
                flaws.extend(fault.under(name, value))
            except RecursionError:
                flaws.append(missing(name, "is nested too deeply"))
        return read, "\n".join(policy)

    def _scope(self, table: Table, path: str) -> tuple[Scope, str]:
        """Return the scope of a task, and how values that depend on it are told apart."""
        zone = table.get("timezone")
        place = (zone if isinstance(zone, str) else self._settings.timezone, path)
        known = self._scopes.get(place)
        if known is None:
            scope = Scope(*place, self._channels)
            try:
                attempt(TASK["timezone"].read, place[0], scope)
            except Fault:
                scope = Scope(
                    "UTC", path, self._channels
                )  # the key itself is about to be read, and tells what is wrong
            known = self._scopes[place] = (scope, f"@{scope.timezone}@{path}")
        return known

    def _trigger(self, read: Mapping[str, Any]) -> TriggerSpec:
        options = {key: read[key] for key in OF_INTERVAL if key in read}
        spec: TriggerSpec
        if "every" in read:
            spec = IntervalSpec(read["every"], **options)
        elif "at" in read:
            spec = OnceSpec(at=read["at"])
        elif "after" in read:
            spec = OnceSpec(after_ms=read["after"])
        else:
            spec = read["cron"]
            if options:
                spec = msgspec.structs.replace(spec, **options)
        shared: TriggerSpec = self._equal.setdefault(spec, spec)
        return shared

    def _policy(self, token: str, read: Mapping[str, Any]) -> Policy:
        if not token:
            return DEFAULT_POLICY
        known = self._policies.get(token)
        if known is None:
            fields = {task_keys.field_of(key): read[key] for key in read if key in POLICIES}
            if fields.get("overlap") is Overlap.ALLOW:
                fields.setdefault("max_parallel", self._settings.max_running)
            policy = Policy(**fields)
            known = self._policies[token] = self._equal.setdefault(policy, policy)
        return known


_PLAIN = ("dst", "description", "tags", "enabled", "start", "end", "max_runs", "config")


def _filled_in(entry: Table, defaults: Table) -> dict[str, object]:
    """Return an entry with the defaults that make sense in it."""
    merged = _merged(defaults, entry)
    if "command" not in merged:
        merged = {key: value for key, value in merged.items() if key in entry or key not in OF_COMMAND}
    if "every" not in merged:
        merged = {key: value for key, value in merged.items() if key in entry or key not in OF_INTERVAL}
    return merged


def _merged(base: Table, top: Table) -> dict[str, object]:
    """Return what two tables say together: the top one wins, and only the variables of `env` are put together."""
    given = {ALIASES.get(key, key) for key in top}
    if not given.isdisjoint(ACTIONS):
        given.update((*ACTIONS, "call"))
    kept = {key: value for key, value in base.items() if ALIASES.get(key, key) not in given}
    env, own = base.get("env"), top.get("env")
    if isinstance(env, dict) and isinstance(own, dict):
        return {**kept, **top, "env": {**env, **own}}
    return {**kept, **top}


def _doubled(entry: Table) -> list[Flaw]:
    return [
        Flaw((alias,), entry[alias], f'is another spelling of "{key}", which is given too; keep one of them')
        for alias, key in ALIASES.items()
        if alias in entry and key in entry
    ]


def _contradictions(entry: Table, defaults: Table, read: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what is wrong with keys that are each right by themselves."""
    yield from _doubled(entry)
    if "id" not in entry and "name" not in entry:
        yield missing("id", "is missing; every task has one, as id or as name")
    given = {ALIASES.get(key, key) for key in entry}
    triggers = [key for key in TRIGGERS if key in given]
    if not triggers:
        yield missing("cron", f"is missing; a task has one of {', '.join(TRIGGERS)}")
    elif len(triggers) > 1:
        yield missing(triggers[-1], f"stands beside {triggers[0]}; a task has one of {', '.join(TRIGGERS)}")
    acts = [key for key in ACTIONS if key in given]
    if len(acts) > 1:
        yield missing(acts[-1], f"stands beside {acts[0]}; a task has one of {', '.join(ACTIONS)}")
    if triggers and triggers != ["every"] and not isinstance(read.get("cron", _INTERVAL), IntervalSpec):
        yield from _needing(entry, OF_INTERVAL, "an interval, as every or cron gives one")
    if "command" not in given and (acts or "command" not in defaults):
        yield from _needing(entry, OF_COMMAND, "a command")
    if "plugin" not in given and (acts or "plugin" not in defaults):
        yield from _needing(entry, ("call",), "a plugin")
    start, end = read.get("start"), read.get("end")
    if start is not None and end is not None and start >= end:
        yield Flaw(("end",), entry.get("end", MISSING), "is not after start")


def _needing(entry: Table, keys: tuple[str, ...], needed: str) -> Iterator[Flaw]:
    for key in keys:
        if key in entry:
            yield Flaw((key,), entry[key], f"means nothing without {needed}")
